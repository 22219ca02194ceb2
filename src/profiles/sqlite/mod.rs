//! Snapshots in SQLite: one file each, under `snapshots/` in the data directory.
//!
//! `{id}.loading` is being written by whoever holds its lock; `{id}.sqlite` is published and never changes again (see
//! [`erasure`] for the one exception), so readers open it as immutable and take no locks. (The writer's lock stays until the snapshot is recorded.) Table `profiles` has the columns `c0`..`cN`, all text and never
//! NULL; the rowid is the row number.

mod erasure;
mod query;
mod writer;

#[cfg(test)]
mod tests;

use std::fs::{self, File, TryLockError};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use uuid::Uuid;

use super::{
    Erasure, Filter, ProfileRow, Scan, SnapshotError, SnapshotId, SnapshotWriter, Snapshots,
};
use erasure::SqliteErasure;
use writer::SqliteWriter;

/// Extension of a published snapshot.
const PUBLISHED: &str = "sqlite";
/// Extension of a snapshot being written.
const LOADING: &str = "loading";
/// Page size in bytes of new files. Larger pages make both loading and scanning a little faster than the default of
/// 4,096, and hold wide rows without overflow pages.
const PAGE_BYTES: u32 = 16_384;

/// The embedded storage of snapshots.
#[derive(Clone, Debug)]
pub struct SqliteSnapshots {
    folder: PathBuf,
}

impl SqliteSnapshots {
    /// Snapshots under `snapshots/` in the data directory; the folder is created when missing.
    ///
    /// # Errors
    /// The folder cannot be created.
    pub fn open(data_dir: &Path) -> io::Result<Self> {
        let folder = data_dir.join("snapshots");
        fs::create_dir_all(&folder)?;
        erasure::remove_leftovers(&folder)?;
        Ok(Self { folder })
    }

    fn path(&self, id: SnapshotId, extension: &str) -> PathBuf {
        self.folder.join(format!("{id}.{extension}"))
    }

    fn connect(&self, id: SnapshotId) -> Result<Connection, SnapshotError> {
        let path = self.path(id, PUBLISHED);
        if !path.try_exists().map_err(storage("opening a snapshot"))? {
            return Err(SnapshotError::NotFound(id));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_URI;
        // Only the folder may hold letters that mean something in a URI; the file name is an id.
        let uri = format!("file:{}?immutable=1", escape_uri_path(&path));
        Connection::open_with_flags(uri, flags).map_err(sqlite("opening a snapshot"))
    }
}

impl Snapshots for SqliteSnapshots {
    fn begin(
        &self,
        id: SnapshotId,
        columns: usize,
    ) -> Result<Box<dyn SnapshotWriter>, SnapshotError> {
        let writer =
            SqliteWriter::begin(self.path(id, LOADING), self.path(id, PUBLISHED), columns)?;
        Ok(Box::new(writer))
    }

    fn scan(
        &self,
        id: SnapshotId,
        scan: &Scan<'_>,
        each: &mut dyn FnMut(&ProfileRow<'_>) -> ControlFlow<()>,
    ) -> Result<(), SnapshotError> {
        query::scan(&self.connect(id)?, scan, each).map_err(sqlite("reading a snapshot"))
    }

    fn count(&self, id: SnapshotId, filter: &Filter) -> Result<u64, SnapshotError> {
        query::count(&self.connect(id)?, filter).map_err(sqlite("counting profiles"))
    }

    fn delete(&self, id: SnapshotId) -> Result<(), SnapshotError> {
        for extension in [PUBLISHED, LOADING] {
            match fs::remove_file(self.path(id, extension)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(storage("removing a snapshot")(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn prepare_erasure(
        &self,
        id: SnapshotId,
        rows: &[u64],
    ) -> Result<Box<dyn Erasure>, SnapshotError> {
        let erasure = SqliteErasure::prepare(id, self.path(id, PUBLISHED), rows)?;
        Ok(Box::new(erasure))
    }

    fn list(&self) -> Result<Vec<SnapshotId>, SnapshotError> {
        let doing = "listing snapshots";
        let mut ids = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(storage(doing))? {
            let path = entry.map_err(storage(doing))?.path();
            let is_ours = path
                .extension()
                .is_some_and(|extension| extension == PUBLISHED || extension == LOADING);
            let name = path.file_stem().and_then(|stem| stem.to_str());
            if let Some(id) = name.and_then(|name| Uuid::parse_str(name).ok())
                && is_ours
            {
                ids.push(SnapshotId(id));
            }
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    fn is_being_written(&self, id: SnapshotId) -> Result<bool, SnapshotError> {
        for extension in [LOADING, PUBLISHED] {
            let is_locked = is_locked(&self.path(id, extension));
            if is_locked.map_err(storage("looking for the writer of a snapshot"))? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether somebody holds the lock of a file. SQLite's own locks are of another kind and do not count.
fn is_locked(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn escape_uri_path(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23")
}

fn storage(doing: &'static str) -> impl FnOnce(io::Error) -> SnapshotError {
    move |error| match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => SnapshotError::NoSpace,
        _ => SnapshotError::Storage {
            doing,
            source: Box::new(error),
        },
    }
}

fn sqlite(doing: &'static str) -> impl FnOnce(rusqlite::Error) -> SnapshotError {
    move |error| match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => SnapshotError::NoSpace,
        _ => SnapshotError::Storage {
            doing,
            source: Box::new(error),
        },
    }
}
