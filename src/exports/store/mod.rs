//! Queries over exports.
//!
//! Functions that change something write the audit log with it, and are meant to be called inside a transaction.
//! Two people editing one export are told apart by its version: the second [`update`] answers [`StoreError::Changed`].

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};
use uuid::Uuid;

use super::{Brake, Delivery, ExportDefinition};
use crate::names::Name;
use crate::storage::entities::{export, export_schedule, export_segment};

mod changes;
mod listing;
mod listing_rows;
mod not_run;
mod saving;
mod schedule_filter;
mod schedules;
mod upcoming;
mod uses;

pub use crate::storage::audit::Author;
pub use changes::{
    AddedSegment, Detached, RemovedExport, add_segment, detach, removed_among, who_removed,
};
pub use listing::{
    ConnectionFilter, ExportColumn, ExportQuery, NEVER_RUN, connections_in_use, count_listed,
    list_exports,
};
pub use listing_rows::{ListedExport, ListedRun};
pub use not_run::{Deferral, NotRun};
pub use saving::{create, remove, update};
pub use schedule_filter::ScheduleFilter;
pub use schedules::{
    Advance, StoredSchedule, advance, due_schedules, schedule_of, schedules_of, set_schedule,
};
pub use upcoming::{
    ScheduledExport, deferred, following_refresh, next_scheduled, next_system_refresh,
};
pub use uses::{
    ExportUse, count_using_connection, exports_to_list, exports_using_connection,
    exports_using_segment, exports_using_source,
};

/// Exports on one page of a list.
pub const PAGE_SIZE: u64 = 100;

/// A saved export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Id.
    pub id: Uuid,
    /// What it does.
    pub definition: ExportDefinition,
    /// Goes up by one with every change.
    pub version: i32,
    /// When it was created.
    pub created_at: Timestamp,
    /// By whom; `None` for the command line.
    pub created_by: Option<Uuid>,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: Option<Uuid>,
}

/// One page of the exports, by name.
#[derive(Clone, Debug)]
pub struct ExportPage {
    /// At most [`PAGE_SIZE`].
    pub exports: Vec<Export>,
    /// All there are.
    pub total: u64,
}

