//! Access tokens for everybody else, renewed before they expire.
//!
//! A refresh token of the rotating type works once, and an answer that is lost or overwritten locks the account out
//! until a person authenticates again. Therefore:
//!
//! - one renewal at a time per connection: a lock in this process, a lease in the database between processes;
//! - a renewal runs in a task of its own, so that a browser that goes away does not cancel it half-way;
//! - the new pair is stored before anybody uses it, and only over the version it was made from;
//! - an answer without a refresh token keeps the stored one;
//! - `invalid_grant` marks the connection only when no newer tokens have been stored meanwhile.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sea_orm::{DatabaseConnection, DbErr};
use uuid::Uuid;

use super::application::Applications;
use super::connection::Authorization;
use super::permits::RequestLedger;
use super::problem::{Problem, safe_words};
use super::store::{self, ChangeProblem, SealedTokens, StoredTokens};
use crate::clock::Clock;
use crate::constant_contact::{
    AccessToken, AppCredentials, ConstantContact, RefreshToken, TokenError as VendorError, TokenSet,
};
use crate::storage::{MasterKey, SealError, Sealed};

/// Tokens are renewed this long before they expire, or at half their life when that is later.
const RENEW_BEFORE_EXPIRY: SignedDuration = SignedDuration::from_mins(10);
/// A token this close to its end is not handed out: a slow upload must still find it valid.
const LEAST_LIFE: SignedDuration = SignedDuration::from_secs(30);
/// Longest time for one renewal, waiting for the token endpoint's turn included.
const RENEWAL_TIMEOUT: Duration = Duration::from_secs(90);
/// A lease outlives the longest renewal, so that nobody uses the same refresh token beside its holder.
const LEASE: SignedDuration = SignedDuration::from_secs(120);
/// How often another process's renewal is looked at, and how many times.
const LEASE_POLL: Duration = Duration::from_millis(250);
const LEASE_POLLS: u32 = 520;
/// How often storing renewed tokens is tried: losing them locks the account out.
const STORE_TRIES: u32 = 5;

/// An access token and where it comes from.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The token.
    pub token: AccessToken,
    /// Version of the stored tokens, for [`TokenService::refresh_after_401`].
    pub version: i64,
    /// API key it belongs to.
    pub client_id: String,
}

