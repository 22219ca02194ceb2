//! Where browser sessions keep their content: sealed in the cookie itself, or in Redis, where the cookie holds a sealed
//! key. Several processes share both: the cookie by the master key, Redis by its address.
//!
//! Who is signed in is a row of the database either way (see [`crate::auth`]); this is only what the browser's own side of
//! it needs. Every question to Redis ends within [`TIMEOUT`]; while it does not answer, [`guard`] says so instead of
//! showing pages whose forms could not be sent. What fails after that is noted for [`guard`] (see [`Trouble`]) instead of
//! being told to the middleware of the sessions, whose errors nobody draws.

use std::cell::RefCell;
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

use super::errors::WithoutSession;
use crate::storage::random_bytes;
use crate::tls;

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
pub enum StoreDown {
    /// No answer.
    #[error("the session store (Redis) does not answer: {0}")]
    Silent(String),
    /// Answers, and refuses what it is to keep.
    #[error("the session store (Redis) answers but keeps nothing: {0}")]
    KeepsNothing(String),
}

impl BrowserSessions {
    /// The store a setting names: `cookie`, or a `redis://` or `rediss://` address. Connects on first use, and again after a failure.
    ///
    /// # Errors
    /// The address cannot be read.
    pub async fn new(setting: &SecretString) -> anyhow::Result<Self> {
        let address = setting.expose_secret();
        if address == "cookie" {
            return Ok(Self::Cookie);
        }
        tls::choose_provider();
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
            answer.map_err(|error| StoreDown::Silent(words(&error)))
        };
        in_time(ping).await?.map(drop)
    }

    /// Finds out whether the store keeps what it is given: one that is full or read-only answers and keeps nothing.
    ///
    /// # Errors
    /// It does not.
    pub async fn check_keeps(&self) -> Result<(), StoreDown> {
        let Self::Redis(_, pool) = self else {
            return Ok(());
        };
        let keep = async {
            let mut connection = pool.get().await.map_err(|error| describe(&error))?;
            let key = format!(
                "listbridge:probe:{:032x}",
                u128::from_be_bytes(random_bytes())
            );
            let kept: Result<(), _> = redis::cmd("SET")
                .arg(&key)
                .arg("1")
                .arg("EX")
                .arg(1)
                .query_async(&mut connection)
                .await;
            kept.map_err(|error| StoreDown::KeepsNothing(words(&error)))
        };
        in_time(keep).await?
    }
}

fn describe(error: &deadpool_redis::PoolError) -> StoreDown {
    use deadpool_redis::PoolError as E;
    StoreDown::Silent(match error {
        E::Backend(error) => words(error),
        E::Timeout(_) => "no answer in time".to_owned(),
        _ => "no connection".to_owned(),
    })
}

fn words(error: &redis::RedisError) -> String {
    match tls::failure(error) {
        Some(tls::Failure::Certificate) => {
            "its certificate is not trusted here, has expired or is \
            for another name; SSL_CERT_FILE names further certificates to trust"
                .to_owned()
        }
        Some(tls::Failure::Handshake) => "no protected connection".to_owned(),
        // Words such as OOM or READONLY are Redis' own and name nobody.
        None => error.code().unwrap_or_else(|| error.category()).to_owned(),
    }
}

tokio::task_local! {
    /// What went wrong with the store while a request was answered.
    static TROUBLE: Trouble;
}

/// The first failure of the store during one request.
#[derive(Default)]
struct Trouble(RefCell<Option<anyhow::Error>>);

impl Trouble {
    /// Notes a failure for [`guard`]; gives it back where nobody guards.
    fn note(error: anyhow::Error) -> Result<(), anyhow::Error> {
        let mut error = Some(error);
        let _ = TROUBLE.try_with(|trouble| {
            let mut noted = trouble.0.borrow_mut();
            let error = error.take();
            *noted = noted.take().or(error);
        });
        error.map_or(Ok(()), Err)
    }
}

