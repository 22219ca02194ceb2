//! What starts by itself: exports whose own schedule has come.
//!
//! Owns the ticker, the one place where time turns into runs. It only asks for runs; `runs` works on them. Must never:
//! start the same moment twice (a moment is claimed by a conditional update in the transaction that asks for the run),
//! or lose one without saying why on the export's page.
//!
//! A moment that was missed because nothing was running is caught up once, however many were missed. While an export's
//! source is being loaded, the load is finished first. An export whose run before is still in progress is left out. A run
//! that would need more requests than the day has left is put off until the next day begins at Constant Contact.
//!
//! Read next: `ticker` (the steps), `quota` (what a run would need).

mod quota;
mod ticker;

pub use ticker::Ticker;

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DbErr};

use crate::exports::store::{ScheduledExport, next_scheduled};

/// Exports that run next by themselves, soonest first; what is overdue counts as now.
///
/// # Errors
/// The database's.
pub async fn next_runs(
    db: &impl ConnectionTrait,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<ScheduledExport>, DbErr> {
    let mut found = next_scheduled(db, limit).await?;
    for export in &mut found {
        export.at = export.at.max(now);
    }
    Ok(found)
}
