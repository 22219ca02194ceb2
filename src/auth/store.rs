//! Queries over users, sessions and failed sign-ins.

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ExprTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Set, SqlErr,
};
use serde_json::json;
use uuid::Uuid;

use super::people::Author;
use super::{CurrentUser, Password, PasswordProblem, Role};
use crate::locale::{Lang, find_zone};
use crate::storage::UtcMillis;
use crate::storage::audit::{self, AuditEvent};
use crate::storage::entities::{session, sign_in_failure, user};

/// Longest name and e-mail address kept, in characters.
pub const MAX_TEXT_CHARACTERS: usize = 200;

/// A person to be added.
#[derive(Debug)]
pub struct NewUser {
    /// Name people read.
    pub name: String,
    /// Address used to sign in.
    pub email: String,
    /// Role.
    pub role: Role,
    /// Password chosen.
    pub password: Password,
}

/// Why a person was not added.
#[derive(Debug, thiserror::Error)]
pub enum UserProblem {
    /// The name is empty or too long.
    #[error("the name must have 1 to {MAX_TEXT_CHARACTERS} characters")]
    Name,
    /// The address is not one.
    #[error("this is not an e-mail address")]
    Email,
    /// Somebody with this address exists.
    #[error("somebody with this e-mail address exists already")]
    EmailTaken,
    /// The password.
    #[error(transparent)]
    Password(#[from] PasswordProblem),
    /// The database's.
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// An account as sign-in needs it.
pub(super) struct Account {
    pub(super) user: CurrentUser,
    pub(super) password_hash: Option<String>,
    pub(super) is_disabled: bool,
}

/// A session as requests need it.
pub(super) struct FoundSession {
    pub(super) id: Uuid,
    pub(super) user: CurrentUser,
    pub(super) created_at: Timestamp,
    pub(super) last_seen_at: Timestamp,
}

/// Whether anybody exists.
pub(super) async fn has_users(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    Ok(user::Entity::find().limit(1).count(db).await? > 0)
}

/// Adds a person. `by` is who did it, `None` for the shell and the set-up page.
///
/// # Errors
/// [`UserProblem`].
pub async fn add_user(
    db: &impl ConnectionTrait,
    new: NewUser,
    by: Option<Uuid>,
    ip: Option<&str>,
    now: Timestamp,
) -> Result<CurrentUser, UserProblem> {
    let (name, email) = check(&new.name, &new.email)?;
    new.password.check()?;
    let row = NewRow {
        name,
        email,
        role: new.role,
        password_hash: Some(new.password.hash().await),
        is_invited: false,
    };
    let author = Author {
        user_id: by,
        ip,
        at: now,
    };
    Ok(current_user(insert_user(db, row, author).await?))
}

/// Name and address as they are kept.
///
/// # Errors
/// [`UserProblem::Name`] and [`UserProblem::Email`].
pub(super) fn check(name: &str, email: &str) -> Result<(String, String), UserProblem> {
    let name = name.trim().to_owned();
    let email = email.trim().to_lowercase();
    if name.is_empty()
        || name.chars().count() > MAX_TEXT_CHARACTERS
        || name.chars().any(char::is_control)
    {
        return Err(UserProblem::Name);
    }
    if !email_address::EmailAddress::is_valid(&email) || email.chars().count() > MAX_TEXT_CHARACTERS
    {
        return Err(UserProblem::Email);
    }
    Ok((name, email))
}

/// A row to be inserted; name and address have been checked.
pub(super) struct NewRow {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) role: Role,
    pub(super) password_hash: Option<String>,
    pub(super) is_invited: bool,
}

pub(super) async fn insert_user(
    db: &impl ConnectionTrait,
    new: NewRow,
    author: Author<'_>,
) -> Result<user::Model, UserProblem> {
    let now = UtcMillis::from(author.at);
    let row = user::ActiveModel {
        id: Set(Uuid::now_v7()),
        email: Set(new.email),
        name: Set(new.name),
        role: Set(new.role.name().to_owned()),
        password_hash: Set(new.password_hash),
        lang: Set(None),
        time_zone: Set(None),
        notices_by_mail: Set(true),
        disabled_at: Set(None),
        created_at: Set(now),
        updated_at: Set(now),
        invited_at: Set(new.is_invited.then_some(now)),
        invitation_hash: Set(None),
        invitation_expires_at: Set(None),
        removed_at: Set(None),
        last_signed_in_at: Set(None),
    };
    let model = row
        .insert(db)
        .await
        .map_err(|error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => UserProblem::EmailTaken,
            _ => error.into(),
        })?;
    let event = AuditEvent {
        at: author.at,
        user_id: author.user_id,
        ip: author.ip,
        action: "user.added",
        object_id: model.id.to_string(),
        detail: json!({ "name": model.name, "email": model.email, "role": model.role }),
    };
    audit::record(db, event).await?;
    Ok(model)
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

/// Whether a session has been neither ended nor its person disabled; for answers that last.
///
/// # Errors
/// The database's.
pub async fn is_session_active(db: &impl ConnectionTrait, id: Uuid) -> Result<bool, DbErr> {
    let found = session::Entity::find_by_id(id)
        .find_also_related(user::Entity)
        .filter(session::Column::EndedAt.is_null())
        .filter(user::Column::DisabledAt.is_null())
        .one(db)
        .await?;
    Ok(found.is_some())
}

/// Everybody, by name; at most 1,000.
///
/// # Errors
/// The database's.
pub async fn list_users(db: &impl ConnectionTrait) -> Result<Vec<CurrentUser>, DbErr> {
    let found = user::Entity::find()
        .filter(user::Column::RemovedAt.is_null())
        .order_by_asc(user::Column::Name)
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

pub(super) async fn insert_session(
    db: &impl ConnectionTrait,
    secret_hash: &str,
    user_id: Uuid,
    ip: &str,
    device: &str,
    now: Timestamp,
) -> Result<(), DbErr> {
    user::Entity::update_many()
        .col_expr(
            user::Column::LastSignedInAt,
            Expr::value(UtcMillis::from(now)),
        )
        .filter(user::Column::Id.eq(user_id))
        .exec(db)
        .await?;
    session::ActiveModel {
        id: Set(Uuid::now_v7()),
        secret_hash: Set(secret_hash.to_owned()),
        user_id: Set(user_id),
        ip: Set(ip.to_owned()),
        created_at: Set(now.into()),
        last_seen_at: Set(now.into()),
        ended_at: Set(None),
        device: Set(device.to_owned()),
        proved_at: Set(None),
    }
    .insert(db)
    .await?;
    Ok(())
}

pub(super) async fn find_session(
    db: &impl ConnectionTrait,
    secret_hash: &str,
) -> Result<Option<FoundSession>, DbErr> {
    let found = session::Entity::find()
        .find_also_related(user::Entity)
        .filter(session::Column::SecretHash.eq(secret_hash))
        .filter(session::Column::EndedAt.is_null())
        .filter(user::Column::DisabledAt.is_null())
        .one(db)
        .await?;
    Ok(found.and_then(|(session, user)| {
        Some(FoundSession {
            id: session.id,
            user: current_user(user?),
            created_at: session.created_at.into(),
            last_seen_at: session.last_seen_at.into(),
        })
    }))
}

pub(super) async fn touch_session(
    db: &impl ConnectionTrait,
    id: Uuid,
    now: Timestamp,
) -> Result<(), DbErr> {
    session::Entity::update_many()
        .col_expr(
            session::Column::LastSeenAt,
            Expr::value(UtcMillis::from(now)),
        )
        .filter(session::Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

pub(super) async fn end_session(
    db: &impl ConnectionTrait,
    secret_hash: &str,
    now: Timestamp,
) -> Result<(), DbErr> {
    end_sessions(db, session::Column::SecretHash.eq(secret_hash), now).await
}

pub(super) async fn end_sessions_of(
    db: &impl ConnectionTrait,
    user_id: Uuid,
    now: Timestamp,
) -> Result<(), DbErr> {
    end_sessions(db, session::Column::UserId.eq(user_id), now).await
}

async fn end_sessions(
    db: &impl ConnectionTrait,
    which: sea_orm::sea_query::SimpleExpr,
    now: Timestamp,
) -> Result<(), DbErr> {
    session::Entity::update_many()
        .col_expr(session::Column::EndedAt, Expr::value(UtcMillis::from(now)))
        .filter(which)
        .filter(session::Column::EndedAt.is_null())
        .exec(db)
        .await?;
    Ok(())
}

pub(super) async fn find_blocked_until(
    db: &impl ConnectionTrait,
    key: &str,
) -> Result<Option<Timestamp>, DbErr> {
    let found = sign_in_failure::Entity::find_by_id(key.to_owned())
        .one(db)
        .await?;
    Ok(found.and_then(|row| row.blocked_until).map(Into::into))
}

/// Counts one more failure and answers how many there are within the memory.
pub(super) async fn count_failure(
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

pub(super) async fn block_until(
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

pub(super) async fn forget_failures(db: &impl ConnectionTrait, key: &str) -> Result<(), DbErr> {
    sign_in_failure::Entity::delete_by_id(key.to_owned())
        .exec(db)
        .await?;
    Ok(())
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
