//! Contacts to be deleted: chosen, tried, decided about.

use jiff::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait,
    QueryFilter, Set, TransactionTrait,
};
use serde_json::json;
use uuid::Uuid;

use super::store::{conclude, find};
use super::{Deletion, DeletionState, ErasureState};
use crate::sources::Author;
use crate::storage::UtcMillis;
use crate::storage::entities::{erasure, erasure_deletion};

/// Adds the contacts to be deleted that are not chosen yet.
pub(super) async fn add_deletions(
    transaction: &impl ConnectionTrait,
    id: Uuid,
    connections: &[(Uuid, String)],
    author: &Author,
) -> Result<(), DbErr> {
    let chosen = find(transaction, id).await?;
    let chosen = chosen.map_or_else(Vec::new, |erasure| erasure.deletions);
    for (connection_id, name) in connections {
        let is_chosen = |deletion: &Deletion| deletion.connection_id == *connection_id;
        if chosen.iter().any(is_chosen) {
            continue;
        }
        erasure_deletion::ActiveModel {
            id: Set(Uuid::now_v7()),
            erasure_id: Set(id),
            connection_id: Set(*connection_id),
            connection_name: Set(name.clone()),
            state: Set(DeletionState::Pending.name().to_owned()),
            tries: Set(0),
            problem: Set(None),
            next_try_at: Set(author.at.into()),
            ended_at: Set(None),
        }
        .insert(transaction)
        .await?;
        // One that waited for somebody to look goes on; the others are where they were.
        erasure::Entity::update_many()
            .col_expr(
                erasure::Column::State,
                Expr::value(ErasureState::Deleting.name()),
            )
            .filter(erasure::Column::Id.eq(id))
            .filter(erasure::Column::State.eq(ErasureState::Failed.name()))
            .exec(transaction)
            .await?;
    }
    Ok(())
}

/// Records how a try to delete a contact ended.
pub(super) async fn record_try(
    db: &impl ConnectionTrait,
    deletion: &Deletion,
    state: DeletionState,
    problem: Option<String>,
    (now, next): (Timestamp, Timestamp),
) -> Result<(), DbErr> {
    use erasure_deletion::Column as C;
    let ended = (state != DeletionState::Pending).then_some(UtcMillis::from(now));
    erasure_deletion::Entity::update_many()
        .col_expr(C::State, Expr::value(state.name()))
        .col_expr(C::Tries, Expr::col(C::Tries).add(1))
        .col_expr(C::Problem, Expr::value(problem))
        .col_expr(C::NextTryAt, Expr::value(UtcMillis::from(next)))
        .col_expr(C::EndedAt, Expr::value(ended))
        .filter(C::Id.eq(deletion.id))
        .exec(db)
        .await?;
    Ok(())
}

/// What somebody decides about contacts that could not be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Try again.
    Retry,
    /// Leave them.
    GiveUp,
}

/// Carries a decision out; false when there is nothing to decide.
///
/// # Errors
/// The database's.
pub async fn decide(
    db: &DatabaseConnection,
    id: Uuid,
    decision: Decision,
    author: &Author,
) -> Result<bool, DbErr> {
    use erasure_deletion::Column as C;
    let (state, deletion, action) = match decision {
        Decision::Retry => (
            ErasureState::Deleting,
            DeletionState::Pending,
            "person.deletion-retried",
        ),
        Decision::GiveUp => (
            ErasureState::Done,
            DeletionState::GivenUp,
            "person.deletion-given-up",
        ),
    };
    let transaction = db.begin().await?;
    let changed = erasure::Entity::update_many()
        .col_expr(erasure::Column::State, Expr::value(state.name()))
        .filter(erasure::Column::Id.eq(id))
        .filter(erasure::Column::State.eq(ErasureState::Failed.name()))
        .exec(&transaction)
        .await?;
    if changed.rows_affected == 0 {
        return Ok(false);
    }
    erasure_deletion::Entity::update_many()
        .col_expr(C::State, Expr::value(deletion.name()))
        .col_expr(C::Tries, Expr::value(0))
        .col_expr(C::NextTryAt, Expr::value(UtcMillis::from(author.at)))
        .filter(C::ErasureId.eq(id))
        .filter(C::State.eq(DeletionState::Failed.name()))
        .exec(&transaction)
        .await?;
    conclude(&transaction, id, state, author.at).await?;
    let hash = find(&transaction, id).await?.map(|found| found.hash);
    let (hash, detail) = (hash.unwrap_or_default(), json!({ "erasure": id }));
    author.record(&transaction, action, hash, detail).await?;
    transaction.commit().await?;
    Ok(true)
}
