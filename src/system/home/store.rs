//! Home's own queries: each bounded, none slower with more runs than the index lets it be.

use jiff::Timestamp;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Statement,
};
use serde_json::Value;
use uuid::Uuid;

use super::chart::Day;
use crate::runs::{Phase, RunState};
use crate::storage::UtcMillis;
use crate::storage::entities::{export, run};

/// An export whose latest run failed.
pub(super) struct FailedExport {
    pub(super) name: String,
    pub(super) run_id: Uuid,
    pub(super) state: RunState,
    pub(super) outcome: String,
    pub(super) outcome_names: Vec<String>,
    pub(super) ended_at: Timestamp,
}

/// The exports whose latest run failed, the latest failure first.
pub(super) async fn failed_exports(
    db: &impl ConnectionTrait,
    limit: u64,
) -> Result<Vec<FailedExport>, DbErr> {
    // Which ones first, from the index that begins with the export; only of these the rows are read.
    let sql = "SELECT e.name, r.id, r.state, r.outcome, r.outcome_names, r.finished_at FROM \
               (SELECT l.id FROM exports x JOIN runs l ON l.export_id = x.id AND l.id = x.last_run_id \
                WHERE l.state IN ($1, $2) ORDER BY l.finished_at DESC LIMIT $3) latest \
               JOIN runs r ON r.id = latest.id JOIN exports e ON e.id = r.export_id \
               ORDER BY r.finished_at DESC";
    let values = [
        RunState::Failure.name().into(),
        RunState::FailedPermanent.name().into(),
        limit.cast_signed().into(),
    ];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = db.query_all_raw(statement).await?;
    let read = |row: &sea_orm::QueryResult| {
        let names: Option<Value> = row.try_get("", "outcome_names")?;
        let state: String = row.try_get("", "state")?;
        let ended_at: UtcMillis = row.try_get("", "finished_at")?;
        Ok(FailedExport {
            name: row.try_get("", "name")?,
            run_id: row.try_get("", "id")?,
            state: RunState::from_name(&state),
            outcome: row
                .try_get::<Option<String>>("", "outcome")?
                .unwrap_or_default(),
            outcome_names: names
                .and_then(|names| serde_json::from_value(names).ok())
                .unwrap_or_default(),
            ended_at: ended_at.into(),
        })
    };
    rows.iter().map(read).collect()
}

/// A run that waits.
pub(super) struct WaitingRun {
    pub(super) name: String,
    pub(super) phase: Option<Phase>,
    pub(super) run_id: Uuid,
    pub(super) until: Option<Timestamp>,
}

/// The runs that wait for something, by name of [`crate::runs::WaitingFor`], longest first.
pub(super) async fn waiting_runs(
    db: &impl ConnectionTrait,
    waiting_for: &str,
    limit: u64,
) -> Result<Vec<WaitingRun>, DbErr> {
    let found: Vec<(Uuid, Value, Option<String>, Option<UtcMillis>)> = run::Entity::find()
        .select_only()
        .columns([
            run::Column::Id,
            run::Column::Definition,
            run::Column::Phase,
            run::Column::WaitingUntil,
        ])
        .filter(run::Column::FinishedAt.is_null())
        .filter(run::Column::CancelRequestedAt.is_null())
        .filter(run::Column::WaitingFor.eq(waiting_for))
        .order_by_asc(run::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await?;
    let found = found.into_iter();
    Ok(found
        .map(|(run_id, definition, phase, until)| WaitingRun {
            name: name_in(&definition),
            phase: phase.and_then(|name| Phase::from_name(&name)),
            run_id,
            until: until.map(Timestamp::from),
        })
        .collect())
}

/// How many exports use each of some connections.
pub(super) async fn count_exports(
    db: &impl ConnectionTrait,
    connections: &[Uuid],
) -> Result<Vec<(Uuid, u64)>, DbErr> {
    if connections.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<(Uuid, i64)> = export::Entity::find()
        .select_only()
        .column(export::Column::ConnectionId)
        .column_as(export::Column::Id.count(), "exports")
        .filter(export::Column::ConnectionId.is_in(connections.iter().copied()))
        .group_by(export::Column::ConnectionId)
        .into_tuple()
        .all(db)
        .await?;
    let found = found.into_iter();
    Ok(found
        .map(|(id, count)| (id, count.unsigned_abs()))
        .collect())
}

/// A run in the short list.
pub(super) struct RecentRun {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) state: RunState,
    /// When it was asked for.
    pub(super) at: Timestamp,
    /// Rows that arrived, once it has ended.
    pub(super) delivered: Option<u64>,
}

