//! Queries over checks; the writes of whoever works on one are in [`super::holds`].

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect, Set, SqlErr, TransactionTrait,
};
use serde_json::json;
use uuid::Uuid;

use super::{Check, CheckKind, Missing, Step, unpack};
use crate::exports::{Author, ExportDefinition};
use crate::runs::run::RunState;
use crate::runs::store::{Requested, StoreError};
use crate::storage::UtcMillis;
use crate::storage::entities::check;

/// Asks for a check. Asking twice while one is unfinished gives the same one. The run id of the answer is the check's.
///
/// # Errors
/// Writing failed.
pub async fn request(
    db: &DatabaseConnection,
    kind: CheckKind,
    (subject_id, export_id): (Uuid, Uuid),
    definition: &ExportDefinition,
    author: Author<'_>,
) -> Result<Requested, StoreError> {
    loop {
        let unfinished = check::Entity::find()
            .select_only()
            .column(check::Column::Id)
            .filter(check::Column::SubjectId.eq(subject_id))
            .filter(check::Column::FinishedAt.is_null())
            .into_tuple::<Uuid>()
            .one(db)
            .await?;
        if let Some(run_id) = unfinished {
            return Ok(Requested {
                run_id,
                is_new: false,
            });
        }
        let id = Uuid::now_v7();
        let transaction = db.begin().await?;
        let inserted = check::ActiveModel {
            id: Set(id),
            kind: Set(kind.name().to_owned()),
            subject_id: Set(subject_id),
            export_id: Set(export_id),
            definition: Set(serde_json::to_value(definition)?),
            state: Set(RunState::Queued.name().to_owned()),
            done: Set(0),
            total: Set(0),
            requested_by: Set(author.user_id),
            requested_at: Set(author.at.into()),
            claims: Set(0),
            ..Default::default()
        }
        .insert(&transaction)
        .await;
        match inserted {
            Ok(_) => {
                let detail =
                    json!({ "kind": kind.name(), "subject": subject_id, "name": definition.name });
                author
                    .record(&transaction, "check.requested", id, detail)
                    .await?;
                transaction.commit().await?;
                return Ok(Requested {
                    run_id: id,
                    is_new: true,
                });
            }
            // Somebody was faster; theirs is found in the next round.
            Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
                transaction.rollback().await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// The check with an id.
///
/// # Errors
/// [`StoreError::NotFound`], or reading failed.
pub async fn get(db: &impl ConnectionTrait, id: Uuid) -> Result<Check, StoreError> {
    let found = check::Entity::find_by_id(id).one(db).await?;
    read(found.ok_or(StoreError::NotFound)?)
}

/// The latest check of an export or run, if there is one.
///
/// # Errors
/// Reading failed.
pub async fn find_latest(
    db: &impl ConnectionTrait,
    subject_id: Uuid,
) -> Result<Option<Check>, StoreError> {
    let found = check::Entity::find()
        .filter(check::Column::SubjectId.eq(subject_id))
        .order_by_desc(check::Column::Id)
        .one(db)
        .await?;
    found.map(read).transpose()
}

/// The rows that a check of a delivery found missing, in order.
///
/// # Errors
/// [`StoreError::NotFound`], or reading failed.
pub async fn undelivered(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Vec<(u64, Missing)>, StoreError> {
    let found = check::Entity::find_by_id(id).one(db).await?;
    let packed = found.ok_or(StoreError::NotFound)?.undelivered;
    Ok(unpack(&packed.unwrap_or_default()))
}

/// Forgets which rows of runs did not arrive, where that was found before `before`: they cannot be downloaded any more.
/// The counts stay. How many looks that were.
pub(in crate::runs) async fn forget_undelivered(
    db: &impl ConnectionTrait,
    before: Timestamp,
) -> Result<u64, DbErr> {
    let forgotten = check::Entity::update_many()
        .col_expr(check::Column::Undelivered, Expr::value(None::<Vec<u8>>))
        .filter(check::Column::Undelivered.is_not_null())
        .filter(check::Column::FinishedAt.lte(UtcMillis::from(before)))
        .exec(db)
        .await?;
    Ok(forgotten.rows_affected)
}

/// The same for one run, whose profiles are not held any more.
pub(in crate::runs) async fn forget_undelivered_of(
    db: &impl ConnectionTrait,
    run_id: Uuid,
) -> Result<(), DbErr> {
    check::Entity::update_many()
        .col_expr(check::Column::Undelivered, Expr::value(None::<Vec<u8>>))
        .filter(check::Column::SubjectId.eq(run_id))
        .filter(check::Column::Undelivered.is_not_null())
        .exec(db)
        .await?;
    Ok(())
}

/// Cancels a check: at once when nobody works on it, within a moment otherwise.
///
/// # Errors
/// [`StoreError::NotFound`], or writing failed.
pub async fn cancel(
    db: &DatabaseConnection,
    id: Uuid,
    author: Author<'_>,
) -> Result<(), StoreError> {
    let transaction = db.begin().await?;
    let now = UtcMillis::from(author.at);
    let marked = check::Entity::update_many()
        .col_expr(check::Column::CancelRequestedAt, Expr::value(now))
        .filter(check::Column::Id.eq(id))
        .filter(check::Column::FinishedAt.is_null())
        .filter(check::Column::CancelRequestedAt.is_null())
        .exec(&transaction)
        .await?;
    if marked.rows_affected == 0 {
        get(&transaction, id).await?;
        return Ok(());
    }
    check::Entity::update_many()
        .col_expr(check::Column::State, Expr::value(RunState::Canceled.name()))
        .col_expr(check::Column::FinishedAt, Expr::value(now))
        .filter(check::Column::Id.eq(id))
        .filter(check::Column::Owner.is_null())
        .exec(&transaction)
        .await?;
    author
        .record(&transaction, "check.cancel-requested", id, json!({}))
        .await?;
    transaction.commit().await?;
    Ok(())
}

fn read(model: check::Model) -> Result<Check, StoreError> {
    let kind = CheckKind::ALL
        .into_iter()
        .find(|kind| kind.name() == model.kind)
        .unwrap_or(CheckKind::Export);
    let step = model.step.unwrap_or_default();
    let (mut report, mut delivery) = (None, None);
    match (kind, model.result) {
        (CheckKind::Export, Some(result)) => report = serde_json::from_value(result)?,
        (CheckKind::Delivery, Some(result)) => delivery = serde_json::from_value(result)?,
        (_, None) => {}
    }
    Ok(Check {
        id: model.id,
        kind,
        subject_id: model.subject_id,
        export_id: model.export_id,
        definition: serde_json::from_value(model.definition)?,
        state: RunState::from_name(&model.state),
        step: Step::ALL.into_iter().find(|known| known.name() == step),
        done: model.done.unsigned_abs(),
        total: model.total.unsigned_abs(),
        report,
        delivery,
        activity_id: model.activity_id,
        failure: model.failure.map(serde_json::from_value).transpose()?,
        requested_by: model.requested_by,
        requested_at: model.requested_at.into(),
        finished_at: model.finished_at.map(Into::into),
        is_cancel_requested: model.cancel_requested_at.is_some(),
        claims: model.claims.unsigned_abs(),
    })
}
