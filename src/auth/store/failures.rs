//! Failed sign-ins by a key of who tried or from where, and until when that key is blocked.
//! [`throttle`](crate::auth::throttle) decides what counts and how long.

use jiff::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ExprTrait, QueryFilter, Set};

use crate::storage::UtcMillis;
use crate::storage::entities::sign_in_failure;

pub(in crate::auth) async fn find_blocked_until(
    db: &impl ConnectionTrait,
    key: &str,
) -> Result<Option<Timestamp>, DbErr> {
    let found = sign_in_failure::Entity::find_by_id(key.to_owned())
        .one(db)
        .await?;
    Ok(found.and_then(|row| row.blocked_until).map(Into::into))
}

/// Counts one more failure and answers how many there are within the memory.
pub(in crate::auth) async fn count_failure(
    db: &impl ConnectionTrait,
    key: &str,
    now: Timestamp,
    memory_seconds: i64,
) -> Result<i32, DbErr> {
    let forgotten = UtcMillis(now.as_millisecond() - memory_seconds * 1000);
    sign_in_failure::Entity::delete_many()
        .filter(sign_in_failure::Column::LastAt.lt(forgotten))
        .exec(db)
        .await?;
    let row = sign_in_failure::ActiveModel {
        key: Set(key.to_owned()),
        failures: Set(1),
        last_at: Set(now.into()),
        blocked_until: Set(None),
    };
    let one_more = OnConflict::column(sign_in_failure::Column::Key)
        .value(
            sign_in_failure::Column::Failures,
            Expr::col((sign_in_failure::Entity, sign_in_failure::Column::Failures)).add(1),
        )
        .update_column(sign_in_failure::Column::LastAt)
        .to_owned();
    sign_in_failure::Entity::insert(row)
        .on_conflict(one_more)
        .exec_without_returning(db)
        .await?;
    let found = sign_in_failure::Entity::find_by_id(key.to_owned())
        .one(db)
        .await?;
    Ok(found.map_or(1, |row| row.failures))
}

pub(in crate::auth) async fn block_until(
    db: &impl ConnectionTrait,
    key: &str,
    until: Timestamp,
) -> Result<(), DbErr> {
    sign_in_failure::Entity::update_many()
        .col_expr(
            sign_in_failure::Column::BlockedUntil,
            Expr::value(UtcMillis::from(until)),
        )
        .filter(sign_in_failure::Column::Key.eq(key))
        .exec(db)
        .await?;
    Ok(())
}

pub(in crate::auth) async fn forget_failures(
    db: &impl ConnectionTrait,
    key: &str,
) -> Result<(), DbErr> {
    sign_in_failure::Entity::delete_by_id(key.to_owned())
        .exec(db)
        .await?;
    Ok(())
}
