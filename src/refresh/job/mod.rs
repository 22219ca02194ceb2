//! The refresh job: sources, then segments, then the exports that follow it.
//!
//! A job is rows: one for itself, one for each task, in the order in which they are done. Whoever works on it holds a lease,
//! and every change of a task renews it in the same transaction, so a job whose process was killed is taken over and goes
//! on with the first task that is not finished; the run of an export is asked for in the transaction that says so.

mod lease;
mod planning;
mod progress;
pub mod store;
mod worker;

pub use progress::Progress;
pub use worker::{RefreshPace, Refresher};

use jiff::Timestamp;
use uuid::Uuid;

use super::status::Status;

/// Who or what asked for a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobTrigger {
    /// **Refresh all**.
    Person,
    /// The refresh schedule.
    Schedule,
}

impl JobTrigger {
    /// Name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Schedule => "schedule",
        }
    }

    fn from_name(name: &str) -> Self {
        match name {
            "schedule" => Self::Schedule,
            _ => Self::Person,
        }
    }

    /// Message key of the words people read.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::Person => "runs-trigger-person",
            Self::Schedule => "runs-trigger-schedule",
        }
    }
}

/// A job as pages show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Id.
    pub id: Uuid,
    /// Who or what asked for it.
    pub trigger: JobTrigger,
    /// The person who asked.
    pub requested_by: Option<Uuid>,
    /// Where it stands.
    pub status: Status,
    /// When it was asked for.
    pub queued_at: Timestamp,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When somebody asked to cancel it.
    pub cancel_requested_at: Option<Timestamp>,
}

/// What a task refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskKind {
    /// A source.
    Source,
    /// A segment.
    Segment,
    /// An export.
    Export,
}

impl TaskKind {
    /// Every kind, in the order in which they are done.
    pub const ALL: [Self; 3] = [Self::Source, Self::Segment, Self::Export];

    /// Name in the database and in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Segment => "segment",
            Self::Export => "export",
        }
    }

    fn from_name(name: &str) -> Self {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.unwrap_or(Self::Export)
    }

    /// Message key of the group's name.
    pub fn group_key(self) -> &'static str {
        match self {
            Self::Source => "refresh-group-sources",
            Self::Segment => "refresh-group-segments",
            Self::Export => "refresh-group-exports",
        }
    }
}

/// Why a task ended as it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A file has nothing to pull.
    File,
    /// The source has no profiles.
    NoProfiles,
    /// The load under way took too long.
    LoadTooSlow,
    /// What it depends on was not refreshed.
    Upstream,
    /// A segment's rule does not fit its source.
    Rule,
    /// Members could not be counted.
    NotCounted,
    /// An export has no connection.
    NoConnection,
    /// An export's run before is still in progress.
    Running,
    /// It was removed meanwhile.
    Gone,
    /// Its run waits and goes on by itself.
    RunWaits,
}

impl Reason {
    const ALL: [Self; 10] = [
        Self::File,
        Self::NoProfiles,
        Self::LoadTooSlow,
        Self::Upstream,
        Self::Rule,
        Self::NotCounted,
        Self::NoConnection,
        Self::Running,
        Self::Gone,
        Self::RunWaits,
    ];

    /// Name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::NoProfiles => "no_profiles",
            Self::LoadTooSlow => "load_too_slow",
            Self::Upstream => "upstream",
            Self::Rule => "rule",
            Self::NotCounted => "not_counted",
            Self::NoConnection => "no_connection",
            Self::Running => "running",
            Self::Gone => "gone",
            Self::RunWaits => "run_waits",
        }
    }

    /// Message key of the sentence people read; has the argument `$names`.
    pub fn message_key(self) -> &'static str {
        match self {
            Self::File => "refresh-reason-file",
            Self::NoProfiles => "refresh-reason-no-profiles",
            Self::LoadTooSlow => "refresh-reason-load-too-slow",
            Self::Upstream => "refresh-reason-upstream",
            Self::Rule => "refresh-reason-rule",
            Self::NotCounted => "refresh-reason-not-counted",
            Self::NoConnection => "schedules-reason-no-connection",
            Self::Running => "schedules-reason-running",
            Self::Gone => "refresh-reason-gone",
            Self::RunWaits => "refresh-reason-run-waits",
        }
    }
}

/// A task of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The job.
    pub job_id: Uuid,
    /// Order in which it is done.
    pub position: i32,
    /// What it refreshes.
    pub kind: TaskKind,
    /// The source, segment or export.
    pub subject_id: Uuid,
    /// Its name when the job began.
    pub name: String,
    /// Where it stands; that of its run, where it has one.
    pub status: Status,
    /// Why it ended as it did.
    pub reason: Option<Reason>,
    /// Names the reason speaks of.
    pub names: Vec<String>,
    /// The run of an export.
    pub run_id: Option<Uuid>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}
