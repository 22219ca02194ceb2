//! Queries over runs and their parts.
//!
//! Reading here, lists of runs in `listing`; asking for and canceling runs in `requests`, resuming them in `resuming`; the engine's writes in `leases`
//! and `part_changes`, which succeed only while the lease on the run is held.

pub mod approvals;
mod holders;
mod leases;
mod listing;
mod part_changes;
pub mod removals;
mod requests;
mod resuming;
pub mod summaries;

pub(super) use holders::finished_holders;
pub(super) use leases::{Lease, Progress, claim_next};
pub use listing::{
    LastRun, PAGE_SIZE, RunPage, history, last_runs, latest, successful, unfinished,
};
pub(super) use part_changes::{PartChange, record_activities};
pub use requests::{
    Requested, RequestedMany, cancel, put_off_in, request, request_all, request_in,
    wake_sign_in_waits,
};
pub use resuming::{Resumed, resume};

use std::collections::BTreeMap;

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use super::part::{Part, PartCounts, PartState};
use super::plan::Totals;
use super::reject::RejectedCounts;
use super::run::{Ended, Phase, Run, RunState, Trigger};
use super::waiting::{Waiting, WaitingFor};
use crate::storage::UtcMillis;
use crate::storage::entities::{run, run_part};

/// Parts read of one run: as many as the largest export of the widest rows makes, far above any real one.
const MAX_PARTS: u64 = 20_000;

