//! What a run is and where it stands: states, outcomes and the allowed changes between them, as data.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::exports::ExportDefinition;
use crate::segments::Rule;
use crate::web::Tone;

use super::plan::Totals;
use super::waiting::Waiting;

/// Where a run stands, in the reference product's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunState {
    /// Waits for an engine.
    Queued,
    /// Running; can be canceled.
    Refreshing,
    /// Finished well.
    Successful,
    /// Did not deliver everything for a reason that may be gone next time.
    Failure,
    /// Somebody must act, or every retry is used up.
    FailedPermanent,
    /// Somebody stopped it before completion.
    Canceled,
    /// Not run, because what it depends on was not there or the target's limit would be exceeded.
    Skipped,
}

impl RunState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Refreshing,
        Self::Successful,
        Self::Failure,
        Self::FailedPermanent,
        Self::Canceled,
        Self::Skipped,
    ];

    /// The states that may follow. A run that is finished stays as it is, unless somebody resumes one that failed.
    pub fn next(self) -> &'static [RunState] {
        match self {
            Self::Queued => &[Self::Refreshing, Self::Canceled],
            Self::Refreshing => &[
                Self::Successful,
                Self::Failure,
                Self::FailedPermanent,
                Self::Canceled,
                Self::Skipped,
            ],
            Self::Failure | Self::FailedPermanent | Self::Canceled => &[Self::Queued],
            Self::Successful | Self::Skipped => &[],
        }
    }

    /// Whether nothing more will happen by itself.
    pub fn is_finished(self) -> bool {
        !matches!(self, Self::Queued | Self::Refreshing)
    }

    /// Name in the database and in JSON answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Refreshing => "refreshing",
            Self::Successful => "successful",
            Self::Failure => "failure",
            Self::FailedPermanent => "failed_permanent",
            Self::Canceled => "canceled",
            Self::Skipped => "skipped",
        }
    }

    /// The state with a name; a word of a newer version reads as [`RunState::Failure`].
    pub(crate) fn from_name(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == name)
            .unwrap_or(Self::Failure)
    }

    /// Message key of the word people read.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::Queued => "runs-state-queued",
            Self::Refreshing => "runs-state-refreshing",
            Self::Successful => "runs-state-successful",
            Self::Failure => "runs-state-failure",
            Self::FailedPermanent => "runs-state-failed-permanent",
            Self::Canceled => "runs-state-canceled",
            Self::Skipped => "runs-state-skipped",
        }
    }

    /// Colour and icon.
    pub fn tone(self) -> Tone {
        match self {
            Self::Queued => Tone::Waiting,
            Self::Refreshing => Tone::Progress,
            Self::Successful => Tone::Success,
            Self::Failure | Self::FailedPermanent => Tone::Danger,
            Self::Canceled => Tone::Neutral,
            Self::Skipped => Tone::Warning,
        }
    }
}

/// What a running run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Looking whether everything it needs is there. Sends no personal data.
    Checking,
    /// Sending parts.
    Sending,
    /// Every part is at Constant Contact; waiting for its activities.
    Following,
    /// Everything is delivered; whoever has left the segments is taken off the list.
    Removing,
}

impl Phase {
    const ALL: [Self; 4] = [
        Self::Checking,
        Self::Sending,
        Self::Following,
        Self::Removing,
    ];

    /// Name in the database and in JSON answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Checking => "checking",
            Self::Sending => "sending",
            Self::Following => "following",
            Self::Removing => "removing",
        }
    }

    /// The phase with a name; `None` for a word of a newer version.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.name() == name)
    }

    /// Message key of the sentence people read.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::Checking => "runs-phase-checking",
            Self::Sending => "runs-phase-sending",
            Self::Following => "runs-phase-following",
            Self::Removing => "runs-phase-removing",
        }
    }
}

/// Who or what asked for a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A person, in the browser.
    Person,
    /// Somebody at the command line.
    CommandLine,
    /// The export's own schedule.
    Schedule,
    /// A system refresh, which the export follows.
    SystemRefresh,
}

impl Trigger {
    /// Every trigger.
    pub const ALL: [Self; 4] = [
        Self::Person,
        Self::CommandLine,
        Self::Schedule,
        Self::SystemRefresh,
    ];

