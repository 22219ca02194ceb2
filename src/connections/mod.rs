//! A connection: credentials for one Constant Contact account, consent, and who may use it. Administrators own it;
//! exports refer to it.
//!
//! Owns the wizard with its documented steps ([`Step`]), the evidence of consent ([`consent`]), the tokens
//! ([`TokenService`]), the request limits per API key ([`permits`]) and typed-in applications ([`Applications`]).
//!
//! Must never: show, log or hand out a refresh token or a client secret; send profile data; call Constant Contact
//! inside a transaction; know of exports or runs (they ask here, and say through [`Dependents`] what uses a connection).
//!
//! Read next: [`Connection`] (rules), [`store`] (queries for everybody), [`tokens`].

mod application;
pub(crate) mod asking;
mod authorize;
mod connection;
pub mod consent;
pub(crate) mod pages;
pub mod permits;
mod problem;
mod removal;
pub mod store;
pub mod tokens;

pub use application::{Applications, CredentialsProblem};
use connection::RENEW_IDLE_AFTER;
pub use connection::{
    Authorization, Connection, ConnectionKind, Consent, ExportUser, Health, NotReady,
    RecordedProblem, Sharing, Stamp, Step,
};
pub use permits::{KeyUse, RequestLedger};
pub use problem::Problem;
pub use tokens::{Grant, TokenError, TokenService};

use std::sync::Arc;

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr};
use serde_json::Value;
use tokio::sync::broadcast;
use url::Url;
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::Settings;
use crate::constant_contact::{
    ApiClient, ClientConfig, ConstantContact, OauthClient, RequestPermits, SetUpError,
};
use crate::storage::MasterKey;
use crate::storage::audit::AuditEvent;
use crate::web::paths;

/// The person who changes something, from where and when.
#[derive(Clone, Copy, Debug)]
pub struct Author<'a> {
    /// Who.
    pub user_id: Uuid,
    /// From where.
    pub ip: &'a str,
    /// When.
    pub at: Timestamp,
}

impl<'a> Author<'a> {
    fn event(&self, action: &'a str, connection_id: Uuid, detail: Value) -> AuditEvent<'a> {
        AuditEvent {
            at: self.at,
            user_id: Some(self.user_id),
            ip: Some(self.ip),
            action,
            object_id: connection_id.to_string(),
            detail,
        }
    }
}

/// An export that uses a connection, so that it cannot be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependent {
    /// Id of the export.
    pub id: Uuid,
    /// Its name.
    pub name: String,
}

/// The exports that use a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// The first of them by name; bounded.
    pub exports: Vec<Dependent>,
    /// All there are.
    pub total: u64,
}

/// Says which exports use a connection; exports know, and startup brings the two together.
pub trait Dependents: Send + Sync {
    /// The exports that use a connection, as a transaction sees them.
    ///
    /// # Errors
    /// The database's.
    fn using<'a>(
        &'a self,
        transaction: &'a DatabaseTransaction,
        connection_id: Uuid,
    ) -> BoxFuture<'a, Result<Uses, DbErr>>;
}

/// The services around connections. Cheap to clone.
#[derive(Clone)]
pub struct Connections {
    /// Client IDs and secrets.
    pub applications: Applications,
    /// Request limits.
    pub ledger: RequestLedger,
    /// Access tokens.
    pub tokens: TokenService,
    db: DatabaseConnection,
    key: MasterKey,
    vendor: ConstantContact,
    redirect_uri: Url,
    sign_in_wait: SignedDuration,
    authenticated: broadcast::Sender<Uuid>,
    dependents: Arc<dyn Dependents>,
}

/// Authentications that a slow listener may fall behind.
const AUTHENTICATED_KEPT: usize = 64;

impl Connections {
    /// Sets everything up; sends nothing.
    ///
    /// # Errors
    /// [`SetUpError`].
    pub fn new(
        db: DatabaseConnection,
        key: MasterKey,
        clock: Clock,
        settings: &Settings,
        dependents: Arc<dyn Dependents>,
    ) -> Result<Self, SetUpError> {
        let vendor = ConstantContact::new(ClientConfig::from_settings(settings))?;
        let applications = Applications::new(db.clone(), key.clone(), settings);
        let ledger = RequestLedger::new(db.clone(), clock.clone(), settings);
        let tokens = TokenService::new(
            db.clone(),
            key.clone(),
            clock,
            applications.clone(),
            ledger.clone(),
            vendor.clone(),
        );
        Ok(Self {
            applications,
            ledger,
            tokens,
            db,
            key,
            vendor,
            redirect_uri: redirect_uri(settings),
            sign_in_wait: SignedDuration::from_hours(settings.sign_in_wait_hours.into()),
            authenticated: broadcast::channel(AUTHENTICATED_KEPT).0,
            dependents,
        })
    }

    /// The installation's key.
    pub fn master_key(&self) -> &MasterKey {
        &self.key
    }

    /// Ids of connections that somebody has authenticated in this process, as it happens.
    pub fn authenticated(&self) -> broadcast::Receiver<Uuid> {
        self.authenticated.subscribe()
    }

    /// Until when a run waits for somebody to sign in again; `None` when the connection does not need that, or needs it
    /// for longer than runs wait.
    ///
    /// # Errors
    /// The database's.
    pub async fn sign_in_awaited_until(
        &self,
        id: Uuid,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, DbErr> {
        let connection = store::find(&self.db, id).await?;
        let lost =
            connection.filter(|connection| connection.authorization == Authorization::SignInAgain);
        let until = lost
            .and_then(|connection| connection.problem)
            .map(|problem| problem.at + self.sign_in_wait);
        Ok(until.filter(|until| now < *until))
    }

    /// Renews the tokens of connections that nobody has used for long, so that they do not die of it, and opens notices
    /// of those that will. What fails is tried
    /// again at the next call; the connection's page warns in time.
    ///
    /// # Errors
    /// The database's.
    pub async fn keep_alive(&self, now: Timestamp) -> Result<(), DbErr> {
        for id in store::list_idle(&self.db, now - RENEW_IDLE_AFTER).await? {
            match self.tokens.access_token(id).await {
                Ok(_) => {
                    tracing::info!(connection = %id, "an idle connection's sign-in was renewed")
                }
                Err(error) => {
                    tracing::warn!(connection = %id, %error, "an idle connection's sign-in was not renewed")
                }
            }
        }
        store::warn_of_endings(&self.db, now).await
    }

    /// A client of the API that keeps to the limits of an API key, usually [`Grant::client_id`].
    pub fn api(&self, client_id: &str) -> ApiClient {
        self.vendor.api(self.ledger.permits(client_id))
    }

    /// A client of the API that asks `permits` before each request; they must end in [`RequestLedger::permits`].
    pub fn api_with(&self, permits: Arc<dyn RequestPermits>) -> ApiClient {
        self.vendor.api(permits)
    }

    fn oauth(&self, client_id: &str) -> OauthClient {
        self.vendor.oauth(self.ledger.permits(client_id))
    }
}

/// Where Constant Contact sends the browser back to; the same text everywhere, or the vendor refuses.
fn redirect_uri(settings: &Settings) -> Url {
    settings
        .public(&paths::constant_contact_callback())
        .parse()
        .expect("a URL with a path of ours at its end is a URL")
}
