//! Taking rows out of a published snapshot: a copy without them takes its place in one step.
//!
//! Readers open a snapshot as immutable, so its file never changes; those under way read the old file to their end.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

use super::writer::sync_folder_of;
use super::{sqlite, storage};
use crate::profiles::{Erasure, SnapshotError, SnapshotId};

const ERASING: &str = "erasing profiles";
/// Extension of a copy that is to take a snapshot's place.
const COPY: &str = "erasing";

pub(super) struct SqliteErasure {
    published: PathBuf,
    copy: PathBuf,
    /// Locked for as long as this process works on the copy.
    file: File,
    /// Device and number of the file that was copied.
    original: (u64, u64),
    is_done: bool,
}

impl SqliteErasure {
    pub(super) fn prepare(
        id: SnapshotId,
        published: PathBuf,
        rows: &[u64],
    ) -> Result<Self, SnapshotError> {
        let original = match fs::metadata(&published) {
            Ok(metadata) => identity(&metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(SnapshotError::NotFound(id));
            }
            Err(error) => return Err(storage(ERASING)(error)),
        };
        let copy = published.with_extension(format!("{}.{COPY}", Uuid::now_v7().simple()));
        let file = File::create_new(&copy).map_err(storage(ERASING))?;
        file.lock().map_err(storage(ERASING))?;
        // From here on dropping it removes the copy.
        let erasure = Self {
            published,
            copy,
            file,
            original,
            is_done: false,
        };
        fs::copy(&erasure.published, &erasure.copy).map_err(storage(ERASING))?;
        delete(&erasure.copy, rows).map_err(sqlite(ERASING))?;
        erasure.file.sync_all().map_err(storage(ERASING))?;
        Ok(erasure)
    }
}

/// Deletes rows and overwrites what they were with zeros.
fn delete(path: &Path, rows: &[u64]) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch(
        "PRAGMA journal_mode = OFF;
         PRAGMA synchronous = OFF;
         PRAGMA secure_delete = ON;
         BEGIN;",
    )?;
    for row in rows {
        let row = i64::try_from(*row).unwrap_or(i64::MAX);
        connection.execute("DELETE FROM profiles WHERE rowid = ?1", [row])?;
    }
    connection.execute_batch("COMMIT")?;
    connection.close().map_err(|(_, error)| error)
}

impl Erasure for SqliteErasure {
    fn commit(&mut self) -> Result<(), SnapshotError> {
        let now = fs::metadata(&self.published).map_err(storage(ERASING))?;
        if identity(&now) != self.original {
            return Err(SnapshotError::Storage {
                doing: ERASING,
                source: "somebody else has changed the snapshot meanwhile".into(),
            });
        }
        fs::rename(&self.copy, &self.published).map_err(storage(ERASING))?;
        self.is_done = true;
        sync_folder_of(&self.published).map_err(storage(ERASING))
    }

    fn scrub(&mut self) -> Result<(), SnapshotError> {
        Ok(())
    }
}

impl Drop for SqliteErasure {
    fn drop(&mut self) {
        if !self.is_done
            && let Err(error) = fs::remove_file(&self.copy)
        {
            tracing::warn!(%error, "a copy of a snapshot was not removed; the next start removes it");
        }
    }
}

/// Removes copies that processes which have ended left behind.
pub(super) fn remove_leftovers(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != COPY) {
            continue;
        }
        match File::open(&path)?.try_lock() {
            Ok(()) => fs::remove_file(&path)?,
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(())
}

fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}
