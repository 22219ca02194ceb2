//! Sources: where profiles come from. The first kind is a file of comma-separated values.
//!
//! Owns the sources and their snapshots, loading in the background, and the account of every row. A new snapshot is
//! published in one step at the end of a load; until then, and when a load fails, the one before stays in use. It is
//! removed when nothing refers to it any more: whoever reads a snapshot for long (a run) *holds* it.
//!
//! Must never: know exports, runs or segments.
//!
//! Read next: [`Loads`] (loading in the background), [`store`] (queries), [`file`](mod@file) (CSV).

pub mod file;
mod import;
mod loads;
pub(crate) mod pages;
pub mod store;
mod uploads;

pub use import::{ImportProblem, plan_import};
pub use loads::{LoadError, LoadProgress, LoadRequest, LoadTarget, Loads, StartedLoad};
pub use uploads::Uploads;

use file::{BinaryKind, FileProblem, LoadReport, RefusalReason};
use std::fmt::Display;

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DbErr};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::profiles::{Field, SnapshotError, SnapshotId};
use crate::storage::audit;

/// A source.
#[derive(Clone, Debug)]
pub struct Source {
    /// Id.
    pub id: Uuid,
    /// Name, unique without case.
    pub name: String,
    /// The snapshot in use; `None` until the first load has succeeded.
    pub current: Option<Snapshot>,
    /// The snapshot being loaded.
    pub loading: Option<SnapshotId>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its current snapshot last changed.
    pub updated_at: Timestamp,
}

impl Source {
    /// Fields of the snapshot in use.
    pub fn fields(&self) -> &[Field] {
        self.current
            .as_ref()
            .map_or(&[], |snapshot| &snapshot.fields)
    }
}

/// One load of a source and the profiles it made.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Id.
    pub id: SnapshotId,
    /// Source it belongs to.
    pub source_id: Uuid,
    /// How it went.
    pub state: SnapshotState,
    /// Name of the file, as the person called it.
    pub file_name: String,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Fields, in column order. Empty unless the load succeeded.
    pub fields: Vec<Field>,
    /// Profiles.
    pub rows: u64,
    /// Rows refused.
    pub refused: u64,
    /// What happened to every row; there unless the load failed early.
    pub report: Option<LoadReport>,
    /// Why the load failed.
    pub failure: Option<LoadFailure>,
    /// When the load began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Who loaded it; `None` for the command line.
    pub created_by: Option<Uuid>,
}

/// How a load went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotState {
    /// Under way.
    Loading,
    /// Succeeded; the profiles can be read.
    Ready,
    /// Succeeded; the profiles are gone since, because a newer load replaced them.
    Replaced,
    /// Failed or canceled; nothing was changed.
    Failed,
}

impl SnapshotState {
    /// Name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Ready => "ready",
            Self::Replaced => "replaced",
            Self::Failed => "failed",
        }
    }

    fn from_name(name: &str) -> Self {
        [Self::Loading, Self::Ready, Self::Replaced]
            .into_iter()
            .find(|state| state.name() == name)
            .unwrap_or(Self::Failed)
    }
}

/// Why a load failed, as it is kept and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum LoadFailure {
    /// See [`FileProblem::Empty`].
    Empty,
    /// See [`FileProblem::HeaderOnly`].
    HeaderOnly,
    /// See [`FileProblem::Binary`].
    Binary {
        /// What the file looks like.
        kind: Option<BinaryKind>,
    },
    /// See [`FileProblem::OddUtf16`].
    OddUtf16,
    /// See [`FileProblem::TooManyColumns`].
    TooManyColumns {
        /// Columns of the file.
        found: usize,
    },
    /// See [`FileProblem::FirstRow`].
    FirstRow {
        /// What is wrong with it.
        reason: RefusalReason,
    },
    /// See [`FileProblem::OtherColumns`].
    OtherColumns {
        /// Columns of the plan.
        expected: usize,
        /// Columns of the file.
        found: usize,
    },
    /// See [`FileProblem::NothingLoaded`].
    NothingLoaded,
    /// Somebody stopped it.
    Canceled,
    /// The program ended during the load.
    Interrupted,
    /// No space left on the disk.
    NoSpace,
    /// The file could not be read, or the profiles not be stored. The log says more.
    Internal,
}

impl From<&FileProblem> for LoadFailure {
    fn from(problem: &FileProblem) -> Self {
        match problem {
            FileProblem::Empty => Self::Empty,
            FileProblem::HeaderOnly => Self::HeaderOnly,
            FileProblem::Binary(kind) => Self::Binary { kind: *kind },
            FileProblem::OddUtf16 => Self::OddUtf16,
            FileProblem::TooManyColumns { found } => Self::TooManyColumns { found: *found },
            FileProblem::FirstRow(reason) => Self::FirstRow { reason: *reason },
            FileProblem::OtherColumns { expected, found } => Self::OtherColumns {
                expected: *expected,
                found: *found,
            },
            FileProblem::NothingLoaded(_) => Self::NothingLoaded,
            FileProblem::Canceled => Self::Canceled,
            FileProblem::Snapshot(SnapshotError::NoSpace) => Self::NoSpace,
            FileProblem::Io(_) | FileProblem::Snapshot(_) => Self::Internal,
        }
    }
}

/// Who changes something, from where and when.
#[derive(Clone, Debug)]
pub struct Author {
    /// Who; `None` for the command line.
    pub user_id: Option<Uuid>,
    /// From where; `None` for the command line.
    pub ip: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl Author {
    /// Records what they did, as [`audit::Author::record`].
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn record(
        &self,
        db: &impl ConnectionTrait,
        action: &str,
        object_id: impl Display,
        detail: Value,
    ) -> Result<(), DbErr> {
        let author = audit::Author {
            user_id: self.user_id,
            ip: self.ip.as_deref(),
            at: self.at,
        };
        author.record(db, action, object_id, detail).await
    }
}
