//! How long the snapshots of finished runs are held, so that their rows can be downloaded, and when they are let go.

use std::collections::HashMap;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use sea_orm::{DatabaseConnection, DbErr, TransactionTrait};
use uuid::Uuid;

use super::{checks, retention, store};
use crate::sources::{self, Loads};
use crate::system::sweeper::Sweep;

/// Finished runs of one export whose snapshots are held at most, the latest: a source that is loaded every hour must
/// not fill the disk with its past.
const HELD_RUNS: usize = 5;

/// Lets go of snapshots that finished runs and checks have held long enough, and deletes what nobody needs any more.
pub struct HeldSnapshots {
    db: DatabaseConnection,
    loads: Loads,
    /// Where administrators have set nothing.
    kept_days: u32,
}

impl HeldSnapshots {
    /// Held for `kept_days` after the end of a run, unless an administrator has set another time.
    pub fn new(db: DatabaseConnection, loads: Loads, kept_days: u32) -> Self {
        Self {
            db,
            loads,
            kept_days,
        }
    }

    async fn release(&self, now: Timestamp) -> Result<u64, DbErr> {
        let mut of_export: HashMap<Uuid, usize> = HashMap::new();
        let mut released = 0;
        let kept = retention::load(&self.db, self.kept_days).await?.rows_kept();
        // Latest first, so the first ones of each export are those that stay.
        for holder in store::finished_holders(&self.db).await? {
            let before = of_export.entry(holder.export_id).or_default();
            *before += 1;
            if *before > HELD_RUNS || holder.finished_at + kept <= now {
                released += self.release_of(holder.id).await?;
            }
        }
        // Of runs whose snapshot went otherwise.
        released += checks::store::forget_undelivered(&self.db, now - kept).await?;
        Ok(released)
    }

    /// Lets go of what a run holds, unless somebody has resumed it; how many runs that was.
    async fn release_of(&self, run_id: Uuid) -> Result<u64, DbErr> {
        let transaction = self.db.begin().await?;
        if !store::lock_finished(&transaction, run_id).await? {
            return Ok(0);
        }
        sources::store::release_snapshots(&transaction, run_id).await?;
        checks::store::forget_undelivered_of(&transaction, run_id).await?;
        transaction.commit().await?;
        Ok(1)
    }
}

impl Sweep for HeldSnapshots {
    fn name(&self) -> &'static str {
        "snapshots of finished runs"
    }

    fn sweep(&self, now: Timestamp) -> BoxFuture<'_, anyhow::Result<u64>> {
        async move {
            let released = self.release(now).await?;
            self.loads.remove_unused().await?;
            Ok(released)
        }
        .boxed()
    }
}
