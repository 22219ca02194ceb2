//! Working on checks in the background: two at a time per process, canceled within a moment, taken over when a process
//! ends in the middle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::DbErr;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};
use uuid::Uuid;

use super::holds::{self, Finished, Hold};
use super::{Check, CheckKind, Step, delivery, export};
use crate::runs::control::Interrupt;
use crate::runs::desk::Desk;
use crate::runs::outcome::{Ending, Outcome};
use crate::runs::run::RunState;
use crate::runs::store::StoreError;

/// Checks worked on at a time by one process; each keeps a processor busy while it reads.
const AT_A_TIME: usize = 2;
/// How often an idle process looks for checks; in the process that was asked they begin at once.
const IDLE: Duration = Duration::from_secs(5);
/// A check that was begun this often, and never ended, is given up.
const MAX_CLAIMS: u32 = 3;

/// Works on checks while the application runs. Cheap to clone; clones are one worker.
#[derive(Clone)]
pub struct Checks {
    desk: Arc<Desk>,
    wake: Arc<Notify>,
    stop: watch::Sender<bool>,
}

/// A started worker.
pub struct RunningChecks {
    checks: Checks,
    task: JoinHandle<()>,
}

/// Why the work on a check does not go on.
pub(super) enum Halt {
    /// Somebody canceled it.
    Canceled,
    /// The process stops, or another has taken it.
    Left,
    /// It ends here.
    Failed(Outcome),
    /// The database fails.
    Database(StoreError),
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::LeaseLost => Self::Left,
            other => Self::Database(other),
        }
    }
}

impl From<DbErr> for Halt {
    fn from(error: DbErr) -> Self {
        Self::Database(error.into())
    }
}

impl From<Outcome> for Halt {
    fn from(outcome: Outcome) -> Self {
        Self::Failed(outcome)
    }
}

impl From<Interrupt> for Halt {
    fn from(interrupt: Interrupt) -> Self {
        match interrupt {
            Interrupt::End(outcome) => Self::Failed(outcome),
            Interrupt::Profiles => Self::Failed(Ending::SnapshotUnreadable.into()),
            Interrupt::Database(error) => Self::Database(error),
            Interrupt::Cancel => Self::Canceled,
            Interrupt::Stop | Interrupt::Lost | Interrupt::Pause(_) => Self::Left,
        }
    }
}

/// How far a check is; shared with the thread that reads.
#[derive(Default)]
pub(super) struct Progress {
    step: AtomicU64,
    done: AtomicU64,
    total: AtomicU64,
    is_over: AtomicBool,
}

impl Progress {
    /// Begins a step of `total` profiles; 0 when that is not known.
    pub(super) fn enter(&self, step: Step, total: u64) {
        self.step.store(step as u64 + 1, Ordering::Relaxed);
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// Says that so many profiles have been read; false when reading on is in vain.
    pub(super) fn reach(&self, done: u64) -> bool {
        self.done.store(done, Ordering::Relaxed);
        !self.is_over.load(Ordering::Relaxed)
    }

    fn step(&self) -> Option<Step> {
        let step = self.step.load(Ordering::Relaxed).checked_sub(1)?;
        Step::ALL.into_iter().find(|known| *known as u64 == step)
    }
}

/// Ends the reading thread when the work is dropped.
struct OverWhenDropped(Arc<Progress>);

impl Drop for OverWhenDropped {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::Relaxed);
    }
}

impl Checks {
    /// A worker that does nothing yet.
    pub fn new(desk: Desk) -> Self {
        Self {
            desk: Arc::new(desk),
            wake: Arc::default(),
            stop: watch::channel(false).0,
        }
    }

