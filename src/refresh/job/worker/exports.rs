//! The runs of a refresh job: asked for, waited for, canceled with it.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use sea_orm::TransactionTrait;
use uuid::Uuid;

use super::{Refresher, Stop, held_up};
use crate::exports::{self, Author, Export};
use crate::refresh::job::lease::{Lease, TaskEnd};
use crate::refresh::job::{Reason, Task, TaskKind, store};
use crate::refresh::quota::Quota;
use crate::refresh::status::Status;
use crate::runs::{self, Trigger, WaitingFor};

/// Tasks read at once.
const SOME: u64 = 100;
/// A run that waits longer than this goes on without the job.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(5);
/// A job is done with after this, whatever its runs still do.
const LONGEST_JOB: SignedDuration = SignedDuration::from_hours(12);

impl Refresher {
    /// Asks for the run of every export that follows, or says why not.
    pub(super) async fn start_exports(&self, lease: Lease) -> Result<(), Stop> {
        let upstream = lease.upstream(&self.db).await?;
        loop {
            self.check(lease).await?;
            let queued = [Status::Queued];
            let some = lease.next_tasks(&self.db, TaskKind::Export, &queued, SOME);
            let some = some.await?;
            if some.is_empty() {
                return Ok(());
            }
            let mut quota = Quota::look(&self.db, &self.connections).await?;
            for task in &some {
                if let Some(end) = self.export(lease, task, &upstream, &mut quota).await? {
                    lease.end(&self.db, task, end, self.clock.now()).await?;
                }
            }
            self.engine.wake();
        }
    }

    /// Asks for the run of an export; otherwise how its task ends.
    async fn export(
        &self,
        lease: Lease,
        task: &Task,
        upstream: &HashMap<Uuid, (Status, String)>,
        quota: &mut Quota<'_>,
    ) -> Result<Option<TaskEnd>, Stop> {
        let Some(export) = exports::store::find(&self.db, task.subject_id).await? else {
            return Ok(Some(TaskEnd::because(Status::Skipped, Reason::Gone)));
        };
        let definition = &export.definition;
        let needs: Vec<Uuid> = std::iter::once(definition.source_id)
            .chain(definition.segment_ids.iter().copied())
            .collect();
        if let Some(end) = held_up(&needs, upstream) {
            return Ok(Some(end));
        }
        if definition.connection_id.is_none() {
            return Ok(Some(TaskEnd::because(
                Status::Skipped,
                Reason::NoConnection,
            )));
        }
        if runs::store::has_active_run(&self.db, export.id).await? {
            return Ok(Some(TaskEnd::because(Status::Skipped, Reason::Running)));
        }
        let put_off = if quota.take(definition).await? {
            None
        } else {
            Some(self.connections.ledger.resets_at())
        };
        self.request(lease, task, &export, put_off).await
    }

    /// The run and the word about it, both or neither. One that exceeds the day's requests waits for the next day.
    async fn request(
        &self,
        lease: Lease,
        task: &Task,
        export: &Export,
        put_off: Option<Timestamp>,
    ) -> Result<Option<TaskEnd>, Stop> {
        let now = self.clock.now();
        let transaction = self.db.begin().await?;
        lease.renew(&transaction, now).await?;
        let author = Author {
            user_id: None,
            ip: None,
            at: now,
        };
        let trigger = Trigger::SystemRefresh;
        match runs::store::request_in(&transaction, export, trigger, author).await {
            Ok(run_id) => {
                if let Some(until) = put_off {
                    let why = WaitingFor::Quota;
                    runs::store::put_off_in(&transaction, run_id, why, until).await?;
                }
                lease.began_run(&transaction, task, run_id, now).await?;
                transaction.commit().await?;
                Ok(None)
            }
            // Somebody pressed Run in this moment.
            Err(runs::store::StoreError::Database(error)) if store::is_taken(&error) => {
                transaction.rollback().await?;
                Ok(Some(TaskEnd::because(Status::Skipped, Reason::Running)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until every run has ended, or goes on without the job because it waits for something itself.
    pub(super) async fn await_runs(&self, lease: Lease) -> Result<(), Stop> {
        let began = self.clock.now();
        loop {
            self.check(lease).await?;
            let refreshing = [Status::Refreshing];
            let some = lease.next_tasks(&self.db, TaskKind::Export, &refreshing, SOME);
            let some = some.await?;
            if some.is_empty() {
                return Ok(());
            }
            let mut has_ended = false;
            for task in &some {
                if let Some(end) = self.look_at_run(task, began).await? {
                    lease.end(&self.db, task, end, self.clock.now()).await?;
                    has_ended = true;
                }
            }
            if !has_ended {
                tokio::time::sleep(self.pace.look_every).await;
            }
        }
    }

    async fn look_at_run(&self, task: &Task, began: Timestamp) -> Result<Option<TaskEnd>, Stop> {
        let gone = TaskEnd::because(Status::Skipped, Reason::Gone);
        let Some(run_id) = task.run_id else {
            return Ok(Some(gone));
        };
        let run = match runs::store::get(&self.db, run_id).await {
            Ok(run) => run,
            Err(runs::store::StoreError::NotFound) => return Ok(Some(gone)),
            Err(error) => return Err(error.into()),
        };
        let now = self.clock.now();
        let waits = run.waiting.is_some_and(|waiting| {
            let is_long = waiting.until.duration_since(now) > LONGEST_WAIT;
            is_long || matches!(waiting.reason, WaitingFor::Approval | WaitingFor::SignIn)
        });
        Ok(if run.state.is_finished() {
            Some(Status::from(run.state).into())
        } else if waits || now.duration_since(began) > LONGEST_JOB {
            Some(TaskEnd::because(Status::Processing, Reason::RunWaits))
        } else {
            None
        })
    }

    /// Cancels the runs this job has started and that are not finished.
    pub(super) async fn cancel_runs(&self, lease: Lease, by: Option<Uuid>) -> anyhow::Result<()> {
        let mut after = 0;
        loop {
            let some = store::tasks(&self.db, lease.job_id, TaskKind::Export, after, SOME).await?;
            let Some(last) = some.last() else {
                break;
            };
            after = last.position;
            let author = Author {
                user_id: by,
                ip: None,
                at: self.clock.now(),
            };
            for task in some.iter().filter(|task| !task.status.is_finished()) {
                if let Some(run_id) = task.run_id {
                    runs::store::cancel(&self.db, run_id, author).await?;
                }
            }
        }
        self.engine.wake();
        Ok(())
    }
}
