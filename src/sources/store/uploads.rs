//! Files that wait for somebody to confirm how they are loaded.

use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect,
    Set,
};
use uuid::Uuid;

use super::MAX_LISTED;
use crate::storage::UtcMillis;
use crate::storage::entities::upload;

/// A file that has arrived and is not loaded yet.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Id; also the name of the file on disk.
    pub id: Uuid,
    /// The source it replaces; `None` for a new one.
    pub source_id: Option<Uuid>,
    /// Name of the new source.
    pub source_name: String,
    /// Name of the file, as the person called it.
    pub file_name: String,
    /// Bytes.
    pub file_bytes: u64,
    /// Who sent it.
    pub created_by: Uuid,
}

/// An upload to be kept.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// The upload.
    pub upload: Upload,
    /// When it arrived.
    pub at: Timestamp,
}

/// Keeps an upload.
///
/// # Errors
/// The database's.
pub async fn add_upload(db: &impl ConnectionTrait, new: NewUpload) -> Result<(), DbErr> {
    let NewUpload { upload, at } = new;
    upload::ActiveModel {
        id: Set(upload.id),
        source_id: Set(upload.source_id),
        source_name: Set(upload.source_name),
        file_name: Set(upload.file_name),
        file_bytes: Set(i64::try_from(upload.file_bytes).unwrap_or(i64::MAX)),
        created_at: Set(at.into()),
        created_by: Set(upload.created_by),
    }
    .insert(db)
    .await?;
    Ok(())
}

/// The upload with an id.
///
/// # Errors
/// The database's.
pub async fn find_upload(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Upload>, DbErr> {
    let found = upload::Entity::find_by_id(id).one(db).await?;
    Ok(found.map(|model| Upload {
        id: model.id,
        source_id: model.source_id,
        source_name: model.source_name,
        file_name: model.file_name,
        file_bytes: model.file_bytes.unsigned_abs(),
        created_by: model.created_by,
    }))
}

/// Forgets an upload.
///
/// # Errors
/// The database's.
pub async fn remove_upload(db: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    upload::Entity::delete_by_id(id).exec(db).await?;
    Ok(())
}

/// Uploads that arrived before a moment; nobody will confirm them any more.
///
/// # Errors
/// The database's.
pub async fn list_uploads_before(
    db: &impl ConnectionTrait,
    moment: Timestamp,
) -> Result<Vec<Uuid>, DbErr> {
    upload::Entity::find()
        .select_only()
        .column(upload::Column::Id)
        .filter(upload::Column::CreatedAt.lt(UtcMillis::from(moment)))
        .limit(MAX_LISTED)
        .into_tuple()
        .all(db)
        .await
}
