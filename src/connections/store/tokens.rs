//! The tokens of a connection. Every change raises `token_version`, and a renewal is stored only over the version it
//! was made from, so that two processes never overwrite each other.

use jiff::{SignedDuration, Timestamp};
use sea_orm::sea_query::{Condition, Expr};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, ExprTrait, QueryFilter,
    TransactionTrait,
};
use serde_json::json;
use uuid::Uuid;

use super::notify;
use crate::connections::Author;
use crate::connections::connection::Authorization;
use crate::connections::problem::Problem;
use crate::storage::audit::{self, AuditEvent};
use crate::storage::entities::connection::{self, Column};
use crate::storage::{Sealed, UtcMillis, astray, bring_back};

/// The tokens as stored.
pub(in crate::connections) struct StoredTokens {
    pub(in crate::connections) client_id: Option<String>,
    pub(in crate::connections) authorization: Authorization,
    pub(in crate::connections) access_token: Option<Sealed>,
    pub(in crate::connections) refresh_token: Option<Sealed>,
    pub(in crate::connections) expires_at: Timestamp,
    pub(in crate::connections) refresh_due_at: Timestamp,
    pub(in crate::connections) version: i64,
    /// Whether the answer to the renewal before was lost, be it on its way or with the process that waited for it.
    pub(in crate::connections) is_renewal_lost: bool,
}

/// New tokens, sealed, and until when they serve.
pub(in crate::connections) struct SealedTokens {
    pub(in crate::connections) access_token: Sealed,
    /// `None` keeps the one stored: an answer without a refresh token means "go on with the old one".
    pub(in crate::connections) refresh_token: Option<Sealed>,
    pub(in crate::connections) expires_at: Timestamp,
    pub(in crate::connections) refresh_due_at: Timestamp,
}

/// What a successful authentication brings.
pub(in crate::connections) struct NewAuthorization<'a> {
    pub(in crate::connections) client_id: &'a str,
    pub(in crate::connections) tokens: SealedTokens,
    pub(in crate::connections) organization_name: Option<String>,
    pub(in crate::connections) account_id: Option<String>,
}

/// The tokens of a connection; `None` when it does not exist.
pub(in crate::connections) async fn find_tokens(
    db: &impl ConnectionTrait,
    id: Uuid,
    now: Timestamp,
) -> Result<Option<StoredTokens>, DbErr> {
    let found = connection::Entity::find_by_id(id)
        .filter(Column::RemovedAt.is_null())
        .one(db)
        .await?;
    let instant = |at: Option<UtcMillis>| at.map_or(Timestamp::UNIX_EPOCH, Timestamp::from);
    // Whoever ends a renewal gives its claim back; one that has run out was left behind by a process that died.
    let is_left_behind =
        |until: Option<UtcMillis>| until.is_some_and(|until| instant(Some(until)) < now);
    Ok(found.map(|row| StoredTokens {
        client_id: row.client_id,
        authorization: Authorization::from_name(&row.authorization),
        access_token: row.access_token,
        refresh_token: row.refresh_token,
        expires_at: instant(row.access_expires_at),
        refresh_due_at: instant(row.refresh_due_at),
        version: row.token_version,
        is_renewal_lost: row.problem.as_deref() == Some(Problem::RenewalLost.name())
            || is_left_behind(row.refresh_lease_until),
    }))
}

/// Claims the renewal of the tokens with a version; `false` when somebody else has it or was faster.
pub(in crate::connections) async fn take_lease(
    db: &impl ConnectionTrait,
    id: Uuid,
    version: i64,
    lease: Uuid,
    now: Timestamp,
    lasts: SignedDuration,
) -> Result<bool, DbErr> {
    let until = now + lasts;
    let is_left =
        Condition::all()
            .add(Column::Id.eq(id))
            .add(astray(Column::RefreshLeaseUntil, lasts, now));
    bring_back::<connection::Entity>(db, Column::RefreshLeaseUntil, is_left, until).await?;
    let is_free = Condition::any()
        .add(Column::RefreshLeaseUntil.is_null())
        .add(Column::RefreshLeaseUntil.lt(UtcMillis::from(now)));
    let taken = connection::Entity::update_many()
        .col_expr(Column::RefreshLease, Expr::value(lease))
        .col_expr(
            Column::RefreshLeaseUntil,
            Expr::value(UtcMillis::from(until)),
        )
        .filter(Column::Id.eq(id))
        .filter(Column::TokenVersion.eq(version))
        .filter(Column::RemovedAt.is_null())
        .filter(is_free)
        .exec(db)
        .await?;
    Ok(taken.rows_affected == 1)
}

/// Gives a claim back.
pub(in crate::connections) async fn end_lease(
    db: &impl ConnectionTrait,
    id: Uuid,
    lease: Uuid,
) -> Result<(), DbErr> {
    without_lease(connection::Entity::update_many())
        .filter(Column::Id.eq(id))
        .filter(Column::RefreshLease.eq(lease))
        .exec(db)
        .await?;
    Ok(())
}

