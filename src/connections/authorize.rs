//! "Authenticate with Constant Contact": sending the browser there, and what its way back means.
//!
//! The state is random, stored as a hash, bound to the signed-in session and the connection, good for one answer within
//! [`STATE_LIFETIME`]. It is used up before anything about it is compared, so that no answer is looked at twice.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use sea_orm::{DbErr, TransactionTrait};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use url::Url;
use uuid::Uuid;

use super::connection::Connection;
use super::problem::{Problem, safe_words};
use super::store::{self, ChangeProblem, ConsumedState, NewAuthorization, NewState};
use super::{Author, Connections, asking, tokens};
use crate::constant_contact::{
    AccountSummary, AppCredentials, AuthorizeRequest, ClientError, PermitRefused, SCOPES,
    TokenError, TokenSet,
};
use crate::storage::random_bytes;

/// How long a person may take at Constant Contact.
pub(super) const STATE_LIFETIME: SignedDuration = SignedDuration::from_mins(10);
/// What the user at Constant Contact must be allowed to do, for imports (`contactsCSVImport`, x-authorization-privileges).
const NEEDED_PRIVILEGE: &str = "contacts:write";

/// What the browser brought back.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) state: String,
    pub(super) code: Option<SecretString>,
    pub(super) error: Option<String>,
    pub(super) error_description: Option<String>,
}

/// The signed-in person behind the answer.
pub(super) struct Visitor<'a> {
    pub(super) session_id: Uuid,
    pub(super) author: Author<'a>,
}

/// What an answer led to.
pub(super) enum Outcome {
    /// Tokens are stored.
    Connected {
        connection_id: Uuid,
        organization_name: String,
    },
    /// It did not work; the reason is kept with the connection.
    Failed { connection_id: Uuid },
    /// The answer was not looked at; the reason is only for this visitor.
    NotOurs {
        connection_id: Option<Uuid>,
        problem: Problem,
    },
}

