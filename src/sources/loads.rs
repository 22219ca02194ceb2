//! Loading in the background: one blocking task per load, a few at a time, whoever closes which page.

mod cleanup;

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::{DatabaseConnection, DbErr, TransactionTrait};
use tokio::sync::{Semaphore, broadcast};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::file::{FileCounts, FileProblem, LoadPlan, Loaded, load};
use super::store::{self, NewLoad, StoreError};
use super::{Author, LoadFailure};
use crate::clock::Clock;
use crate::names::Name;
use crate::profiles::{SnapshotError, SnapshotId, SnapshotWriter, Snapshots};

/// Loads that run at the same time; others wait. Each keeps one processor busy.
const LOADS_AT_A_TIME: usize = 2;

/// Sources with new profiles that a slow listener may fall behind.
const PUBLISHED_KEPT: usize = 64;

/// Loads files into sources. Cheap to clone; clones share their loads.
#[derive(Clone)]
pub struct Loads(Arc<Shared>);

struct Shared {
    db: DatabaseConnection,
    snapshots: Arc<dyn Snapshots>,
    clock: Clock,
    slots: Semaphore,
    under_way: Mutex<HashMap<SnapshotId, Arc<Running>>>,
    tasks: TaskTracker,
    published: broadcast::Sender<Uuid>,
}

struct Running {
    counts: FileCounts,
    bytes_total: u64,
}

/// What to load into which source.
#[derive(Clone, Debug)]
pub struct LoadRequest {
    /// The snapshot to make; no other load may ever have it. That of an upload has the upload's id, so that who asks
    /// for it again finds it.
    pub snapshot_id: SnapshotId,
    /// Into which source.
    pub target: LoadTarget,
    /// Where the file is.
    pub path: PathBuf,
    /// What the person calls it.
    pub file_name: String,
    /// How to load it.
    pub plan: LoadPlan,
    /// Who asks.
    pub author: Author,
}

/// The source a load fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadTarget {
    /// A new one of this name.
    New(Name),
    /// One that exists; its profiles are replaced.
    Existing(Uuid),
}

/// A load that has been accepted.
pub struct StartedLoad {
    /// The source it fills.
    pub source_id: Uuid,
    /// The snapshot it makes.
    pub snapshot_id: SnapshotId,
    /// Ends with the load. Dropping it does not end the load.
    pub finished: JoinHandle<Result<(), LoadError>>,
}

/// How far a load has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadProgress {
    /// Bytes of the file read.
    pub bytes: u64,
    /// Bytes of the file.
    pub bytes_total: u64,
    /// Rows loaded.
    pub rows: u64,
    /// Rows refused.
    pub refused: u64,
}

/// Why a load did not begin or succeed.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file.
    #[error(transparent)]
    File(#[from] FileProblem),
    /// The source.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DbErr> for LoadError {
    fn from(error: DbErr) -> Self {
        Self::Store(error.into())
    }
}

impl From<SnapshotError> for LoadError {
    fn from(error: SnapshotError) -> Self {
        Self::File(error.into())
    }
}

impl Loads {
    /// Loads into `snapshots`, recorded in `db`. Call [`Loads::sweep`] once before use.
    pub fn new(db: DatabaseConnection, snapshots: Arc<dyn Snapshots>, clock: Clock) -> Self {
        Self(Arc::new(Shared {
            db,
            snapshots,
            clock,
            slots: Semaphore::new(LOADS_AT_A_TIME),
            under_way: Mutex::default(),
            tasks: TaskTracker::new(),
            published: broadcast::channel(PUBLISHED_KEPT).0,
        }))
    }

    /// Where profiles are kept.
    pub fn snapshots(&self) -> &Arc<dyn Snapshots> {
        &self.0.snapshots
    }

    /// Ids of sources whose profiles this process has replaced, as it happens.
    pub fn published(&self) -> broadcast::Receiver<Uuid> {
        self.0.published.subscribe()
    }

    /// Starts a load in the background.
    ///
    /// # Errors
    /// [`LoadError::Store`] when the source cannot be loaded into now; [`LoadError::File`] when the file cannot be
    /// opened.
    pub async fn start(&self, request: LoadRequest) -> Result<StartedLoad, LoadError> {
        let snapshot_id = request.snapshot_id;
        let columns = request.plan.fields.len();
        let path = request.path.clone();
        // The writer first: a load that is recorded without one looks like the load of a process that has ended.
        let (file, bytes_total, writer) = self
            .blocking(move |shared| {
                let file = File::open(path)?;
                let bytes_total = file.metadata()?.len();
                let writer = shared.snapshots.begin(snapshot_id, columns)?;
                Ok::<_, FileProblem>((file, bytes_total, writer))
            })
            .await?;
        let new = NewLoad {
            snapshot_id,
            target: request.target,
            file_name: request.file_name.chars().take(255).collect(),
            file_bytes: bytes_total,
        };
        let source_id = match self.record_start(&new, &request.author).await {
            // Perhaps the process of that load has ended.
            Err(LoadError::Store(StoreError::Loading)) => {
                self.give_up_dead().await?;
                self.record_start(&new, &request.author).await?
            }
            result => result?,
        };
        let running = Arc::new(Running {
            counts: FileCounts::default(),
            bytes_total,
        });
        self.under_way().insert(snapshot_id, running.clone());
        let this = self.clone();
        let (plan, author) = (request.plan, request.author);
        let finished = self.0.tasks.spawn(async move {
            let result = this
                .run(snapshot_id, file, plan, writer, running, author)
                .await;
            this.under_way().remove(&snapshot_id);
            result
        });
        Ok(StartedLoad {
            source_id,
            snapshot_id,
            finished,
        })
    }

