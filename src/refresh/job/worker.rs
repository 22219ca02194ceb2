//! Works on refresh jobs, one at a time over all processes.

mod exports;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use sea_orm::{DatabaseConnection, TransactionTrait};
use tokio::sync::Notify;
use uuid::Uuid;

use super::lease::{self, Lease, TaskEnd};
use super::planning;
use super::store::{self, StoreError};
use super::{Reason, Task, TaskKind};
use crate::clock::Clock;
use crate::connections::Connections;
use crate::refresh::status::Status;
use crate::runs::Engine;
use crate::segments::{self, CountError, Members};
use crate::sources::{self, Loads};

/// A load that takes longer is not waited for.
const LONGEST_LOAD: SignedDuration = SignedDuration::from_hours(6);

/// A job that has been taken as often and does not go on is given up.
const MAX_CLAIMS: i32 = 20;

/// How fast the clocks of jobs tick.
#[derive(Clone, Copy, Debug)]
pub struct RefreshPace {
    /// A job whose process has not been heard of for this long may be taken over.
    pub lease: SignedDuration,
    /// How often a process says that it is alive.
    pub renew_every: Duration,
    /// How often something that is waited for is looked at.
    pub look_every: Duration,
    /// How often an idle process looks for a job; in this process it is woken besides.
    pub idle: Duration,
}

impl RefreshPace {
    /// The application's.
    pub const REAL: Self = Self {
        lease: SignedDuration::from_secs(30),
        renew_every: Duration::from_secs(8),
        look_every: Duration::from_secs(1),
        idle: Duration::from_secs(5),
    };
}

/// Works on jobs. Cheap to clone.
#[derive(Clone)]
pub struct Refresher {
    db: DatabaseConnection,
    clock: Clock,
    connections: Connections,
    loads: Loads,
    members: Members,
    engine: Engine,
    pace: RefreshPace,
    wake: Arc<Notify>,
}

/// Why the work on a job stops.
#[derive(Debug)]
enum Stop {
    /// Canceled, by this person.
    Canceled(Option<Uuid>),
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Refresher {
    /// One that does nothing yet.
    pub fn new(
        db: DatabaseConnection,
        clock: Clock,
        connections: Connections,
        loads: Loads,
        members: Members,
        engine: Engine,
    ) -> Self {
        Self {
            db,
            clock,
            connections,
            loads,
            members,
            engine,
            pace: RefreshPace::REAL,
            wake: Arc::default(),
        }
    }

    /// The same with other clocks.
    #[must_use]
    pub fn with_pace(mut self, pace: RefreshPace) -> Self {
        self.pace = pace;
        self
    }

    /// Makes it look at once for a job that was asked for or canceled in this process.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Works on jobs until the task is aborted.
    pub async fn serve(self) {
        loop {
            match self.tick().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::error!(error = &*error, "a refresh job does not go on"),
            }
            tokio::select! {
                () = tokio::time::sleep(self.pace.idle) => {}
                () = self.wake.notified() => {}
            }
        }
    }

    /// Takes the unfinished job, if there is one that nobody works on, and works on it to its end; false without one.
    ///
    /// # Errors
    /// The job does not go on; it is taken up again later.
    pub async fn tick(&self) -> anyhow::Result<bool> {
        let now = self.clock.now();
        let Some(lease) = lease::claim(&self.db, now, self.pace.lease).await? else {
            return Ok(false);
        };
        tracing::info!(job = %lease.job_id, "refresh job taken");
        // Boxed: the whole job would make every future that holds it as large.
        let work = Box::pin(self.work(lease));
        let worked = tokio::select! {
            // Work first: when it has just given the lease back, the lease is not lost.
            biased;
            worked = work => worked,
            lost = self.keep(lease) => Err(lost.into()),
        };
        match worked {
            Ok(status) => {
                tracing::info!(job = %lease.job_id, status = status.name(), "refresh job ended");
                Ok(true)
            }
            Err(error) => {
                // Whoever takes it up next does so at once. A lease that is lost cannot be given back.
                let _ = lease.release(&self.db).await;
                Err(error)
            }
        }
    }

    /// Says again and again that this process is alive; ends when the lease is lost.
    async fn keep(&self, lease: Lease) -> StoreError {
        loop {
            tokio::time::sleep(self.pace.renew_every).await;
            match lease.renew(&self.db, self.clock.now()).await {
                Ok(()) => {}
                Err(StoreError::LeaseLost) => return StoreError::LeaseLost,
                // The next write of the work finds out.
                Err(error) => tracing::warn!(%error, "the lease of a refresh job was not renewed"),
            }
        }
    }

