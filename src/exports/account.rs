//! Lists and custom fields of the account behind a connection, and the few calls the form makes to it.
//!
//! What an account has is kept in memory for a short while: a person who adds five attributes draws the form five
//! times, and the vendor allows four requests a second for everybody together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sea_orm::{DatabaseConnection, DbErr};
use serde_json::json;
use uuid::Uuid;

use crate::clock::Clock;
use crate::connections::{Connections, Grant, TokenError, asking};
use crate::constant_contact::{
    AccessToken, ApiClient, ClientError, ContactList, CustomField, ListId, MembershipCount,
};
use crate::sources;

/// How long lists and fields are shown without asking again. A list made at Constant Contact meanwhile can still be
/// used by its ID.
const KEPT: SignedDuration = SignedDuration::from_secs(60);
/// Accounts kept at most; more people than that do not fill in the form within a minute.
const MOST_KEPT: usize = 64;
/// Longest time a page waits for the account, all its requests together, before it is drawn without.
const PATIENCE: Duration = Duration::from_secs(15);

/// What an account has to offer.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    /// Lists that are not deleted, by name, with the members that can be mailed.
    pub(super) lists: Vec<ContactList>,
    /// Custom fields, by label.
    pub(super) custom_fields: Vec<CustomField>,
}

/// Why the account did not give what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AccountProblem {
    pub(super) kind: AccountProblemKind,
    /// The vendor's own words, made safe; empty when it said nothing.
    pub(super) words: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AccountProblemKind {
    /// The connection is gone or its application is not accepted.
    NotReady,
    /// A person must authenticate again.
    SignInAgain,
    /// Scope or privilege is missing.
    NotAllowed,
    /// Nothing more today.
    QuotaUsedUp,
    /// Not reachable, too slow, or a problem of its own: trying again helps.
    Unavailable,
    /// The question was sent and the answer did not arrive whole.
    AnswerLost,
    /// It said no for another reason.
    Refused,
    /// The account has no such list.
    ListNotFound,
    /// The list is deleted.
    ListDeleted,
    /// A list with this name exists.
    ListNameTaken,
    /// Whether the list was created is not known.
    OutcomeUnknown,
}

impl AccountProblem {
    fn new(kind: AccountProblemKind) -> Self {
        Self {
            kind,
            words: String::new(),
        }
    }

    /// Whether nothing is wrong with what was asked, only with the moment.
    pub(super) fn is_temporary(&self) -> bool {
        matches!(
            self.kind,
            AccountProblemKind::Unavailable
                | AccountProblemKind::AnswerLost
                | AccountProblemKind::QuotaUsedUp
        )
    }

    /// Whether it is about the list rather than the account.
    pub(super) fn is_about_the_list(&self) -> bool {
        matches!(
            self.kind,
            AccountProblemKind::ListNotFound
                | AccountProblemKind::ListDeleted
                | AccountProblemKind::ListNameTaken
                | AccountProblemKind::OutcomeUnknown
        )
    }
}

/// Asks accounts, and remembers what they have. Cheap to clone; clones share what is remembered.
#[derive(Clone)]
pub struct Accounts {
    connections: Connections,
    clock: Clock,
    kept: Arc<Mutex<HashMap<Uuid, Kept>>>,
}

struct Kept {
    at: Timestamp,
    account: Arc<Account>,
}

impl Accounts {
    /// Remembers nothing yet.
    pub fn new(connections: Connections, clock: Clock) -> Self {
        Self {
            connections,
            clock,
            kept: Arc::default(),
        }
    }

    /// Lists and custom fields of a connection's account, at most a minute old.
    pub(super) async fn load(&self, connection_id: Uuid) -> Result<Arc<Account>, AccountProblem> {
        if let Some(account) = self.recall(connection_id) {
            return Ok(account);
        }
        let call = self.ask(connection_id, async |api, token| {
            let lists = api
                .list_contact_lists(token, Some(MembershipCount::Active))
                .await?;
            let custom_fields = api.list_custom_fields(token).await?;
            Ok(Account {
                lists,
                custom_fields,
            })
        });
        let mut account = patiently(call).await?;
        account
            .lists
            .sort_by_cached_key(|list| list.name.to_lowercase());
        account
            .custom_fields
            .sort_by_cached_key(|field| field.label.to_lowercase());
        Ok(self.keep(connection_id, account))
    }

    /// A list that can be exported to, as the account has it now.
    pub(super) async fn find_list(
        &self,
        connection_id: Uuid,
        list_id: ListId,
    ) -> Result<ContactList, AccountProblem> {
        let call = self.ask(connection_id, async |api, token| {
            api.get_contact_list(token, list_id, None).await
        });
        let list = patiently(call).await?;
        if list.deleted_at.is_some() {
            return Err(AccountProblem::new(AccountProblemKind::ListDeleted));
        }
        Ok(list)
    }

    /// Creates a list and records it. What is remembered of the account is forgotten, so that the list shows.
    pub(super) async fn create_list(
        &self,
        connection_id: Uuid,
        name: &str,
        (db, author): (DatabaseConnection, sources::Author),
    ) -> Result<ContactList, AccountProblem> {
        let accounts = self.clone();
        let name = name.to_owned();
        // In a task of its own: a browser that goes away must not leave the outcome unknown.
        let task = actix_web::rt::spawn(async move {
            let ledger = &accounts.connections.ledger;
            let send = async |grant: &Grant| {
                let api = accounts.connections.api(&grant.client_id);
                let create = async || api.create_contact_list(&grant.token, &name, None).await;
                asking::tell(ledger, &grant.client_id, create).await
            };
            let created = accounts.with_token(connection_id, send).await;
            accounts.forget(connection_id);
            let id = match &created {
                Ok(list) => Some(list.list_id),
                // Perhaps it is there.
                Err(problem) if problem.kind == AccountProblemKind::AnswerLost => None,
                Err(_) => return created,
            };
            if let Err(error) = record_list(&db, &author, connection_id, &name, id).await {
                tracing::error!(%error, "a list was created and not recorded");
            }
            created
        });
        match tokio::time::timeout(PATIENCE, task).await {
            Ok(Ok(Err(problem))) if problem.kind == AccountProblemKind::AnswerLost => {
                Err(AccountProblem {
                    kind: AccountProblemKind::OutcomeUnknown,
                    ..problem
                })
            }
            Ok(Ok(created)) => created,
            Ok(Err(_)) | Err(_) => Err(AccountProblem::new(AccountProblemKind::OutcomeUnknown)),
        }
    }