    /// Name in the database and in JSON answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::CommandLine => "command_line",
            Self::Schedule => "schedule",
            Self::SystemRefresh => "system_refresh",
        }
    }

    /// Message key of the words people read.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::Person => "runs-trigger-person",
            Self::CommandLine => "runs-trigger-command-line",
            Self::Schedule => "runs-trigger-schedule",
            Self::SystemRefresh => "runs-trigger-system-refresh",
        }
    }
}

/// A segment as it was when the run started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentInput {
    /// Id.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Rule.
    pub rule: Rule,
}

/// What the plan depends on beside the export's definition; frozen when a run starts, so that every later plan of the
/// same run is the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// Snapshot sent.
    pub snapshot_id: Uuid,
    /// Segments, in the order of the definition.
    pub segments: Vec<SegmentInput>,
    /// The day "within the last N days" counts from.
    pub today: Date,
    /// Number of the latest change of the exclusion list; 0 for runs from before there was one.
    #[serde(default)]
    pub exclusions: i64,
    /// Version of what the export remembered of its deliveries; `None` where that does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<i64>,
    /// Whether that tells who has left the list, where the export respects it.
    #[serde(default)]
    pub knows_leavers: bool,
}

impl Inputs {
    /// Whether these are the same profiles, whatever of them had been delivered.
    pub(super) fn reads_the_same(&self, other: &Self) -> bool {
        let read = |inputs: &Self| Self {
            delivered: None,
            knows_leavers: false,
            ..inputs.clone()
        };
        read(self) == read(other)
    }
}

/// A run as pages, the command line and the engine see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Id.
    pub id: Uuid,
    /// Export it executes; may have been removed since.
    pub export_id: Uuid,
    /// Who or what asked for it.
    pub trigger: Trigger,
    /// The person who asked.
    pub requested_by: Option<Uuid>,
    /// The export as it was when the run was asked for.
    pub definition: ExportDefinition,
    /// What else was frozen at start; `None` before.
    pub inputs: Option<Inputs>,
    /// Where it stands.
    pub state: RunState,
    /// What it is doing, while refreshing.
    pub phase: Option<Phase>,
    /// Why it waits, if it does.
    pub waiting: Option<Waiting>,
    /// How it ended.
    pub outcome: Option<Ended>,
    /// Members of the segments, counted at start.
    pub members: Option<u64>,
    /// What has been counted.
    pub totals: Totals,
    /// Whether every part has been recorded.
    pub is_planned: bool,
    /// Requests to Constant Contact made for it.
    pub requests: u64,
    /// When it was asked for.
    pub queued_at: Timestamp,
    /// When an engine first took it.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When somebody asked to cancel it.
    pub cancel_requested_at: Option<Timestamp>,
    /// When it was last resumed after it had ended, and by whom.
    pub resumed: Option<(Timestamp, Option<Uuid>)>,
    /// Since when it asks in vain whether a part has arrived; `None` while it can ask.
    pub asking_since: Option<Timestamp>,
    /// How often an engine has taken it; above 1 it was interrupted or has paused.
    pub claims: u32,
}

/// How a run ended, with what is needed to say so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Code of the [`super::Outcome`].
    pub code: String,
    /// Names the sentence speaks of: fields, segments.
    pub names: Vec<String>,
    /// The vendor's own words.
    pub vendor_words: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_run_stays_as_it_is_unless_it_failed_and_is_resumed() {
        let finished: Vec<&str> = RunState::ALL
            .into_iter()
            .filter(|state| state.is_finished())
            .map(RunState::name)
            .collect();
        assert_eq!(
            finished,
            [
                "successful",
                "failure",
                "failed_permanent",
                "canceled",
                "skipped"
            ]
        );
        for state in RunState::ALL
            .into_iter()
            .filter(|state| state.is_finished())
        {
            let has_failed = !matches!(state, RunState::Successful | RunState::Skipped);
            assert_eq!(state.next() == [RunState::Queued], has_failed);
        }
        assert!(RunState::Queued.next().contains(&RunState::Canceled));
    }

    #[test]
    fn names_lead_back_to_their_state() {
        for state in RunState::ALL {
            assert_eq!(RunState::from_name(state.name()), state);
        }
    }
}
