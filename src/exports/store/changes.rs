//! Changes to one thing of an export, without its form: detaching the connection, adding a segment.
//!
//! Each goes through [`update`], so that it raises the version (somebody who is editing the export is told) and is
//! recorded with what was there before.

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::{Author, StoreError, lock, update};
use crate::exports::{Export, MAX_SEGMENTS};
use crate::storage::entities::{audit_event, user};

/// How detaching ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detached {
    /// The export has no connection any more.
    Done(Box<Export>),
    /// It had none.
    HadNone,
}

/// How adding a segment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddedSegment {
    /// The export sends it from now on.
    Done,
    /// The export sends it already.
    WasThere,
    /// The export reads another source.
    OtherSource,
    /// The export has [`MAX_SEGMENTS`] segments.
    Full,
}

/// Takes the connection away; everything else stays, and the export cannot run until it is given another one. Whether
/// a run is active is the caller's question, asked after [`lock`].
///
/// # Errors
/// [`StoreError::NotFound`], or writing failed.
pub async fn detach(
    transaction: &impl ConnectionTrait,
    id: Uuid,
    author: Author<'_>,
) -> Result<Detached, StoreError> {
    let export = lock(transaction, id).await?;
    if export.definition.connection_id.is_none() {
        return Ok(Detached::HadNone);
    }
    let mut definition = export.definition;
    definition.connection_id = None;
    let export = update(transaction, id, export.version, definition, author).await?;
    Ok(Detached::Done(Box::new(export)))
}

/// Adds a segment of a source to an export.
///
/// # Errors
/// [`StoreError::NotFound`], or writing failed.
pub async fn add_segment(
    transaction: &impl ConnectionTrait,
    id: Uuid,
    segment_id: Uuid,
    source_id: Uuid,
    author: Author<'_>,
) -> Result<AddedSegment, StoreError> {
    let export = lock(transaction, id).await?;
    let mut definition = export.definition;
    if definition.source_id != source_id {
        return Ok(AddedSegment::OtherSource);
    }
    if definition.segment_ids.contains(&segment_id) {
        return Ok(AddedSegment::WasThere);
    }
    if definition.segment_ids.len() >= MAX_SEGMENTS {
        return Ok(AddedSegment::Full);
    }
    definition.segment_ids.push(segment_id);
    update(transaction, id, export.version, definition, author).await?;
    Ok(AddedSegment::Done)
}

/// Name of the person who removed an export, for somebody who was editing it. `None` when it was never removed, an
/// inner `None` when the command line did it.
///
/// # Errors
/// The database's.
pub async fn who_removed(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<Option<String>>, DbErr> {
    let found = audit_event::Entity::find()
        .find_also_related(user::Entity)
        .filter(audit_event::Column::Action.eq("export.removed"))
        .filter(audit_event::Column::ObjectId.eq(id.to_string()))
        .order_by_desc(audit_event::Column::Id)
        .one(db)
        .await?;
    Ok(found.map(|(_, person)| person.map(|person| person.name)))
}

/// An export that is gone, for somebody who was about to change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedExport {
    /// Its name.
    pub name: String,
    /// Who removed it; `None` for the command line.
    pub person: Option<String>,
}

/// Those of a bounded number of exports that were removed, the latest first.
///
/// # Errors
/// The database's.
pub async fn removed_among(
    db: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<Vec<RemovedExport>, DbErr> {
    let found = audit_event::Entity::find()
        .find_also_related(user::Entity)
        .filter(audit_event::Column::Action.eq("export.removed"))
        .filter(audit_event::Column::ObjectId.is_in(ids.iter().map(Uuid::to_string)))
        .order_by_desc(audit_event::Column::Id)
        .all(db)
        .await?;
    let found = found.into_iter().map(|(event, person)| RemovedExport {
        name: event.detail["before"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        person: person.map(|person| person.name),
    });
    Ok(found.collect())
}