    /// What the work is done with.
    pub(in crate::runs) fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Makes the worker look at once for a check that was asked for in this process.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Works on one check, if nobody else does, until it ends; for a command that waits for it. False when there was
    /// nothing to do.
    ///
    /// # Errors
    /// The database's.
    pub async fn tick(&self, only: Option<Uuid>) -> Result<bool, StoreError> {
        let now = self.desk.clock.now();
        match holds::claim_next(&self.desk.db, Uuid::now_v7(), now, only).await? {
            Some((hold, check)) => {
                self.work(hold, check).await;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Starts working in the background.
    pub fn start(&self) -> RunningChecks {
        RunningChecks {
            checks: self.clone(),
            task: tokio::spawn(self.clone().serve()),
        }
    }

    async fn serve(self) {
        let mut stop = self.stop.subscribe();
        let mut working = JoinSet::new();
        while !*stop.borrow() {
            while working.len() < AT_A_TIME {
                let now = self.desk.clock.now();
                match holds::claim_next(&self.desk.db, Uuid::now_v7(), now, None).await {
                    Ok(Some((hold, check))) => {
                        let checks = self.clone();
                        working.spawn(async move { checks.work(hold, check).await });
                    }
                    Ok(None) => break,
                    Err(error) => {
                        tracing::error!(%error, "no check could be taken");
                        break;
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(IDLE) => {}
                () = self.wake.notified() => {}
                Some(ended) = working.join_next() => {
                    if let Err(error) = ended {
                        tracing::error!(%error, "a check stopped unexpectedly");
                    }
                }
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
        while working.join_next().await.is_some() {}
    }

    async fn work(&self, hold: Hold, check: Check) {
        let desk = &*self.desk;
        let progress = Arc::new(Progress::default());
        let over = OverWhenDropped(progress.clone());
        // Boxed: it holds the whole work, and callers keep it in futures of their own.
        let worked = Box::pin(async {
            if check.claims > MAX_CLAIMS {
                return Err(Outcome::from(Ending::SnapshotUnreadable).into());
            }
            tokio::select! {
                worked = self.look(hold, &check, &progress) => worked,
                halt = self.beat(hold, &progress) => Err(halt),
            }
        });
        let worked = worked.await;
        drop(over);
        if let Err(error) = self.conclude(hold, worked).await {
            tracing::error!(check = %check.id, %error, "a check was left as it is recorded");
        }
        desk.tidy().await;
    }

    async fn look(
        &self,
        hold: Hold,
        check: &Check,
        progress: &Arc<Progress>,
    ) -> Result<Finished, Halt> {
        let (result, undelivered) = match check.kind {
            CheckKind::Export => {
                let report = export::look(&self.desk, check, progress).await?;
                (serde_json::to_value(report), None)
            }
            CheckKind::Delivery => {
                let (report, rows) = delivery::look(&self.desk, check, hold, progress).await?;
                (serde_json::to_value(report), Some(rows))
            }
        };
        Ok(Finished {
            state: RunState::Successful,
            result: Some(result.map_err(StoreError::from)?),
            undelivered,
            failure: None,
        })
    }

    /// Shows how far the work is; returns when it must not go on.
    async fn beat(&self, hold: Hold, progress: &Progress) -> Halt {
        let mut stop = self.stop.subscribe();
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.desk.pace.look_every) => {}
                _ = stop.wait_for(|stop| *stop) => return Halt::Left,
            }
            let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
            let far = (count(&progress.done), count(&progress.total));
            let now = self.desk.clock.now();
            match hold.beat(&self.desk.db, progress.step(), far, now).await {
                Ok(true) => return Halt::Canceled,
                Ok(false) => {}
                Err(error) => return error.into(),
            }
        }
    }

    async fn conclude(&self, hold: Hold, worked: Result<Finished, Halt>) -> Result<(), StoreError> {
        let ended = |state, failure: Option<Outcome>| Finished {
            state,
            result: None,
            undelivered: None,
            failure: failure.map(Into::into),
        };
        let finished = match worked {
            Ok(finished) => finished,
            Err(Halt::Canceled) => ended(RunState::Canceled, None),
            Err(Halt::Failed(outcome)) => ended(RunState::Failure, Some(outcome)),
            // Given back: whoever is there goes on.
            Err(Halt::Left) => {
                return match hold.release(&self.desk.db).await {
                    Err(StoreError::LeaseLost) => Ok(()),
                    released => released,
                };
            }
            // Its heart stops; it is taken again when the database answers.
            Err(Halt::Database(error)) => return Err(error),
        };
        tracing::info!(check = %hold.id, state = finished.state.name(), "check ended");
        hold.finish(&self.desk.db, finished, self.desk.clock.now())
            .await
    }
}

impl RunningChecks {
    /// Stops taking checks; those in progress are given back within a moment.
    pub async fn stop(self) {
        self.checks.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the checks stopped unexpectedly");
        }
    }
}
