//! The engine's writes about runs. A run has one owner at a time: whoever holds the lease. Each write checks that in the same
//! statement or transaction, so an engine that has lost a run cannot change it any more.

use jiff::{SignedDuration, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, TransactionTrait, UpdateMany,
};
use serde_json::json;
use uuid::Uuid;

use super::removals::{self, Removals};
use super::{StoreError, get, to_i64};
use crate::runs::notify;
use crate::runs::outcome::Outcome;
use crate::runs::part::PartState;
use crate::runs::plan::Totals;
use crate::runs::remembered;
use crate::runs::run::{Inputs, Phase, Run, RunState};
use crate::runs::waiting::{Waiting, WaitingFor};
use crate::storage::audit::{self, AuditEvent};
use crate::storage::entities::{run, run_part};
use crate::storage::{UtcMillis, astray, bring_back};

/// Runs looked at when one is to be taken.
const CANDIDATES: u64 = 50;

/// The right to work on one run.
#[derive(Clone, Copy, Debug)]
pub(in crate::runs) struct Lease {
    pub(in crate::runs) run_id: Uuid,
    pub(in crate::runs) owner: Uuid,
}

/// What a heartbeat learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runs) struct Heartbeat {
    pub(in crate::runs) is_cancel_requested: bool,
}

/// What may change about a run while it is worked on; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub(in crate::runs) struct Progress {
    pub(in crate::runs) phase: Option<Phase>,
    pub(in crate::runs) waiting: Option<Option<Waiting>>,
    pub(in crate::runs) inputs: Option<Inputs>,
    pub(in crate::runs) members: Option<u64>,
    pub(in crate::runs) totals: Option<Totals>,
    pub(in crate::runs) is_planned: Option<bool>,
    pub(in crate::runs) asking_since: Option<Option<Timestamp>>,
    /// Requests made since the last change.
    pub(in crate::runs) requests: u64,
}

/// Takes the longest-waiting run that nobody holds, if there is one: queued, or left behind by an engine whose lease has
/// run out, or paused until a moment that has come.
///
/// # Errors
/// The database's.
pub(in crate::runs) async fn claim_next(
    db: &DatabaseConnection,
    owner: Uuid,
    now: Timestamp,
    lease: SignedDuration,
    only: Option<Uuid>,
) -> Result<Option<(Lease, Run)>, StoreError> {
    cut_short(db, now, lease).await?;
    let at = UtcMillis::from(now);
    let is_free = Condition::any()
        .add(run::Column::Owner.is_null())
        .add(run::Column::LeaseUntil.lt(at));
    let is_due = Condition::any()
        .add(run::Column::WaitingUntil.is_null())
        .add(run::Column::WaitingUntil.lte(at))
        .add(run::Column::CancelRequestedAt.is_not_null());
    let mut candidates = run::Entity::find()
        .select_only()
        .column(run::Column::Id)
        .filter(run::Column::FinishedAt.is_null())
        .filter(is_free.clone())
        .filter(is_due.clone());
    if let Some(id) = only {
        candidates = candidates.filter(run::Column::Id.eq(id));
    }
    let candidates: Vec<Uuid> = candidates
        .order_by_asc(run::Column::QueuedAt)
        .limit(CANDIDATES)
        .into_tuple()
        .all(db)
        .await?;
    for run_id in candidates {
        let taken = run::Entity::update_many()
            .col_expr(run::Column::Owner, Expr::value(owner))
            .col_expr(
                run::Column::LeaseUntil,
                Expr::value(UtcMillis::from(now + lease)),
            )
            .col_expr(run::Column::Claims, Expr::col(run::Column::Claims).add(1))
            .col_expr(run::Column::State, Expr::value(RunState::Refreshing.name()))
            .col_expr(
                run::Column::StartedAt,
                Expr::col(run::Column::StartedAt).if_null(at),
            )
            .col_expr(run::Column::WaitingFor, Expr::value(None::<String>))
            .col_expr(run::Column::WaitingUntil, Expr::value(None::<i64>))
            .filter(run::Column::Id.eq(run_id))
            .filter(run::Column::FinishedAt.is_null())
            .filter(is_free.clone())
            .filter(is_due.clone())
            .exec(db)
            .await?
            .rows_affected;
        if taken == 1 {
            return Ok(Some((Lease { run_id, owner }, get(db, run_id).await?)));
        }
    }
    Ok(None)
}

