//! Queries over notices and who has read them.

use std::fmt::Display;

use jiff::{SignedDuration, Timestamp};
use sea_orm::sea_query::{Expr, OnConflict, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, ExprTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select, Set,
};
use uuid::Uuid;

use super::kind::{Details, Kind};
use crate::auth::CurrentUser;
use crate::storage::UtcMillis;
use crate::storage::entities::{notice, notice_read, notice_reader};
use crate::web::MOST_UNREAD;

/// Notices on one page.
pub const PAGE_SIZE: u64 = 50;
/// Notices that changed longer ago than this count as read.
const UNREAD_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A notice as one person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Id.
    pub id: Uuid,
    /// What happened.
    pub kind: Kind,
    /// Id of what it is about.
    pub subject: String,
    /// What else there is to say.
    pub details: Details,
    /// Times it happened while open.
    pub count: u64,
    /// When it first happened.
    pub opened_at: Timestamp,
    /// When it happened last.
    pub last_at: Timestamp,
    /// When it was over; `None` while it is open.
    pub resolved_at: Option<Timestamp>,
    /// Whether this person has not read it since it was opened or resolved.
    pub is_unread: bool,
}

/// Says that something happened to a subject.
///
/// The first time opens a notice, which is told to everybody concerned; while it is open, further times count and bring
/// the details up to date. One statement, so it fits into any transaction.
///
/// # Errors
/// The database's.
pub async fn raise(
    db: &impl ConnectionTrait,
    kind: Kind,
    subject: impl Display,
    details: Details,
    at: Timestamp,
) -> Result<(), DbErr> {
    let subject = subject.to_string();
    let now = UtcMillis::from(at);
    let row = notice::ActiveModel {
        id: Set(Uuid::now_v7()),
        kind: Set(kind.name().to_owned()),
        open_key: Set(Some(open_key(kind, &subject))),
        subject: Set(subject),
        details: Set(serde_json::to_value(details).map_err(|error| DbErr::Json(error.to_string()))?),
        count: Set(1),
        opened_at: Set(now),
        last_at: Set(now),
        resolved_at: Set(None),
        changed_at: Set(now),
        events: Set(1),
        told: Set(0),
    };
    let again = OnConflict::column(notice::Column::OpenKey)
        .update_columns([notice::Column::Details, notice::Column::LastAt])
        .value(
            notice::Column::Count,
            Expr::col((notice::Entity, notice::Column::Count)).add(1),
        )
        .to_owned();
    notice::Entity::insert(row)
        .on_conflict(again)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Says that what happened to a subject is over; told once. `false` when nothing was open.
///
/// # Errors
/// The database's.
pub async fn resolve(
    db: &impl ConnectionTrait,
    kind: Kind,
    subject: impl Display,
    at: Timestamp,
) -> Result<bool, DbErr> {
    let key = open_key(kind, &subject.to_string());
    let closed = close(at, 2)
        .filter(notice::Column::OpenKey.eq(key))
        .exec(db)
        .await?;
    Ok(closed.rows_affected > 0)
}

/// Closes whatever is open about a subject that is gone, without telling anybody.
///
/// # Errors
/// The database's.
pub async fn forget(
    db: &impl ConnectionTrait,
    subject: impl Display,
    at: Timestamp,
) -> Result<(), DbErr> {
    let subject = subject.to_string();
    let keys = Kind::ALL.map(|kind| open_key(kind, &subject));
    close(at, 1)
        .filter(notice::Column::OpenKey.is_in(keys))
        .exec(db)
        .await?;
    Ok(())
}

/// Subjects of the open notices of a kind; at most 1,000.
///
/// # Errors
/// The database's.
pub async fn open_subjects(
    db: &impl ConnectionTrait,
    kind: Kind,
) -> Result<Vec<(String, Timestamp)>, DbErr> {
    let found: Vec<(String, UtcMillis)> = notice::Entity::find()
        .select_only()
        .column(notice::Column::Subject)
        .column(notice::Column::OpenedAt)
        .filter(notice::Column::Kind.eq(kind.name()))
        .filter(notice::Column::OpenKey.is_not_null())
        .limit(1_000)
        .into_tuple()
        .all(db)
        .await?;
    let found = found.into_iter();
    Ok(found.map(|(subject, at)| (subject, at.into())).collect())
}

fn open_key(kind: Kind, subject: &str) -> String {
    format!("{}:{subject}", kind.name())
}

fn close(at: Timestamp, events: i32) -> sea_orm::UpdateMany<notice::Entity> {
    let now = UtcMillis::from(at);
    notice::Entity::update_many()
        .col_expr(notice::Column::OpenKey, Expr::value(None::<String>))
        .col_expr(notice::Column::ResolvedAt, Expr::value(now))
        .col_expr(notice::Column::ChangedAt, Expr::value(now))
        .col_expr(notice::Column::Events, Expr::value(events))
}

/// Which notices to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// Those that are open.
    #[default]
    Open,
    /// Also those that are over.
    All,
}

/// A page of the notices a person is told of.
#[derive(Clone, Debug)]
pub struct NoticePage {
    /// At most [`PAGE_SIZE`], the latest change first.
    pub notices: Vec<Notice>,
    /// All there are.
    pub total: u64,
}

