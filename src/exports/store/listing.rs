//! The list of exports as people see it: searched, filtered, sorted and paged by the database, in a fixed number of
//! queries however many exports and runs there are.
//!
//! The latest run of an export is the one with the highest id (ids are made in order of time), whatever asked for it;
//! a trigger keeps its id in the export.

use sea_orm::sea_query::{
    Alias, CaseStatement, Expr, ExprTrait, Func, NullOrdering, Order, Query, SelectStatement,
};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

use super::listing_rows::{
    ListedExport, Row, details, join_connection, join_editor, join_last_run, sends,
};
use super::schedule_filter::{ScheduleFilter, join_schedule, schedule_rank};
use crate::auth::{CurrentUser, Permission};
use crate::connections::{ConnectionKind, Sharing};
use crate::profiles::value::fold;
use crate::storage::entities::{connection, export, run, user};
use crate::storage::holding;

/// Filter value of exports that have never run.
pub const NEVER_RUN: &str = "not_started";

/// A column the list can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportColumn {
    /// Display name.
    Name,
    /// Type.
    Type,
    /// State of the latest run.
    Status,
    /// When that run ended.
    Refreshed,
    /// Schedule.
    Schedule,
    /// Connection used.
    Connection,
    /// Your permissions.
    Permissions,
    /// Last updated.
    Updated,
    /// Updated by.
    UpdatedBy,
}

/// What a list of exports shows.
#[derive(Clone, Debug)]
pub struct ExportQuery<'a> {
    /// Text in export name, connection name or type; empty for all.
    pub search: &'a str,
    /// State of the latest run, by name, or [`NEVER_RUN`].
    pub state: Option<&'a str>,
    /// Connection used.
    pub connection: Option<ConnectionFilter>,
    /// Schedule.
    pub schedule: Option<ScheduleFilter>,
    /// Column sorted by.
    pub sort: ExportColumn,
    /// Whether the order is turned round.
    pub is_descending: bool,
    /// Puts the exports that send this segment first.
    pub segment_first: Option<Uuid>,
}

/// Which connection the exports shown use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionFilter {
    /// None: detached.
    Nothing,
    /// This one.
    Uses(Uuid),
}

/// How many exports a list has in all its pages.
///
/// # Errors
/// The database's.
pub async fn count_listed(
    db: &impl ConnectionTrait,
    query: &ExportQuery<'_>,
) -> Result<u64, DbErr> {
    let mut select = query.matching();
    select.expr_as(
        Func::count(Expr::col((export::Entity, export::Column::Id))),
        Alias::new("total"),
    );
    let row = db.query_one(&select).await?;
    let total: i64 = row.map_or(Ok(0), |row| row.try_get("", "total"))?;
    Ok(total.unsigned_abs())
}

/// One page of a list, as `user` sees it.
///
/// # Errors
/// The database's.
pub async fn list_exports(
    db: &impl ConnectionTrait,
    user: &CurrentUser,
    query: &ExportQuery<'_>,
    offset: u64,
    limit: u64,
) -> Result<Vec<ListedExport>, DbErr> {
    // Ids first: only what search and order need is read of the exports that are not shown.
    let mut select = query.matching();
    select.column((export::Entity, export::Column::Id));
    query.order(&mut select, user);
    select.offset(offset).limit(limit);
    let found = db.query_all(&select).await?;
    let ids = found
        .iter()
        .map(|row| row.try_get("", "id"))
        .collect::<Result<Vec<Uuid>, _>>()?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = db.query_all(&details(&ids, query.segment_first)).await?;
    let mut rows = rows
        .iter()
        .map(|row| Ok(Row::from_query_result(row, "")?.listed(user)))
        .collect::<Result<Vec<_>, DbErr>>()?;
    rows.sort_by_key(|row| ids.iter().position(|id| *id == row.id));
    Ok(rows)
}

/// Id and name of the connections that exports use, by name, for filters; at most 1,000.
///
/// # Errors
/// The database's.
pub async fn connections_in_use(db: &impl ConnectionTrait) -> Result<Vec<(Uuid, String)>, DbErr> {
    let is_used = Query::select()
        .expr(Expr::value(1))
        .from(export::Entity)
        .and_where(
            Expr::col((export::Entity, export::Column::ConnectionId))
                .equals((connection::Entity, connection::Column::Id)),
        )
        .take();
    let select = Query::select()
        .columns([connection::Column::Id, connection::Column::Name])
        .from(connection::Entity)
        .and_where(Expr::exists(is_used))
        .order_by(connection::Column::NameKey, Order::Asc)
        .limit(1_000)
        .take();
    let rows = db.query_all(&select).await?;
    rows.iter()
        .map(|row| Ok((row.try_get("", "id")?, row.try_get("", "name")?)))
        .collect()
}