/// Why a run was not stored or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The run does not exist.
    #[error("the run does not exist")]
    NotFound,
    /// Another engine works on the run now; whatever this one wanted to write is void.
    #[error("another engine has taken the run over")]
    LeaseLost,
    /// A row that this version cannot read.
    #[error("a stored run cannot be read")]
    Unreadable(#[from] serde_json::Error),
    /// The database's.
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// The run with an id.
///
/// # Errors
/// [`StoreError::NotFound`], or reading failed.
pub async fn get(db: &impl ConnectionTrait, id: Uuid) -> Result<Run, StoreError> {
    let found = run::Entity::find_by_id(id).one(db).await?;
    read(found.ok_or(StoreError::NotFound)?)
}

/// The parts of a run, in order.
///
/// # Errors
/// Reading failed.
pub async fn parts(db: &impl ConnectionTrait, run_id: Uuid) -> Result<Vec<Part>, DbErr> {
    let found = run_part::Entity::find()
        .filter(run_part::Column::RunId.eq(run_id))
        .order_by_asc(run_part::Column::Number)
        .limit(MAX_PARTS)
        .all(db)
        .await?;
    Ok(found.into_iter().map(read_part).collect())
}

/// Whether an export has a run that is not finished.
///
/// # Errors
/// The database's.
pub async fn has_active_run(db: &impl ConnectionTrait, export_id: Uuid) -> Result<bool, DbErr> {
    Ok(find_active(db, export_id).await?.is_some())
}

/// The unfinished run of an export, if there is one.
pub(super) async fn find_active(
    db: &impl ConnectionTrait,
    export_id: Uuid,
) -> Result<Option<Uuid>, DbErr> {
    run::Entity::find()
        .select_only()
        .column(run::Column::Id)
        .filter(run::Column::ExportId.eq(export_id))
        .filter(run::Column::FinishedAt.is_null())
        .into_tuple()
        .one(db)
        .await
}

/// Whether the export of a run has a later one that is unfinished or has sent something.
pub(super) async fn has_later_run(db: &impl ConnectionTrait, run: &Run) -> Result<bool, DbErr> {
    let counts = Condition::any()
        .add(run::Column::FinishedAt.is_null())
        .add(has_delivered());
    let found = run::Entity::find()
        .select_only()
        .column(run::Column::Id)
        .filter(run::Column::ExportId.eq(run.export_id))
        .filter(run::Column::Id.gt(run.id))
        .filter(counts)
        .limit(1)
        .into_tuple::<Uuid>()
        .one(db)
        .await?;
    Ok(found.is_some())
}

/// Runs that have sent something, or found all of it delivered.
fn has_delivered() -> Condition {
    Condition::any()
        .add(run::Column::Sent.gt(0))
        .add(run::Column::Unchanged.gt(0))
}

/// The latest earlier run of the same export that has sent something, or found all of it delivered.
pub(super) async fn latest_that_delivered(
    db: &impl ConnectionTrait,
    run: &Run,
) -> Result<Option<Uuid>, DbErr> {
    run::Entity::find()
        .select_only()
        .column(run::Column::Id)
        .filter(run::Column::ExportId.eq(run.export_id))
        .filter(run::Column::Id.lt(run.id))
        .filter(has_delivered())
        .order_by_desc(run::Column::Id)
        .limit(1)
        .into_tuple()
        .one(db)
        .await
}

/// Runs of an export that have ended since.
pub(super) async fn finished_since(
    db: &impl ConnectionTrait,
    export_id: Uuid,
    since: Timestamp,
) -> Result<Vec<Uuid>, DbErr> {
    run::Entity::find()
        .select_only()
        .column(run::Column::Id)
        .filter(run::Column::ExportId.eq(export_id))
        .filter(run::Column::FinishedAt.gt(UtcMillis::from(since)))
        .into_tuple()
        .all(db)
        .await
}

/// Locks a run that has ended, so that nobody resumes it before the transaction ends; false when it has not.
pub(super) async fn lock_finished(
    transaction: &impl ConnectionTrait,
    run_id: Uuid,
) -> Result<bool, DbErr> {
    let locked = run::Entity::update_many()
        .col_expr(run::Column::Claims, Expr::col(run::Column::Claims))
        .filter(run::Column::Id.eq(run_id))
        .filter(run::Column::FinishedAt.is_not_null())
        .exec(transaction)
        .await?;
    Ok(locked.rows_affected == 1)
}

fn read(model: run::Model) -> Result<Run, StoreError> {
    let reason = model.waiting_for.as_deref();
    let waiting = WaitingFor::ALL
        .into_iter()
        .find(|candidate| Some(candidate.name()) == reason)
        .zip(model.waiting_until)
        .map(|(reason, until)| Waiting {
            reason,
            until: until.into(),
        });
    let outcome = match model.outcome {
        None => None,
        Some(code) => Some(Ended {
            code,
            names: model
                .outcome_names
                .map_or(Ok(Vec::new()), serde_json::from_value)?,
            vendor_words: model.vendor_words,
        }),
    };
    let rejected: BTreeMap<String, u64> = serde_json::from_value(model.rejected)?;
    Ok(Run {
        id: model.id,
        export_id: model.export_id,
        trigger: Trigger::ALL
            .into_iter()
            .find(|trigger| trigger.name() == model.trigger)
            .unwrap_or(Trigger::Person),
        requested_by: model.requested_by,
        definition: serde_json::from_value(model.definition)?,
        inputs: model.inputs.map(serde_json::from_value).transpose()?,
        state: RunState::from_name(&model.state),
        phase: model.phase.as_deref().and_then(Phase::from_name),
        waiting,
        outcome,
        members: model.members.map(i64::unsigned_abs),
        totals: Totals {
            read: model.read.unsigned_abs(),
            sent: model.sent.unsigned_abs(),
            duplicates: model.duplicates.unsigned_abs(),
            rejected: RejectedCounts::from_map(&rejected),
            unchanged: model.unchanged.unsigned_abs(),
            adjusted: model.adjusted.unsigned_abs(),
        },
        is_planned: model.is_planned,
        requests: model.requests.unsigned_abs(),
        queued_at: model.queued_at.into(),
        started_at: model.started_at.map(Into::into),
        finished_at: model.finished_at.map(Into::into),
        cancel_requested_at: model.cancel_requested_at.map(Into::into),
        resumed: model.resumed_at.map(|at| (at.into(), model.resumed_by)),
        asking_since: model.asking_since.map(Into::into),
        claims: model.claims.unsigned_abs(),
    })
}

fn read_part(model: run_part::Model) -> Part {
    let count = |count: Option<i64>| count.map(i64::unsigned_abs);
    Part {
        number: model.number.unsigned_abs(),
        file_name: model.file_name,
        rows: u64::from(model.rows.unsigned_abs()),
        bytes: u64::from(model.bytes.unsigned_abs()),
        sha256: model.sha256,
        first_row: model.first_row.unsigned_abs(),
        last_row: model.last_row.unsigned_abs(),
        // A word of a newer version: nobody knows whether it arrived.
        state: PartState::ALL
            .into_iter()
            .find(|state| state.name() == model.state)
            .unwrap_or(PartState::Unclear),
        sends: model.sends.unsigned_abs(),
        looks: model.looks.unsigned_abs(),
        activity_id: model.activity_id,
        percent_done: count(model.percent_done),
        counts: PartCounts {
            items_total: count(model.items_total),
            persons: count(model.persons),
            errors: count(model.errors),
            correctable: count(model.correctable),
            cannot_add_to_list: count(model.cannot_add_to_list),
        },
        vendor_words: model.vendor_words,
        recorded_at: model.recorded_at.into(),
        last_sent_at: model.last_sent_at.map(Into::into),
        accepted_at: model.accepted_at.map(Into::into),
        finished_at: model.finished_at.map(Into::into),
    }
}

/// Counts never come near the limit of the column.
fn to_i64(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
