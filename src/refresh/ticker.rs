//! The ticker: looks every few seconds whether the system refresh or an export is due, and asks for the job or the run.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sea_orm::{DatabaseConnection, SqlErr, TransactionTrait};
use uuid::Uuid;

use super::job::{self, Refresher};
use super::quota::Quota;
use super::schedule;
use crate::clock::Clock;
use crate::connections::Connections;
use crate::exports::store::{Advance, NotRun, StoredSchedule, advance, due_schedules};
use crate::exports::{self, Author, Export};
use crate::notices::{self, Details, Kind};
use crate::runs::{self, Engine, Trigger};
use crate::sources::Loads;

/// How often it looks; a little less or more, so that replicas do not come together.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// Exports looked at in one tick; the others come with the next one.
const MAX_DUE: u64 = 200;
/// How long an export waits before it is looked at again while something is finished first.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(30);
/// Later than this, people are told.
const LATE: SignedDuration = SignedDuration::from_hours(1);

/// Starts what is due. Cheap to clone.
#[derive(Clone)]
pub struct Ticker {
    db: DatabaseConnection,
    clock: Clock,
    connections: Connections,
    loads: Loads,
    engine: Engine,
    refresher: Refresher,
}

impl Ticker {
    /// A ticker that does nothing yet.
    pub fn new(
        db: DatabaseConnection,
        clock: Clock,
        connections: Connections,
        loads: Loads,
        engine: Engine,
        refresher: Refresher,
    ) -> Self {
        Self {
            db,
            clock,
            connections,
            loads,
            engine,
            refresher,
        }
    }

    /// Ticks until the task is aborted.
    pub async fn serve(self) {
        loop {
            match self.tick().await {
                Ok(started) => tracing::debug!(started, "looked what is due"),
                Err(error) => tracing::error!(error = &*error, "it cannot be told what is due"),
            }
            tokio::time::sleep(LOOK_EVERY.mul_f64(0.8 + 0.4 * fastrand::f64())).await;
        }
    }

    /// Starts whatever is due now; how many runs were asked for.
    ///
    /// # Errors
    /// It cannot be told what is due. One export that cannot be started does not keep others from it.
    pub async fn tick(&self) -> anyhow::Result<usize> {
        let now = self.clock.now();
        if schedule::start_if_due(&self.db, now).await? {
            self.refresher.wake();
        }
        let due = due_schedules(&self.db, now, MAX_DUE).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let mut quota = Quota::look(&self.db, &self.connections).await?;
        let mut started = 0;
        for schedule in &due {
            match self.look_at(schedule, now, &mut quota).await {
                Ok(is_started) => started += usize::from(is_started),
                Err(error) => {
                    let export = schedule.export_id;
                    tracing::error!(%export, error = &*error, "an export that is due was not started");
                }
            }
        }
        if started > 0 {
            self.engine.wake();
        }
        Ok(started)
    }

    async fn look_at(
        &self,
        schedule: &StoredSchedule,
        now: Timestamp,
        quota: &mut Quota<'_>,
    ) -> anyhow::Result<bool> {
        let Some(due) = schedule.due() else {
            return Ok(false);
        };
        let found = exports::store::find(&self.db, schedule.export_id).await?;
        // Removed in this moment, and its schedule with it.
        let Some(export) = found else {
            return Ok(false);
        };
        let definition = &export.definition;
        let obstacle = if definition.connection_id.is_none() {
            Some(NotRun::NoConnection)
        } else if runs::store::has_active_run(&self.db, export.id).await? {
            Some(NotRun::Running)
        } else if self.is_upstream_busy(definition.source_id).await? {
            Some(NotRun::Upstream)
        } else if !quota.take(definition).await? {
            Some(NotRun::Quota)
        } else {
            None
        };
        let next = schedule.schedule.next_after(now);
        match obstacle {
            None => self.start(schedule, &export, due, now).await,
            Some(why @ (NotRun::NoConnection | NotRun::Running)) => {
                let to = Advance {
                    next_run_at: next,
                    due_at: None,
                    note: Some((why, due)),
                    told_due_at: None,
                };
                if advance(&self.db, schedule, to).await? {
                    tracing::info!(export = %export.id, why = why.name(), "not run when due");
                }
                Ok(false)
            }
            Some(why) => {
                let until = match why {
                    NotRun::Quota => self.connections.ledger.resets_at(),
                    _ => now + LOOK_AGAIN,
                };
                self.put_off(schedule, &export, why, due, until, now).await
            }
        }
    }

    /// Whether something that the export depends on is being refreshed.
    async fn is_upstream_busy(&self, source_id: Uuid) -> anyhow::Result<bool> {
        Ok(job::store::is_upstream_busy(&self.db).await?
            || self.loads.is_loading(source_id).await?)
    }

    /// Claims the moment and asks for the run, both or neither.
    async fn start(
        &self,
        schedule: &StoredSchedule,
        export: &Export,
        due: Timestamp,
        now: Timestamp,
    ) -> anyhow::Result<bool> {
        let transaction = self.db.begin().await?;
        let to = Advance {
            next_run_at: schedule.schedule.next_after(now),
            due_at: None,
            note: None,
            told_due_at: None,
        };
        if !advance(&transaction, schedule, to).await? {
            return Ok(false);
        }
        let author = Author {
            user_id: None,
            ip: None,
            at: now,
        };
        let asked = runs::store::request_in(&transaction, export, Trigger::Schedule, author).await;
        match asked {
            Ok(_) => {}
            // Somebody pressed Run in this moment: the next tick finds their run.
            Err(runs::store::StoreError::Database(error))
                if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) =>
            {
                transaction.rollback().await?;
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        }
        if now.duration_since(due) <= LATE {
            notices::resolve(&transaction, Kind::DidNotRun, export.id, now).await?;
        } else if schedule.told_due_at != Some(due) {
            let reason = schedule
                .note
                .map_or("schedules-reason-machine-off", |(why, _)| why.reason_key());
            let details = late(export, reason, due);
            notices::raise(&transaction, Kind::DidNotRun, export.id, details, now).await?;
        }
        transaction.commit().await?;
        tracing::info!(export = %export.id, %due, "started by its schedule");
        Ok(true)
    }

    /// Leaves the moment open and looks again later. Never starts anything.
    async fn put_off(
        &self,
        schedule: &StoredSchedule,
        export: &Export,
        why: NotRun,
        due: Timestamp,
        until: Timestamp,
        now: Timestamp,
    ) -> anyhow::Result<bool> {
        let is_late = now.duration_since(due) > LATE || until.duration_since(due) > LATE;
        let is_told = schedule.told_due_at == Some(due);
        let transaction = self.db.begin().await?;
        let to = Advance {
            next_run_at: Some(until),
            due_at: Some(due),
            note: Some((why, due)),
            told_due_at: (is_late || is_told).then_some(due),
        };
        if !advance(&transaction, schedule, to).await? {
            return Ok(false);
        }
        if is_late && !is_told {
            let details = late(export, why.reason_key(), due);
            notices::raise(&transaction, Kind::DidNotRun, export.id, details, now).await?;
        }
        transaction.commit().await?;
        Ok(false)
    }
}

fn late(export: &Export, reason: &str, due: Timestamp) -> Details {
    Details {
        reason: Some(reason.to_owned()),
        at: Some(due),
        ..Details::named(&export.definition.name)
    }
}