    async fn record_start(&self, new: &NewLoad, author: &Author) -> Result<Uuid, LoadError> {
        let transaction = self.0.db.begin().await?;
        let source_id = store::begin_load(&transaction, new, author).await?;
        transaction.commit().await?;
        Ok(source_id)
    }

    async fn run(
        &self,
        id: SnapshotId,
        file: File,
        plan: LoadPlan,
        writer: Box<dyn SnapshotWriter>,
        running: Arc<Running>,
        mut author: Author,
    ) -> Result<(), LoadError> {
        let slot = self.0.slots.acquire().await;
        let result = self
            .blocking(move |_| load(file, &plan, writer, &running.counts))
            .await;
        drop(slot);
        author.at = self.0.clock.now();
        let result = match result {
            Ok(loaded) => self.publish(id, &loaded, &author).await,
            Err(problem) => Err(LoadError::File(problem)),
        };
        if let Err(error) = &result {
            self.record_failure(id, error, &author).await;
        }
        result
    }

    async fn publish(
        &self,
        id: SnapshotId,
        loaded: &Loaded,
        author: &Author,
    ) -> Result<(), LoadError> {
        let transaction = self.0.db.begin().await?;
        let source_id = store::publish_load(&transaction, id, loaded, author).await?;
        // With it, so that nobody ever sees two that are ready.
        let retired = store::retire_unused(&transaction, Some(source_id)).await?;
        transaction.commit().await?;
        tracing::info!(snapshot = %id, rows = loaded.report.rows, refused = loaded.report.refused, "source loaded");
        // Nobody may be listening.
        let _ = self.0.published.send(source_id);
        // The new profiles are in use; what is left of the old ones is removed at the latest at the next start.
        if let Err(error) = self.delete(retired).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "old profiles not removed"
            );
        }
        Ok(())
    }

    async fn record_failure(&self, id: SnapshotId, error: &LoadError, author: &Author) {
        let (failure, report) = match error {
            LoadError::File(FileProblem::NothingLoaded(report)) => {
                (LoadFailure::NothingLoaded, Some(report.as_ref()))
            }
            LoadError::File(problem) => (LoadFailure::from(problem), None),
            LoadError::Store(_) => (LoadFailure::Internal, None),
        };
        if failure == LoadFailure::Internal {
            tracing::error!(snapshot = %id, error = error as &dyn std::error::Error, "load failed");
        }
        let recorded = async {
            let transaction = self.0.db.begin().await?;
            store::fail_load(&transaction, id, failure, report, author).await?;
            transaction.commit().await?;
            // After a failure to publish.
            self.blocking(move |shared| shared.snapshots.delete(id))
                .await?;
            Ok::<_, LoadError>(())
        };
        if let Err(error) = recorded.await {
            tracing::error!(snapshot = %id, error = &error as &dyn std::error::Error, "failed load not recorded; the next start does");
        }
    }

    /// How far a load of this process has come; `None` when it has ended or runs elsewhere.
    pub fn progress(&self, id: SnapshotId) -> Option<LoadProgress> {
        let running = self.under_way().get(&id).cloned()?;
        Some(LoadProgress {
            bytes: running.counts.bytes.load(Ordering::Relaxed),
            bytes_total: running.bytes_total,
            rows: running.counts.rows.load(Ordering::Relaxed),
            refused: running.counts.refused.load(Ordering::Relaxed),
        })
    }

    /// Whether a source is being loaded, by this process or another that is alive.
    ///
    /// # Errors
    /// The database's or the storage's.
    pub async fn is_loading(&self, source_id: Uuid) -> Result<bool, LoadError> {
        let is_loading = async || match store::get(&self.0.db, source_id).await {
            Ok(source) => Ok(source.loading.is_some()),
            Err(StoreError::NotFound) => Ok(false),
            Err(error) => Err(LoadError::from(error)),
        };
        if !is_loading().await? {
            return Ok(false);
        }
        self.give_up_dead().await?;
        is_loading().await
    }

    /// Asks a load of this process to stop; it ends as canceled within a moment. `false` when there is none.
    pub fn cancel(&self, id: SnapshotId) -> bool {
        let running = self.under_way().get(&id).cloned();
        if let Some(running) = &running {
            running.counts.is_canceled.store(true, Ordering::Relaxed);
        }
        running.is_some()
    }

    /// Cancels every load and waits until each has recorded it. For an orderly end of the process.
    pub async fn stop(&self) {
        let all: Vec<SnapshotId> = self.under_way().keys().copied().collect();
        all.into_iter().for_each(|id| {
            self.cancel(id);
        });
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    fn under_way(&self) -> std::sync::MutexGuard<'_, HashMap<SnapshotId, Arc<Running>>> {
        // The map is whole after every operation on it, so a panic elsewhere does not spoil it.
        self.0
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> T + Send + 'static,
    ) -> T {
        let shared = self.0.clone();
        let task = tokio::task::spawn_blocking(move || work(&shared));
        task.await
            .expect("blocking work neither panics nor is canceled")
    }
}

#[cfg(test)]
#[path = "loads_tests.rs"]
mod tests;
