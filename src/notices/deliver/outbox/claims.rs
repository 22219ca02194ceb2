//! A delivery in the hands of one process: taken, and given back with what became of it. Whoever held it too long
//! writes nothing any more.

use jiff::{SignedDuration, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, UpdateMany,
};
use uuid::Uuid;

use super::{Delivery, State, find, of};
use crate::notices::deliver::Problem;
use crate::storage::entities::notice_delivery;
use crate::storage::{UtcMillis, astray, bring_back};

/// Deliveries looked at when one is to be taken.
const CANDIDATES: u64 = 20;

/// Takes the delivery that has been due longest and that nobody has taken, if there is one.
///
/// # Errors
/// The database's.
pub(in crate::notices::deliver) async fn claim(
    db: &DatabaseConnection,
    now: Timestamp,
    lease: SignedDuration,
    longest_wait: SignedDuration,
) -> Result<Option<Delivery>, DbErr> {
    use notice_delivery::Column;
    let unfinished = Condition::all().add(Column::FinishedAt.is_null());
    let is_left = unfinished
        .clone()
        .add(astray(Column::LeaseUntil, lease, now));
    bring_back::<notice_delivery::Entity>(db, Column::LeaseUntil, is_left, now + lease).await?;
    let too_long = unfinished.add(astray(Column::NextAt, longest_wait, now));
    bring_back::<notice_delivery::Entity>(db, Column::NextAt, too_long, now).await?;
    let at = UtcMillis::from(now);
    let is_free = Condition::all()
        .add(notice_delivery::Column::FinishedAt.is_null())
        .add(notice_delivery::Column::NextAt.lte(at))
        .add(
            Condition::any()
                .add(notice_delivery::Column::LeaseUntil.is_null())
                .add(notice_delivery::Column::LeaseUntil.lt(at)),
        );
    let candidates: Vec<Uuid> = notice_delivery::Entity::find()
        .select_only()
        .column(notice_delivery::Column::Id)
        .filter(is_free.clone())
        .order_by_asc(notice_delivery::Column::NextAt)
        .order_by_asc(notice_delivery::Column::Id)
        .limit(CANDIDATES)
        .into_tuple()
        .all(db)
        .await?;
    for id in candidates {
        let taken = of(id)
            .col_expr(
                notice_delivery::Column::LeaseUntil,
                Expr::value(UtcMillis::from(now + lease)),
            )
            .col_expr(
                notice_delivery::Column::Tries,
                Expr::col(notice_delivery::Column::Tries).add(1),
            )
            .filter(is_free.clone())
            .exec(db)
            .await?;
        if taken.rows_affected == 1
            && let Some(delivery) = find(db, id).await?
        {
            return Ok(Some(delivery));
        }
    }
    Ok(None)
}

/// The delivery is over.
pub(in crate::notices::deliver) async fn finish(
    db: &impl ConnectionTrait,
    delivery: &Delivery,
    state: State,
    now: Timestamp,
) -> Result<(), DbErr> {
    let ended = held(delivery)
        .col_expr(notice_delivery::Column::State, Expr::value(state.name()))
        .col_expr(
            notice_delivery::Column::Problem,
            Expr::value(None::<String>),
        )
        .col_expr(
            notice_delivery::Column::FinishedAt,
            Expr::value(UtcMillis::from(now)),
        );
    ended.exec(db).await?;
    Ok(())
}

/// The delivery has failed.
pub(in crate::notices::deliver) async fn give_up(
    db: &impl ConnectionTrait,
    delivery: &Delivery,
    problem: Problem,
    now: Timestamp,
) -> Result<(), DbErr> {
    finish(db, delivery, State::Failed, now).await?;
    of(delivery.id)
        .col_expr(
            notice_delivery::Column::Problem,
            Expr::value(problem.to_string()),
        )
        .exec(db)
        .await?;
    Ok(())
}

/// The delivery is tried again later.
pub(in crate::notices::deliver) async fn put_off(
    db: &impl ConnectionTrait,
    delivery: &Delivery,
    problem: Problem,
    next_at: Timestamp,
) -> Result<(), DbErr> {
    held(delivery)
        .col_expr(
            notice_delivery::Column::Problem,
            Expr::value(problem.to_string()),
        )
        .col_expr(
            notice_delivery::Column::NextAt,
            Expr::value(UtcMillis::from(next_at)),
        )
        .col_expr(
            notice_delivery::Column::LeaseUntil,
            Expr::value(None::<UtcMillis>),
        )
        .exec(db)
        .await?;
    Ok(())
}

/// Writes only while nobody else has taken it: each claim counts a try.
fn held(delivery: &Delivery) -> UpdateMany<notice_delivery::Entity> {
    of(delivery.id)
        .filter(notice_delivery::Column::Tries.eq(delivery.tries.cast_signed()))
        .filter(notice_delivery::Column::FinishedAt.is_null())
}
