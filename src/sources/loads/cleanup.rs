//! What loads leave behind: those of processes that have ended, and profiles nobody needs any more.

use sea_orm::TransactionTrait;

use super::{LoadError, Loads, Shared};
use crate::profiles::SnapshotId;
use crate::sources::store::{self, StoreError};
use crate::sources::{Author, LoadFailure, SnapshotState};

impl Loads {
    /// Cleans up after processes that have ended: their loads are marked failed, what they wrote is removed, and
    /// so are profiles nobody needs. Leaves the loads of living processes alone.
    ///
    /// # Errors
    /// The database's or the storage's.
    pub async fn sweep(&self) -> Result<(), LoadError> {
        self.give_up_dead().await?;
        self.remove_unused().await?;
        self.remove_strays().await
    }

    /// Marks loads as failed whose process has ended.
    pub(super) async fn give_up_dead(&self) -> Result<(), LoadError> {
        let author = Author {
            user_id: None,
            ip: None,
            at: self.0.clock.now(),
        };
        for id in store::list_loading(&self.0.db).await? {
            let is_alive = self
                .blocking(move |shared| shared.snapshots.is_being_written(id))
                .await?;
            if !is_alive {
                let transaction = self.0.db.begin().await?;
                store::fail_load(&transaction, id, LoadFailure::Interrupted, None, &author).await?;
                transaction.commit().await?;
                tracing::warn!(snapshot = %id, "a load was interrupted when its process ended");
            }
        }
        Ok(())
    }

    /// Deletes the profiles of snapshots that are neither current nor held.
    ///
    /// # Errors
    /// The database's or the storage's.
    pub async fn remove_unused(&self) -> Result<(), LoadError> {
        let transaction = self.0.db.begin().await?;
        let retired = store::retire_unused(&transaction, None).await?;
        transaction.commit().await?;
        self.delete(retired).await
    }

    /// Deletes profiles of these snapshots.
    ///
    /// # Errors
    /// The storage's.
    pub async fn delete(&self, ids: Vec<SnapshotId>) -> Result<(), LoadError> {
        let delete =
            move |shared: &Shared| ids.iter().try_for_each(|id| shared.snapshots.delete(*id));
        Ok(self.blocking(delete).await?)
    }

    /// Deletes stored profiles that no ready snapshot and no living writer accounts for.
    async fn remove_strays(&self) -> Result<(), LoadError> {
        let stored = self.blocking(|shared| shared.snapshots.list()).await?;
        for id in stored {
            let is_known = match store::get_snapshot(&self.0.db, id).await {
                Ok(snapshot) => matches!(
                    snapshot.state,
                    SnapshotState::Ready | SnapshotState::Loading
                ),
                Err(StoreError::NotFound) => false,
                Err(error) => return Err(error.into()),
            };
            let is_alive = self
                .blocking(move |shared| shared.snapshots.is_being_written(id))
                .await?;
            if !is_known && !is_alive {
                self.delete(vec![id]).await?;
            }
        }
        Ok(())
    }
}
