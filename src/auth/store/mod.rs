//! Queries over people: finding them, what they are called, what they chose, what they may do.

mod adding;
mod failures;
mod sessions;

pub use adding::{MAX_TEXT_CHARACTERS, NewUser, UserProblem, add_user};
pub(super) use adding::{NewRow, check, has_users, insert_user};
pub(super) use failures::{block_until, count_failure, find_blocked_until, forget_failures};
pub use sessions::is_session_active;
pub(super) use sessions::{
    end_session, end_sessions_of, find_session, insert_session, touch_session,
};

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::{CurrentUser, Role};
use crate::locale::{Lang, find_zone};
use crate::storage::UtcMillis;
use crate::storage::entities::user;

/// An account as sign-in needs it.
pub(super) struct Account {
    pub(super) user: CurrentUser,
    pub(super) password_hash: Option<String>,
    pub(super) is_disabled: bool,
}

/// The account with an address, compared without case.
pub(super) async fn find_account(
    db: &impl ConnectionTrait,
    email: &str,
) -> Result<Option<Account>, DbErr> {
    let found = user::Entity::find()
        .filter(user::Column::Email.eq(email.trim().to_lowercase()))
        .one(db)
        .await?;
    Ok(found.map(|model| Account {
        password_hash: model.password_hash.clone(),
        is_disabled: model.disabled_at.is_some(),
        user: current_user(model),
    }))
}

/// A person who may still come in: not disabled, not removed.
///
/// # Errors
/// The database's.
pub async fn find_active_user(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<CurrentUser>, DbErr> {
    let found = user::Entity::find_by_id(id)
        .filter(user::Column::DisabledAt.is_null())
        .one(db)
        .await?;
    Ok(found.map(current_user))
}

/// Name of a person, disabled, removed or neither.
///
/// # Errors
/// The database's.
pub async fn find_name(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<String>, DbErr> {
    let found = user::Entity::find_by_id(id).one(db).await?;
    Ok(found.map(|model| model.name))
}

/// Everybody, by name; at most 1,000.
///
/// # Errors
/// The database's.
pub async fn list_users(db: &impl ConnectionTrait) -> Result<Vec<CurrentUser>, DbErr> {
    let found = user::Entity::find()
        .filter(user::Column::RemovedAt.is_null())
        .order_by_asc(user::Column::NameKey)
        .limit(1000)
        .all(db)
        .await?;
    Ok(found.into_iter().map(current_user).collect())
}

/// Names of people by id, for "updated by"; accounts that are gone are missing.
///
/// # Errors
/// The database's.
pub async fn names(
    db: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, String>, DbErr> {
    let found: Vec<(Uuid, String)> = user::Entity::find()
        .select_only()
        .column(user::Column::Id)
        .column(user::Column::Name)
        .filter(user::Column::Id.is_in(ids))
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.into_iter().collect())
}

/// Remembers the language a person chose.
///
/// # Errors
/// The database's.
pub async fn set_lang(db: &impl ConnectionTrait, user_id: Uuid, lang: Lang) -> Result<(), DbErr> {
    user::Entity::update_many()
        .col_expr(user::Column::Lang, Expr::value(lang.tag()))
        .filter(user::Column::Id.eq(user_id))
        .exec(db)
        .await?;
    Ok(())
}

/// Remembers the time zone a person chose, by its IANA name; `None` follows the browser.
///
/// # Errors
/// The database's.
pub async fn set_time_zone(
    db: &impl ConnectionTrait,
    user_id: Uuid,
    name: Option<&str>,
) -> Result<(), DbErr> {
    user::Entity::update_many()
        .col_expr(user::Column::TimeZone, Expr::value(name.map(str::to_owned)))
        .filter(user::Column::Id.eq(user_id))
        .exec(db)
        .await?;
    Ok(())
}

/// Remembers whether a person is told of notices by mail.
///
/// # Errors
/// The database's.
pub async fn set_notices_by_mail(
    db: &impl ConnectionTrait,
    user_id: Uuid,
    is_told: bool,
) -> Result<(), DbErr> {
    user::Entity::update_many()
        .col_expr(user::Column::NoticesByMail, Expr::value(is_told))
        .filter(user::Column::Id.eq(user_id))
        .exec(db)
        .await?;
    Ok(())
}

/// Changes a role and ends the person's sessions.
///
/// # Errors
/// The database's.
pub async fn set_role(
    db: &impl ConnectionTrait,
    user_id: Uuid,
    role: Role,
    now: Timestamp,
) -> Result<(), DbErr> {
    user::Entity::update_many()
        .col_expr(user::Column::Role, Expr::value(role.name()))
        .col_expr(user::Column::UpdatedAt, Expr::value(UtcMillis::from(now)))
        .filter(user::Column::Id.eq(user_id))
        .exec(db)
        .await?;
    end_sessions_of(db, user_id, now).await
}

/// Disables an account and ends its sessions.
///
/// # Errors
/// The database's.
pub async fn disable_user(
    db: &impl ConnectionTrait,
    user_id: Uuid,
    now: Timestamp,
) -> Result<(), DbErr> {
    user::Entity::update_many()
        .col_expr(user::Column::DisabledAt, Expr::value(UtcMillis::from(now)))
        .filter(user::Column::Id.eq(user_id))
        .exec(db)
        .await?;
    end_sessions_of(db, user_id, now).await
}

pub(crate) fn current_user(model: user::Model) -> CurrentUser {
    CurrentUser {
        id: model.id,
        name: model.name,
        email: model.email,
        // A role we do not know is given the least power.
        role: model.role.parse().unwrap_or(Role::Viewer),
        lang: model.lang.and_then(|tag| tag.parse().ok()),
        time_zone: model.time_zone.and_then(|name| find_zone(&name)),
    }
}
