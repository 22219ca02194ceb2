//! Connections whose tokens were sealed with another master key: the database was copied here from another installation,
//! or the key file was changed.
//!
//! Such tokens cannot be opened, and must not be used even if they could: the other installation uses them, and each
//! refresh token works once. The connection says "sign in again" and everything else about it stays, exports included.
//! When the right key comes back, so does the connection.

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QuerySelect, TransactionTrait,
};
use serde_json::json;
use uuid::Uuid;

use super::notify;
use crate::connections::connection::Authorization;
use crate::connections::problem::Problem;
use crate::storage::audit::{self, AuditEvent};
use crate::storage::entities::connection::{self, Column};
use crate::storage::{MasterKey, Sealed, UtcMillis};

/// Marks connections whose tokens another master key sealed, and frees those marked that this one opens after all. Done
/// at start.
///
/// # Errors
/// The database's.
pub async fn check_seals(
    db: &DatabaseConnection,
    key: &MasterKey,
    now: Timestamp,
) -> Result<(), DbErr> {
    let found: Vec<(Uuid, String, Option<String>, Option<Sealed>)> = connection::Entity::find()
        .select_only()
        .column(Column::Id)
        .column(Column::Authorization)
        .column(Column::Problem)
        .column(Column::RefreshToken)
        .filter(Column::RemovedAt.is_null())
        .filter(Column::RefreshToken.is_not_null())
        .into_tuple()
        .all(db)
        .await?;
    for (id, authorization, problem, token) in found {
        let is_ours = token.is_some_and(|token| key.has_sealed(&token));
        let is_marked = problem.as_deref() == Some(Problem::SealedElsewhere.name());
        match Authorization::from_name(&authorization) {
            Authorization::Authorized if !is_ours => {
                tracing::warn!(connection = %id, "tokens sealed with another master key");
                let problem = Some(Problem::SealedElsewhere);
                mark(db, id, Authorization::SignInAgain, problem, now).await?;
            }
            Authorization::SignInAgain if is_ours && is_marked => {
                mark(db, id, Authorization::Authorized, None, now).await?;
            }
            _ => {}
        }
    }
    Ok(())
}

async fn mark(
    db: &DatabaseConnection,
    id: Uuid,
    authorization: Authorization,
    problem: Option<Problem>,
    now: Timestamp,
) -> Result<(), DbErr> {
    let transaction = db.begin().await?;
    let at = problem.map(|_| UtcMillis::from(now));
    connection::Entity::update_many()
        .col_expr(Column::Authorization, Expr::value(authorization.name()))
        .col_expr(Column::Problem, Expr::value(problem.map(Problem::name)))
        .col_expr(Column::ProblemWords, Expr::value(None::<String>))
        .col_expr(Column::ProblemAt, Expr::value(at))
        .filter(Column::Id.eq(id))
        .exec(&transaction)
        .await?;
    match problem {
        Some(problem) => notify::sign_in_lost(&transaction, id, problem, now).await?,
        None => notify::sign_in_found(&transaction, id, now).await?,
    }
    let event = AuditEvent {
        at: now,
        user_id: None,
        ip: None,
        action: match problem {
            Some(_) => "connection.sign-in-lost",
            None => "connection.sign-in-found",
        },
        object_id: id.to_string(),
        detail: json!({ "problem": problem.map(Problem::name) }),
    };
    audit::record(&transaction, event).await?;
    transaction.commit().await
}