/// A page of notices for a person; `page` counts from 0.
///
/// # Errors
/// The database's.
pub async fn list(
    db: &impl ConnectionTrait,
    user: &CurrentUser,
    which: Which,
    page: u64,
    now: Timestamp,
) -> Result<NoticePage, DbErr> {
    let mut query = visible_to(user);
    if which == Which::Open {
        query = query.filter(notice::Column::OpenKey.is_not_null());
    }
    let total = query.clone().count(db).await?;
    let found = query
        .order_by_desc(notice::Column::ChangedAt)
        .order_by_desc(notice::Column::Id)
        .offset(Ord::min(page.saturating_mul(PAGE_SIZE), total))
        .limit(PAGE_SIZE)
        .all(db)
        .await?;
    let ids: Vec<Uuid> = found.iter().map(|row| row.id).collect();
    let unread: Vec<Uuid> = unread_by(user, now)
        .filter(notice::Column::Id.is_in(ids))
        .select_only()
        .column(notice::Column::Id)
        .into_tuple()
        .all(db)
        .await?;
    let read = |row: notice::Model| {
        let is_unread = unread.contains(&row.id);
        read(row, is_unread)
    };
    Ok(NoticePage {
        notices: found.into_iter().filter_map(read).collect(),
        total,
    })
}

/// How many notices a person has not read; at most one more than [`MOST_UNREAD`].
///
/// # Errors
/// The database's.
pub async fn unread(
    db: &impl ConnectionTrait,
    user: &CurrentUser,
    now: Timestamp,
) -> Result<u64, DbErr> {
    unread_by(user, now)
        .select_only()
        .column(notice::Column::Id)
        .limit(MOST_UNREAD + 1)
        .count(db)
        .await
}

/// Remembers that a person has read a notice as it is; `false` when there is none they are told of.
///
/// # Errors
/// The database's.
pub async fn mark_read(
    db: &impl ConnectionTrait,
    user: &CurrentUser,
    id: Uuid,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let found = visible_to(user)
        .filter(notice::Column::Id.eq(id))
        .one(db)
        .await?;
    if found.is_none() {
        return Ok(false);
    }
    let row = notice_read::ActiveModel {
        user_id: Set(user.id),
        notice_id: Set(id),
        read_at: Set(now.into()),
    };
    let again = OnConflict::columns([notice_read::Column::UserId, notice_read::Column::NoticeId])
        .update_column(notice_read::Column::ReadAt)
        .to_owned();
    notice_read::Entity::insert(row)
        .on_conflict(again)
        .exec_without_returning(db)
        .await?;
    Ok(true)
}

/// Remembers that a person has read everything there is.
///
/// # Errors
/// The database's.
pub async fn mark_all_read(
    db: &impl ConnectionTrait,
    user_id: Uuid,
    now: Timestamp,
) -> Result<(), DbErr> {
    let row = notice_reader::ActiveModel {
        user_id: Set(user_id),
        read_until: Set(now.into()),
    };
    let again = OnConflict::column(notice_reader::Column::UserId)
        .update_column(notice_reader::Column::ReadUntil)
        .to_owned();
    notice_reader::Entity::insert(row)
        .on_conflict(again)
        .exec_without_returning(db)
        .await?;
    // What was read one by one before is covered.
    notice_read::Entity::delete_many()
        .filter(notice_read::Column::UserId.eq(user_id))
        .filter(notice_read::Column::ReadAt.lte(UtcMillis::from(now)))
        .exec(db)
        .await?;
    Ok(())
}

fn visible_to(user: &CurrentUser) -> Select<notice::Entity> {
    let kinds = Kind::told_to(user.role).map(Kind::name);
    notice::Entity::find().filter(notice::Column::Kind.is_in(kinds))
}

fn unread_by(user: &CurrentUser, now: Timestamp) -> Select<notice::Entity> {
    let changed = |column| Expr::col((notice::Entity, column));
    let read_at_once: SelectStatement = Query::select()
        .expr(Expr::value(1))
        .from(notice_reader::Entity)
        .and_where(notice_reader::Column::UserId.eq(user.id))
        .and_where(
            Expr::col((notice_reader::Entity, notice_reader::Column::ReadUntil))
                .gte(changed(notice::Column::ChangedAt)),
        )
        .to_owned();
    let read_alone: SelectStatement = Query::select()
        .expr(Expr::value(1))
        .from(notice_read::Entity)
        .and_where(notice_read::Column::UserId.eq(user.id))
        .and_where(
            Expr::col((notice_read::Entity, notice_read::Column::NoticeId))
                .equals((notice::Entity, notice::Column::Id)),
        )
        .and_where(
            Expr::col((notice_read::Entity, notice_read::Column::ReadAt))
                .gte(changed(notice::Column::ChangedAt)),
        )
        .to_owned();
    visible_to(user)
        .filter(notice::Column::ChangedAt.gt(UtcMillis::from(now - UNREAD_FOR)))
        .filter(
            Condition::all()
                .add(Expr::exists(read_at_once).not())
                .add(Expr::exists(read_alone).not()),
        )
}

/// `None` for a kind of a newer version.
pub(super) fn read(row: notice::Model, is_unread: bool) -> Option<Notice> {
    Some(Notice {
        id: row.id,
        kind: Kind::from_name(&row.kind)?,
        subject: row.subject,
        details: serde_json::from_value(row.details).unwrap_or_default(),
        count: row.count.unsigned_abs(),
        opened_at: row.opened_at.into(),
        last_at: row.last_at.into(),
        resolved_at: row.resolved_at.map(Into::into),
        is_unread,
    })
}
