//! The storage contract of snapshots.

use std::error::Error;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Filter, ProfileRow, RowBatch};

/// Identifies a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SnapshotId(pub Uuid);

impl SnapshotId {
    /// A new id; later ones sort after earlier ones.
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }
}

impl Default for SnapshotId {
    fn default() -> Self {
        Self::new()
    }
}

impl std::str::FromStr for SnapshotId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

impl std::fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a snapshot could not be written or read. Holds no profile data.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Never published, or deleted since.
    #[error("snapshot {0} does not exist")]
    NotFound(SnapshotId),
    /// The disk (or the database's quota) is full.
    #[error("there is no space left to store profiles")]
    NoSpace,
    /// Anything else, with what was being done.
    #[error("{doing} failed")]
    Storage {
        /// For example "reading a snapshot".
        doing: &'static str,
        /// The storage's own error.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// What to read from a snapshot.
#[derive(Clone, Debug)]
pub struct Scan<'a> {
    /// Which profiles.
    pub filter: &'a Filter,
    /// Which columns, in the order the rows should hold them. May repeat; may be empty.
    pub columns: &'a [usize],
    /// Only rows after this row number; 0 starts at the beginning.
    pub after_row: u64,
    /// At most this many rows.
    pub limit: Option<u64>,
}

impl<'a> Scan<'a> {
    /// All rows that pass `filter`, with `columns`.
    pub fn new(filter: &'a Filter, columns: &'a [usize]) -> Self {
        Self {
            filter,
            columns,
            after_row: 0,
            limit: None,
        }
    }
}

/// Where snapshots are kept. All calls block the thread; all are safe to make at the same time.
///
/// # Errors
/// Every call: [`SnapshotError::Storage`], and [`SnapshotError::NotFound`] where a published snapshot is read.
pub trait Snapshots: Send + Sync {
    /// Starts a snapshot of `columns` columns. Nobody can read it before [`SnapshotWriter::finish`].
    fn begin(
        &self,
        id: SnapshotId,
        columns: usize,
    ) -> Result<Box<dyn SnapshotWriter>, SnapshotError>;

    /// Hands the rows asked for to `each`, in row order, until it breaks. Memory does not grow with the rows.
    fn scan(
        &self,
        id: SnapshotId,
        scan: &Scan<'_>,
        each: &mut dyn FnMut(&ProfileRow<'_>) -> ControlFlow<()>,
    ) -> Result<(), SnapshotError>;

    /// Number of profiles that pass `filter`.
    fn count(&self, id: SnapshotId, filter: &Filter) -> Result<u64, SnapshotError>;

    /// Removes a published snapshot, or what a writer that is gone left of one. Scans under way end undisturbed.
    /// Removing what is not there is no error.
    fn delete(&self, id: SnapshotId) -> Result<(), SnapshotError>;

    /// Gets ready to take rows out of a published snapshot, for somebody who asked to be forgotten; the others keep their
    /// numbers. Changes nothing yet. `rows` is not empty.
    fn prepare_erasure(
        &self,
        id: SnapshotId,
        rows: &[u64],
    ) -> Result<Box<dyn Erasure>, SnapshotError>;

    /// Every snapshot that takes space, published or not.
    fn list(&self) -> Result<Vec<SnapshotId>, SnapshotError>;

    /// Whether a living writer, in this process or another, holds the snapshot.
    fn is_being_written(&self, id: SnapshotId) -> Result<bool, SnapshotError>;
}

/// Rows about to be taken out of a snapshot. Dropping it before [`Erasure::commit`] changes nothing.
pub trait Erasure: Send {
    /// Takes the rows out, in one quick step; scans under way end undisturbed.
    ///
    /// # Errors
    /// [`SnapshotError::Storage`], also when somebody else has taken rows out since it was prepared; then nothing changed.
    fn commit(&mut self) -> Result<(), SnapshotError>;

    /// Afterwards: what the rows were cannot be read from the disk any more, as far as the storage can see to it. Call it
    /// outside of any transaction.
    ///
    /// # Errors
    /// [`SnapshotError::Storage`]; the rows are out all the same.
    fn scrub(&mut self) -> Result<(), SnapshotError>;
}

/// A snapshot being written. Dropping it unfinished leaves nothing behind.
pub trait SnapshotWriter: Send {
    /// Appends rows; they are numbered from 1 in the order written.
    ///
    /// # Errors
    /// [`SnapshotError::NoSpace`], [`SnapshotError::Storage`].
    fn write(&mut self, rows: &RowBatch) -> Result<(), SnapshotError>;

    /// Makes the rows durable and publishes the snapshot in one step.
    ///
    /// # Errors
    /// [`SnapshotError::NoSpace`], [`SnapshotError::Storage`]; then nothing is left behind.
    fn finish(self: Box<Self>) -> Result<WriterAlive, SnapshotError>;
}

/// As long as this is kept, [`Snapshots::is_being_written`] answers yes: whoever publishes a snapshot keeps it until
/// the snapshot is recorded everywhere it must be.
pub struct WriterAlive(#[expect(dead_code, reason = "only its drop matters")] Box<dyn Send + Sync>);

impl WriterAlive {
    /// Alive until `lock` is dropped.
    pub fn new(lock: impl Send + Sync + 'static) -> Self {
        Self(Box::new(lock))
    }
}

impl std::fmt::Debug for WriterAlive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WriterAlive")
    }
}