/// Waits and leases that a clock which has stepped back would make endless. A lease is cut to its length, because its owner
/// may be alive and renews it.
async fn cut_short(
    db: &DatabaseConnection,
    now: Timestamp,
    lease: SignedDuration,
) -> Result<(), DbErr> {
    use run::Column;
    let unfinished = Condition::all().add(Column::FinishedAt.is_null());
    let is_left = unfinished
        .clone()
        .add(astray(Column::LeaseUntil, lease, now));
    bring_back::<run::Entity>(db, Column::LeaseUntil, is_left, now + lease).await?;
    let too_long = WaitingFor::ALL.map(|reason| {
        Condition::all()
            .add(Column::WaitingFor.eq(reason.name()))
            .add(astray(Column::WaitingUntil, reason.longest(), now))
    });
    let waits = unfinished.add(too_long.into_iter().fold(Condition::any(), Condition::add));
    bring_back::<run::Entity>(db, Column::WaitingUntil, waits, now).await
}

impl Lease {
    fn own(self) -> UpdateMany<run::Entity> {
        run::Entity::update_many()
            .filter(run::Column::Id.eq(self.run_id))
            .filter(run::Column::Owner.eq(self.owner))
            .filter(run::Column::FinishedAt.is_null())
    }

    /// Makes the lease last until `until`, and learns whether the run is to be canceled.
    pub(in crate::runs) async fn renew(
        self,
        db: &DatabaseConnection,
        until: Timestamp,
    ) -> Result<Heartbeat, StoreError> {
        let renewed = self
            .own()
            .col_expr(run::Column::LeaseUntil, Expr::value(UtcMillis::from(until)));
        held(renewed.exec(db).await?.rows_affected)?;
        self.look(db).await
    }

    /// Learns whether the run is to be canceled.
    pub(in crate::runs) async fn look(
        self,
        db: &impl ConnectionTrait,
    ) -> Result<Heartbeat, StoreError> {
        let found: Option<(Option<UtcMillis>, Option<Uuid>)> = run::Entity::find_by_id(self.run_id)
            .select_only()
            .column(run::Column::CancelRequestedAt)
            .column(run::Column::Owner)
            .into_tuple()
            .one(db)
            .await?;
        match found {
            Some((cancel, Some(owner))) if owner == self.owner => Ok(Heartbeat {
                is_cancel_requested: cancel.is_some(),
            }),
            _ => Err(StoreError::LeaseLost),
        }
    }

    /// Records progress.
    pub(in crate::runs) async fn progress(
        self,
        db: &impl ConnectionTrait,
        progress: Progress,
    ) -> Result<(), StoreError> {
        let requests = Expr::col(run::Column::Requests).add(to_i64(progress.requests));
        let mut changes = vec![(run::Column::Requests, requests)];
        let mut set = |column, value: SimpleExpr| changes.push((column, value));
        if let Some(phase) = progress.phase {
            set(run::Column::Phase, Expr::value(phase.name()));
        }
        if let Some(waiting) = progress.waiting {
            let until = waiting.map(|waiting| UtcMillis::from(waiting.until));
            let reason = waiting.map(|waiting| waiting.reason.name());
            set(run::Column::WaitingFor, Expr::value(reason));
            set(run::Column::WaitingUntil, Expr::value(until));
        }
        if let Some(inputs) = progress.inputs {
            set(run::Column::SnapshotId, Expr::value(inputs.snapshot_id));
            set(
                run::Column::Inputs,
                Expr::value(serde_json::to_value(inputs)?),
            );
        }
        if let Some(members) = progress.members {
            set(run::Column::Members, Expr::value(to_i64(members)));
        }
        if let Some(totals) = progress.totals {
            let rejected = serde_json::to_value(totals.rejected.to_map())?;
            set(run::Column::Read, Expr::value(to_i64(totals.read)));
            set(run::Column::Sent, Expr::value(to_i64(totals.sent)));
            set(
                run::Column::Duplicates,
                Expr::value(to_i64(totals.duplicates)),
            );
            set(
                run::Column::Unchanged,
                Expr::value(to_i64(totals.unchanged)),
            );
            set(run::Column::Adjusted, Expr::value(to_i64(totals.adjusted)));
            set(run::Column::Rejected, Expr::value(rejected));
        }
        if let Some(is_planned) = progress.is_planned {
            set(run::Column::IsPlanned, Expr::value(is_planned));
        }
        if let Some(since) = progress.asking_since {
            let since = since.map(UtcMillis::from);
            set(run::Column::AskingSince, Expr::value(since));
        }
        let query = changes
            .into_iter()
            .fold(self.own(), |query, (column, value)| {
                query.col_expr(column, value)
            });
        held(query.exec(db).await?.rows_affected)
    }

