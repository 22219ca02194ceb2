//! Queries over the schedules of exports, and the claims of whoever starts what is due.
//!
//! [`StoredSchedule::next_run_at`] is the claim: every change of it asks for the value that was read, so that of several
//! processes exactly one goes on.

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set,
    UpdateMany,
};
use serde_json::json;
use uuid::Uuid;

use super::not_run::NotRun;
use super::{Author, StoreError};
use crate::schedules::{Recurrence, Schedule};
use crate::storage::UtcMillis;
use crate::storage::entities::export_schedule;

/// The schedule of an export and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSchedule {
    /// Export.
    pub export_id: Uuid,
    /// When it runs.
    pub schedule: Schedule,
    /// When it is looked at next.
    pub next_run_at: Option<Timestamp>,
    /// The moment it was due, while it is put off.
    pub due_at: Option<Timestamp>,
    /// Why it last did not run when due, and which moment that was. Gone as soon as it runs.
    pub note: Option<(NotRun, Timestamp)>,
    /// The moment for which people were told that it did not run.
    pub told_due_at: Option<Timestamp>,
    /// Goes up by one whenever somebody saves it; 0 until then.
    pub version: i32,
    /// Who saved it last.
    pub changed_by: Option<Uuid>,
}

impl StoredSchedule {
    fn usual(export_id: Uuid) -> Self {
        Self {
            export_id,
            schedule: Schedule::usual(),
            next_run_at: None,
            due_at: None,
            note: None,
            told_due_at: None,
            version: 0,
            changed_by: None,
        }
    }

    /// The moment that counts when it is looked at.
    pub fn due(&self) -> Option<Timestamp> {
        self.due_at.or(self.next_run_at)
    }
}

/// The schedule of an export; the usual one until somebody decided otherwise.
///
/// # Errors
/// Reading failed.
pub async fn schedule_of(
    db: &impl ConnectionTrait,
    export_id: Uuid,
) -> Result<StoredSchedule, StoreError> {
    let mut found = schedules_of(db, &[export_id]).await?;
    let found = found.remove(&export_id);
    Ok(found.unwrap_or_else(|| StoredSchedule::usual(export_id)))
}

/// The schedules of a bounded number of exports, those that have the usual one left out.
///
/// # Errors
/// Reading failed.
pub async fn schedules_of(
    db: &impl ConnectionTrait,
    export_ids: &[Uuid],
) -> Result<HashMap<Uuid, StoredSchedule>, StoreError> {
    let found = export_schedule::Entity::find()
        .filter(export_schedule::Column::ExportId.is_in(export_ids.iter().copied()))
        .all(db)
        .await?;
    found
        .into_iter()
        .map(|model| Ok((model.export_id, read(model)?)))
        .collect()
}

/// Gives the export whose schedule still has `version` another one. Whatever was put off is forgotten.
///
/// # Errors
/// [`StoreError::ScheduleChanged`] with the present schedule, [`StoreError::NotFound`], or writing failed.
pub async fn set_schedule(
    transaction: &impl ConnectionTrait,
    export_id: Uuid,
    version: i32,
    schedule: &Schedule,
    author: Author<'_>,
) -> Result<(), StoreError> {
    let export = super::lock(transaction, export_id).await?;
    let before = schedule_of(transaction, export_id).await?;
    if before.version != version {
        return Err(StoreError::ScheduleChanged(Box::new(before)));
    }
    let next = schedule.next_after(author.at);
    let row = export_schedule::ActiveModel {
        export_id: Set(export_id),
        is_on: Set(schedule.is_on),
        kind: Set(schedule.recurrence.kind().name().to_owned()),
        recurrence: Set(serde_json::to_value(&schedule.recurrence).map_err(StoreError::Unreadable)?),
        zone: Set(schedule.zone.clone()),
        next_run_at: Set(next.map(Into::into)),
        due_at: Set(None),
        note: Set(None),
        note_due_at: Set(None),
        told_due_at: Set(None),
        changed_at: Set(author.at.into()),
        changed_by: Set(author.user_id),
        version: Set(version + 1),
    };
    use export_schedule::Column;
    let again = OnConflict::column(Column::ExportId)
        .update_columns([
            Column::IsOn,
            Column::Kind,
            Column::Recurrence,
            Column::Zone,
            Column::NextRunAt,
            Column::DueAt,
            Column::Note,
            Column::NoteDueAt,
            Column::ToldDueAt,
            Column::ChangedAt,
            Column::ChangedBy,
            Column::Version,
        ])
        .to_owned();
    export_schedule::Entity::insert(row)
        .on_conflict(again)
        .exec_without_returning(transaction)
        .await?;
    let detail = json!({
        "name": export.definition.name,
        "before": before.schedule,
        "after": schedule,
    });
    author
        .record(transaction, "export.scheduled", export_id, detail)
        .await?;
    Ok(())
}

