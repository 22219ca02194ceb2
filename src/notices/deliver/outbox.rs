//! Deliveries as the database keeps them.

use jiff::{SignedDuration, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, Set, TransactionTrait, UpdateMany,
};
use uuid::Uuid;

use super::Problem;
use crate::auth::{self, CurrentUser, Role};
use crate::notices::kind::Kind;
use crate::notices::store::{self, Notice};
use crate::notices::{settings, webhooks};
use crate::storage::entities::{notice, notice_delivery, user};
use crate::storage::{UtcMillis, astray, bring_back};

/// Notices that become deliveries in one go.
const NOTICES_AT_ONCE: u64 = 100;
/// People told of one notice.
const MOST_RECIPIENTS: u64 = 1_000;
/// Deliveries looked at when one is to be taken.
const CANDIDATES: u64 = 20;
/// Deliveries on the page.
pub const SHOWN: u64 = 20;

/// What there is to tell of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It has happened.
    Opened,
    /// It is over.
    Recovered,
}

impl Event {
    /// In the order they happen: the first is told as number 1.
    pub const ALL: [Self; 2] = [Self::Opened, Self::Recovered];

    /// Name in the database and in webhooks.
    pub fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Recovered => "recovered",
        }
    }
}

/// How a delivery travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Mail to a person.
    Mail,
    /// A POST to a webhook.
    Webhook,
}

impl Channel {
    const ALL: [Self; 2] = [Self::Mail, Self::Webhook];

    /// Name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Webhook => "webhook",
        }
    }
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not arrived yet.
    Waiting,
    /// Arrived.
    Delivered,
    /// Tried often enough.
    Failed,
    /// Not needed any more: the recipient is gone or does not want it.
    Dropped,
}

impl State {
    const ALL: [Self; 4] = [Self::Waiting, Self::Delivered, Self::Failed, Self::Dropped];

    /// Name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }
}

/// A delivery with what it tells.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Id, the same at every try.
    pub id: Uuid,
    /// What it tells of.
    pub notice: Notice,
    /// What of it.
    pub event: Event,
    /// How.
    pub channel: Channel,
    /// The person or the webhook.
    pub target_id: Uuid,
    /// Where it stands.
    pub state: State,
    /// Tries begun.
    pub tries: u32,
    /// When it is tried next, while it waits.
    pub next_at: Timestamp,
    /// What stood in the way last.
    pub problem: Option<Problem>,
    /// When there was something to tell.
    pub created_at: Timestamp,
}

