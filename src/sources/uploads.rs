//! Files on their way from a browser: kept in a folder of their own until somebody confirms how they are loaded.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sea_orm::{DatabaseConnection, DbErr};
use tokio::sync::{Mutex, MutexGuard};
use uuid::Uuid;

use super::store::{self, Upload};

/// An upload nobody has confirmed after this time is removed.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// The folder of uploads. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Uploads {
    folder: PathBuf,
    confirming: Arc<Mutex<()>>,
}

impl Uploads {
    /// Uploads under `uploads/` in the data directory; the folder is created when missing.
    ///
    /// # Errors
    /// The folder cannot be created.
    pub fn open(data_dir: &Path) -> io::Result<Self> {
        let folder = data_dir.join("uploads");
        fs::create_dir_all(&folder)?;
        Ok(Self {
            folder,
            confirming: Arc::default(),
        })
    }

    /// Where the file of an upload is.
    pub fn path(&self, id: Uuid) -> PathBuf {
        self.folder.join(id.to_string())
    }

    /// Uploads are confirmed one after the other, so that a second click on the same button waits for the first.
    pub async fn take_turn(&self) -> MutexGuard<'_, ()> {
        self.confirming.lock().await
    }

    /// A file to receive into. It is removed when dropped, so a broken connection leaves nothing.
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn receive(&self) -> io::Result<tempfile::NamedTempFile> {
        tempfile::Builder::new()
            .suffix(".part")
            .tempfile_in(&self.folder)
    }

    /// Keeps a received file as the file of an upload.
    ///
    /// # Errors
    /// The file cannot be renamed.
    pub fn keep(&self, file: tempfile::NamedTempFile, id: Uuid) -> io::Result<()> {
        file.persist(self.path(id)).map_err(io::Error::from)?;
        Ok(())
    }

    /// Forgets an upload and its file.
    ///
    /// # Errors
    /// The database's. A file that cannot be removed is logged and swept later.
    pub async fn remove(&self, db: &DatabaseConnection, id: Uuid) -> Result<(), DbErr> {
        store::remove_upload(db, id).await?;
        self.remove_file(&self.path(id));
        Ok(())
    }

    /// Removes uploads nobody has confirmed in time.
    ///
    /// # Errors
    /// The database's.
    pub async fn remove_old(&self, db: &DatabaseConnection, now: Timestamp) -> Result<(), DbErr> {
        for id in store::list_uploads_before(db, now - KEPT).await? {
            self.remove(db, id).await?;
        }
        Ok(())
    }

    /// Removes files that belong to no upload: what a process that ended was receiving. Call it at start only.
    ///
    /// # Errors
    /// The database's or the folder's.
    pub async fn sweep(&self, db: &DatabaseConnection, now: Timestamp) -> anyhow::Result<()> {
        self.remove_old(db, now).await?;
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let upload: Option<Upload> = match name.and_then(|name| Uuid::parse_str(name).ok()) {
                Some(id) => store::find_upload(db, id).await?,
                None => None,
            };
            if upload.is_none() {
                self.remove_file(&path);
            }
        }
        Ok(())
    }

    fn remove_file(&self, path: &Path) {
        if let Err(error) = fs::remove_file(path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "an upload was not removed");
        }
    }
}
