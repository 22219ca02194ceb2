//! The work of erasing: one claimed erasure at a time, every step of it harmless when done twice.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sea_orm::{DbErr, TransactionTrait};
use serde_json::json;
use tokio::sync::Notify;
use uuid::Uuid;

use super::deletions::record_try;
use super::store;
use super::vendor::{Tried, delete_contact};
use super::{Deletion, DeletionState, ErasureState, PersonErasure};
use crate::deliveries;
use crate::exclusions::Entry;
use crate::privacy::find::{self, FindError, Searched};
use crate::profiles::{Erasure, SnapshotError};
use crate::runs::{self, Desk};
use crate::segments::Members;
use crate::sources::{self, Author};
use crate::storage::{SealError, is_astray};

/// How long a process keeps an erasure to itself; whoever comes after an interruption waits as long.
const LEASE: SignedDuration = SignedDuration::from_secs(300);
/// How often erasures that wait for something are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// Tries to delete a contact before somebody must look; with the waits between them about two days.
const MAX_TRIES: u32 = 12;
/// First and longest wait between two tries.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(60);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(6);

/// Why an erasure did not go on; it is tried again.
#[derive(Debug, thiserror::Error)]
pub(super) enum WorkError {
    /// The database's.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// The person could not be looked for.
    #[error(transparent)]
    Find(#[from] FindError),
    /// Rows could not be taken out.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The address was sealed with another master key.
    #[error(transparent)]
    Sealed(#[from] SealError),
}

/// Works on erasures. Cheap to clone; clones are one worker.
#[derive(Clone)]
pub struct Erasures {
    desk: Desk,
    members: Members,
    wake: Arc<Notify>,
}

impl Erasures {
    /// A worker that does nothing yet.
    pub fn new(desk: Desk, members: Members) -> Self {
        Self {
            desk,
            members,
            wake: Arc::default(),
        }
    }

    /// What it works with.
    pub(in crate::privacy) fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Makes the worker look at once.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Works until the task is aborted.
    pub async fn serve(self) {
        loop {
            if let Err(error) = self.tick().await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "erasures did not go on"
                );
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = self.wake.notified() => {}
            }
        }
    }

    /// Works once on each erasure that has something to do; how many those were.
    ///
    /// # Errors
    /// The database's. An erasure that fails is logged, and does not stop the others.
    pub async fn tick(&self) -> Result<u64, DbErr> {
        let (db, mut worked, mut after) = (&self.desk.db, 0, None);
        while let Some(erasure) = store::claim(db, after, self.now(), LEASE).await? {
            after = Some(erasure.id);
            worked += 1;
            if let Err(error) = self.work(&erasure).await {
                tracing::error!(erasure = %erasure.id, error = &error as &dyn std::error::Error, "an erasure did not go on");
            }
            store::release(db, erasure.id).await?;
        }
        Ok(worked)
    }

    fn now(&self) -> Timestamp {
        self.desk.clock.now()
    }

    async fn work(&self, erasure: &PersonErasure) -> Result<(), WorkError> {
        let db = &self.desk.db;
        let address = store::address(db, self.desk.connections.master_key(), erasure.id).await??;
        if erasure.state == ErasureState::Waiting {
            if !self.erase_here(erasure.id, &address).await? {
                return Ok(());
            }
            let forgotten = forget_deliveries(&self.desk, &address).await?;
            store::clear(db, erasure.id, forgotten, self.now()).await?;
        }
        for deletion in &erasure.deletions {
            let (next, now) = (deletion.next_try_at, self.now());
            let is_due = next <= now || is_astray(next, LONGEST_WAIT, now);
            if deletion.state == DeletionState::Pending && is_due {
                self.delete(deletion, &address).await?;
            }
        }
        self.conclude(erasure.id).await
    }

