//! From notices to deliveries: who is told of what, decided once, when there is something to tell.

use jiff::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Set, TransactionTrait,
};
use uuid::Uuid;

use super::{Channel, Event, State, recipients};
use crate::notices::kind::Kind;
use crate::notices::{settings, store, webhooks};
use crate::storage::UtcMillis;
use crate::storage::entities::{notice, notice_delivery};

/// Notices that become deliveries in one go.
const NOTICES_AT_ONCE: u64 = 100;

/// Closes the notices of days whose requests were used up and that are over.
pub(in crate::notices::deliver) async fn close_spent_days(
    db: &impl ConnectionTrait,
    now: Timestamp,
) -> Result<(), DbErr> {
    let day = |at: Timestamp| at.as_second().div_euclid(86_400);
    for (subject, since) in store::open_subjects(db, Kind::QuotaUsedUp).await? {
        if day(since) < day(now) {
            store::resolve(db, Kind::QuotaUsedUp, subject, now).await?;
        }
    }
    Ok(())
}

/// Makes deliveries of what there is to tell.
///
/// # Errors
/// The database's.
pub(in crate::notices::deliver) async fn fan_out(
    db: &DatabaseConnection,
    now: Timestamp,
) -> Result<(), DbErr> {
    loop {
        let untold: Vec<(Uuid, i32, i32, Option<UtcMillis>)> = notice::Entity::find()
            .select_only()
            .columns([
                notice::Column::Id,
                notice::Column::Told,
                notice::Column::Events,
                notice::Column::ResolvedAt,
            ])
            .filter(Expr::col(notice::Column::Told).lt(Expr::col(notice::Column::Events)))
            .order_by_asc(notice::Column::ChangedAt)
            .limit(NOTICES_AT_ONCE)
            .into_tuple()
            .all(db)
            .await?;
        let is_last = (untold.len() as u64) < NOTICES_AT_ONCE;
        for (id, told, events, resolved_at) in untold {
            let transaction = db.begin().await?;
            let mine = notice::Entity::update_many()
                .col_expr(notice::Column::Told, Expr::value(events))
                .filter(notice::Column::Id.eq(id))
                .filter(notice::Column::Told.eq(told))
                .filter(notice::Column::Events.eq(events))
                .exec(&transaction)
                .await?;
            // Closed because its subject is gone, before anybody was told: there is nothing to tell.
            let is_forgotten = resolved_at.is_some() && events == 1;
            if mine.rows_affected == 1 && !is_forgotten {
                let from = usize::try_from(told).unwrap_or(0);
                let to = usize::try_from(events).unwrap_or(0).min(Event::ALL.len());
                for event in Event::ALL.get(from..to).unwrap_or_default() {
                    insert(&transaction, id, *event, now).await?;
                }
            }
            transaction.commit().await?;
        }
        if is_last {
            return Ok(());
        }
    }
}

async fn insert(
    db: &impl ConnectionTrait,
    notice_id: Uuid,
    event: Event,
    now: Timestamp,
) -> Result<(), DbErr> {
    let mut targets = Vec::new();
    if settings::load(db).await?.smtp.is_some() {
        let people = recipients(db).await?;
        targets.extend(people.iter().map(|person| (Channel::Mail, person.id)));
    }
    let hooks = webhooks::list(db).await?;
    targets.extend(hooks.iter().map(|hook| (Channel::Webhook, hook.id)));
    if targets.is_empty() {
        return Ok(());
    }
    let rows = targets
        .into_iter()
        .map(|(channel, target_id)| notice_delivery::ActiveModel {
            id: Set(Uuid::now_v7()),
            notice_id: Set(notice_id),
            event: Set(event.name().to_owned()),
            channel: Set(channel.name().to_owned()),
            target_id: Set(target_id),
            state: Set(State::Waiting.name().to_owned()),
            tries: Set(0),
            next_at: Set(now.into()),
            lease_until: Set(None),
            problem: Set(None),
            created_at: Set(now.into()),
            finished_at: Set(None),
        });
    let once = OnConflict::columns([
        notice_delivery::Column::NoticeId,
        notice_delivery::Column::Event,
        notice_delivery::Column::Channel,
        notice_delivery::Column::TargetId,
    ])
    .do_nothing()
    .to_owned();
    notice_delivery::Entity::insert_many(rows)
        .on_conflict(once)
        .exec_without_returning(db)
        .await?;
    Ok(())
}
