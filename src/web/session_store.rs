//! Where browser sessions keep their content: sealed in the cookie itself, or in Redis, where the cookie holds a sealed
//! key. Several processes share both: the cookie by the master key, Redis by its address.
//!
//! Who is signed in is a row of the database either way (see [`crate::auth`]); this is only what the browser's own side of
//! it needs. Every question to Redis ends within [`TIMEOUT`]; while it does not answer, [`guard`] says so instead of
//! showing pages whose forms could not be sent.

use std::future::Future;
use std::time::Duration;

use actix_session::storage::{
    CookieSessionStore, LoadError, RedisSessionStore, SaveError, SessionKey, SessionStore,
    UpdateError,
};
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::cookie::time::Duration as Ttl;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use deadpool_redis::{Pool, Runtime, redis};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

use super::errors;

/// How long Redis may take.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Connections to Redis per process.
const CONNECTIONS: usize = 16;

/// The store. Cheap to clone.
#[derive(Clone)]
pub enum BrowserSessions {
    /// In the cookie.
    Cookie,
    /// In Redis.
    Redis(RedisSessionStore, Pool),
}

/// Redis does not answer, or not what it should; the text never names its address, which may hold a password.
#[derive(Debug, thiserror::Error)]
#[error("the session store (Redis) does not answer: {0}")]
pub struct StoreDown(String);

impl BrowserSessions {
    /// The store a setting names: `cookie`, or a `redis://` address. Connects on first use, and again after a failure.
    ///
    /// # Errors
    /// The address cannot be read.
    pub async fn new(setting: &SecretString) -> anyhow::Result<Self> {
        let address = setting.expose_secret();
        if address == "cookie" {
            return Ok(Self::Cookie);
        }
        let refuse = |_| anyhow::anyhow!("session_store is not an address of Redis");
        let pool = deadpool_redis::Config::from_url(address)
            .builder()
            .map_err(refuse)?
            .max_size(CONNECTIONS)
            .wait_timeout(Some(TIMEOUT))
            .create_timeout(Some(TIMEOUT))
            .recycle_timeout(Some(TIMEOUT))
            .runtime(Runtime::Tokio1)
            .build()?;
        // Reading Redis gives nobody the keys that cookies hold.
        let keygen = |key: &str| {
            let hash = Sha256::digest(key.as_bytes());
            let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("listbridge:session:{hex}")
        };
        let store = RedisSessionStore::builder_pooled(pool.clone())
            .cache_keygen(keygen)
            .build()
            .await?;
        Ok(Self::Redis(store, pool))
    }

    /// Finds out whether the store answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn check(&self) -> Result<(), StoreDown> {
        let Self::Redis(_, pool) = self else {
            return Ok(());
        };
        let ping = async {
            let mut connection = pool.get().await.map_err(|error| describe(&error))?;
            let answer: Result<String, _> = redis::cmd("PING").query_async(&mut connection).await;
            answer.map_err(|error| StoreDown(error.category().to_owned()))
        };
        in_time(ping).await?.map(drop)
    }
}

fn describe(error: &deadpool_redis::PoolError) -> StoreDown {
    use deadpool_redis::PoolError as E;
    StoreDown(match error {
        E::Backend(error) => error.category().to_owned(),
        E::Timeout(_) => "no answer in time".to_owned(),
        _ => "no connection".to_owned(),
    })
}

async fn in_time<T>(work: impl Future<Output = T>) -> Result<T, StoreDown> {
    let late = |_| StoreDown("no answer in time".to_owned());
    tokio::time::timeout(TIMEOUT, work).await.map_err(late)
}

impl SessionStore for BrowserSessions {
    async fn load(&self, key: &SessionKey) -> Result<Option<HashMap<String, String>>, LoadError> {
        match self {
            Self::Cookie => CookieSessionStore::default().load(key).await,
            Self::Redis(store, _) => in_time(store.load(key))
                .await
                .map_err(|error| LoadError::Other(error.into()))?,
        }
    }

    async fn save(
        &self,
        state: HashMap<String, String>,
        ttl: &Ttl,
    ) -> Result<SessionKey, SaveError> {
        match self {
            Self::Cookie => CookieSessionStore::default().save(state, ttl).await,
            Self::Redis(store, _) => in_time(store.save(state, ttl))
                .await
                .map_err(|error| SaveError::Other(error.into()))?,
        }
    }

    async fn update(
        &self,
        key: SessionKey,
        state: HashMap<String, String>,
        ttl: &Ttl,
    ) -> Result<SessionKey, UpdateError> {
        match self {
            Self::Cookie => CookieSessionStore::default().update(key, state, ttl).await,
            Self::Redis(store, _) => in_time(store.update(key, state, ttl))
                .await
                .map_err(|error| UpdateError::Other(error.into()))?,
        }
    }

    async fn update_ttl(&self, key: &SessionKey, ttl: &Ttl) -> anyhow::Result<()> {
        match self {
            Self::Cookie => CookieSessionStore::default().update_ttl(key, ttl).await,
            Self::Redis(store, _) => in_time(store.update_ttl(key, ttl)).await?,
        }
    }

    async fn delete(&self, key: &SessionKey) -> anyhow::Result<()> {
        match self {
            Self::Cookie => CookieSessionStore::default().delete(key).await,
            Self::Redis(store, _) => in_time(store.delete(key)).await?,
        }
    }
}

/// Middleware around the sessions: answers with a page that says so while they cannot be read.
///
/// # Errors
/// None of its own.
pub async fn guard<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let store = request
        .app_data::<web::Data<BrowserSessions>>()
        .expect("startup registers it")
        .clone();
    if let Err(error) = store.check().await {
        let page = errors::draw_without_session(&request, error);
        return Ok(request.into_response(page).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}