/// Why an answer could not be dealt with.
#[derive(Debug, thiserror::Error)]
pub(super) enum AuthorizeError {
    #[error(transparent)]
    Change(#[from] ChangeProblem),
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// A problem and the vendor's words for it.
type Failure = (Problem, String);

impl Connections {
    /// Stores a fresh state and gives the address to send the browser to. `None` when no secret is known for the
    /// connection's client ID.
    pub(super) async fn begin_authorization(
        &self,
        connection: &Connection,
        visitor: &Visitor<'_>,
    ) -> Result<Option<Url>, AuthorizeError> {
        let Some(client_id) = connection.client_id.as_deref() else {
            return Ok(None);
        };
        if self.applications.find(client_id).await?.is_none() {
            return Ok(None);
        }
        let state = URL_SAFE_NO_PAD.encode(random_bytes::<32>());
        let new = NewState {
            state_hash: &hash(&state),
            connection_id: connection.id,
            session_id: visitor.session_id,
            user_id: visitor.author.user_id,
            client_id,
            now: visitor.author.at,
            lifetime: STATE_LIFETIME,
        };
        store::insert_state(&self.db, new).await?;
        let request = AuthorizeRequest {
            client_id,
            redirect_uri: &self.redirect_uri,
            state: &state,
            scopes: &SCOPES,
            // Somebody who tries again may want another account than the one their browser remembers.
            prompt_login: connection.authenticated.is_some() || connection.problem.is_some(),
            pkce: None,
        };
        Ok(Some(self.oauth(client_id).authorize_url(&request)))
    }

    /// Deals with the browser's way back. `None` as visitor: nobody is signed in.
    pub(super) async fn finish_authorization(
        &self,
        answer: Answer,
        visitor: Option<Visitor<'_>>,
        now: jiff::Timestamp,
    ) -> Result<Outcome, AuthorizeError> {
        let consumed = store::consume_state(&self.db, &hash(&answer.state), now).await?;
        let not_ours = |connection_id, problem| Outcome::NotOurs {
            connection_id,
            problem,
        };
        let Some(state) = consumed else {
            return Ok(not_ours(None, Problem::StateUnknown));
        };
        let Some(visitor) = visitor.filter(|visitor| visitor.session_id == state.session_id) else {
            return Ok(not_ours(None, Problem::OtherSession));
        };
        let id = state.connection_id;
        if state.was_used {
            return Ok(not_ours(Some(id), Problem::StateReplayed));
        }
        if now > state.expires_at {
            return Ok(not_ours(Some(id), Problem::StateExpired));
        }
        let Some(connection) = store::find(&self.db, id).await? else {
            return Ok(not_ours(None, Problem::StateUnknown));
        };
        if connection.client_id.as_deref() != Some(&state.client_id) {
            return Ok(not_ours(Some(id), Problem::StateUnknown));
        }
        match self.take_up(&connection, &state, answer).await? {
            Ok((tokens, account)) => {
                let organization_name = account.organization_name.clone().unwrap_or_default();
                self.store(&connection, &state, &tokens, account, visitor.author)
                    .await?;
                // Nobody may be listening.
                let _ = self.authenticated.send(id);
                Ok(Outcome::Connected {
                    connection_id: id,
                    organization_name,
                })
            }
            Err((problem, words)) => {
                store::record_failed_authentication(
                    &self.db,
                    id,
                    problem,
                    &safe_words(&words),
                    visitor.author,
                )
                .await?;
                Ok(Outcome::Failed { connection_id: id })
            }
        }
    }

    /// Buys the tokens and looks whose they are.
    async fn take_up(
        &self,
        connection: &Connection,
        state: &ConsumedState,
        answer: Answer,
    ) -> Result<Result<(TokenSet, AccountSummary), Failure>, AuthorizeError> {
        let code = match read_code(answer) {
            Ok(code) => code,
            Err(failure) => return Ok(Err(failure)),
        };
        let Some(app) = self.applications.find(&state.client_id).await? else {
            return Ok(Err((Problem::ApplicationUnknown, String::new())));
        };
        let oauth = self.oauth(&app.client_id);
        let buy = async || {
            oauth
                .exchange_code(&app, &self.redirect_uri, &code, None)
                .await
        };
        // Of these the code has not been looked at.
        let is_unused = |error: &TokenError| {
            matches!(error, TokenError::Throttled(_) | TokenError::Unreachable(_))
        };
        let tokens = match asking::repeat(buy, is_unused).await {
            Ok(tokens) => tokens,
            Err(error) => return Ok(Err(Problem::of_token_request(&error))),
        };
        match self.examine(connection, &app, &tokens).await? {
            Ok(account) => Ok(Ok((tokens, account))),
            Err(failure) => {
                // Tokens that are of no use here should not live on anywhere.
                if let Some(refresh_token) = &tokens.refresh_token {
                    self.revoke(&app, refresh_token).await;
                }
                Ok(Err(failure))
            }
        }
    }

    /// Whether tokens suffice for exports, and which account they are for.
    async fn examine(
        &self,
        connection: &Connection,
        app: &AppCredentials,
        tokens: &TokenSet,
    ) -> Result<Result<AccountSummary, Failure>, AuthorizeError> {
        if tokens.refresh_token.is_none() {
            return Ok(Err((Problem::NoRefreshToken, String::new())));
        }
        let missing = tokens.missing_scopes(&SCOPES);
        if !missing.is_empty() {
            return Ok(Err((Problem::MissingScope, missing.join(" "))));
        }
        let api = self.api(&app.client_id);
        let token = &tokens.access_token;
        let summary = async || api.account_summary(token).await;
        let account = match asking::ask(&self.ledger, &app.client_id, summary).await {
            Ok(account) => account,
            Err(error) => return Ok(Err(failure_of(&error))),
        };
        // A list that cannot be had says nothing; the first export would.
        let privileges = async || api.user_privileges(token).await;
        let privileges = asking::ask(&self.ledger, &app.client_id, privileges).await;
        if let Ok(privileges) = privileges
            && !privileges.is_empty()
            && !privileges
                .iter()
                .any(|privilege| privilege.privilege_name == NEEDED_PRIVILEGE)
        {
            return Ok(Err((Problem::MissingPrivilege, String::new())));
        }
        // An account that does not say which one it is may be another one: runs under way would go on there.
        let before = connection.account_id.as_ref();
        let is_other_account = before.is_some() && before != account.encoded_account_id.as_ref();
        if connection.saved.is_some() && is_other_account {
            let name = account.organization_name.unwrap_or_default();
            return Ok(Err((Problem::OtherAccount, name)));
        }
        Ok(Ok(account))
    }

    async fn store(
        &self,
        connection: &Connection,
        state: &ConsumedState,
        tokens: &TokenSet,
        account: AccountSummary,
        author: Author<'_>,
    ) -> Result<(), AuthorizeError> {
        let authorization = NewAuthorization {
            client_id: &state.client_id,
            tokens: tokens::seal(&self.key, connection.id, tokens, author.at),
            organization_name: account.organization_name,
            account_id: account.encoded_account_id,
        };
        let transaction = self.db.begin().await?;
        let is_stored =
            store::store_authorization(&transaction, connection.id, authorization, author).await?;
        if !is_stored {
            return Err(ChangeProblem::Changed.into());
        }
        transaction.commit().await?;
        Ok(())
    }
}

/// The code, or why there is none.
fn read_code(answer: Answer) -> Result<SecretString, Failure> {
    if let Some(error) = answer.error {
        let description = answer.error_description.unwrap_or_default();
        return Err(if error == "access_denied" {
            (Problem::Denied, description)
        } else {
            (Problem::Refused, format!("{error}: {description}"))
        });
    }
    answer.code.ok_or((Problem::Refused, String::new()))
}

/// The problem behind a failed API call, and the vendor's words.
fn failure_of(error: &ClientError) -> Failure {
    let said = error.refusal().and_then(|refusal| refusal.message());
    let problem = match error {
        ClientError::NotPermitted(PermitRefused::QuotaSpent { .. })
        | ClientError::QuotaExceeded(_) => Problem::QuotaSpent,
        // Whichever queue is meant, it empties by itself.
        ClientError::Throttled(_) | ClientError::QueueFull(_) => Problem::Throttled,
        ClientError::Forbidden(_) if said.is_some_and(|words| words.contains("privilege")) => {
            Problem::MissingPrivilege
        }
        ClientError::Forbidden(_) => Problem::MissingScope,
        ClientError::Unreachable(_)
        | ClientError::Interrupted(_)
        | ClientError::ServerProblem(_)
        | ClientError::Unreadable { .. } => Problem::Unreachable,
        _ => Problem::Refused,
    };
    let words = error.refusal().map(ToString::to_string);
    (problem, words.unwrap_or_default())
}

fn hash(state: &str) -> String {
    Sha256::digest(state.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
