//! What starts by itself: exports whose own schedule has come, and the system refresh with the exports that follow it.
//!
//! Owns the ticker, the one place where time turns into runs and jobs, and the refresh job: sources, then segments, then
//! exports. It only asks for runs; `runs` works on them. Must never:
//! start the same moment twice (a moment is claimed by a conditional update in the transaction that asks for the run),
//! or lose one without saying why on the export's page.
//!
//! A moment that was missed because nothing was running is caught up once, however many were missed. While an export's
//! source is being loaded, or a job refreshes sources and segments, that is finished first. An export whose run before is still in progress is left out. A run
//! that would need more requests than the day has left is put off until the next day begins at Constant Contact.
//!
//! Read next: `ticker` (the steps), `quota` (what a run would need), `plan` (when the system is refreshed), [`job`] (the
//! refresh job), `status` (the words for where something stands).

pub mod job;
pub(crate) mod pages;
mod plan;
mod quota;
pub mod schedule;
mod status;
mod sweep;
mod ticker;

pub use job::Refresher;
pub use plan::RefreshPlan;
pub use status::Status;
pub use sweep::OldJobs;
pub use ticker::Ticker;

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DbErr};

use crate::exports::store::{ScheduledExport, following_refresh, next_scheduled};

/// Exports that run next by themselves, soonest first, those that follow the system refresh included; what is overdue
/// counts as now.
///
/// # Errors
/// The database's.
pub async fn next_runs(
    db: &impl ConnectionTrait,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<ScheduledExport>, DbErr> {
    let mut found = next_scheduled(db, limit).await?;
    if let Some(at) = schedule::get(db).await?.next_run_at {
        let following = following_refresh(db, Some(limit)).await?.into_iter();
        found.extend(following.map(|(export_id, name)| ScheduledExport {
            export_id,
            name,
            at,
            deferral: None,
        }));
    }
    for export in &mut found {
        export.at = export.at.max(now);
    }
    found.sort_by_key(|export| export.at);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}
