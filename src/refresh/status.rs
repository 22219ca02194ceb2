//! Where a task, a job or a part of the system stands, in the reference product's words.

use crate::runs::RunState;
use crate::web::Tone;

/// One status for everything the Status tab shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// A person stopped it.
    Canceled,
    /// Somebody must look into it.
    FailedPermanent,
    /// It failed, perhaps only this time.
    Failure,
    /// Never done yet.
    NotStarted,
    /// It is being worked on and cannot be stopped.
    Processing,
    /// It is being worked on and can be stopped.
    Refreshing,
    /// Left out.
    Skipped,
    /// Done.
    Successful,
    /// Waits for what comes before it.
    Queued,
    /// Done, but look.
    CompletedWithWarnings,
}

impl Status {
    /// Every status, in the order they are explained.
    pub const ALL: [Self; 10] = [
        Self::Successful,
        Self::CompletedWithWarnings,
        Self::Refreshing,
        Self::Processing,
        Self::Queued,
        Self::NotStarted,
        Self::Skipped,
        Self::Canceled,
        Self::Failure,
        Self::FailedPermanent,
    ];

    /// Name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Canceled => "canceled",
            Self::FailedPermanent => "failed_permanent",
            Self::Failure => "failure",
            Self::NotStarted => "not_started",
            Self::Processing => "processing",
            Self::Refreshing => "refreshing",
            Self::Skipped => "skipped",
            Self::Successful => "successful",
            Self::Queued => "queued",
            Self::CompletedWithWarnings => "completed_with_warnings",
        }
    }

    /// The status with a name; a word of a newer version reads as [`Status::Failure`].
    pub(super) fn from_name(name: &str) -> Self {
        let found = Self::ALL.into_iter().find(|status| status.name() == name);
        found.unwrap_or(Self::Failure)
    }

    /// Message key of the word people read.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::Canceled => "runs-state-canceled",
            Self::FailedPermanent => "runs-state-failed-permanent",
            Self::Failure => "runs-state-failure",
            Self::NotStarted => "refresh-status-not-started",
            Self::Processing => "refresh-status-processing",
            Self::Refreshing => "runs-state-refreshing",
            Self::Skipped => "runs-state-skipped",
            Self::Successful => "runs-state-successful",
            Self::Queued => "runs-state-queued",
            Self::CompletedWithWarnings => "refresh-status-warnings",
        }
    }

    /// Message key of what it means.
    pub fn meaning_key(self) -> &'static str {
        match self {
            Self::Canceled => "refresh-meaning-canceled",
            Self::FailedPermanent => "refresh-meaning-failed-permanent",
            Self::Failure => "refresh-meaning-failure",
            Self::NotStarted => "refresh-meaning-not-started",
            Self::Processing => "refresh-meaning-processing",
            Self::Refreshing => "refresh-meaning-refreshing",
            Self::Skipped => "refresh-meaning-skipped",
            Self::Successful => "refresh-meaning-successful",
            Self::Queued => "refresh-meaning-queued",
            Self::CompletedWithWarnings => "refresh-meaning-warnings",
        }
    }

    /// Colour and icon.
    pub fn tone(self) -> Tone {
        match self {
            Self::Successful => Tone::Success,
            Self::CompletedWithWarnings | Self::Skipped => Tone::Warning,
            Self::Refreshing | Self::Processing => Tone::Progress,
            Self::Queued => Tone::Waiting,
            Self::NotStarted | Self::Canceled => Tone::Neutral,
            Self::Failure | Self::FailedPermanent => Tone::Danger,
        }
    }

    /// Whether nothing more will happen by itself.
    pub fn is_finished(self) -> bool {
        !matches!(self, Self::Queued | Self::Refreshing | Self::Processing)
    }

    /// Whether it ended without doing what it was there for, and nobody stopped it.
    pub(super) fn is_left_out(self) -> bool {
        matches!(self, Self::Skipped | Self::Failure | Self::FailedPermanent)
    }

    /// Whether what depends on it may go on.
    pub(super) fn is_good(self) -> bool {
        matches!(self, Self::Successful | Self::CompletedWithWarnings)
    }
}

impl From<RunState> for Status {
    fn from(state: RunState) -> Self {
        match state {
            RunState::Queued => Self::Queued,
            RunState::Refreshing => Self::Refreshing,
            RunState::Successful => Self::Successful,
            RunState::Failure => Self::Failure,
            RunState::FailedPermanent => Self::FailedPermanent,
            RunState::Canceled => Self::Canceled,
            RunState::Skipped => Self::Skipped,
        }
    }
}
