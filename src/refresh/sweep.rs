//! Refresh jobs are kept for a quarter of a year.

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use sea_orm::DatabaseConnection;

use super::job::store;
use crate::system::sweeper::Sweep;

/// How long a job is kept after it has ended.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Removes jobs that ended long ago, with their tasks.
pub struct OldJobs(pub DatabaseConnection);

impl Sweep for OldJobs {
    fn name(&self) -> &'static str {
        "refresh jobs"
    }

    fn sweep(&self, now: Timestamp) -> BoxFuture<'_, anyhow::Result<u64>> {
        Box::pin(async move { Ok(store::remove_before(&self.0, now - KEPT).await?) })
    }
}
