//! Queries over exports.
//!
//! Functions that change something write the audit log with it, and are meant to be called inside a transaction.
//! Two people editing one export are told apart by its version: the second [`update`] answers [`StoreError::Changed`].

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, Set, SqlErr,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Brake, Delivery, ExportDefinition};
use crate::deliveries;
use crate::names::Name;
use crate::notices;
use crate::storage::UtcMillis;
use crate::storage::audit::{self, AuditEvent};
use crate::storage::entities::{export, export_schedule, export_segment, user};

mod changes;
mod listing;
mod listing_rows;
mod not_run;
mod schedule_filter;
mod schedules;
mod upcoming;
mod uses;

pub use changes::{
    AddedSegment, Detached, RemovedExport, add_segment, detach, removed_among, who_removed,
};
pub use listing::{
    ConnectionFilter, ExportColumn, ExportQuery, NEVER_RUN, connections_in_use, count_listed,
    list_exports,
};
pub use listing_rows::{ListedExport, ListedRun};
pub use not_run::{Deferral, NotRun};
pub use schedule_filter::ScheduleFilter;
pub use schedules::{
    Advance, StoredSchedule, advance, due_schedules, schedule_of, schedules_of, set_schedule,
};
pub use upcoming::{
    ScheduledExport, deferred, following_refresh, next_scheduled, next_system_refresh,
};
pub use uses::{
    ExportUse, count_using_connection, exports_using_connection, exports_using_segment,
    exports_using_source,
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

/// Who changes something, from where and when.
#[derive(Clone, Copy, Debug)]
pub struct Author<'a> {
    /// Who; `None` for the command line.
    pub user_id: Option<Uuid>,
    /// From where; `None` for the command line.
    pub ip: Option<&'a str>,
    /// When.
    pub at: Timestamp,
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

/// Saves a new export with version 1.
///
/// # Errors
/// [`StoreError::NameTaken`], or writing failed.
pub async fn create(
    transaction: &impl ConnectionTrait,
    definition: ExportDefinition,
    author: Author<'_>,
) -> Result<Export, StoreError> {
    let export = Export {
        id: Uuid::now_v7(),
        definition,
        version: 1,
        created_at: author.at,
        created_by: author.user_id,
        updated_at: author.at,
        updated_by: author.user_id,
    };
    let definition = &export.definition;
    export::ActiveModel {
        id: Set(export.id),
        name: Set(definition.name.clone()),
        name_key: Set(name_key(&definition.name)),
        connection_id: Set(definition.connection_id),
        list_id: Set(definition.list_id.into()),
        list_name: Set(definition.list_name.clone()),
        source_id: Set(definition.source_id),
        email_field: Set(definition.email_field.clone()),
        attributes: Set(attributes_json(definition)?),
        brake_below_percent: Set(definition.brake.below_percent.map(u32::cast_signed)),
        brake_above_percent: Set(definition.brake.above_percent.map(u32::cast_signed)),
        delivery: Set(Some(delivery_json(definition)?)),
        version: Set(export.version),
        created_at: Set(author.at.into()),
        created_by: Set(author.user_id),
        updated_at: Set(author.at.into()),
        updated_by: Set(author.user_id),
        last_run_id: Set(None),
    }
    .insert(transaction)
    .await
    .map_err(name_taken)?;
    insert_segments(transaction, &export).await?;
    record(
        transaction,
        author,
        "export.created",
        export.id,
        json!({ "after": definition }),
    )
    .await?;
    Ok(export)
}

/// Replaces the definition of the export that still has `version`.
///
/// # Errors
/// [`StoreError::Changed`] with the present export, [`StoreError::NotFound`], [`StoreError::NameTaken`], or writing
/// failed. In every case the transaction must not be committed.
pub async fn update(
    transaction: &impl ConnectionTrait,
    id: Uuid,
    version: i32,
    definition: ExportDefinition,
    author: Author<'_>,
) -> Result<Export, StoreError> {
    let before = lock(transaction, id).await?;
    if before.version != version {
        return Err(StoreError::Changed(Box::new(before)));
    }
    let set = |column, value: sea_orm::Value| (column, Expr::value(value));
    let mut query = export::Entity::update_many();
    for (column, value) in [
        set(export::Column::Name, definition.name.as_str().into()),
        set(export::Column::NameKey, name_key(&definition.name).into()),
        set(
            export::Column::ConnectionId,
            definition.connection_id.into(),
        ),
        set(
            export::Column::ListId,
            Uuid::from(definition.list_id).into(),
        ),
        set(
            export::Column::ListName,
            definition.list_name.clone().into(),
        ),
        set(export::Column::SourceId, definition.source_id.into()),
        set(
            export::Column::EmailField,
            definition.email_field.as_str().into(),
        ),
        set(
            export::Column::Attributes,
            attributes_json(&definition)?.into(),
        ),
        set(
            export::Column::BrakeBelowPercent,
            definition.brake.below_percent.map(u32::cast_signed).into(),
        ),
        set(
            export::Column::BrakeAbovePercent,
            definition.brake.above_percent.map(u32::cast_signed).into(),
        ),
        set(export::Column::Delivery, delivery_json(&definition)?.into()),
        set(export::Column::Version, (version + 1).into()),
        set(export::Column::UpdatedAt, UtcMillis::from(author.at).into()),
        set(export::Column::UpdatedBy, author.user_id.into()),
    ] {
        query = query.col_expr(column, value);
    }
    query
        .filter(export::Column::Id.eq(id))
        .exec(transaction)
        .await
        .map_err(name_taken)?;
    export_segment::Entity::delete_many()
        .filter(export_segment::Column::ExportId.eq(id))
        .exec(transaction)
        .await?;
    let after = Export {
        definition,
        version: version + 1,
        updated_at: author.at,
        updated_by: author.user_id,
        ..before.clone()
    };
    insert_segments(transaction, &after).await?;
    let detail = json!({ "before": before.definition, "after": after.definition });
    record(transaction, author, "export.changed", id, detail).await?;
    Ok(after)
}

/// Removes an export. Whether a run is active is the caller's question, asked after [`lock`].
///
/// # Errors
/// [`StoreError::NotFound`], or writing failed.
pub async fn remove(
    transaction: &impl ConnectionTrait,
    id: Uuid,
    author: Author<'_>,
) -> Result<(), StoreError> {
    let before = lock(transaction, id).await?;
    export::Entity::delete_by_id(id).exec(transaction).await?;
    notices::forget(transaction, id, author.at).await?;
    deliveries::store::forget_export(transaction, id).await?;
    let detail = json!({ "before": before.definition });
    record(transaction, author, "export.removed", id, detail).await?;
    Ok(())
}

/// Names of people by id, for "updated by".
pub(super) async fn people_names(
    db: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, String>, DbErr> {
    let found: Vec<(Uuid, String)> = user::Entity::find()
        .select_only()
        .column(user::Column::Id)
        .column(user::Column::Name)
        .filter(user::Column::Id.is_in(ids))
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.into_iter().collect())
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

async fn insert_segments(db: &impl ConnectionTrait, export: &Export) -> Result<(), DbErr> {
    let rows = (0..)
        .zip(&export.definition.segment_ids)
        .map(|(position, segment_id)| export_segment::ActiveModel {
            export_id: Set(export.id),
            segment_id: Set(*segment_id),
            position: Set(position),
        });
    export_segment::Entity::insert_many(rows)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

async fn record(
    db: &impl ConnectionTrait,
    author: Author<'_>,
    action: &str,
    id: Uuid,
    detail: Value,
) -> Result<(), DbErr> {
    let event = AuditEvent {
        at: author.at,
        user_id: author.user_id,
        ip: author.ip,
        action,
        object_id: id.to_string(),
        detail,
    };
    audit::record(db, event).await
}

fn attributes_json(definition: &ExportDefinition) -> Result<Value, StoreError> {
    serde_json::to_value(&definition.attributes).map_err(StoreError::Unreadable)
}

fn delivery_json(definition: &ExportDefinition) -> Result<Value, StoreError> {
    serde_json::to_value(&definition.delivery).map_err(StoreError::Unreadable)
}

/// Names in a definition have been checked; one that has not (by hand in the database) still gets a key.
fn name_key(name: &str) -> String {
    Name::parse(name).map_or_else(|_| name.to_lowercase(), |name| name.key())
}

fn name_taken(error: DbErr) -> StoreError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => StoreError::NameTaken,
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests;
