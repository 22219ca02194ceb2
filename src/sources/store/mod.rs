//! Queries over sources, snapshots, holds and uploads.
//!
//! Functions that change something write the audit log with it, and are meant to be called inside a transaction.

mod loading;
mod uploads;

pub use loading::{
    NewLoad, begin_erasing, begin_load, fail_load, list_loading, publish_load, record_cancel,
    retire_unused,
};
pub use uploads::{NewUpload, Upload, add_upload, find_upload, list_uploads_before, remove_upload};

use std::collections::HashMap;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Set, SqlErr,
};
use serde_json::json;
use uuid::Uuid;

use super::{Author, Snapshot, SnapshotState, Source};
use crate::names::Name;
use crate::profiles::SnapshotId;
use crate::storage::entities::{snapshot, snapshot_hold, source};

/// Sources listed at most. An installation has a handful.
const MAX_LISTED: u64 = 1_000;
/// Loads of one source listed at most, the latest first.
const MAX_LISTED_LOADS: u64 = 50;

/// Why a source was not changed or found.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another source has this name, compared without case.
    #[error("another source has this name")]
    NameTaken,
    /// It does not exist (any more).
    #[error("the source does not exist")]
    NotFound,
    /// A load into it is under way.
    #[error("a load into this source is under way")]
    Loading,
    /// A segment refers to it, or a run reads it.
    #[error("the source is in use")]
    InUse,
    /// The load was given up by somebody else, for example because the program was started again meanwhile.
    #[error("the load is not under way any more")]
    LoadLost,
    /// A row that this version cannot read.
    #[error("a stored source cannot be read")]
    Unreadable(#[from] serde_json::Error),
    /// The database's.
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// Sources by name with their current snapshots, at most 1,000.
///
/// # Errors
/// Reading failed.
pub async fn list(db: &impl ConnectionTrait) -> Result<Vec<Source>, StoreError> {
    let found = source::Entity::find()
        .find_also_related(snapshot::Entity)
        .order_by_asc(source::Column::NameKey)
        .limit(MAX_LISTED)
        .all(db)
        .await?;
    found.into_iter().map(to_source).collect()
}

/// The source with an id.
///
/// # Errors
/// [`StoreError::NotFound`], or reading failed.
pub async fn get(db: &impl ConnectionTrait, id: Uuid) -> Result<Source, StoreError> {
    find_where(db, source::Column::Id.eq(id))
        .await?
        .ok_or(StoreError::NotFound)
}

/// The source with a name, compared without case.
///
/// # Errors
/// Reading failed.
pub async fn find_by_name(
    db: &impl ConnectionTrait,
    name: &Name,
) -> Result<Option<Source>, StoreError> {
    find_where(db, source::Column::NameKey.eq(name.key())).await
}

async fn find_where(db: &impl ConnectionTrait, which: Expr) -> Result<Option<Source>, StoreError> {
    let found = source::Entity::find()
        .find_also_related(snapshot::Entity)
        .filter(which)
        .one(db)
        .await?;
    found.map(to_source).transpose()
}

/// The snapshot with an id, whatever its state.
///
/// # Errors
/// [`StoreError::NotFound`], or reading failed.
pub async fn get_snapshot(
    db: &impl ConnectionTrait,
    id: SnapshotId,
) -> Result<Snapshot, StoreError> {
    let found = snapshot::Entity::find_by_id(id.0).one(db).await?;
    to_snapshot(found.ok_or(StoreError::NotFound)?)
}

/// Whether two snapshots are known to hold the same profiles, row for row; a snapshot from which somebody was erased
/// holds what no other does.
///
/// # Errors
/// The database's.
pub async fn have_same_content(
    db: &impl ConnectionTrait,
    one: SnapshotId,
    other: SnapshotId,
) -> Result<bool, DbErr> {
    let digests: Vec<Option<Vec<u8>>> = snapshot::Entity::find()
        .select_only()
        .column(snapshot::Column::ContentSha256)
        .filter(snapshot::Column::Id.is_in([one.0, other.0]))
        .into_tuple()
        .all(db)
        .await?;
    Ok(matches!(&digests[..], [Some(one), Some(other)] if one == other))
}

/// Loads of a source, the latest first, at most 50.
///
/// # Errors
/// Reading failed.
pub async fn list_loads(
    db: &impl ConnectionTrait,
    source_id: Uuid,
) -> Result<Vec<Snapshot>, StoreError> {
    let found = snapshot::Entity::find()
        .filter(snapshot::Column::SourceId.eq(source_id))
        .order_by_desc(snapshot::Column::StartedAt)
        .order_by_desc(snapshot::Column::Id)
        .limit(MAX_LISTED_LOADS)
        .all(db)
        .await?;
    found.into_iter().map(to_snapshot).collect()
}

/// The latest load of every source that has one, by source.
///
/// # Errors
/// Reading failed.
pub async fn latest_failures(
    db: &impl ConnectionTrait,
) -> Result<HashMap<Uuid, Snapshot>, StoreError> {
    // Ids of snapshots rise with time, so a source's latest load is the one with the highest id.
    let latest = snapshot::Entity::find()
        .select_only()
        .column(snapshot::Column::SourceId)
        .column_as(snapshot::Column::StartedAt.max(), "started_at")
        .group_by(snapshot::Column::SourceId)
        .into_tuple::<(Uuid, i64)>()
        .all(db)
        .await?;
    let latest: HashMap<Uuid, i64> = latest.into_iter().collect();
    let failed = snapshot::Entity::find()
        .filter(snapshot::Column::State.eq(SnapshotState::Failed.name()))
        .order_by_desc(snapshot::Column::StartedAt)
        .limit(MAX_LISTED)
        .all(db)
        .await?;
    let mut by_source = HashMap::new();
    for model in failed {
        if latest.get(&model.source_id) == Some(&model.started_at.0) {
            by_source.insert(model.source_id, to_snapshot(model)?);
        }
    }
    Ok(by_source)
}

/// The current snapshot of a source, kept from being removed until [`release_snapshots`] is called for the holder.
///
/// # Errors
/// [`StoreError::NotFound`] without such a source or snapshot, or writing failed.
pub async fn hold_current_snapshot(
    transaction: &impl ConnectionTrait,
    source_id: Uuid,
    holder_id: Uuid,
) -> Result<Snapshot, StoreError> {
    lock(transaction, source_id).await?;
    let source = get(transaction, source_id).await?;
    let snapshot = source.current.ok_or(StoreError::NotFound)?;
    snapshot_hold::ActiveModel {
        snapshot_id: Set(snapshot.id.0),
        holder_id: Set(holder_id),
    }
    .insert(transaction)
    .await?;
    Ok(snapshot)
}

/// Whether a holder still holds a snapshot.
///
/// # Errors
/// The database's.
pub async fn holds(db: &impl ConnectionTrait, holder_id: Uuid) -> Result<bool, DbErr> {
    let found = snapshot_hold::Entity::find()
        .filter(snapshot_hold::Column::HolderId.eq(holder_id))
        .one(db)
        .await?;
    Ok(found.is_some())
}

/// Lets go of every snapshot the holder holds. [`super::Loads::remove_unused`] removes what nobody needs any more.
///
/// # Errors
/// The database's.
pub async fn release_snapshots(db: &impl ConnectionTrait, holder_id: Uuid) -> Result<(), DbErr> {
    snapshot_hold::Entity::delete_many()
        .filter(snapshot_hold::Column::HolderId.eq(holder_id))
        .exec(db)
        .await?;
    Ok(())
}

/// Removes a source and what is known of its loads; returns the snapshots whose profiles remain to be deleted.
///
/// # Errors
/// [`StoreError::NotFound`], [`StoreError::Loading`], [`StoreError::InUse`], or writing failed.
pub async fn remove(
    transaction: &impl ConnectionTrait,
    id: Uuid,
    author: &Author,
) -> Result<Vec<SnapshotId>, StoreError> {
    lock(transaction, id).await?;
    let source = get(transaction, id).await?;
    if source.loading.is_some() {
        return Err(StoreError::Loading);
    }
    let snapshots = snapshot::Entity::find()
        .filter(snapshot::Column::SourceId.eq(id))
        .filter(snapshot::Column::State.eq(SnapshotState::Ready.name()))
        .all(transaction)
        .await?;
    let deleted = source::Entity::delete_by_id(id).exec(transaction).await;
    deleted.map_err(|error| match error.sql_err() {
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => StoreError::InUse,
        _ => error.into(),
    })?;
    let detail = json!({ "before": { "name": source.name } });
    author
        .record(transaction, "source.removed", id, detail)
        .await?;
    Ok(snapshots
        .into_iter()
        .map(|model| SnapshotId(model.id))
        .collect())
}

/// Locks a source until the transaction ends: an update that changes nothing does so in PostgreSQL and SQLite alike.
///
/// # Errors
/// The database's.
pub async fn lock(transaction: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    source::Entity::update_many()
        .col_expr(source::Column::Kind, Expr::col(source::Column::Kind))
        .filter(source::Column::Id.eq(id))
        .exec(transaction)
        .await?;
    Ok(())
}

fn to_source(
    (model, current): (source::Model, Option<snapshot::Model>),
) -> Result<Source, StoreError> {
    Ok(Source {
        id: model.id,
        name: model.name,
        current: current.map(to_snapshot).transpose()?,
        loading: model.loading_snapshot_id.map(SnapshotId),
        created_at: model.created_at.into(),
        updated_at: model.updated_at.into(),
    })
}

fn to_snapshot(model: snapshot::Model) -> Result<Snapshot, StoreError> {
    Ok(Snapshot {
        id: SnapshotId(model.id),
        source_id: model.source_id,
        state: SnapshotState::from_name(&model.state),
        file_name: model.file_name,
        file_bytes: model.file_bytes.unsigned_abs(),
        fields: serde_json::from_value(model.fields)?,
        rows: model.rows.unsigned_abs(),
        refused: model.refused.unsigned_abs(),
        report: model.report.map(serde_json::from_value).transpose()?,
        failure: model.failure.map(serde_json::from_value).transpose()?,
        started_at: model.started_at.into(),
        finished_at: model.finished_at.map(Into::into),
        created_by: model.created_by,
    })
}