/// The latest runs, whatever asked for them.
pub(super) async fn recent_runs(
    db: &impl ConnectionTrait,
    limit: u64,
) -> Result<Vec<RecentRun>, DbErr> {
    let found: Vec<(Uuid, Value, String, UtcMillis, Option<i64>)> = run::Entity::find()
        .select_only()
        .columns([
            run::Column::Id,
            run::Column::Definition,
            run::Column::State,
            run::Column::QueuedAt,
            run::Column::Delivered,
        ])
        .order_by_desc(run::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await?;
    let read =
        |(id, definition, state, at, delivered): (_, Value, String, UtcMillis, Option<i64>)| {
            let state = RunState::from_name(&state);
            RecentRun {
                id,
                name: name_in(&definition),
                state,
                at: at.into(),
                delivered: delivered
                    .filter(|_| state.is_finished())
                    .map(i64::unsigned_abs),
            }
        };
    Ok(found.into_iter().map(read).collect())
}

/// Rows that runs delivered which ended on each of some days.
pub(super) async fn delivered(db: &impl ConnectionTrait, days: &[Day]) -> Result<Vec<u64>, DbErr> {
    // One sum over a range of the index runs_delivered per day: no sorting, however many runs there are.
    let mut select = Query::select();
    for (number, day) in days.iter().enumerate() {
        let sum = Query::select()
            .expr(Func::coalesce([
                Func::cast_as(
                    Expr::col(run::Column::Delivered).sum(),
                    Alias::new("BIGINT"),
                )
                .into(),
                Expr::value(0_i64),
            ]))
            .from(run::Entity)
            .and_where(Expr::col(run::Column::FinishedAt).gte(day.from.as_millisecond()))
            .and_where(Expr::col(run::Column::FinishedAt).lt(day.until.as_millisecond()))
            .take();
        select.expr_as(sum, Alias::new(format!("day{number}")));
    }
    let row = db.query_one(&select).await?;
    let read = |number: usize| -> Result<u64, DbErr> {
        let sum: i64 = row
            .as_ref()
            .map_or(Ok(0), |row| row.try_get("", &format!("day{number}")))?;
        Ok(sum.unsigned_abs())
    };
    (0..days.len()).map(read).collect()
}

/// Which of the first steps somebody has taken.
pub(super) struct Beginnings {
    pub(super) has_profiles: bool,
    pub(super) has_segment: bool,
    pub(super) has_connection: bool,
    pub(super) has_export: bool,
    pub(super) has_delivered: bool,
}

/// How far the installation is.
pub(super) async fn beginnings(db: &impl ConnectionTrait) -> Result<Beginnings, DbErr> {
    let sql = "SELECT \
        EXISTS (SELECT 1 FROM sources WHERE current_snapshot_id IS NOT NULL) AS has_profiles, \
        EXISTS (SELECT 1 FROM segments) AS has_segment, \
        EXISTS (SELECT 1 FROM connections WHERE saved_at IS NOT NULL AND removed_at IS NULL) AS has_connection, \
        EXISTS (SELECT 1 FROM exports) AS has_export, \
        EXISTS (SELECT 1 FROM runs WHERE state = $1) AS has_delivered";
    let values = [RunState::Successful.name().into()];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let row = db.query_one_raw(statement).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("a row without a table".into()))?;
    Ok(Beginnings {
        has_profiles: row.try_get("", "has_profiles")?,
        has_segment: row.try_get("", "has_segment")?,
        has_connection: row.try_get("", "has_connection")?,
        has_export: row.try_get("", "has_export")?,
        has_delivered: row.try_get("", "has_delivered")?,
    })
}

/// Name of the export in a run's own copy of it.
fn name_in(definition: &Value) -> String {
    definition["name"].as_str().unwrap_or_default().to_owned()
}
