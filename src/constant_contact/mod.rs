//! A typed client of the Constant Contact V3 API and of its OAuth 2.0 server.
//!
//! Owns: the requests Listbridge sends, the answers it understands, the classification of everything that can go wrong,
//! and the vendor's numbers ([`limits`]). Knows nothing of the rest of Listbridge: no storage, no pages, no engine.
//!
//! Must never: send a request without a permit ([`RequestPermits`]), send a token to another host, follow a redirect,
//! repeat a request by itself (a repeated bulk POST is a second job; the vendor has no idempotency key), or let a
//! token, a code or an e-mail address reach a log, an error text or a `Debug` output.
//!
//! Start reading at `client` (every API call goes through one function there), then `oauth` (tokens) and `error`
//! (what a caller may conclude from a failure).
//!
//! Sources named in comments: "guide" is `developer.constantcontact.com/api_guide`, an operation name such as
//! `getLists` is the vendor's published API description.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::config::Settings;
use transport::Pool;

mod account;
mod activities;
mod client;
mod contacts;
mod custom_fields;
mod error;
mod exports;
mod imports;
mod lenient;
pub mod limits;
mod lists;
mod memberships;
mod oauth;
mod paging;
mod permits;
mod provider_words;
mod refusal;
mod secrets;
mod transport;
mod wire;

pub use client::ApiClient;
pub use error::{ClientError, TokenError};
pub use exports::{ContactExport, ExportResults};
pub use imports::import_overhead_bytes;
pub use lists::{ListId, ListIdError, parse_list_id};
pub use memberships::ContactId;
pub use oauth::{AppCredentials, AuthorizeRequest, OauthClient, SCOPES, TokenSet};
pub use paging::Pages;
pub use permits::{PermitRefused, RequestKind, RequestPermits};
pub use refusal::{Fault, FaultKind, Refusal, SupportIds};
pub use secrets::{AccessToken, PkceVerifier, RefreshToken};
pub use wire::{
    AccountSummary, Activity, ActivityCounts, ActivityId, ActivityState, ContactList, CustomField,
    FieldType, MembershipCount, Privilege,
};

/// Where Constant Contact is and how long to wait for it.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Where the browser is sent to authorise.
    pub authorize_url: Url,
    /// Where codes and refresh tokens are exchanged.
    pub token_url: Url,
    /// Base of the V3 API.
    pub api_url: Url,
    /// Longest time for a connection, TLS included.
    pub connect_timeout: Duration,
    /// Longest time for a JSON or token call, from connecting to the last byte of the answer; also for the head of a
    /// results file, and the longest silence while it is downloaded.
    pub json_timeout: Duration,
    /// Longest time for an upload, from connecting to the last byte of the answer.
    pub upload_timeout: Duration,
    /// Longest time for a results file, from connecting to its last byte.
    pub download_timeout: Duration,
}

/// The largest account's file, some 200 MB, comes through at 60 kB a second.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_hours(1);

impl ClientConfig {
    /// The addresses and timeouts of the settings.
    pub fn from_settings(settings: &Settings) -> Self {
        Self {
            authorize_url: settings.constant_contact_authorize_url.clone(),
            token_url: settings.constant_contact_token_url.clone(),
            api_url: settings.constant_contact_api_url.clone(),
            connect_timeout: Duration::from_secs(10),
            json_timeout: Duration::from_secs(settings.constant_contact_timeout_seconds.into()),
            upload_timeout: Duration::from_secs(
                settings.constant_contact_upload_timeout_seconds.into(),
            ),
            download_timeout: DOWNLOAD_TIMEOUT,
        }
    }
}

/// The HTTP client could not be set up (TLS backend or trust store).
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client for Constant Contact could not be set up")]
pub struct SetUpError(#[source] reqwest::Error);

/// One shared connection pool to Constant Contact; hands out API and OAuth clients. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ConstantContact {
    config: Arc<ClientConfig>,
    pool: Pool,
}

impl ConstantContact {
    /// Sets up the connection pool on the present runtime; sends nothing.
    ///
    /// # Errors
    /// [`SetUpError`] when TLS cannot be initialised.
    pub fn new(config: ClientConfig) -> Result<Self, SetUpError> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("Listbridge/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(config.connect_timeout)
            // An upper bound for anything that sets no timeout of its own.
            .read_timeout(config.upload_timeout)
            // A connection the other side has silently dropped turns a POST into an unclear outcome; keep few and short.
            .pool_idle_timeout(Duration::from_secs(20))
            // No operation of the API answers with a redirect, and one would carry the token elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .build()
            .map_err(SetUpError)?;
        Ok(Self {
            config: Arc::new(config),
            pool: Pool::new(http),
        })
    }

    /// A client of the API whose requests wait for `permits` (the limits of one API key).
    pub fn api(&self, permits: Arc<dyn RequestPermits>) -> ApiClient {
        ApiClient::new(self.config.clone(), self.pool.clone(), permits)
    }

    /// A client of the OAuth 2.0 server whose requests wait for `permits`, asked for [`RequestKind::Token`].
    pub fn oauth(&self, permits: Arc<dyn RequestPermits>) -> OauthClient {
        OauthClient::new(self.config.clone(), self.pool.clone(), permits)
    }
}