async fn in_time<T>(work: impl Future<Output = T>) -> Result<T, StoreDown> {
    let late = |_| StoreDown::Silent("no answer in time".to_owned());
    tokio::time::timeout(TIMEOUT, work).await.map_err(late)
}

impl SessionStore for BrowserSessions {
    async fn load(&self, key: &SessionKey) -> Result<Option<HashMap<String, String>>, LoadError> {
        let Self::Redis(store, _) = self else {
            return CookieSessionStore::default().load(key).await;
        };
        let loaded = in_time(store.load(key)).await;
        let error = match loaded {
            Ok(Err(LoadError::Other(error))) => error,
            Ok(other) => return other,
            Err(late) => late.into(),
        };
        // Whoever has no session is sent a page without one, which `guard` does not let out.
        Trouble::note(error).map_err(LoadError::Other)?;
        Ok(None)
    }

    async fn save(
        &self,
        state: HashMap<String, String>,
        ttl: &Ttl,
    ) -> Result<SessionKey, SaveError> {
        let Self::Redis(store, _) = self else {
            return CookieSessionStore::default().save(state, ttl).await;
        };
        let error = match in_time(store.save(state, ttl)).await {
            Ok(Err(SaveError::Other(error))) => error,
            Ok(other) => return other,
            Err(late) => late.into(),
        };
        Trouble::note(error).map_err(SaveError::Other)?;
        // Never reaches a browser: `guard` answers without cookies.
        "not kept"
            .to_owned()
            .try_into()
            .map_err(|_| SaveError::Other(anyhow::anyhow!("a short text is a good key")))
    }

    async fn update(
        &self,
        key: SessionKey,
        state: HashMap<String, String>,
        ttl: &Ttl,
    ) -> Result<SessionKey, UpdateError> {
        let Self::Redis(store, _) = self else {
            return CookieSessionStore::default().update(key, state, ttl).await;
        };
        let same = key.as_ref().to_owned();
        let error = match in_time(store.update(key, state, ttl)).await {
            Ok(Err(UpdateError::Other(error))) => error,
            Ok(other) => return other,
            Err(late) => late.into(),
        };
        Trouble::note(error).map_err(UpdateError::Other)?;
        same.try_into()
            .map_err(|_| UpdateError::Other(anyhow::anyhow!("it was a good key before")))
    }

    async fn update_ttl(&self, key: &SessionKey, ttl: &Ttl) -> anyhow::Result<()> {
        let Self::Redis(store, _) = self else {
            return CookieSessionStore::default().update_ttl(key, ttl).await;
        };
        let done = in_time(store.update_ttl(key, ttl)).await;
        done.map_err(anyhow::Error::from)
            .flatten()
            .or_else(Trouble::note)
    }

    async fn delete(&self, key: &SessionKey) -> anyhow::Result<()> {
        let Self::Redis(store, _) = self else {
            return CookieSessionStore::default().delete(key).await;
        };
        let done = in_time(store.delete(key)).await;
        done.map_err(anyhow::Error::from)
            .flatten()
            .or_else(Trouble::note)
    }
}

/// Middleware around the sessions: answers with a page that says so while they cannot be read or kept.
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
    let stranger = WithoutSession::of(&request);
    if let Err(error) = store.check().await {
        let page = stranger.draw("error-session-store-text", error);
        return Ok(request.into_response(page).map_into_right_body());
    }
    let answering = async {
        let answer = next.call(request).await;
        (answer, TROUBLE.with(|trouble| trouble.0.take()))
    };
    let (answer, trouble) = TROUBLE.scope(Trouble::default(), answering).await;
    let answer = answer?;
    Ok(match trouble {
        None => answer.map_into_left_body(),
        Some(error) => {
            let page = stranger.draw("error-session-not-kept-text", format!("{error:#}"));
            answer.into_response(page).map_into_right_body()
        }
    })
}