/// Stores renewed tokens over `version` and ends the claim; `false` when the stored ones are newer.
pub(in crate::connections) async fn store_renewed(
    db: &impl ConnectionTrait,
    id: Uuid,
    version: i64,
    tokens: &SealedTokens,
) -> Result<bool, DbErr> {
    let stored = with_tokens(without_lease(connection::Entity::update_many()), tokens)
        .col_expr(Column::TokenVersion, Expr::value(version + 1))
        .col_expr(Column::Problem, Expr::value(None::<String>))
        .col_expr(Column::ProblemWords, Expr::value(None::<String>))
        .col_expr(Column::ProblemAt, Expr::value(None::<UtcMillis>))
        .filter(Column::Id.eq(id))
        .filter(Column::TokenVersion.eq(version))
        .filter(Column::RemovedAt.is_null())
        .exec(db)
        .await?;
    Ok(stored.rows_affected == 1)
}

/// Marks the tokens with a version as dead: somebody must authenticate again. `false` when newer ones are stored. The
/// mark, the notice and the audit event are there together or not at all.
pub(in crate::connections) async fn give_up_tokens(
    db: &DatabaseConnection,
    id: Uuid,
    version: i64,
    problem: Problem,
    words: &str,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let transaction = db.begin().await?;
    let marked = without_lease(connection::Entity::update_many())
        .col_expr(
            Column::Authorization,
            Expr::value(Authorization::SignInAgain.name()),
        )
        .col_expr(Column::Problem, Expr::value(problem.name()))
        .col_expr(Column::ProblemWords, Expr::value(words))
        .col_expr(Column::ProblemAt, Expr::value(UtcMillis::from(now)))
        .filter(Column::Id.eq(id))
        .filter(Column::TokenVersion.eq(version))
        .filter(Column::RemovedAt.is_null())
        .exec(&transaction)
        .await?;
    if marked.rows_affected == 0 {
        return Ok(false);
    }
    let event = AuditEvent {
        at: now,
        user_id: None,
        ip: None,
        action: "connection.sign-in-lost",
        object_id: id.to_string(),
        detail: json!({ "words": words }),
    };
    notify::sign_in_lost(&transaction, id, problem, now).await?;
    audit::record(&transaction, event).await?;
    transaction.commit().await?;
    Ok(true)
}

/// Stores what a successful authentication brought, over whatever was there. `false` when the connection is gone.
pub(in crate::connections) async fn store_authorization(
    db: &impl ConnectionTrait,
    id: Uuid,
    new: NewAuthorization<'_>,
    author: Author<'_>,
) -> Result<bool, DbErr> {
    let before = connection::Entity::find_by_id(id).one(db).await?;
    let before = before.map(|row| (row.client_id, row.organization_name));
    let (client_id, organization_name) = before.unwrap_or_default();
    let detail = json!({
        "before": { "client_id": client_id, "organization_name": organization_name },
        "after": { "client_id": new.client_id, "organization_name": &new.organization_name },
    });
    let stored = with_tokens(
        without_lease(connection::Entity::update_many()),
        &new.tokens,
    )
    .col_expr(Column::TokenVersion, Expr::col(Column::TokenVersion).add(1))
    .col_expr(Column::ClientId, Expr::value(new.client_id))
    .col_expr(
        Column::Authorization,
        Expr::value(Authorization::Authorized.name()),
    )
    .col_expr(
        Column::AuthenticatedAt,
        Expr::value(UtcMillis::from(author.at)),
    )
    .col_expr(Column::AuthenticatedBy, Expr::value(author.user_id))
    .col_expr(Column::OrganizationName, Expr::value(new.organization_name))
    .col_expr(Column::AccountId, Expr::value(new.account_id))
    .col_expr(Column::Problem, Expr::value(None::<String>))
    .col_expr(Column::ProblemWords, Expr::value(None::<String>))
    .col_expr(Column::ProblemAt, Expr::value(None::<UtcMillis>))
    .filter(Column::Id.eq(id))
    .filter(Column::RemovedAt.is_null())
    .exec(db)
    .await?;
    if stored.rows_affected == 0 {
        return Ok(false);
    }
    notify::sign_in_found(db, id, author.at).await?;
    audit::record(db, author.event("connection.authenticated", id, detail)).await?;
    Ok(true)
}

type Update = sea_orm::UpdateMany<connection::Entity>;

fn without_lease(update: Update) -> Update {
    update
        .col_expr(Column::RefreshLease, Expr::value(None::<Uuid>))
        .col_expr(Column::RefreshLeaseUntil, Expr::value(None::<UtcMillis>))
}

fn with_tokens(update: Update, tokens: &SealedTokens) -> Update {
    let update = update
        .col_expr(
            Column::AccessToken,
            Expr::value(tokens.access_token.clone()),
        )
        .col_expr(
            Column::AccessExpiresAt,
            Expr::value(UtcMillis::from(tokens.expires_at)),
        )
        .col_expr(
            Column::RefreshDueAt,
            Expr::value(UtcMillis::from(tokens.refresh_due_at)),
        );
    match &tokens.refresh_token {
        Some(token) => update.col_expr(Column::RefreshToken, Expr::value(token.clone())),
        None => update,
    }
}
