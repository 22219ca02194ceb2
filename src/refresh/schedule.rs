//! The refresh schedule as it is stored: one row, whose next moment is claimed like that of an export.

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter,
    TransactionTrait,
};
use serde_json::json;
use uuid::Uuid;

use super::job::JobTrigger;
use super::job::store::{is_taken, request_in};
use super::plan::RefreshPlan;
use crate::exports::Author;
use crate::storage::UtcMillis;
use crate::storage::entities::refresh_schedule;

/// The only row.
const ROW: i32 = 1;

/// When the whole system is refreshed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefreshSchedule {
    /// Whether it is at all.
    pub is_on: bool,
    /// When; `None` until somebody has decided.
    pub plan: Option<RefreshPlan>,
    /// The next moment; `None` while it is off.
    pub next_run_at: Option<Timestamp>,
    /// Goes up by one whenever somebody saves it.
    pub version: i32,
    /// Who saved it last.
    pub changed_by: Option<Uuid>,
}

/// The refresh schedule.
///
/// # Errors
/// The database's.
pub async fn get(db: &impl ConnectionTrait) -> Result<RefreshSchedule, DbErr> {
    let found = refresh_schedule::Entity::find_by_id(ROW).one(db).await?;
    Ok(
        found.map_or_else(RefreshSchedule::default, |row| RefreshSchedule {
            is_on: row.is_on,
            plan: row.plan.and_then(|plan| serde_json::from_value(plan).ok()),
            next_run_at: row.next_run_at.map(Into::into),
            version: row.version,
            changed_by: row.changed_by,
        }),
    )
}

/// How saving ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It is as asked for.
    Done,
    /// Nothing was saved, because somebody was faster; this is what is saved now.
    Changed(Box<RefreshSchedule>),
}

/// Saves when the whole system is refreshed, if what is saved still has `version`.
///
/// # Errors
/// Writing failed.
pub async fn set(
    db: &DatabaseConnection,
    version: i32,
    is_on: bool,
    plan: &RefreshPlan,
    author: Author<'_>,
) -> Result<Saved, DbErr> {
    use refresh_schedule::Column;
    let transaction = db.begin().await?;
    // Locks the row, and fails for whoever comes second.
    let claimed = refresh_schedule::Entity::update_many()
        .col_expr(Column::Version, Expr::value(version.saturating_add(1)))
        .filter(Column::Id.eq(ROW))
        .filter(Column::Version.eq(version))
        .exec(&transaction)
        .await?;
    let before = get(&transaction).await?;
    if claimed.rows_affected == 0 {
        transaction.rollback().await?;
        return Ok(Saved::Changed(Box::new(before)));
    }
    let next = plan.next_after(author.at).filter(|_| is_on);
    let json = serde_json::to_value(plan).map_err(|error| DbErr::Json(error.to_string()))?;
    refresh_schedule::Entity::update_many()
        .col_expr(Column::IsOn, Expr::value(is_on))
        .col_expr(Column::Plan, Expr::value(json))
        .col_expr(Column::NextRunAt, Expr::value(next.map(UtcMillis::from)))
        .col_expr(Column::ChangedAt, Expr::value(UtcMillis::from(author.at)))
        .col_expr(Column::ChangedBy, Expr::value(author.user_id))
        .filter(Column::Id.eq(ROW))
        .exec(&transaction)
        .await?;
    let detail = json!({
        "before": { "is_on": before.is_on, "plan": before.plan },
        "after": { "is_on": is_on, "plan": plan },
    });
    author
        .record(&transaction, "refresh.scheduled", Uuid::nil(), detail)
        .await?;
    transaction.commit().await?;
    Ok(Saved::Done)
}

/// Asks for a job when the moment has come; false when it has not, somebody else was faster, or a job is unfinished (then
/// that moment is left out: everything is being refreshed already). However many were missed, one job catches up.
///
/// # Errors
/// The database's.
pub(super) async fn start_if_due(db: &DatabaseConnection, now: Timestamp) -> Result<bool, DbErr> {
    use refresh_schedule::Column;
    let schedule = get(db).await?;
    let (Some(due), Some(plan)) = (schedule.next_run_at, &schedule.plan) else {
        return Ok(false);
    };
    if !schedule.is_on || due > now {
        return Ok(false);
    }
    let next = plan.next_after(now).map(UtcMillis::from);
    let claim = || {
        refresh_schedule::Entity::update_many()
            .col_expr(Column::NextRunAt, Expr::value(next))
            .filter(Column::Id.eq(ROW))
            .filter(Column::NextRunAt.eq(UtcMillis::from(due)))
    };
    let transaction = db.begin().await?;
    if claim().exec(&transaction).await?.rows_affected == 0 {
        return Ok(false);
    }
    let author = Author {
        user_id: None,
        ip: None,
        at: now,
    };
    match request_in(&transaction, JobTrigger::Schedule, author).await {
        Ok(job) => {
            transaction.commit().await?;
            tracing::info!(%job, %due, "system refresh started by its schedule");
            Ok(true)
        }
        Err(error) if is_taken(&error) => {
            transaction.rollback().await?;
            claim().exec(db).await?;
            tracing::info!(%due, "a system refresh is in progress already");
            Ok(false)
        }
        Err(error) => Err(error),
    }
}
