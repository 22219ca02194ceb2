//! What people do with their own account: password, sessions.

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, TransactionTrait,
};
use serde_json::json;
use uuid::Uuid;

use crate::auth::session::{IDLE, LIFETIME};
use crate::auth::{Password, PasswordProblem};
use crate::storage::UtcMillis;
use crate::storage::audit::Author;
use crate::storage::entities::{session, user};

/// Sessions shown at most; a person with more has another problem.
const MOST_SESSIONS: u64 = 100;

/// A session of the person's own.
#[derive(Clone, Debug)]
pub struct OwnSession {
    /// Id.
    pub id: Uuid,
    /// Browser and system, or empty.
    pub device: String,
    /// Address it was started from.
    pub ip: String,
    /// When.
    pub created_at: Timestamp,
    /// Last request, within five minutes.
    pub last_seen_at: Timestamp,
}

/// Why a password was not changed.
#[derive(Debug, thiserror::Error)]
pub enum NewPasswordProblem {
    /// The new password.
    #[error(transparent)]
    Password(#[from] PasswordProblem),
    /// The database's.
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// Sessions that still work, the one used last first.
///
/// # Errors
/// The database's.
pub async fn sessions(
    db: &impl ConnectionTrait,
    user_id: Uuid,
    now: Timestamp,
) -> Result<Vec<OwnSession>, DbErr> {
    let found = session::Entity::find()
        .filter(session::Column::UserId.eq(user_id))
        .filter(session::Column::EndedAt.is_null())
        .filter(session::Column::CreatedAt.gte(UtcMillis::from(now - LIFETIME)))
        .filter(session::Column::LastSeenAt.gte(UtcMillis::from(now - IDLE)))
        .order_by_desc(session::Column::LastSeenAt)
        .order_by_desc(session::Column::Id)
        .limit(MOST_SESSIONS)
        .all(db)
        .await?;
    Ok(found
        .into_iter()
        .map(|model| OwnSession {
            id: model.id,
            device: model.device,
            ip: model.ip,
            created_at: model.created_at.into(),
            last_seen_at: model.last_seen_at.into(),
        })
        .collect())
}

/// Which sessions end.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    /// This one.
    One(Uuid),
    /// All but this one.
    AllBut(Uuid),
}

/// Ends sessions of a person; answers how many.
///
/// # Errors
/// The database's.
pub async fn end_sessions(
    db: &DatabaseConnection,
    user_id: Uuid,
    which: Which,
    author: Author<'_>,
) -> Result<u64, DbErr> {
    let transaction = db.begin().await?;
    let ended = end(&transaction, user_id, which, author.at).await?;
    if ended > 0 {
        let detail = json!({ "sessions": ended });
        author
            .record(&transaction, "user.sessions-ended", user_id, detail)
            .await?;
    }
    transaction.commit().await?;
    Ok(ended)
}

async fn end(
    db: &impl ConnectionTrait,
    user_id: Uuid,
    which: Which,
    now: Timestamp,
) -> Result<u64, DbErr> {
    let which = match which {
        Which::One(id) => session::Column::Id.eq(id),
        Which::AllBut(id) => session::Column::Id.ne(id),
    };
    let ended = session::Entity::update_many()
        .col_expr(session::Column::EndedAt, Expr::value(UtcMillis::from(now)))
        .filter(session::Column::UserId.eq(user_id))
        .filter(which)
        .filter(session::Column::EndedAt.is_null())
        .exec(db)
        .await?;
    Ok(ended.rows_affected)
}

/// Gives a person a new password and ends their other sessions. That they know the old one was found out before, by
/// [`crate::auth::verify_password`].
///
/// # Errors
/// [`NewPasswordProblem`].
pub async fn set_password(
    db: &DatabaseConnection,
    user_id: Uuid,
    password: Password,
    keep: Uuid,
    author: Author<'_>,
) -> Result<(), NewPasswordProblem> {
    password.check()?;
    let password_hash = password.hash().await;
    let transaction = db.begin().await?;
    user::Entity::update_many()
        .col_expr(user::Column::PasswordHash, Expr::value(password_hash))
        .col_expr(user::Column::InvitationHash, Expr::value(None::<String>))
        .col_expr(
            user::Column::UpdatedAt,
            Expr::value(UtcMillis::from(author.at)),
        )
        .filter(user::Column::Id.eq(user_id))
        .filter(user::Column::DisabledAt.is_null())
        .exec(&transaction)
        .await?;
    end(&transaction, user_id, Which::AllBut(keep), author.at).await?;
    author
        .record(&transaction, "user.password-changed", user_id, json!({}))
        .await?;
    transaction.commit().await?;
    Ok(())
}
