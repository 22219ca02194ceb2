//! Which exports use something, for concepts that must not remove it under them.

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};
use uuid::Uuid;

use super::PAGE_SIZE;
use crate::constant_contact::ListId;
use crate::storage::entities::{export, export_segment};

/// Name and id of an export, for "is used by".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportUse {
    /// Id.
    pub id: Uuid,
    /// Name.
    pub name: String,
}

/// Exports that use a connection, by name; at most [`PAGE_SIZE`].
///
/// # Errors
/// The database's.
pub async fn exports_using_connection(
    db: &impl ConnectionTrait,
    connection_id: Uuid,
) -> Result<Vec<ExportUse>, DbErr> {
    list_uses(db, export::Column::ConnectionId.eq(connection_id)).await
}

/// How many exports use a connection.
///
/// # Errors
/// The database's.
pub async fn count_using_connection(
    db: &impl ConnectionTrait,
    connection_id: Uuid,
) -> Result<u64, DbErr> {
    export::Entity::find()
        .filter(export::Column::ConnectionId.eq(connection_id))
        .count(db)
        .await
}

/// Exports that send profiles of a source, by name; at most [`PAGE_SIZE`].
///
/// # Errors
/// The database's.
pub async fn exports_using_source(
    db: &impl ConnectionTrait,
    source_id: Uuid,
) -> Result<Vec<ExportUse>, DbErr> {
    list_uses(db, export::Column::SourceId.eq(source_id)).await
}

/// Exports that send a segment, by name; at most [`PAGE_SIZE`].
///
/// # Errors
/// The database's.
pub async fn exports_using_segment(
    db: &impl ConnectionTrait,
    segment_id: Uuid,
) -> Result<Vec<ExportUse>, DbErr> {
    let ids = export_segment::Entity::find()
        .select_only()
        .column(export_segment::Column::ExportId)
        .filter(export_segment::Column::SegmentId.eq(segment_id))
        .into_query();
    list_uses(db, export::Column::Id.in_subquery(ids)).await
}

/// Exports to a list with the connection of each, by id; in whichever account the list is.
///
/// # Errors
/// The database's.
pub async fn exports_to_list(
    db: &impl ConnectionTrait,
    list_id: ListId,
) -> Result<Vec<(Uuid, Uuid)>, DbErr> {
    export::Entity::find()
        .select_only()
        .columns([export::Column::Id, export::Column::ConnectionId])
        .filter(export::Column::ListId.eq(Uuid::from(list_id)))
        .filter(export::Column::ConnectionId.is_not_null())
        .order_by_asc(export::Column::Id)
        .into_tuple()
        .all(db)
        .await
}

async fn list_uses(
    db: &impl ConnectionTrait,
    which: sea_orm::sea_query::SimpleExpr,
) -> Result<Vec<ExportUse>, DbErr> {
    let found: Vec<(Uuid, String)> = export::Entity::find()
        .select_only()
        .column(export::Column::Id)
        .column(export::Column::Name)
        .filter(which)
        .order_by_asc(export::Column::NameKey)
        .limit(PAGE_SIZE)
        .into_tuple()
        .all(db)
        .await?;
    Ok(found
        .into_iter()
        .map(|(id, name)| ExportUse { id, name })
        .collect())
}
