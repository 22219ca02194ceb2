//! Instants as the database keeps them, and what becomes of those that something waits for when the clock steps back.

use jiff::{SignedDuration, Timestamp};
use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, DeriveValueType, EntityTrait, QueryFilter,
    QuerySelect,
};

/// Clocks of several machines may differ this much. A smaller step back costs a wait of that much.
const ROOM: SignedDuration = SignedDuration::from_secs(60);

/// A UTC instant in milliseconds since 1970, the same in SQLite and PostgreSQL (a 64-bit integer column).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, DeriveValueType)]
pub struct UtcMillis(pub i64);

impl From<Timestamp> for UtcMillis {
    fn from(at: Timestamp) -> Self {
        Self(at.as_millisecond())
    }
}

impl From<UtcMillis> for Timestamp {
    /// Values outside jiff's range (year 9999) come back as its limits; we never store such.
    fn from(at: UtcMillis) -> Self {
        Timestamp::from_millisecond(at.0).unwrap_or(if at.0 < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }
}

/// Whether a stored moment is astray: further ahead than any is ever set, `longest`.
///
/// Then the clock has stepped back since, and waiting for it would take as much longer. Whatever waits for a stored moment
/// asks this, here or through [`astray`] and [`bring_back`].
pub fn is_astray(until: Timestamp, longest: SignedDuration, now: Timestamp) -> bool {
    until > furthest(longest, now)
}

/// The same as a condition on a column.
pub fn astray(column: impl ColumnTrait, longest: SignedDuration, now: Timestamp) -> SimpleExpr {
    column.gt(UtcMillis::from(furthest(longest, now)))
}

/// Moves moments of `column` that are `astray` to `to`.
///
/// That is the present for a wait, which is over, and a lease's length from now for a lease: its owner may live, and will
/// notice nothing.
///
/// # Errors
/// The database's.
pub async fn bring_back<E: EntityTrait>(
    db: &impl ConnectionTrait,
    column: E::Column,
    astray: Condition,
    to: Timestamp,
) -> Result<(), DbErr> {
    // Looked for first: this is asked often, hardly ever true, and writing would wait for other writers.
    let found: Option<Option<UtcMillis>> = E::find()
        .select_only()
        .column(column)
        .filter(astray.clone())
        .limit(1)
        .into_tuple()
        .one(db)
        .await?;
    if found.is_none() {
        return Ok(());
    }
    let moved = E::update_many()
        .col_expr(column, Expr::value(UtcMillis::from(to)))
        .filter(astray)
        .exec(db)
        .await?;
    tracing::warn!(rows = moved.rows_affected, column = ?column, "the clock has stepped back; waits are cut short");
    Ok(())
}

fn furthest(longest: SignedDuration, now: Timestamp) -> Timestamp {
    now.saturating_add(longest.saturating_add(ROOM))
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_astray_when_no_wait_is_that_long() {
        let now: Timestamp = "2026-11-26T12:00:00Z".parse().unwrap();
        let longest = SignedDuration::from_mins(15);
        let is_astray =
            |ahead: i64| is_astray(now + SignedDuration::from_secs(ahead), longest, now);
        assert!(
            !is_astray(-7_200) && !is_astray(0) && !is_astray(900),
            "usual"
        );
        assert!(!is_astray(960), "another machine's clock");
        assert!(is_astray(961) && is_astray(900 + 7_200), "two hours back");
        assert!(!super::is_astray(Timestamp::MAX, longest, Timestamp::MAX));
    }
}
