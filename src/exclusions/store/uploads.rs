//! Files of entries.

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Set,
};
use serde_json::json;
use uuid::Uuid;

use super::{PAGE_SIZE, active};
use crate::exclusions::BadLine;
use crate::storage::UtcMillis;
use crate::storage::entities::{exclusion, exclusion_upload};

/// A file of entries.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Id.
    pub id: Uuid,
    /// Name of the file, as the person called it.
    pub file_name: String,
    /// Entries added.
    pub added: u64,
    /// Lines whose entry was on the list already or stands twice in the file.
    pub known: u64,
    /// Lines refused.
    pub refused: u64,
    /// The first of them.
    pub bad_lines: Vec<BadLine>,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub created_by: Option<Uuid>,
    /// Whether every line was taken.
    pub is_finished: bool,
}

/// Records a file whose entries are about to be added.
///
/// # Errors
/// The database's.
pub async fn begin_upload(db: &impl ConnectionTrait, upload: &Upload) -> Result<(), DbErr> {
    let row = exclusion_upload::ActiveModel {
        id: Set(upload.id),
        file_name: Set(upload.file_name.clone()),
        added: Set(0),
        known: Set(0),
        refused: Set(upload.refused.cast_signed()),
        bad_lines: Set(json!(upload.bad_lines)),
        at: Set(upload.at.into()),
        created_by: Set(upload.created_by),
        finished_at: Set(None),
    };
    row.insert(db).await.map(|_| ())
}

/// Records how many entries a file added.
///
/// # Errors
/// The database's.
pub async fn finish_upload(
    db: &impl ConnectionTrait,
    id: Uuid,
    (added, known): (u64, u64),
    at: Timestamp,
) -> Result<(), DbErr> {
    use exclusion_upload::Column as C;
    exclusion_upload::Entity::update_many()
        .col_expr(C::Added, Expr::value(added.cast_signed()))
        .col_expr(C::Known, Expr::value(known.cast_signed()))
        .col_expr(C::FinishedAt, Expr::value(UtcMillis::from(at)))
        .filter(C::Id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

/// The file with an id.
///
/// # Errors
/// The database's.
pub async fn find_upload(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Upload>, DbErr> {
    let found = exclusion_upload::Entity::find_by_id(id).one(db).await?;
    Ok(found.map(to_upload))
}

/// The latest files.
///
/// # Errors
/// The database's.
pub async fn list_uploads(db: &impl ConnectionTrait) -> Result<Vec<Upload>, DbErr> {
    let found = exclusion_upload::Entity::find()
        .order_by_desc(exclusion_upload::Column::Id)
        .limit(PAGE_SIZE)
        .all(db)
        .await?;
    Ok(found.into_iter().map(to_upload).collect())
}

/// Entries of each file that still count.
///
/// # Errors
/// The database's.
pub async fn count_by_upload(
    db: &impl ConnectionTrait,
    uploads: &[Uuid],
) -> Result<HashMap<Uuid, u64>, DbErr> {
    let found: Vec<(Uuid, i64)> = active()
        .select_only()
        .column(exclusion::Column::UploadId)
        .column_as(exclusion::Column::Id.count(), "entries")
        .filter(exclusion::Column::UploadId.is_in(uploads.iter().copied()))
        .group_by(exclusion::Column::UploadId)
        .into_tuple()
        .all(db)
        .await?;
    let counts = found.into_iter();
    Ok(counts
        .map(|(id, count)| (id, count.unsigned_abs()))
        .collect())
}

fn to_upload(model: exclusion_upload::Model) -> Upload {
    Upload {
        id: model.id,
        file_name: model.file_name,
        added: model.added.unsigned_abs(),
        known: model.known.unsigned_abs(),
        refused: model.refused.unsigned_abs(),
        // A list this version cannot read is not worth an error page; the count is there.
        bad_lines: serde_json::from_value(model.bad_lines).unwrap_or_default(),
        at: model.at.into(),
        created_by: model.created_by,
        is_finished: model.finished_at.is_some(),
    }
}
