//! Snapshots: unified customer profiles at one moment, in bulk.
//!
//! Owns how profile rows are written, scanned, counted and removed, and what a *field* is: its type, how its text is
//! read as a number or date, and what it probably means. A snapshot is immutable once published, but for the rows of a
//! person who is erased; values are kept as
//! the source's own text, so that an export sends what the source said. Columns are addressed by position: no text
//! of a person ever becomes an SQL identifier.
//!
//! Must never: know sources, segments or exports; keep a whole snapshot in memory; run on an async worker thread.
//! Every call of [`Snapshots`] blocks: call it inside `tokio::task::spawn_blocking`.
//!
//! Read next: [`Snapshots`] (the storage contract), [`Filter`] (which profiles), [`SqliteSnapshots`] (embedded) and
//! [`PostgresSnapshots`] (several replicas).

#[cfg(test)]
mod contract_tests;
mod field;
mod filter;
mod postgres;
mod rows;
mod snapshots;
mod sqlite;
pub mod value;

pub use field::{Field, FieldType, Semantic};
pub use filter::{Filter, NumberRange, Test, TextOp};
pub use postgres::PostgresSnapshots;
pub use rows::{ProfileRow, RowBatch};
pub use snapshots::{
    Erasure, Scan, SnapshotError, SnapshotId, SnapshotWriter, Snapshots, WriterAlive,
};
pub use sqlite::SqliteSnapshots;