    /// Takes the person out of every snapshot; false when one of them must not change yet.
    async fn erase_here(&self, id: Uuid, address: &Entry) -> Result<bool, WorkError> {
        let mut is_clear = true;
        for searched in find::everywhere(&self.desk, address).await? {
            if searched.rows.is_empty() {
                continue;
            }
            let source_id = searched.source_id;
            if !self.take_out(id, searched).await? {
                is_clear = false;
                continue;
            }
            if let Err(error) = self.members.recount(source_id).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "segments not counted"
                );
            }
        }
        Ok(is_clear)
    }

    async fn take_out(&self, id: Uuid, searched: Searched) -> Result<bool, WorkError> {
        let (db, snapshot) = (&self.desk.db, searched.snapshot);
        let numbers: Vec<u64> = searched.rows.iter().map(|row| row.number).collect();
        let left = searched.profiles - numbers.len() as u64;
        let snapshots = self.desk.loads.snapshots().clone();
        let prepared = numbers.clone();
        let erasure = blocking(move || snapshots.prepare_erasure(snapshot, &prepared)).await;
        let mut erasure = match erasure {
            Err(SnapshotError::NotFound(_)) => return Ok(true),
            erasure => erasure?,
        };
        let transaction = db.begin().await?;
        // Locks the source: no run begins to read the snapshot until this is over.
        let source_id = searched.source_id;
        let is_there =
            sources::store::begin_erasing(&transaction, source_id, snapshot, left).await?;
        if !is_there {
            return Ok(true);
        }
        let readers = crate::privacy::store::unfinished_holders(&transaction, snapshot.0).await?;
        if !readers.is_empty() {
            tracing::info!(erasure = %id, %snapshot, "an erasure waits for a run to end");
            return Ok(false);
        }
        let mut erasure = blocking(move || {
            erasure.commit()?;
            Ok::<Box<dyn Erasure>, SnapshotError>(erasure)
        })
        .await?;
        store::add_copy(&transaction, id, numbers.len() as u64).await?;
        transaction.commit().await?;
        if let Err(error) = blocking(move || erasure.scrub()).await {
            tracing::warn!(%snapshot, %error, "erased rows may still be on the disk");
        }
        Ok(true)
    }

    async fn delete(&self, deletion: &Deletion, address: &Entry) -> Result<(), WorkError> {
        let email = address.address().unwrap_or_default();
        let tried = delete_contact(&self.desk.connections, deletion.connection_id, email).await;
        let now = self.now();
        let tries = deletion.tries + 1;
        let (state, problem) = match tried {
            Tried::Deleted => (DeletionState::Deleted, None),
            Tried::NotFound => (DeletionState::NotFound, None),
            Tried::Later(words) if tries < MAX_TRIES => (DeletionState::Pending, Some(words)),
            Tried::Later(words) | Tried::Failed(words) => (DeletionState::Failed, Some(words)),
        };
        let doubled = FIRST_WAIT * 2_i32.saturating_pow(deletion.tries.min(16));
        let next = now + doubled.min(LONGEST_WAIT);
        record_try(&self.desk.db, deletion, state, problem, (now, next)).await?;
        Ok(())
    }

    /// Ends an erasure that has nothing left to do.
    async fn conclude(&self, id: Uuid) -> Result<(), WorkError> {
        let transaction = self.desk.db.begin().await?;
        // Nobody adds a contact to be deleted until this is over.
        store::lock(&transaction, id).await?;
        let Some(erasure) = store::find(&transaction, id).await? else {
            return Ok(());
        };
        let is_any = |state: DeletionState| {
            let mut deletions = erasure.deletions.iter();
            deletions.any(|deletion| deletion.state == state)
        };
        if erasure.state != ErasureState::Deleting || is_any(DeletionState::Pending) {
            return Ok(());
        }
        let (state, action) = match is_any(DeletionState::Failed) {
            true => (ErasureState::Failed, "person.deletion-failed"),
            false => (ErasureState::Done, "person.erased"),
        };
        let author = Author {
            user_id: erasure.requested_by,
            ip: None,
            at: self.now(),
        };
        store::conclude(&transaction, id, state, author.at).await?;
        let deletions = erasure.deletions.iter();
        let deletions = deletions.map(|each| json!([each.connection_id, each.state.name()]));
        let detail = json!({
            "erasure": id,
            "copies": erasure.copies,
            "rows": erasure.rows,
            "deliveries": erasure.deliveries,
            "deletions": deletions.collect::<Vec<_>>(),
        });
        author
            .record(&transaction, action, erasure.hash.clone(), detail)
            .await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Makes every export forget that it has delivered an address; how many had.
async fn forget_deliveries(desk: &Desk, address: &Entry) -> Result<u64, DbErr> {
    let Some(email) = address.address() else {
        return Ok(0);
    };
    let keys = deliveries::Keys::new(desk.connections.master_key());
    let hash = keys.address(email);
    // Before: a run that ends remembers nobody from them any more.
    runs::store::removals::forget_address(&desk.db, hash).await?;
    let forgotten = deliveries::store::forget_address(&desk.db, hash).await?;
    // And after: a run that has read before that records nobody any more.
    runs::store::removals::forget_address(&desk.db, hash).await?;
    Ok(forgotten)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let task = tokio::task::spawn_blocking(work);
    task.await
        .expect("taking rows out neither panics nor is canceled")
}
