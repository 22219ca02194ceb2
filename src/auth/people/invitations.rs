//! Links that let a person choose a password: for somebody who was invited, or who has forgotten theirs.
//!
//! The link holds a secret, the table its hash. It works once and ends after [`LIFETIME`]; a newer link ends an older one.

use jiff::SignedDuration;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter,
    TransactionTrait,
};
use serde_json::json;
use uuid::Uuid;

use crate::auth::session::{hash, secret};
use crate::auth::store::{self, UserProblem};
use crate::auth::{CurrentUser, Password, openid};
use crate::profiles::value::fold;
use crate::storage::UtcMillis;
use crate::storage::audit::Author;
use crate::storage::entities::user;

/// Long enough for a weekend and a holiday.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Whom a link is for.
#[derive(Clone, Debug)]
pub struct Invited {
    /// Who.
    pub user_id: Uuid,
    /// Name as the administrator typed it, or the person's own.
    pub name: String,
    /// Address used to sign in.
    pub email: String,
    /// Whether they have never been in; otherwise they have lost their password.
    pub is_new: bool,
}

/// Why a link did not work.
#[derive(Debug, thiserror::Error)]
pub enum AcceptProblem {
    /// Used, replaced, ended, or never one of ours.
    #[error("the link does not work any more")]
    Gone,
    /// Name or password.
    #[error(transparent)]
    User(#[from] UserProblem),
}

impl From<DbErr> for AcceptProblem {
    fn from(error: DbErr) -> Self {
        Self::User(error.into())
    }
}

/// Makes the token of a new link.
///
/// # Errors
/// The database's.
pub async fn issue(
    db: &impl ConnectionTrait,
    id: Uuid,
    author: Author<'_>,
) -> Result<String, DbErr> {
    let token = secret();
    let expires_at = UtcMillis::from(author.at + LIFETIME);
    user::Entity::update_many()
        .col_expr(user::Column::InvitationHash, Expr::value(hash(&token)))
        .col_expr(user::Column::InvitationExpiresAt, Expr::value(expires_at))
        .filter(user::Column::Id.eq(id))
        .filter(user::Column::RemovedAt.is_null())
        .exec(db)
        .await?;
    author.record(db, "user.link-issued", id, json!({})).await?;
    Ok(token)
}

/// Whom a link is for, while it works.
///
/// # Errors
/// The database's.
pub async fn find(
    db: &impl ConnectionTrait,
    token: &str,
    now: jiff::Timestamp,
) -> Result<Option<Invited>, DbErr> {
    let found = user::Entity::find()
        .filter(user::Column::InvitationHash.eq(hash(token)))
        .filter(user::Column::InvitationExpiresAt.gt(UtcMillis::from(now)))
        .filter(user::Column::DisabledAt.is_null())
        .one(db)
        .await?;
    Ok(found.map(|model| Invited {
        user_id: model.id,
        name: model.name,
        email: model.email,
        is_new: model.invited_at.is_some(),
    }))
}

/// Uses a link up: the person has the name and password they chose, and every session of theirs ends.
///
/// # Errors
/// [`AcceptProblem`].
pub async fn accept(
    db: &DatabaseConnection,
    token: &str,
    name: &str,
    password: Password,
    ip: &str,
    now: jiff::Timestamp,
) -> Result<CurrentUser, AcceptProblem> {
    let invited = find(db, token, now).await?.ok_or(AcceptProblem::Gone)?;
    let (name, _) = store::check(name, &invited.email)?;
    password.check().map_err(UserProblem::from)?;
    let password_hash = password.hash().await;
    let transaction = db.begin().await?;
    let changed = user::Entity::update_many()
        .col_expr(user::Column::NameKey, Expr::value(fold(&name).into_owned()))
        .col_expr(user::Column::Name, Expr::value(name))
        .col_expr(user::Column::PasswordHash, Expr::value(password_hash))
        .col_expr(user::Column::InvitedAt, Expr::value(None::<UtcMillis>))
        .col_expr(user::Column::InvitationHash, Expr::value(None::<String>))
        .col_expr(user::Column::UpdatedAt, Expr::value(UtcMillis::from(now)))
        .filter(user::Column::Id.eq(invited.user_id))
        .filter(user::Column::InvitationHash.eq(hash(token)))
        .filter(user::Column::DisabledAt.is_null())
        .exec(&transaction)
        .await?;
    // Of two people who use one link at the same time the second finds it used.
    if changed.rows_affected != 1 {
        return Err(AcceptProblem::Gone);
    }
    // One way in: whoever chooses a password signs in with it from now on.
    openid::accounts::unlink(&transaction, invited.user_id).await?;
    store::end_sessions_of(&transaction, invited.user_id, now).await?;
    let user = store::find_active_user(&transaction, invited.user_id)
        .await?
        .ok_or(AcceptProblem::Gone)?;
    let author = Author {
        user_id: Some(user.id),
        ip: Some(ip),
        at: now,
    };
    let detail = json!({ "is_new": invited.is_new });
    author
        .record(&transaction, "user.link-used", user.id, detail)
        .await?;
    transaction.commit().await?;
    Ok(user)
}
