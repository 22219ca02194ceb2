//! Writing a snapshot file: one transaction without a journal, because nobody reads the file before it is published.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::{PAGE_BYTES, sqlite, storage};
use crate::profiles::{RowBatch, SnapshotError, SnapshotWriter, WriterAlive};

const BEGINNING: &str = "creating a snapshot";
const WRITING: &str = "writing a snapshot";
const PUBLISHING: &str = "publishing a snapshot";

pub(super) struct SqliteWriter {
    /// `None` once closed for publishing.
    connection: Option<Connection>,
    insert: String,
    columns: usize,
    /// Locked for as long as this process writes; the system lets go of it when the process ends in any way.
    file: Option<File>,
    loading: PathBuf,
    published: PathBuf,
    is_published: bool,
}

impl SqliteWriter {
    pub(super) fn begin(
        loading: PathBuf,
        published: PathBuf,
        columns: usize,
    ) -> Result<Self, SnapshotError> {
        let file = create_locked(&loading).map_err(storage(BEGINNING))?;
        let connection = match open(&loading, columns) {
            Ok(connection) => connection,
            Err(error) => {
                // The first error is the one to report; a leftover is swept at the next start.
                let _ = fs::remove_file(&loading);
                return Err(sqlite(BEGINNING)(error));
            }
        };
        Ok(Self {
            connection: Some(connection),
            insert: insert_statement(columns),
            columns,
            file: Some(file),
            loading,
            published,
            is_published: false,
        })
    }

    fn connection(&self) -> &Connection {
        let connection = self.connection.as_ref();
        connection.expect("the connection is closed by finish alone, which takes the writer away")
    }
}

impl SnapshotWriter for SqliteWriter {
    fn write(&mut self, rows: &RowBatch) -> Result<(), SnapshotError> {
        let write = || {
            let mut insert = self.connection().prepare_cached(&self.insert)?;
            let mut column = 0;
            for cell in rows.cells() {
                column += 1;
                insert.raw_bind_parameter(column, cell)?;
                if column == self.columns {
                    insert.raw_execute()?;
                    column = 0;
                }
            }
            Ok(())
        };
        write().map_err(sqlite(WRITING))
    }

    fn finish(mut self: Box<Self>) -> Result<WriterAlive, SnapshotError> {
        let connection = self.connection();
        connection
            .execute_batch("COMMIT")
            .map_err(sqlite(PUBLISHING))?;
        if let Some(connection) = self.connection.take() {
            let closed = connection.close();
            closed.map_err(|(_, error)| sqlite(PUBLISHING)(error))?;
        }
        let file = self.file.take();
        let file = file.expect("the file is taken by finish alone, which takes the writer away");
        file.sync_all().map_err(storage(PUBLISHING))?;
        fs::rename(&self.loading, &self.published).map_err(storage(PUBLISHING))?;
        self.is_published = true;
        sync_folder_of(&self.published).map_err(storage(PUBLISHING))?;
        Ok(WriterAlive::new(file))
    }
}

impl Drop for SqliteWriter {
    fn drop(&mut self) {
        if !self.is_published {
            self.connection = None;
            if let Err(error) = fs::remove_file(&self.loading) {
                tracing::warn!(%error, "an abandoned snapshot could not be removed; the next start removes it");
            }
        }
    }
}

/// A new file that is locked before anybody can take it for a leftover.
fn create_locked(path: &Path) -> io::Result<File> {
    let unseen = path.with_extension("new");
    let file = File::create_new(&unseen)?;
    file.lock()?;
    fs::rename(&unseen, path)?;
    Ok(file)
}

fn open(path: &Path, columns: usize) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch(&format!(
        "PRAGMA page_size = {PAGE_BYTES};
         PRAGMA journal_mode = OFF;
         PRAGMA synchronous = OFF;
         PRAGMA locking_mode = EXCLUSIVE;
         BEGIN;
         CREATE TABLE profiles ({});",
        column_list(columns, " TEXT NOT NULL")
    ))?;
    Ok(connection)
}

fn insert_statement(columns: usize) -> String {
    let mut sql = "INSERT INTO profiles VALUES (".to_owned();
    for column in 1..=columns {
        let comma = if column == 1 { "" } else { "," };
        write!(sql, "{comma}?{column}").expect("writing to a String cannot fail");
    }
    sql.push(')');
    sql
}

fn column_list(columns: usize, suffix: &str) -> String {
    let names: Vec<String> = (0..columns).map(|c| format!("c{c}{suffix}")).collect();
    names.join(",")
}

/// Makes a rename in the folder durable.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    path.parent()
        .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
