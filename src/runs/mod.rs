//! Runs: one execution of an export, from the snapshot to the contact list, with an account of every profile.
//!
//! Owns the plan (who is sent, in which files), the delivery, the engine that works on runs in the background, and what
//! people see of it. Must never: send a part that is not recorded, send one again before it is known that it did not
//! arrive, change a run it has no lease on, or let an address reach a log, an error or a `Debug` output.
//!
//! # Why nothing is lost and nothing is sent twice
//!
//! 1. The plan is a pure function of what is frozen at start ([`Inputs`], the export's definition): planned again, every
//!    part comes out byte for byte the same, and its recorded SHA-256 proves it.
//! 2. A part is recorded as *sending*, under a file name that is unique for ever, and committed before it is sent. So
//!    at any instant each part is known not to have been sent, known to have arrived, or marked as unclear.
//! 3. What is unclear is looked up by its file name among the account's activities, several times, before it is sent
//!    again. An interrupted run looks at everything first, so even a record lost with the power is made up for.
//! 4. One engine at a time works on a run: each write is bound to the lease, and an engine that cannot renew it stops.
//!    Whoever takes over waits longer than an upload of the previous owner can last.
//!
//! # Where to read
//!
//! | file | what |
//! |---|---|
//! | `run`, `part`, `outcome` | states, endings and their words |
//! | `plan`, `normalise`, `reject`, `dedupe`, `part_writer` | from profiles to files; no waiting, no storage |
//! | `preflight`, `desk` | what a run needs, before anything is sent |
//! | [`checks`] | looking at an export or a delivery without sending |
//! | `brake` | a run far from the last one asks first |
//! | `deliver`, `reconcile`, `follow` | sending, finding out, waiting for activities |
//! | `retry`, `vendor` | the table of failures and remedies, and its application |
//! | `engine`, `control`, `pace` | taking runs, leases, canceling, stopping; how fast the clocks tick |
//! | `resume` | going on with a run that failed or was canceled |
//! | `remembered` | exports that leave out what was delivered before |
//! | `mirror` | taking off the list whoever has left the segments |
//! | `leavers`, `list_members` | who left the list by themselves; who is on it |
//! | `rows`, `keep` | rejected and cut rows made again, while the snapshot is held |
//! | `notify` | what the end of a run means for notices |
//! | [`person`] | what a run did with one person |
//! | [`retention`] | how long rows and details are kept |
//! | `store` | queries; `account`: every row accounted for |

mod account;
mod brake;
mod budget;
pub mod checks;
mod contact_export;
mod control;
mod dedupe;
mod deliver;
mod desk;
mod engine;
mod follow;
mod keep;
mod leavers;
mod list_members;
mod mirror;
mod normalise;
mod notify;
mod outcome;
mod pace;
pub(crate) mod pages;
mod part;
mod part_writer;
pub mod person;
mod plan;
mod preflight;
mod reconcile;
mod reject;
mod remembered;
mod resume;
pub mod retention;
mod retry;
mod rows;
mod run;
mod same_list;
pub mod store;
#[cfg(test)]
mod test_support;
mod vendor;
mod waiting;

pub use account::Account;
pub use budget::Budget;
pub use checks::Checks;
pub use desk::Desk;
pub use engine::{Engine, RunningEngine, Tick};
pub use keep::HeldSnapshots;
pub use outcome::{Ending, Outcome};
pub use pace::Pace;
pub use part::{Part, PartCounts, PartState};
pub use part_writer::{PartLimits, PlannedPart};
pub use plan::{Fate, Flaw, Layout, MissingFields, Planner, Totals};
pub use reject::{RejectedCounts, Rejection};
pub use remembered::{Compared, Remembered};
pub use resume::Obstacle;
pub use run::{Ended, Inputs, Phase, Run, RunState, SegmentInput, Trigger};
pub use waiting::{Waiting, WaitingFor};
