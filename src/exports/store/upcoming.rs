//! Which exports run next by themselves, and which were put off.

use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, JoinType,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, RelationTrait, Select,
};
use uuid::Uuid;

use super::not_run::{Deferral, NotRun};
use crate::schedules::Kind;
use crate::storage::UtcMillis;
use crate::storage::entities::{export, export_schedule, refresh_schedule};

/// When the next system refresh begins by itself; `None` while its schedule is off.
///
/// # Errors
/// The database's.
pub async fn next_system_refresh(db: &impl ConnectionTrait) -> Result<Option<Timestamp>, DbErr> {
    let found = refresh_schedule::Entity::find().one(db).await?;
    let at = found
        .filter(|row| row.is_on)
        .and_then(|row| row.next_run_at);
    Ok(at.map(Into::into))
}

/// Id and name of the exports that follow the system refresh, by name; all of them, or at most `limit` of those that have
/// a connection.
///
/// # Errors
/// The database's.
pub async fn following_refresh(
    db: &impl ConnectionTrait,
    limit: Option<u64>,
) -> Result<Vec<(Uuid, String)>, DbErr> {
    let does_not = Condition::any()
        .add(export_schedule::Column::IsOn.eq(false))
        .add(export_schedule::Column::Kind.ne(Kind::SystemRefresh.name()));
    let others = export_schedule::Entity::find()
        .select_only()
        .column(export_schedule::Column::ExportId)
        .filter(does_not)
        .into_query();
    let mut query = export::Entity::find()
        .select_only()
        .column(export::Column::Id)
        .column(export::Column::Name)
        .filter(export::Column::Id.not_in_subquery(others));
    if limit.is_some() {
        query = query.filter(export::Column::ConnectionId.is_not_null());
    }
    query
        .order_by_asc(export::Column::NameKey)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await
}

/// An export and when it runs next by a schedule of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledExport {
    /// Id.
    pub export_id: Uuid,
    /// Name.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// Why it has not run yet although it was due.
    pub deferral: Option<Deferral>,
}

/// Exports that run next by a schedule of their own, soonest first.
///
/// # Errors
/// The database's.
pub async fn next_scheduled(
    db: &impl ConnectionTrait,
    limit: u64,
) -> Result<Vec<ScheduledExport>, DbErr> {
    let found = with_schedules()
        .filter(export_schedule::Column::NextRunAt.is_not_null())
        .filter(export::Column::ConnectionId.is_not_null())
        .order_by_asc(export_schedule::Column::NextRunAt)
        .order_by_asc(export::Column::NameKey)
        .limit(limit)
        .into_model::<Row>()
        .all(db)
        .await?;
    let found = found.into_iter().filter_map(|row| {
        Some(ScheduledExport {
            deferral: row.deferral(),
            export_id: row.export_id,
            name: row.name,
            at: row.next_run_at?.into(),
        })
    });
    Ok(found.collect())
}

/// Id and name of exports that did not run when they were due because of one of these reasons, the longest waiting first.
///
/// # Errors
/// The database's.
pub async fn deferred(
    db: &impl ConnectionTrait,
    reasons: &[NotRun],
    limit: u64,
) -> Result<Vec<(Uuid, String, Deferral)>, DbErr> {
    let found = with_schedules()
        .filter(export_schedule::Column::IsOn.eq(true))
        .filter(export_schedule::Column::Note.is_in(reasons.iter().map(|why| why.name())))
        .order_by_asc(export_schedule::Column::NoteDueAt)
        .order_by_asc(export::Column::NameKey)
        .limit(limit)
        .into_model::<Row>()
        .all(db)
        .await?;
    let found = found.into_iter().filter_map(|row| {
        let deferral = row.deferral()?;
        Some((row.export_id, row.name, deferral))
    });
    Ok(found.collect())
}

/// An export with where its schedule stands.
#[derive(FromQueryResult)]
struct Row {
    export_id: Uuid,
    name: String,
    next_run_at: Option<UtcMillis>,
    note: Option<String>,
    note_due_at: Option<UtcMillis>,
}

impl Row {
    fn deferral(&self) -> Option<Deferral> {
        Deferral::read(self.note.as_deref(), self.note_due_at, self.next_run_at)
    }
}

/// The columns of [`Row`], of exports that were given a schedule.
fn with_schedules() -> Select<export_schedule::Entity> {
    export_schedule::Entity::find()
        .join(JoinType::InnerJoin, export_schedule::Relation::Export.def())
        .select_only()
        .column(export_schedule::Column::ExportId)
        .column(export::Column::Name)
        .column(export_schedule::Column::NextRunAt)
        .column(export_schedule::Column::Note)
        .column(export_schedule::Column::NoteDueAt)
}