    async fn work(&self, lease: Lease) -> anyhow::Result<Status> {
        match self.tasks(lease).await {
            Ok(()) => Ok(lease.finish(&self.db, None, self.clock.now()).await?),
            Err(Stop::Canceled(by)) => {
                self.cancel_runs(lease, by).await?;
                let canceled = Some(Status::Canceled);
                Ok(lease.finish(&self.db, canceled, self.clock.now()).await?)
            }
            // Otherwise what nobody can do would keep everything else waiting for ever.
            Err(Stop::Failed(error)) if lease.claims >= MAX_CLAIMS => {
                tracing::error!(job = %lease.job_id, error = &*error, "refresh job given up");
                let failed = Some(Status::Failure);
                Ok(lease.finish(&self.db, failed, self.clock.now()).await?)
            }
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    async fn tasks(&self, lease: Lease) -> Result<(), Stop> {
        self.check(lease).await?;
        if store::progress(&self.db, lease.job_id).await?.is_empty() {
            let transaction = self.db.begin().await?;
            lease.renew(&transaction, self.clock.now()).await?;
            planning::plan(&transaction, lease).await?;
            transaction.commit().await?;
        }
        for task in self.left(lease, TaskKind::Source).await? {
            self.check(lease).await?;
            lease.begin(&self.db, &task, self.clock.now()).await?;
            let end = self.source(lease, &task).await?;
            lease.end(&self.db, &task, end, self.clock.now()).await?;
        }
        let sources = lease.upstream(&self.db).await?;
        for task in self.left(lease, TaskKind::Segment).await? {
            self.check(lease).await?;
            lease.begin(&self.db, &task, self.clock.now()).await?;
            let end = self.segment(&task, &sources).await?;
            lease.end(&self.db, &task, end, self.clock.now()).await?;
        }
        lease.finish_upstream(&self.db).await?;
        self.start_exports(lease).await?;
        self.await_runs(lease).await
    }

    /// Every task of a kind that is not finished; there are at most 1,000 sources and segments each.
    async fn left(&self, lease: Lease, kind: TaskKind) -> Result<Vec<Task>, StoreError> {
        let unfinished = [Status::Queued, Status::Refreshing];
        lease.next_tasks(&self.db, kind, &unfinished, 1_000).await
    }

    /// Lets the work go on unless somebody has canceled the job.
    async fn check(&self, lease: Lease) -> Result<(), Stop> {
        match lease.canceled_by(&self.db).await? {
            None => Ok(()),
            Some(by) => Err(Stop::Canceled(by)),
        }
    }

    /// A file has nothing to pull. What is being loaded is waited for, so that what follows sees it.
    async fn source(&self, lease: Lease, task: &Task) -> Result<TaskEnd, Stop> {
        let began = self.clock.now();
        while self.loads.is_loading(task.subject_id).await? {
            if self.clock.now().duration_since(began) > LONGEST_LOAD {
                return Ok(TaskEnd::because(Status::Failure, Reason::LoadTooSlow));
            }
            tokio::time::sleep(self.pace.look_every).await;
            self.check(lease).await?;
        }
        Ok(match sources::store::get(&self.db, task.subject_id).await {
            Ok(source) if source.current.is_some() => {
                TaskEnd::because(Status::Successful, Reason::File)
            }
            Ok(_) => TaskEnd::because(Status::Skipped, Reason::NoProfiles),
            Err(sources::store::StoreError::NotFound) => {
                TaskEnd::because(Status::Skipped, Reason::Gone)
            }
            Err(error) => return Err(error.into()),
        })
    }

    async fn segment(
        &self,
        task: &Task,
        sources: &HashMap<Uuid, (Status, String)>,
    ) -> Result<TaskEnd, Stop> {
        let segment = match segments::store::get(&self.db, task.subject_id).await {
            Ok(segment) => segment,
            Err(segments::store::StoreError::NotFound) => {
                return Ok(TaskEnd::because(Status::Skipped, Reason::Gone));
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(end) = held_up(&[segment.source_id], sources) {
            return Ok(end);
        }
        Ok(match self.members.count(&segment).await {
            Ok(_) => Status::Successful.into(),
            Err(CountError::Rule(problems)) => TaskEnd {
                names: problems.iter().take(3).map(ToString::to_string).collect(),
                ..TaskEnd::because(Status::FailedPermanent, Reason::Rule)
            },
            Err(CountError::NoProfiles) => TaskEnd::because(Status::Skipped, Reason::NoProfiles),
            Err(error) => {
                tracing::error!(segment = %segment.id, error = &error as &dyn std::error::Error, "segment not counted");
                TaskEnd::because(Status::Failure, Reason::NotCounted)
            }
        })
    }
}

/// How a task ends that depends on something that was not refreshed; `None` when nothing holds it up. What the job does
/// not know (added since it began) does not.
fn held_up(needs: &[Uuid], upstream: &HashMap<Uuid, (Status, String)>) -> Option<TaskEnd> {
    let missing = needs.iter().filter_map(|id| upstream.get(id));
    let missing = missing.filter(|(status, _)| !status.is_good());
    let names: Vec<String> = missing.map(|(_, name)| name.clone()).take(5).collect();
    (!names.is_empty()).then(|| TaskEnd {
        names,
        ..TaskEnd::because(Status::Skipped, Reason::Upstream)
    })
}