/// Why there is no access token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The connection was removed or never existed.
    #[error("the connection does not exist")]
    NotFound,
    /// Never authenticated, or the tokens are dead: a person must authenticate again.
    #[error("somebody must authenticate with Constant Contact again")]
    SignInAgain,
    /// Client ID or secret are missing or wrong: an administrator must act. The vendor's words, if any.
    #[error("the client ID and secret are not accepted: {0}")]
    Application(String),
    /// Try again later: the sign-in service is not reachable, slow or busy.
    #[error("the access token cannot be renewed right now: {0}")]
    Temporary(String),
    /// The sign-in service refused for another reason, in its own words. It seldom means it, so once is not enough to
    /// give up.
    #[error("the access token is not renewed: {0}")]
    Refused(String),
    /// The renewal may have used up the refresh token, but its answer is lost. Trying again tells.
    #[error("it is not known whether the access token was renewed: {0}")]
    OutcomeUnknown(String),
    /// A token does not open with this master key.
    #[error(transparent)]
    Sealed(#[from] SealError),
    /// The database's.
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// Hands out access tokens. Cheap to clone.
#[derive(Clone)]
pub struct TokenService {
    db: DatabaseConnection,
    key: MasterKey,
    clock: Clock,
    applications: Applications,
    ledger: RequestLedger,
    vendor: ConstantContact,
    locks: Arc<Mutex<HashMap<Uuid, Arc<tokio::sync::Mutex<()>>>>>,
}

/// When a stored token is good enough.
#[derive(Clone, Copy)]
enum Need {
    /// It need not be renewed yet.
    Fresh,
    /// It is newer than one the API has refused.
    NewerThan(i64),
}

impl TokenService {
    pub(super) fn new(
        db: DatabaseConnection,
        key: MasterKey,
        clock: Clock,
        applications: Applications,
        ledger: RequestLedger,
        vendor: ConstantContact,
    ) -> Self {
        Self {
            db,
            key,
            clock,
            applications,
            ledger,
            vendor,
            locks: Arc::default(),
        }
    }

    /// A valid access token of a connection, renewed when it is about to expire.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn access_token(&self, connection_id: Uuid) -> Result<Grant, TokenError> {
        self.get(connection_id, Need::Fresh).await
    }

    /// A newer access token, after the API answered 401 to the one with `used_version`. If somebody has renewed it
    /// since, that one. A second 401 in a row means something else is wrong: give up.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn refresh_after_401(
        &self,
        connection_id: Uuid,
        used_version: i64,
    ) -> Result<Grant, TokenError> {
        self.get(connection_id, Need::NewerThan(used_version)).await
    }

    /// Marks the tokens with a version as dead: the API refuses them although they have just been renewed, so a person must
    /// authenticate again. `false` when newer ones are stored.
    ///
    /// # Errors
    /// [`TokenError`]; [`TokenError::SignInAgain`] when they were marked before.
    pub async fn give_up(
        &self,
        connection_id: Uuid,
        version: i64,
        words: &str,
    ) -> Result<bool, TokenError> {
        self.load(connection_id).await?;
        let (problem, words, now) = (Problem::GrantLost, safe_words(words), self.clock.now());
        let marked =
            store::give_up_tokens(&self.db, connection_id, version, problem, &words, now).await?;
        Ok(marked)
    }

    async fn get(&self, id: Uuid, need: Need) -> Result<Grant, TokenError> {
        let stored = self.load(id).await?;
        if self.is_enough(&stored, need) {
            return self.open(id, &stored);
        }
        tokio::spawn(self.clone().renew(id, need))
            .await
            .unwrap_or_else(|_| Err(TokenError::Temporary("the renewal was stopped".into())))
    }

    async fn renew(self, id: Uuid, need: Need) -> Result<Grant, TokenError> {
        let lock = self.lock_of(id);
        let _guard = lock.lock().await;
        for _ in 0..LEASE_POLLS {
            let stored = self.load(id).await?;
            if self.is_enough(&stored, need) {
                return self.open(id, &stored);
            }
            let (lease, now) = (Uuid::now_v7(), self.clock.now());
            let version = stored.version;
            if store::take_lease(&self.db, id, version, lease, now, LEASE).await? {
                let renewed = self.renew_under_lease(id, &stored).await;
                store::end_lease(&self.db, id, lease).await?;
                match renewed {
                    // As good as it gets, however short it lives: asking for another one would go on for ever.
                    Ok(Renewed::Stored | Renewed::Overtaken) => {
                        return self.open(id, &self.load(id).await?);
                    }
                    Err(error) if self.may_go_on_with(&stored, need) => {
                        tracing::warn!(connection = %id, %error, "token not renewed, the present one still serves");
                        return self.open(id, &stored);
                    }
                    Err(error) => return Err(error),
                }
            }
            if self.may_go_on_with(&stored, need) {
                return self.open(id, &stored);
            }
            tokio::time::sleep(LEASE_POLL).await;
        }
        Err(TokenError::Temporary(
            "another process is renewing it for too long".into(),
        ))
    }

    async fn renew_under_lease(
        &self,
        id: Uuid,
        stored: &StoredTokens,
    ) -> Result<Renewed, TokenError> {
        let app = self.application(stored).await?;
        let sealed = stored
            .refresh_token
            .as_ref()
            .ok_or(TokenError::SignInAgain)?;
        let text = self.key.open(refresh_place(&id.to_string()), sealed)?;
        let oauth = self.vendor.oauth(self.ledger.permits(&app.client_id));
        let refresh_token = RefreshToken::new(text);
        let refresh = oauth.refresh(&app, &refresh_token);
        let answer = tokio::time::timeout(RENEWAL_TIMEOUT, refresh).await;
        let error = match answer {
            Ok(Ok(set)) => {
                let tokens = seal(&self.key, id, &set, self.clock.now());
                return self.store(id, stored.version, &tokens).await;
            }
            Ok(Err(error)) => error,
            Err(_) => VendorError::OutcomeUnknown("no answer in time".into()),
        };
        self.conclude(id, stored, error).await
    }

    /// What a refused or lost renewal means for the connection.
    async fn conclude(
        &self,
        id: Uuid,
        stored: &StoredTokens,
        error: VendorError,
    ) -> Result<Renewed, TokenError> {
        let (problem, words) = Problem::of_token_request(&error);
        let now = self.clock.now();
        match error {
            VendorError::InvalidGrant(_) => {
                let words = safe_words(&words);
                let problem = match stored.is_renewal_lost {
                    true => Problem::GrantReplaced,
                    false => Problem::GrantLost,
                };
                let version = stored.version;
                if store::give_up_tokens(&self.db, id, version, problem, &words, now).await? {
                    Err(TokenError::SignInAgain)
                } else {
                    Ok(Renewed::Overtaken)
                }
            }
            VendorError::InvalidClient(_) => {
                match store::set_problem(&self.db, id, problem, &words, now).await {
                    Err(ChangeProblem::Database(error)) => Err(error.into()),
                    _ => Err(TokenError::Application(words)),
                }
            }
            VendorError::OutcomeUnknown(what) => {
                // The next try tells: the token works, or it has been replaced by an answer nobody has.
                let problem = Problem::RenewalLost;
                match store::set_problem(&self.db, id, problem, &words, now).await {
                    Err(ChangeProblem::Database(error)) => Err(error.into()),
                    _ => Err(TokenError::OutcomeUnknown(what)),
                }
            }
            VendorError::Rejected(_) => {
                let words = safe_words(&words);
                match store::set_problem(&self.db, id, problem, &words, now).await {
                    Err(ChangeProblem::Database(error)) => Err(error.into()),
                    _ => Err(TokenError::Refused(words)),
                }
            }
            other => Err(TokenError::Temporary(other.to_string())),
        }
    }

    async fn application(&self, stored: &StoredTokens) -> Result<AppCredentials, TokenError> {
        let client_id = stored.client_id.as_deref().ok_or(TokenError::SignInAgain)?;
        let found = self.applications.find(client_id).await?;
        found.ok_or_else(|| TokenError::Application(String::new()))
    }

    async fn store(
        &self,
        id: Uuid,
        version: i64,
        tokens: &SealedTokens,
    ) -> Result<Renewed, TokenError> {
        let mut tries = 1;
        loop {
            match store::store_renewed(&self.db, id, version, tokens).await {
                Ok(true) => return Ok(Renewed::Stored),
                Ok(false) => return Ok(Renewed::Overtaken),
                Err(error) if tries == STORE_TRIES => return Err(error.into()),
                Err(error) => {
                    tracing::error!(connection = %id, %error, tries, "renewed tokens not stored yet");
                    tokio::time::sleep(Duration::from_millis(200) * tries).await;
                    tries += 1;
                }
            }
        }
    }

    async fn load(&self, id: Uuid) -> Result<StoredTokens, TokenError> {
        let stored = store::find_tokens(&self.db, id, self.clock.now())
            .await?
            .ok_or(TokenError::NotFound)?;
        match stored.authorization {
            Authorization::Authorized => Ok(stored),
            Authorization::None | Authorization::SignInAgain => Err(TokenError::SignInAgain),
        }
    }

    fn is_enough(&self, stored: &StoredTokens, need: Need) -> bool {
        let now = self.clock.now();
        match need {
            Need::Fresh => now < stored.refresh_due_at,
            Need::NewerThan(version) => {
                stored.version > version && now + LEAST_LIFE < stored.expires_at
            }
        }
    }

    /// Whether the present token may be handed out although its renewal is due.
    fn may_go_on_with(&self, stored: &StoredTokens, need: Need) -> bool {
        matches!(need, Need::Fresh) && self.clock.now() + LEAST_LIFE < stored.expires_at
    }

    fn open(&self, id: Uuid, stored: &StoredTokens) -> Result<Grant, TokenError> {
        let sealed = stored
            .access_token
            .as_ref()
            .ok_or(TokenError::SignInAgain)?;
        let text = self.key.open(access_place(&id.to_string()), sealed)?;
        Ok(Grant {
            token: AccessToken::new(text),
            version: stored.version,
            client_id: stored.client_id.clone().unwrap_or_default(),
        })
    }

    fn lock_of(&self, id: Uuid) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        locks.entry(id).or_default().clone()
    }
}