    /// Gives the run back unfinished, so that any engine may take it, at the earliest when `waiting` is over.
    pub(in crate::runs) async fn release(
        self,
        db: &impl ConnectionTrait,
        waiting: Option<Waiting>,
        requests: u64,
    ) -> Result<(), StoreError> {
        let progress = Progress {
            waiting: Some(waiting),
            requests,
            ..Progress::default()
        };
        self.progress(db, progress).await?;
        let released = self
            .own()
            .col_expr(run::Column::Owner, Expr::value(None::<Uuid>))
            .col_expr(run::Column::LeaseUntil, Expr::value(None::<i64>));
        held(released.exec(db).await?.rows_affected)
    }

    /// Ends the run. Its snapshot is held on, so that its rows can be told; see [`crate::runs::HeldSnapshots`].
    pub(in crate::runs) async fn finish(
        self,
        db: &DatabaseConnection,
        outcome: &Outcome,
        requests: u64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let transaction = db.begin().await?;
        let progress = Progress {
            waiting: Some(None),
            requests,
            ..Progress::default()
        };
        self.progress(&transaction, progress).await?;
        let run = get(&transaction, self.run_id).await?;
        let names = (!outcome.names.is_empty()).then(|| json!(outcome.names));
        let finished = self
            .own()
            .col_expr(
                run::Column::State,
                Expr::value(outcome.ending.state().name()),
            )
            .col_expr(run::Column::Phase, Expr::value(None::<String>))
            .col_expr(run::Column::Outcome, Expr::value(outcome.ending.code()))
            .col_expr(run::Column::OutcomeNames, Expr::value(names))
            .col_expr(
                run::Column::VendorWords,
                Expr::value(outcome.vendor_words.clone()),
            )
            .col_expr(run::Column::FinishedAt, Expr::value(UtcMillis::from(now)))
            .col_expr(run::Column::Delivered, delivered(self.run_id))
            .col_expr(run::Column::Owner, Expr::value(None::<Uuid>))
            .col_expr(run::Column::LeaseUntil, Expr::value(None::<i64>));
        held(finished.exec(&transaction).await?.rows_affected)?;
        remembered::settle(&transaction, &run, outcome.ending).await?;
        notify::of_end(&transaction, &run, outcome, now).await?;
        let removals = removals::find(&transaction, self.run_id).await?;
        let event = AuditEvent {
            at: now,
            user_id: run.requested_by,
            ip: None,
            action: "run.finished",
            object_id: self.run_id.to_string(),
            detail: json!({
                "export": run.export_id,
                "outcome": outcome.ending.code(),
                "read": run.totals.read,
                "sent": run.totals.sent,
                "duplicates": run.totals.duplicates,
                "rejected": run.totals.rejected.total(),
                "rejected_by_reason": run.totals.rejected.to_map(),
                "removals": removals.as_ref().map(Removals::summary),
                "unchanged": run.totals.unchanged,
            }),
        };
        audit::record(&transaction, event).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Rows of a run's parts whose activity completed; the same as [`crate::runs::Account::delivered`].
fn delivered(run_id: Uuid) -> SimpleExpr {
    let rows = Query::select()
        .expr(Expr::col(run_part::Column::Rows).sum())
        .from(run_part::Entity)
        .and_where(run_part::Column::RunId.eq(run_id))
        .and_where(run_part::Column::State.eq(PartState::Completed.name()))
        .take();
    Func::coalesce([rows.into(), Expr::value(0)]).into()
}

fn held(rows_affected: u64) -> Result<(), StoreError> {
    if rows_affected == 1 {
        Ok(())
    } else {
        Err(StoreError::LeaseLost)
    }
}
