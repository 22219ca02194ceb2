//! What a running run waits for, and for how long at the most.

use jiff::{SignedDuration, Timestamp};

use super::retry::{APPROVAL_PATIENCE, LONGEST_ASKING};
use super::run::Phase;

/// Why a running run waits longer than a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitingFor {
    /// The day's requests are used up.
    Quota,
    /// Constant Contact's queue for this account is full.
    Queue,
    /// Constant Contact, or the way to it, has a problem.
    Vendor,
    /// It is not known yet whether a part has arrived; nothing is sent before it is.
    Certainty,
    /// Its own database, which cannot be written to.
    Storage,
    /// The profiles, which cannot be read.
    Profiles,
    /// Somebody must sign in again at Constant Contact.
    SignIn,
    /// It would send far fewer or far more rows than the last one, or take off the list more people than it may without
    /// asking; an administrator must approve it.
    Approval,
}

impl WaitingFor {
    pub(super) const ALL: [Self; 8] = [
        Self::Quota,
        Self::Queue,
        Self::Vendor,
        Self::Certainty,
        Self::Storage,
        Self::Profiles,
        Self::Approval,
        Self::SignIn,
    ];

    /// Name in the database and in JSON answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quota => "quota",
            Self::Queue => "queue",
            Self::Vendor => "vendor",
            Self::Certainty => "certainty",
            Self::Storage => "storage",
            Self::Profiles => "profiles",
            Self::SignIn => "sign_in",
            Self::Approval => "approval",
        }
    }

    /// No wait of the kind is ever longer.
    pub(super) fn longest(self) -> SignedDuration {
        match self {
            Self::Quota => SignedDuration::from_hours(24),
            Self::Queue | Self::Vendor | Self::Certainty => LONGEST_ASKING,
            Self::Storage | Self::Profiles | Self::SignIn => SignedDuration::from_mins(1),
            Self::Approval => APPROVAL_PATIENCE,
        }
    }

    /// Message key of the sentence people read, in the phase the run is in; has the argument `$until`.
    pub fn label_key(self, phase: Option<Phase>) -> &'static str {
        match self {
            Self::Quota => "runs-waiting-quota",
            Self::Queue => "runs-waiting-queue",
            Self::Vendor => "runs-waiting-vendor",
            Self::Certainty => "runs-waiting-certainty",
            Self::Storage => "runs-waiting-storage",
            Self::Profiles => "runs-waiting-profiles",
            Self::SignIn => "runs-waiting-sign-in",
            Self::Approval if phase == Some(Phase::Removing) => "runs-waiting-removals",
            Self::Approval => "runs-waiting-approval",
        }
    }
}

/// A wait that people see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// For what.
    pub reason: WaitingFor,
    /// Until when, at least.
    pub until: Timestamp,
}
