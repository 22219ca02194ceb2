//! How a snapshot lies in its table: `n`, the row number, then `c0`..`cN`, all text and never NULL.
//!
//! A row of PostgreSQL must fit a page of 8 kB, and a long value kept elsewhere still takes up to 24 bytes of it, so a
//! table holds some 330 columns for certain. Columns beyond [`WIDE`] therefore lie in one array, `rest`.

use std::fmt::Write as _;

use crate::profiles::SnapshotId;

/// The schema of all snapshots.
pub(super) const SCHEMA: &str = "listbridge_snapshots";
/// Columns with a column of their own.
pub(super) const WIDE: usize = 300;

/// Table of a snapshot. Safe in a statement: an id has hexadecimal digits only.
pub(super) fn table(id: SnapshotId) -> String {
    format!("{SCHEMA}.s{}", id.0.simple())
}

/// Name of the advisory lock of a snapshot's writer.
pub(super) fn lock_key(id: SnapshotId) -> i64 {
    let (high, low) = id.0.as_u64_pair();
    (high ^ low).cast_signed()
}

/// `CREATE TABLE` of a snapshot.
pub(super) fn create_table(id: SnapshotId, columns: usize) -> String {
    let mut sql = format!("CREATE TABLE {} (n bigint NOT NULL", table(id));
    for column in 0..columns.min(WIDE) {
        push(&mut sql, format_args!(", c{column} text NOT NULL"));
    }
    if columns > WIDE {
        sql.push_str(", rest text[] NOT NULL");
    }
    sql.push(')');
    sql
}

/// Columns as the source counts them, for a select list, each after a comma.
pub(super) fn push_columns(sql: &mut String, columns: &[usize]) {
    for column in columns {
        match column.checked_sub(WIDE) {
            None => push(sql, format_args!(", c{column}")),
            // Arrays are counted from 1.
            Some(beyond) => push(sql, format_args!(", rest[{}]", beyond + 1)),
        }
    }
}

fn push(sql: &mut String, text: std::fmt::Arguments<'_>) {
    sql.write_fmt(text)
        .expect("writing to a String cannot fail");
}
