//! Checks: what a run of an export would do, and what became of a run at Constant Contact. Neither sends personal data.
//!
//! A check is a row of its own, worked on in the background by whichever process takes it ([`Checks`]), seen with its
//! progress while it lasts and read again afterwards. Its result holds counts and row numbers; values are read from the
//! snapshot when somebody who may see profiles looks at them. Must never: send, change anything at Constant Contact, or
//! keep an address.
//!
//! | file | what |
//! |---|---|
//! | `worker`, `store` | taking checks, keeping them, progress and canceling |
//! | `export`, `report` | before sending: everything is read through the run's own planner |
//! | `delivery`, `results`, `undelivered` | after sending: who is not on the list, and why |
//! | `asking` | questions to Constant Contact, repeated a little |

mod asking;
mod delivery;
mod export;
mod holds;
mod report;
pub(in crate::runs) mod results;
pub mod store;
mod undelivered;
mod worker;

pub use report::{
    ColumnReport, DeliveryReport, Duration, ExportReport, Reading, Sample, SegmentCount,
    TargetReport,
};
pub use undelivered::Missing;
pub(super) use undelivered::unpack;
pub use worker::{Checks, RunningChecks};

use jiff::Timestamp;
use uuid::Uuid;

use super::outcome::Outcome;
use super::run::{Ended, RunState};
use crate::exports::ExportDefinition;

/// What a check looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckKind {
    /// What a run of an export would do.
    Export,
    /// What became of a run at Constant Contact.
    Delivery,
}

impl CheckKind {
    const ALL: [Self; 2] = [Self::Export, Self::Delivery];

    /// Name in the database and in JSON answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Delivery => "delivery",
        }
    }
}

/// What a check is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Counting members.
    Counting,
    /// Reading profiles as a run would.
    Reading,
    /// Asking Constant Contact.
    Asking,
    /// Comparing what Constant Contact has with what was sent.
    Comparing,
}

impl Step {
    const ALL: [Self; 4] = [Self::Counting, Self::Reading, Self::Asking, Self::Comparing];

    /// Name in the database and in JSON answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counting => "counting",
            Self::Reading => "reading",
            Self::Asking => "asking",
            Self::Comparing => "comparing",
        }
    }

    /// Message key of the sentence people read.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::Counting => "checks-step-counting",
            Self::Reading => "checks-step-reading",
            Self::Asking => "checks-step-asking",
            Self::Comparing => "checks-step-comparing",
        }
    }
}

/// A check as pages and the command line see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// Id.
    pub id: Uuid,
    /// What it looks at.
    pub kind: CheckKind,
    /// The export or run.
    pub subject_id: Uuid,
    /// The export; may have been removed since.
    pub export_id: Uuid,
    /// The export as it was when the check was asked for.
    pub definition: ExportDefinition,
    /// Where it stands: one of the states of a run.
    pub state: RunState,
    /// What it is doing, while refreshing.
    pub step: Option<Step>,
    /// Profiles looked at.
    pub done: u64,
    /// Of so many; 0 while that is not known.
    pub total: u64,
    /// What a check of an export found.
    pub report: Option<ExportReport>,
    /// What a check of a delivery found.
    pub delivery: Option<DeliveryReport>,
    /// Constant Contact's job, once it has been begun.
    activity_id: Option<String>,
    /// Why it failed.
    pub failure: Option<Ended>,
    /// Who asked.
    pub requested_by: Option<Uuid>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Whether somebody asked to cancel it.
    pub is_cancel_requested: bool,
    claims: u32,
}

impl From<Outcome> for Ended {
    fn from(outcome: Outcome) -> Self {
        Self {
            code: outcome.ending.code().to_owned(),
            names: outcome.names,
            vendor_words: outcome.vendor_words,
        }
    }
}
