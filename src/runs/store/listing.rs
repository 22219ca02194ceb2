//! Lists of runs, bounded.

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::{StoreError, has_delivered, read};
use crate::runs::run::{Run, RunState};
use crate::storage::UtcMillis;
use crate::storage::entities::run;

/// Runs on one page of a history.
pub const PAGE_SIZE: u64 = 50;

/// What lists show of an export's latest run, whatever asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastRun {
    /// Id.
    pub id: Uuid,
    /// Where it stands.
    pub state: RunState,
    /// When it ended; when it was asked for while it is unfinished.
    pub at: Timestamp,
    /// Rows put into parts.
    pub sent: u64,
}

/// The latest run of each export that has one.
///
/// # Errors
/// The database's.
pub async fn last_runs(
    db: &impl ConnectionTrait,
    export_ids: &[Uuid],
) -> Result<HashMap<Uuid, LastRun>, DbErr> {
    if export_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let latest: Vec<(Uuid, UtcMillis)> = run::Entity::find()
        .select_only()
        .column(run::Column::ExportId)
        .column_as(run::Column::QueuedAt.max(), "queued_at")
        .filter(run::Column::ExportId.is_in(export_ids.iter().copied()))
        .group_by(run::Column::ExportId)
        .into_tuple()
        .all(db)
        .await?;
    let which = latest
        .iter()
        .fold(Condition::any(), |any, (export_id, at)| {
            any.add(
                run::Column::ExportId
                    .eq(*export_id)
                    .and(run::Column::QueuedAt.eq(*at)),
            )
        });
    if which.is_empty() {
        return Ok(HashMap::new());
    }
    // Of two asked for in one millisecond the later one comes last and stays.
    let found = run::Entity::find()
        .filter(which)
        .order_by_asc(run::Column::Id)
        .all(db)
        .await?;
    Ok(found
        .into_iter()
        .map(|model| {
            let last = LastRun {
                id: model.id,
                state: RunState::from_name(&model.state),
                at: model.finished_at.unwrap_or(model.queued_at).into(),
                sent: model.sent.unsigned_abs(),
            };
            (model.export_id, last)
        })
        .collect())
}

/// One page of an export's runs, latest first.
#[derive(Clone, Debug)]
pub struct RunPage {
    /// At most [`PAGE_SIZE`].
    pub runs: Vec<Run>,
    /// All there are.
    pub total: u64,
}

/// A page of an export's history; `page` counts from 0.
///
/// # Errors
/// Reading failed.
pub async fn history(
    db: &impl ConnectionTrait,
    export_id: Uuid,
    page: u64,
) -> Result<RunPage, StoreError> {
    let query = run::Entity::find().filter(run::Column::ExportId.eq(export_id));
    let total = query.clone().count(db).await?;
    let found = query
        .order_by_desc(run::Column::Id)
        .offset(Ord::min(page.saturating_mul(PAGE_SIZE), total))
        .limit(PAGE_SIZE)
        .all(db)
        .await?;
    Ok(RunPage {
        runs: found.into_iter().map(read).collect::<Result<_, _>>()?,
        total,
    })
}

/// A page of all runs, latest first; `page` counts from 0.
///
/// # Errors
/// Reading failed.
pub async fn latest(db: &impl ConnectionTrait, page: u64) -> Result<RunPage, StoreError> {
    let query = run::Entity::find();
    let total = query.clone().count(db).await?;
    let found = query
        .order_by_desc(run::Column::Id)
        .offset(Ord::min(page.saturating_mul(PAGE_SIZE), total))
        .limit(PAGE_SIZE)
        .all(db)
        .await?;
    Ok(RunPage {
        runs: found.into_iter().map(read).collect::<Result<_, _>>()?,
        total,
    })
}

/// Unfinished runs, longest waiting first, at most `limit`.
///
/// # Errors
/// Reading failed.
pub async fn unfinished(db: &impl ConnectionTrait, limit: u64) -> Result<Vec<Run>, StoreError> {
    let found = run::Entity::find()
        .filter(run::Column::FinishedAt.is_null())
        .order_by_asc(run::Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    found.into_iter().map(read).collect()
}

/// The successful runs of an export that sent something or found all of it delivered, latest first, at most `limit`.
///
/// # Errors
/// Reading failed.
pub async fn successful(
    db: &impl ConnectionTrait,
    export_id: Uuid,
    limit: u64,
) -> Result<Vec<Run>, StoreError> {
    let found = run::Entity::find()
        .filter(run::Column::ExportId.eq(export_id))
        .filter(run::Column::State.eq(RunState::Successful.name()))
        .filter(has_delivered())
        .order_by_desc(run::Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    found.into_iter().map(read).collect()
}