/// Schedules whose moment has come, the longest waiting first.
///
/// # Errors
/// Reading failed.
pub async fn due_schedules(
    db: &impl ConnectionTrait,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<StoredSchedule>, StoreError> {
    let found = export_schedule::Entity::find()
        .filter(export_schedule::Column::NextRunAt.lte(UtcMillis::from(now)))
        .order_by_asc(export_schedule::Column::NextRunAt)
        .limit(limit)
        .all(db)
        .await?;
    found.into_iter().map(read).collect()
}

/// What comes next for a schedule that was due.
#[derive(Clone, Copy, Debug)]
pub struct Advance {
    /// When it is looked at next.
    pub next_run_at: Option<Timestamp>,
    /// The moment it was due, when it is put off; `None` when that moment is dealt with.
    pub due_at: Option<Timestamp>,
    /// Why it did not run, and which moment that was; `None` when it runs.
    pub note: Option<(NotRun, Timestamp)>,
    /// The moment people were told of.
    pub told_due_at: Option<Timestamp>,
}

/// Claims a schedule as it was read and moves it on; false when somebody else was faster or it was changed.
///
/// # Errors
/// The database's.
pub async fn advance(
    db: &impl ConnectionTrait,
    read: &StoredSchedule,
    to: Advance,
) -> Result<bool, DbErr> {
    use export_schedule::Column;
    let at = |at: Option<Timestamp>| Expr::value(at.map(UtcMillis::from));
    let claimed = claim(read)
        .col_expr(Column::NextRunAt, at(to.next_run_at))
        .col_expr(Column::DueAt, at(to.due_at))
        .col_expr(
            Column::Note,
            Expr::value(to.note.map(|(why, _)| why.name())),
        )
        .col_expr(Column::NoteDueAt, at(to.note.map(|(_, due)| due)))
        .col_expr(Column::ToldDueAt, at(to.told_due_at))
        .exec(db)
        .await?;
    Ok(claimed.rows_affected == 1)
}

fn claim(read: &StoredSchedule) -> UpdateMany<export_schedule::Entity> {
    use export_schedule::Column;
    let query = export_schedule::Entity::update_many()
        .filter(Column::ExportId.eq(read.export_id))
        .filter(Column::IsOn.eq(true));
    match read.next_run_at {
        Some(at) => query.filter(Column::NextRunAt.eq(UtcMillis::from(at))),
        None => query.filter(Column::NextRunAt.is_null()),
    }
}

fn read(model: export_schedule::Model) -> Result<StoredSchedule, StoreError> {
    let recurrence: Recurrence =
        serde_json::from_value(model.recurrence).map_err(StoreError::Unreadable)?;
    let note = model.note.as_deref().and_then(NotRun::from_name);
    Ok(StoredSchedule {
        export_id: model.export_id,
        schedule: Schedule {
            is_on: model.is_on,
            recurrence,
            zone: model.zone,
        },
        next_run_at: model.next_run_at.map(Into::into),
        due_at: model.due_at.map(Into::into),
        note: note.zip(model.note_due_at.map(Into::into)),
        told_due_at: model.told_due_at.map(Into::into),
        version: model.version,
        changed_by: model.changed_by,
    })
}
