//! How long runs keep their rows and their details; what is older goes in the hourly sweep, the totals stay.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::store::summaries;
use crate::storage::UtcMillis;
use crate::storage::entities::retention;
use crate::system::sweeper::Sweep;

/// The one row of settings.
const ROW: i32 = 1;
/// Runs whose details are removed in one sweep; the rest an hour later.
const MAX_SWEPT: u64 = 1_000;
/// Longest time that can be set, in days.
pub const MAX_DAYS: u32 = 3_650;

/// How long what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days after its end for which a run holds its snapshot, so that its rows can be made again.
    pub rows_kept_days: u32,
    /// Days after its end for which a run keeps its parts, and a check what it found; `None` for ever.
    pub details_kept_days: Option<u32>,
    /// Whether anything was set by an administrator.
    pub is_set: bool,
    /// Who did, and when.
    pub changed: Option<(Option<Uuid>, Timestamp)>,
}

impl Retention {
    /// How long rows can be made again.
    pub fn rows_kept(&self) -> SignedDuration {
        days(self.rows_kept_days)
    }
}

fn days(days: u32) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(days))
}

/// What is set; `rows_kept_days` where nothing is.
///
/// # Errors
/// The database's.
pub async fn load(db: &impl ConnectionTrait, rows_kept_days: u32) -> Result<Retention, DbErr> {
    let found = retention::Entity::find_by_id(ROW).one(db).await?;
    let rows = found.as_ref().and_then(|row| row.rows_kept_days);
    let details = found.as_ref().and_then(|row| row.details_kept_days);
    let changed = found.and_then(|row| Some((row.changed_by, row.changed_at?.into())));
    Ok(Retention {
        rows_kept_days: rows.map_or(rows_kept_days, i32::unsigned_abs),
        details_kept_days: details.map(i32::unsigned_abs),
        is_set: changed.is_some(),
        changed,
    })
}

/// Sets both.
///
/// # Errors
/// The database's.
pub async fn save(
    transaction: &impl ConnectionTrait,
    rows_kept_days: u32,
    details_kept_days: Option<u32>,
    (by, at): (Option<Uuid>, Timestamp),
) -> Result<(), DbErr> {
    use retention::Column as C;
    retention::Entity::update_many()
        .col_expr(C::RowsKeptDays, Expr::value(rows_kept_days.cast_signed()))
        .col_expr(
            C::DetailsKeptDays,
            Expr::value(details_kept_days.map(u32::cast_signed)),
        )
        .col_expr(C::ChangedAt, Expr::value(UtcMillis::from(at)))
        .col_expr(C::ChangedBy, Expr::value(by))
        .filter(C::Id.eq(ROW))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Removes the details of old runs and checks.
pub struct RunDetails(pub DatabaseConnection);

impl Sweep for RunDetails {
    fn name(&self) -> &'static str {
        "details of old runs and checks"
    }

    fn sweep(&self, now: Timestamp) -> BoxFuture<'_, anyhow::Result<u64>> {
        async move {
            let Some(kept) = load(&self.0, 0).await?.details_kept_days else {
                return Ok(0);
            };
            let before = now - days(kept);
            let mut removed = summaries::remove_checks(&self.0, before).await?;
            for run in summaries::runs_with_parts(&self.0, before, MAX_SWEPT).await? {
                summaries::sum_up(&self.0, run, now).await?;
                removed += 1;
            }
            Ok(removed)
        }
        .boxed()
    }
}
