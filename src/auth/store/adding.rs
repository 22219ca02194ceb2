//! Adding a person: what makes a name and an address acceptable, and the row with its entry in the audit log.

use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QuerySelect, Set, SqlErr,
};
use serde_json::json;
use uuid::Uuid;

use super::current_user;
use crate::auth::{CurrentUser, Password, PasswordProblem, Role};
use crate::names::Name;
use crate::profiles::value::fold;
use crate::storage::UtcMillis;
use crate::storage::audit::Author;
use crate::storage::entities::user;

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

/// Whether anybody exists.
pub(in crate::auth) async fn has_users(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
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
pub(in crate::auth) fn check(name: &str, email: &str) -> Result<(String, String), UserProblem> {
    let name = Name::parse(name).map_err(|_| UserProblem::Name)?;
    let email = email.trim().to_lowercase();
    if !email_address::EmailAddress::is_valid(&email) || email.chars().count() > MAX_TEXT_CHARACTERS
    {
        return Err(UserProblem::Email);
    }
    Ok((name.as_str().to_owned(), email))
}

/// A row to be inserted; name and address have been checked.
pub(in crate::auth) struct NewRow {
    pub(in crate::auth) name: String,
    pub(in crate::auth) email: String,
    pub(in crate::auth) role: Role,
    pub(in crate::auth) password_hash: Option<String>,
    pub(in crate::auth) is_invited: bool,
}

pub(in crate::auth) async fn insert_user(
    db: &impl ConnectionTrait,
    new: NewRow,
    author: Author<'_>,
) -> Result<user::Model, UserProblem> {
    let now = UtcMillis::from(author.at);
    let row = user::ActiveModel {
        id: Set(Uuid::now_v7()),
        email: Set(new.email),
        name_key: Set(fold(&new.name).into_owned()),
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
    let detail =
        json!({ "after": { "name": model.name, "email": model.email, "role": model.role } });
    author.record(db, "user.added", model.id, detail).await?;
    Ok(model)
}
