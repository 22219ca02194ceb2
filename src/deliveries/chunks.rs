//! The log of what is remembered, as rows: chunks and their entries.

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Set,
};
use uuid::Uuid;

use super::entry::{ENTRY_BYTES, Kind};
use super::store::{LoadError, is_known};
use crate::storage::entities::{delivery_chunk, delivery_entries};

/// A chunk without its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) id: Uuid,
    pub(super) run_id: Uuid,
    pub(super) kind: Kind,
    pub(super) entries: usize,
    pub(super) version: i64,
}

/// Chunks in force at a version, the newest first.
pub(super) async fn chunks_at(
    db: &impl ConnectionTrait,
    export_id: Uuid,
    version: i64,
) -> Result<Vec<Chunk>, LoadError> {
    if is_known(db, export_id, version).await? {
        Ok(chunks(db, export_id, version).await?)
    } else {
        Err(LoadError::Gone)
    }
}

/// Chunks that came into force up to a version, the newest first.
pub(super) async fn chunks(
    db: &impl ConnectionTrait,
    export_id: Uuid,
    version: i64,
) -> Result<Vec<Chunk>, DbErr> {
    use delivery_chunk::Column as C;
    let found = delivery_chunk::Entity::find()
        .filter(C::ExportId.eq(export_id))
        .filter(C::Version.lte(version))
        .order_by_desc(C::Version)
        .order_by_desc(C::Id)
        .all(db)
        .await?;
    let chunk = |model: delivery_chunk::Model| {
        Some(Chunk {
            id: model.id,
            run_id: model.run_id,
            kind: Kind::from_name(&model.kind),
            entries: usize::try_from(model.entries).unwrap_or_default(),
            version: model.version?,
        })
    };
    Ok(found.into_iter().filter_map(chunk).collect())
}

/// The entries of a chunk; `None` when it is gone.
pub(super) async fn entries(
    db: &impl ConnectionTrait,
    chunk: Uuid,
) -> Result<Option<Vec<u8>>, DbErr> {
    let found = delivery_entries::Entity::find_by_id(chunk).one(db).await?;
    Ok(found.map(|model| model.entries))
}

/// Adds a chunk of export, run and part.
pub(super) async fn add_chunk(
    transaction: &impl ConnectionTrait,
    (export_id, run_id, part): (Uuid, Uuid, u32),
    kind: Kind,
    version: Option<i64>,
    entries: Vec<u8>,
) -> Result<(), DbErr> {
    let id = Uuid::now_v7();
    let count = i32::try_from(entries.len() / ENTRY_BYTES).unwrap_or(i32::MAX);
    let chunk = delivery_chunk::ActiveModel {
        id: Set(id),
        export_id: Set(export_id),
        run_id: Set(run_id),
        part: Set(part.cast_signed()),
        kind: Set(kind.name().to_owned()),
        entries: Set(count),
        version: Set(version),
    };
    delivery_chunk::Entity::insert(chunk)
        .exec_without_returning(transaction)
        .await?;
    let entries = delivery_entries::ActiveModel {
        chunk_id: Set(id),
        entries: Set(entries),
    };
    delivery_entries::Entity::insert(entries)
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

pub(super) fn of_export(export_id: Uuid) -> Condition {
    Condition::all().add(delivery_chunk::Column::ExportId.eq(export_id))
}

pub(super) async fn remove_chunks(
    transaction: &impl ConnectionTrait,
    which: Condition,
) -> Result<(), DbErr> {
    let chosen = delivery_chunk::Entity::find()
        .select_only()
        .column(delivery_chunk::Column::Id)
        .filter(which.clone())
        .into_query();
    delivery_entries::Entity::delete_many()
        .filter(delivery_entries::Column::ChunkId.in_subquery(chosen))
        .exec(transaction)
        .await?;
    delivery_chunk::Entity::delete_many()
        .filter(which)
        .exec(transaction)
        .await?;
    Ok(())
}