/// Closes the notices of days whose requests were used up and that are over.
pub(super) async fn close_spent_days(
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
pub(super) async fn fan_out(db: &DatabaseConnection, now: Timestamp) -> Result<(), DbErr> {
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

/// Administrators who are told by mail, by name.
///
/// # Errors
/// The database's.
pub async fn recipients(db: &impl ConnectionTrait) -> Result<Vec<CurrentUser>, DbErr> {
    let found = user::Entity::find()
        .filter(wants_mail())
        .order_by_asc(user::Column::Name)
        .limit(MOST_RECIPIENTS)
        .all(db)
        .await?;
    Ok(found.into_iter().map(auth::store::current_user).collect())
}

/// The person, if they still are told by mail.
pub(super) async fn recipient(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<CurrentUser>, DbErr> {
    let found = user::Entity::find_by_id(id)
        .filter(wants_mail())
        .one(db)
        .await?;
    Ok(found.map(auth::store::current_user))
}

fn wants_mail() -> Condition {
    Condition::all()
        .add(user::Column::Role.eq(Role::Administrator.name()))
        .add(user::Column::NoticesByMail.eq(true))
        .add(user::Column::DisabledAt.is_null())
        .add(user::Column::RemovedAt.is_null())
        .add(user::Column::InvitedAt.is_null())
}

/// Takes the delivery that has been due longest and that nobody has taken, if there is one.
///
/// # Errors
/// The database's.
pub(super) async fn claim(
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
pub(super) async fn finish(
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
pub(super) async fn give_up(
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
pub(super) async fn put_off(
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

/// Has a delivery that failed tried again from the beginning; `false` when there is none that failed.
///
/// # Errors
/// The database's.
pub async fn try_again(db: &impl ConnectionTrait, id: Uuid, now: Timestamp) -> Result<bool, DbErr> {
    let again = of(id)
        .col_expr(
            notice_delivery::Column::State,
            Expr::value(State::Waiting.name()),
        )
        .col_expr(notice_delivery::Column::Tries, Expr::value(0))
        .col_expr(
            notice_delivery::Column::NextAt,
            Expr::value(UtcMillis::from(now)),
        )
        .col_expr(
            notice_delivery::Column::LeaseUntil,
            Expr::value(None::<UtcMillis>),
        )
        .col_expr(
            notice_delivery::Column::FinishedAt,
            Expr::value(None::<UtcMillis>),
        )
        .filter(notice_delivery::Column::State.eq(State::Failed.name()))
        .exec(db)
        .await?;
    Ok(again.rows_affected == 1)
}

/// Has mail that waits tried at once: the settings have changed.
///
/// # Errors
/// The database's.
pub async fn hurry_mail(db: &impl ConnectionTrait, now: Timestamp) -> Result<(), DbErr> {
    notice_delivery::Entity::update_many()
        .col_expr(
            notice_delivery::Column::NextAt,
            Expr::value(UtcMillis::from(now)),
        )
        .filter(notice_delivery::Column::Channel.eq(Channel::Mail.name()))
        .filter(notice_delivery::Column::FinishedAt.is_null())
        .exec(db)
        .await?;
    Ok(())
}

/// The latest deliveries, latest first, at most [`SHOWN`].
///
/// # Errors
/// The database's.
pub async fn latest(db: &impl ConnectionTrait) -> Result<Vec<Delivery>, DbErr> {
    let found = notice_delivery::Entity::find()
        .find_also_related(notice::Entity)
        .order_by_desc(notice_delivery::Column::CreatedAt)
        .order_by_desc(notice_delivery::Column::Id)
        .limit(SHOWN)
        .all(db)
        .await?;
    Ok(found.into_iter().filter_map(read).collect())
}

/// Removes what was over before a moment; how many.
pub(super) async fn remove_old(db: &impl ConnectionTrait, before: Timestamp) -> Result<u64, DbErr> {
    let removed = notice_delivery::Entity::delete_many()
        .filter(notice_delivery::Column::CreatedAt.lt(UtcMillis::from(before)))
        .filter(notice_delivery::Column::FinishedAt.is_not_null())
        .exec(db)
        .await?;
    Ok(removed.rows_affected)
}

async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Delivery>, DbErr> {
    let found = notice_delivery::Entity::find_by_id(id)
        .find_also_related(notice::Entity)
        .one(db)
        .await?;
    Ok(found.and_then(read))
}

fn of(id: Uuid) -> UpdateMany<notice_delivery::Entity> {
    notice_delivery::Entity::update_many().filter(notice_delivery::Column::Id.eq(id))
}

/// Writes only while nobody else has taken it: each claim counts a try.
fn held(delivery: &Delivery) -> UpdateMany<notice_delivery::Entity> {
    of(delivery.id)
        .filter(notice_delivery::Column::Tries.eq(delivery.tries.cast_signed()))
        .filter(notice_delivery::Column::FinishedAt.is_null())
}

/// `None` for a word of a newer version.
fn read((row, notice): (notice_delivery::Model, Option<notice::Model>)) -> Option<Delivery> {
    let state = State::ALL.into_iter().find(|one| one.name() == row.state)?;
    Some(Delivery {
        id: row.id,
        notice: store::read(notice?, false)?,
        event: Event::ALL.into_iter().find(|one| one.name() == row.event)?,
        channel: Channel::ALL
            .into_iter()
            .find(|one| one.name() == row.channel)?,
        target_id: row.target_id,
        state,
        tries: row.tries.unsigned_abs(),
        next_at: row.next_at.into(),
        problem: row.problem.as_deref().and_then(Problem::from_name),
        created_at: row.created_at.into(),
    })
}