/// How a renewal ended without an error.
enum Renewed {
    Stored,
    /// Newer tokens had been stored meanwhile.
    Overtaken,
}

/// Seals tokens for a connection and works out until when they serve.
pub(super) fn seal(key: &MasterKey, id: Uuid, set: &TokenSet, now: Timestamp) -> SealedTokens {
    let row = id.to_string();
    let life = SignedDuration::try_from(set.expires_in).unwrap_or(SignedDuration::from_hours(1));
    let due_in = (life - RENEW_BEFORE_EXPIRY).max(life / 2);
    SealedTokens {
        access_token: key.seal(access_place(&row), set.access_token.expose().as_bytes()),
        refresh_token: set
            .refresh_token
            .as_ref()
            .map(|token| key.seal(refresh_place(&row), token.expose().as_bytes())),
        expires_at: now + life,
        refresh_due_at: now + due_in,
    }
}

/// Opens a sealed refresh token, to revoke it.
pub(super) fn open_refresh_token(
    key: &MasterKey,
    id: Uuid,
    sealed: &Sealed,
) -> Result<RefreshToken, SealError> {
    let text = key.open(refresh_place(&id.to_string()), sealed)?;
    Ok(RefreshToken::new(text))
}

fn access_place(row: &str) -> (&str, &str, &str) {
    ("connections", "access_token", row)
}

fn refresh_place(row: &str) -> (&str, &str, &str) {
    ("connections", "refresh_token", row)
}

#[cfg(test)]
pub(super) mod tests;
