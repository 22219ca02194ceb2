//! Deliveries as the database keeps them: what they are, the list of them, and what administrators have done with them.

mod claims;
mod filling;
mod recipients;

pub(super) use claims::{claim, finish, give_up, put_off};
pub(super) use filling::{close_spent_days, fan_out};
pub(super) use recipients::recipient;
pub use recipients::recipients;

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    UpdateMany,
};
use uuid::Uuid;

use super::Problem;
use crate::notices::store::{self, Notice};
use crate::storage::UtcMillis;
use crate::storage::entities::{notice, notice_delivery};

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
