//! How long one `contact_exports` job is waited for and how much of its file is read, whoever asked for it.

use std::time::Duration;

use super::outcome::{Ending, Outcome};
use crate::constant_contact::{Activity, ActivityState};

/// Longest wait for the job. The vendor publishes no duration; the reference product names an hour for 1,000,000.
pub(super) const JOB_PATIENCE: Duration = Duration::from_hours(2);
/// First and longest wait between two looks at the job.
pub(super) const FIRST_LOOK: Duration = Duration::from_secs(1);
const LONGEST_LOOK: Duration = Duration::from_secs(60);
/// Most bytes of a results file: 20,000,000 contacts of 200 bytes.
pub(super) const MAX_FILE_BYTES: u64 = 4_000_000_000;
/// Downloads that may break off before it is given up.
pub(super) const DOWNLOADS: u32 = 3;

/// The wait after this one.
pub(super) fn next_wait(wait: Duration) -> Duration {
    (wait * 3 / 2).min(LONGEST_LOOK)
}

/// Whether the job is done; one that ended otherwise in the vendor's own words.
pub(super) fn is_done(job: &Activity) -> Result<bool, Outcome> {
    match job.state {
        ActivityState::Completed => Ok(true),
        ActivityState::Initialized | ActivityState::Processing | ActivityState::Other(_) => {
            Ok(false)
        }
        ActivityState::Cancelled | ActivityState::Failed | ActivityState::TimedOut => {
            let words = job.errors.first().cloned();
            let words = words.unwrap_or_else(|| job.state.as_str().to_owned());
            Err(Outcome::quoting(Ending::ActivityFailed, words))
        }
    }
}