/// Why an export was not saved or found.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another export has this name, compared without case.
    #[error("another export has this name")]
    NameTaken,
    /// Somebody saved it since it was read; this is how it is now.
    #[error("the export has been changed meanwhile")]
    Changed(Box<Export>),
    /// Somebody saved its schedule since it was read; this is how it is now.
    #[error("the schedule has been changed meanwhile")]
    ScheduleChanged(Box<StoredSchedule>),
    /// It does not exist (any more).
    #[error("the export does not exist")]
    NotFound,
    /// The connection was removed in this moment.
    #[error("the connection has been removed")]
    ConnectionGone,
    /// A row that this version cannot read.
    #[error("a stored export cannot be read")]
    Unreadable(#[source] serde_json::Error),
    /// The database's.
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// The export with an id.
///
/// # Errors
/// [`StoreError::NotFound`], or reading failed.
pub async fn get(db: &impl ConnectionTrait, id: Uuid) -> Result<Export, StoreError> {
    find(db, id).await?.ok_or(StoreError::NotFound)
}

/// The export with an id, if it exists.
///
/// # Errors
/// Reading failed.
pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Export>, StoreError> {
    let found = export::Entity::find_by_id(id).all(db).await?;
    Ok(with_segments(db, found).await?.pop())
}

/// The export with a name, compared as names are: without case.
///
/// # Errors
/// Reading failed.
pub async fn find_by_name(
    db: &impl ConnectionTrait,
    name: &Name,
) -> Result<Option<Export>, StoreError> {
    let found = export::Entity::find()
        .filter(export::Column::NameKey.eq(name.key()))
        .all(db)
        .await?;
    Ok(with_segments(db, found).await?.pop())
}

/// Exports by id, in the order of the names; those that are gone are missing. For a bounded number of ids.
///
/// # Errors
/// Reading failed.
pub async fn list_by_ids(
    db: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<Vec<Export>, StoreError> {
    let found = export::Entity::find()
        .filter(export::Column::Id.is_in(ids.iter().copied()))
        .order_by_asc(export::Column::NameKey)
        .all(db)
        .await?;
    with_segments(db, found).await
}

/// Exports with an active schedule that use one of these connections, by name, those after `after`; at most a page.
///
/// A schedule is active unless it is off; without one an export follows the system refresh.
///
/// # Errors
/// Reading failed.
pub async fn list_scheduled(
    db: &impl ConnectionTrait,
    connections: &[Uuid],
    after: Option<&Export>,
) -> Result<Vec<Export>, StoreError> {
    let is_off = export_schedule::Entity::find()
        .select_only()
        .column(export_schedule::Column::ExportId)
        .filter(export_schedule::Column::IsOn.eq(false))
        .into_query();
    let mut query = export::Entity::find()
        .filter(export::Column::ConnectionId.is_in(connections.iter().copied()))
        .filter(export::Column::Id.not_in_subquery(is_off));
    if let Some(after) = after {
        query = query.filter(export::Column::NameKey.gt(name_key(&after.definition.name)));
    }
    let found = query
        .order_by_asc(export::Column::NameKey)
        .limit(PAGE_SIZE)
        .all(db)
        .await?;
    with_segments(db, found).await
}

/// The export with an id, locked until the transaction ends, so that removing it and starting a run cannot cross.
///
/// # Errors
/// [`StoreError::NotFound`], or reading failed.
pub async fn lock(transaction: &impl ConnectionTrait, id: Uuid) -> Result<Export, StoreError> {
    // An update that changes nothing locks the row in PostgreSQL and the file in SQLite alike.
    export::Entity::update_many()
        .col_expr(export::Column::Version, Expr::col(export::Column::Version))
        .filter(export::Column::Id.eq(id))
        .exec(transaction)
        .await?;
    get(transaction, id).await
}

/// A page of the exports by name; `page` counts from 0.
///
/// # Errors
/// Reading failed.
pub async fn list_page(db: &impl ConnectionTrait, page: u64) -> Result<ExportPage, StoreError> {
    let total = export::Entity::find().count(db).await?;
    let found = export::Entity::find()
        .order_by_asc(export::Column::NameKey)
        .offset(Ord::min(page.saturating_mul(PAGE_SIZE), total))
        .limit(PAGE_SIZE)
        .all(db)
        .await?;
    Ok(ExportPage {
        exports: with_segments(db, found).await?,
        total,
    })
}

async fn with_segments(
    db: &impl ConnectionTrait,
    models: Vec<export::Model>,
) -> Result<Vec<Export>, StoreError> {
    let ids: Vec<Uuid> = models.iter().map(|model| model.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut segments = export_segment::Entity::find()
        .filter(export_segment::Column::ExportId.is_in(ids))
        .order_by_asc(export_segment::Column::Position)
        .all(db)
        .await?;
    models
        .into_iter()
        .map(|model| {
            let own = segments.extract_if(.., |segment| segment.export_id == model.id);
            let segment_ids = own.map(|segment| segment.segment_id).collect();
            read(model, segment_ids)
        })
        .collect()
}

fn read(model: export::Model, segment_ids: Vec<Uuid>) -> Result<Export, StoreError> {
    Ok(Export {
        id: model.id,
        definition: ExportDefinition {
            name: model.name,
            connection_id: model.connection_id,
            list_id: model.list_id.into(),
            list_name: model.list_name,
            source_id: model.source_id,
            email_field: model.email_field,
            attributes: serde_json::from_value(model.attributes).map_err(StoreError::Unreadable)?,
            segment_ids,
            brake: Brake {
                below_percent: model.brake_below_percent.map(i32::unsigned_abs),
                above_percent: model.brake_above_percent.map(i32::unsigned_abs),
            },
            delivery: match model.delivery {
                Some(delivery) => {
                    serde_json::from_value(delivery).map_err(StoreError::Unreadable)?
                }
                None => Delivery::default(),
            },
        },
        version: model.version,
        created_at: model.created_at.into(),
        created_by: model.created_by,
        updated_at: model.updated_at.into(),
        updated_by: model.updated_by,
    })
}

/// Names in a definition have been checked; one that has not (by hand in the database) still gets a key.
fn name_key(name: &str) -> String {
    Name::parse(name).map_or_else(|_| name.to_lowercase(), |name| name.key())
}

#[cfg(test)]
mod tests;