    /// Asks the API with the connection's token, a few times if need be.
    async fn ask<T>(
        &self,
        connection_id: Uuid,
        call: impl AsyncFn(&ApiClient, &AccessToken) -> Result<T, ClientError>,
    ) -> Result<T, AccountProblem> {
        let ledger = &self.connections.ledger;
        let send = async |grant: &Grant| {
            let api = self.connections.api(&grant.client_id);
            asking::ask(ledger, &grant.client_id, async || {
                call(&api, &grant.token).await
            })
            .await
        };
        self.with_token(connection_id, send).await
    }

    /// Calls with the connection's token; a token the API refuses is renewed once.
    async fn with_token<T>(
        &self,
        connection_id: Uuid,
        send: impl AsyncFn(&Grant) -> Result<T, ClientError>,
    ) -> Result<T, AccountProblem> {
        let tokens = &self.connections.tokens;
        let grant = tokens.access_token(connection_id).await?;
        match send(&grant).await {
            Err(ClientError::SignInExpired(_)) => {
                let newer = tokens
                    .refresh_after_401(connection_id, grant.version)
                    .await?;
                Ok(send(&newer).await?)
            }
            other => Ok(other?),
        }
    }

    fn recall(&self, connection_id: Uuid) -> Option<Arc<Account>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get(&connection_id)?;
        let age = self.clock.now().duration_since(found.at);
        (SignedDuration::ZERO..KEPT)
            .contains(&age)
            .then(|| found.account.clone())
    }

    fn keep(&self, connection_id: Uuid, account: Account) -> Arc<Account> {
        let account = Arc::new(account);
        let at = self.clock.now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_KEPT {
            kept.retain(|_, entry| at.duration_since(entry.at) < KEPT);
        }
        if kept.len() < MOST_KEPT {
            kept.insert(
                connection_id,
                Kept {
                    at,
                    account: account.clone(),
                },
            );
        }
        account
    }

    fn forget(&self, connection_id: Uuid) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(&connection_id);
    }
}

/// Records a list created in a connection's account; without its id when the answer was lost.
async fn record_list(
    db: &DatabaseConnection,
    author: &sources::Author,
    connection_id: Uuid,
    name: &str,
    id: Option<ListId>,
) -> Result<(), DbErr> {
    let id = id.map(|id| id.to_string()).unwrap_or_default();
    let detail = json!({ "connection": connection_id, "after": { "name": name } });
    author.record(db, "export.list-created", id, detail).await
}

async fn patiently<T>(
    call: impl Future<Output = Result<T, AccountProblem>>,
) -> Result<T, AccountProblem> {
    tokio::time::timeout(PATIENCE, call)
        .await
        .unwrap_or_else(|_| Err(AccountProblem::new(AccountProblemKind::Unavailable)))
}

impl From<TokenError> for AccountProblem {
    fn from(error: TokenError) -> Self {
        use AccountProblemKind as Kind;
        let (kind, words) = match &error {
            TokenError::NotFound => (Kind::NotReady, String::new()),
            TokenError::Refused(words) => (Kind::Refused, words.clone()),
            TokenError::Application(words) => (Kind::NotReady, words.clone()),
            TokenError::SignInAgain | TokenError::Sealed(_) => (Kind::SignInAgain, String::new()),
            TokenError::Temporary(_) | TokenError::OutcomeUnknown(_) => {
                (Kind::Unavailable, String::new())
            }
            TokenError::Database(_) => {
                tracing::error!(%error, "no access token for a page");
                (Kind::Unavailable, String::new())
            }
        };
        Self { kind, words }
    }
}

impl From<ClientError> for AccountProblem {
    fn from(error: ClientError) -> Self {
        use crate::constant_contact::PermitRefused;
        use AccountProblemKind as Kind;
        tracing::warn!(%error, "a page could not ask the account");
        let kind = match &error {
            ClientError::NotPermitted(PermitRefused::QuotaSpent { .. })
            | ClientError::QuotaExceeded(_) => Kind::QuotaUsedUp,
            ClientError::SignInExpired(_) => Kind::SignInAgain,
            ClientError::Forbidden(_) => Kind::NotAllowed,
            ClientError::NotFound(_) => Kind::ListNotFound,
            ClientError::Conflict(_) => Kind::ListNameTaken,
            ClientError::InvalidRequest(_) | ClientError::Rejected(_) => Kind::Refused,
            ClientError::Interrupted(_)
            | ClientError::ServerProblem(_)
            | ClientError::Unreadable { .. } => Kind::AnswerLost,
            ClientError::NotPermitted(_)
            | ClientError::Unreachable(_)
            | ClientError::Throttled(_)
            | ClientError::QueueFull(_) => Kind::Unavailable,
        };
        let said = error.refusal().and_then(|refusal| refusal.message());
        Self {
            kind,
            words: said.unwrap_or_default().to_owned(),
        }
    }
}