impl ExportQuery<'_> {
    /// The exports that match, without any column.
    fn matching(&self) -> SelectStatement {
        let mut select = Query::select();
        select.from(export::Entity);
        let searched = fold(self.search);
        // Every export is of the one type there is.
        let is_of_type =
            fold(ConnectionKind::ConstantContact.product_name()).contains(searched.as_ref());
        if self.sort == ExportColumn::Connection
            || self.sort == ExportColumn::Permissions
            || !is_of_type
        {
            join_connection(&mut select);
        }
        if self.sort == ExportColumn::UpdatedBy {
            join_editor(&mut select);
        }
        if self.state.is_some()
            || matches!(self.sort, ExportColumn::Status | ExportColumn::Refreshed)
        {
            join_last_run(&mut select);
        }
        if !is_of_type {
            let pattern = holding(&searched);
            let of_export = Expr::col((export::Entity, export::Column::NameKey));
            let of_connection = Expr::col((connection::Entity, connection::Column::NameKey));
            select.and_where(
                of_export
                    .like(pattern.clone())
                    .or(of_connection.like(pattern)),
            );
        }
        let last_state = Expr::col((run::Entity, run::Column::State));
        match self.state {
            Some(NEVER_RUN) => {
                select.and_where(last_state.is_null());
            }
            Some(state) => {
                select.and_where(last_state.eq(state));
            }
            None => {}
        }
        let used = Expr::col((export::Entity, export::Column::ConnectionId));
        match self.connection {
            Some(ConnectionFilter::Nothing) => {
                select.and_where(used.is_null());
            }
            Some(ConnectionFilter::Uses(id)) => {
                select.and_where(used.eq(id));
            }
            None => {}
        }
        if self.schedule.is_some() || self.sort == ExportColumn::Schedule {
            join_schedule(&mut select);
        }
        if let Some(schedule) = self.schedule {
            select.and_where(schedule.condition());
        }
        select
    }

    /// Orders by the column, then by name. What has no value comes last either way.
    fn order(&self, select: &mut SelectStatement, user: &CurrentUser) {
        let direction = if self.is_descending {
            Order::Desc
        } else {
            Order::Asc
        };
        if let Some(segment_id) = self.segment_first {
            select.order_by_expr(sends(segment_id), Order::Desc);
        }
        let name = (export::Entity, export::Column::NameKey);
        match self.sort {
            ExportColumn::Name => {
                select.order_by(name, direction);
                return;
            }
            // The same for every export.
            ExportColumn::Type => {}
            ExportColumn::Schedule => {
                select.order_by_expr(schedule_rank(), direction);
            }
            ExportColumn::Status => {
                select.order_by_expr(urgency(), direction);
            }
            ExportColumn::Refreshed => {
                select.order_by_expr_with_nulls(last_run_at(), direction, NullOrdering::Last);
            }
            ExportColumn::Connection => {
                // A removed connection has no key any more.
                let key: Expr = Func::coalesce([
                    Expr::col((connection::Entity, connection::Column::NameKey)),
                    Expr::col((connection::Entity, connection::Column::Name)),
                ])
                .into();
                select.order_by_expr_with_nulls(key, direction, NullOrdering::Last);
            }
            ExportColumn::Permissions => {
                if let Some(rank) = may_only_view(user) {
                    select.order_by_expr(rank, direction);
                }
            }
            ExportColumn::Updated => {
                select.order_by((export::Entity, export::Column::UpdatedAt), direction);
            }
            ExportColumn::UpdatedBy => {
                let key = Expr::col((user::Entity, user::Column::NameKey));
                select.order_by_expr_with_nulls(key, direction, NullOrdering::Last);
            }
        }
        select.order_by(name, Order::Asc);
    }
}

fn last_run_at() -> Expr {
    Func::coalesce([
        Expr::col((run::Entity, run::Column::FinishedAt)),
        Expr::col((run::Entity, run::Column::QueuedAt)),
    ])
    .into()
}

/// What needs a person first, what went well last.
fn urgency() -> Expr {
    const NEVER: i32 = 6;
    let ranks = [
        ("failed_permanent", 0),
        ("failure", 1),
        ("skipped", 2),
        ("canceled", 3),
        ("refreshing", 4),
        ("queued", 5),
        ("successful", 7),
    ];
    let state = || Expr::col((run::Entity, run::Column::State));
    let never_run = CaseStatement::new().case(state().is_null(), NEVER);
    ranks
        .into_iter()
        .fold(never_run, |case, (name, rank)| {
            case.case(state().eq(name), rank)
        })
        .finally(1)
        .into()
}

/// 0 for exports the person may change, 1 for others; `None` when all are alike to them.
fn may_only_view(user: &CurrentUser) -> Option<Expr> {
    if user.is_administrator() || !user.role.may(Permission::EditExports) {
        return None;
    }
    let of = |column| Expr::col((connection::Entity, column));
    let is_usable = of(connection::Column::SavedAt)
        .is_not_null()
        .and(of(connection::Column::RemovedAt).is_null())
        .and(of(connection::Column::Sharing).eq(Sharing::AdministratorsAndContributors.name()));
    Some(CaseStatement::new().case(is_usable, 0).finally(1).into())
}
