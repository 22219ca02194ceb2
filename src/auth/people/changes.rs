//! Changes an administrator makes to people. Each ends the person's sessions and is recorded, in one transaction.
//!
//! Two administrators who demote each other at the same moment must not both succeed. So every change that takes rights
//! away first locks all administrators, then counts who would be left: of two such changes the second waits, and sees
//! what the first one did.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, TransactionTrait,
};
use serde_json::json;
use uuid::Uuid;

use super::invitations;
use crate::auth::store::{self, UserProblem};
use crate::auth::{Password, Role};
use crate::storage::UtcMillis;
use crate::storage::audit::Author;
use crate::storage::entities::{user, user_identity};

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeProblem {
    /// Nobody with this id, or removed meanwhile.
    #[error("no such person")]
    NotFound,
    /// Nobody would be left who can manage people.
    #[error("the last administrator stays")]
    LastAdministrator,
    /// The database's.
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// How a new person gets in for the first time.
#[derive(Debug)]
pub enum Access {
    /// With a password the administrator chose.
    Password(Password),
    /// With a link that lets them choose one.
    Invitation,
}

/// A person to be added by an administrator.
#[derive(Debug)]
pub struct NewPerson {
    /// Name people read.
    pub name: String,
    /// Address used to sign in.
    pub email: String,
    /// Role.
    pub role: Role,
    /// First way in.
    pub access: Access,
}

/// Adds a person; answers their id and, for an invitation, the token of the link, which is shown once and kept nowhere.
///
/// # Errors
/// [`UserProblem`].
pub async fn add(
    db: &DatabaseConnection,
    new: NewPerson,
    author: Author<'_>,
) -> Result<(Uuid, Option<String>), UserProblem> {
    let (name, email) = store::check(&new.name, &new.email)?;
    let (password_hash, is_invited) = match new.access {
        Access::Password(password) => {
            password.check()?;
            (Some(password.hash().await), false)
        }
        Access::Invitation => (None, true),
    };
    let transaction = db.begin().await?;
    let row = store::NewRow {
        name,
        email,
        role: new.role,
        password_hash,
        is_invited,
    };
    let model = store::insert_user(&transaction, row, author).await?;
    let token = match is_invited {
        true => Some(invitations::issue(&transaction, model.id, author).await?),
        false => None,
    };
    transaction.commit().await?;
    Ok((model.id, token))
}

/// Gives a person another role.
///
/// # Errors
/// [`ChangeProblem`].
pub async fn set_role(
    db: &DatabaseConnection,
    id: Uuid,
    role: Role,
    author: Author<'_>,
) -> Result<(), ChangeProblem> {
    let transaction = db.begin().await?;
    let before = lock(&transaction, id).await?;
    if before.role != role.name() {
        if role != Role::Administrator {
            keep_one_administrator(&transaction, &before).await?;
        }
        store::set_role(&transaction, id, role, author.at).await?;
        let detail = json!({ "before": { "role": before.role }, "after": { "role": role.name() } });
        author
            .record(&transaction, "user.role-changed", id, detail)
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Keeps a person out until somebody enables the account again.
///
/// # Errors
/// [`ChangeProblem`].
pub async fn disable(
    db: &DatabaseConnection,
    id: Uuid,
    author: Author<'_>,
) -> Result<(), ChangeProblem> {
    let transaction = db.begin().await?;
    let before = lock(&transaction, id).await?;
    if before.disabled_at.is_none() {
        keep_one_administrator(&transaction, &before).await?;
        store::disable_user(&transaction, id, author.at).await?;
        author
            .record(&transaction, "user.disabled", id, json!({}))
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Lets a disabled person in again.
///
/// # Errors
/// [`ChangeProblem`].
pub async fn enable(
    db: &DatabaseConnection,
    id: Uuid,
    author: Author<'_>,
) -> Result<(), ChangeProblem> {
    let transaction = db.begin().await?;
    let before = lock(&transaction, id).await?;
    if before.disabled_at.is_some() {
        user::Entity::update_many()
            .col_expr(user::Column::DisabledAt, Expr::value(None::<UtcMillis>))
            .col_expr(
                user::Column::UpdatedAt,
                Expr::value(UtcMillis::from(author.at)),
            )
            .filter(user::Column::Id.eq(id))
            .exec(&transaction)
            .await?;
        author
            .record(&transaction, "user.enabled", id, json!({}))
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Removes a person: only the name stays. Their address is free for somebody else.
///
/// # Errors
/// [`ChangeProblem`].
pub async fn remove(
    db: &DatabaseConnection,
    id: Uuid,
    author: Author<'_>,
) -> Result<(), ChangeProblem> {
    let transaction = db.begin().await?;
    let before = lock(&transaction, id).await?;
    keep_one_administrator(&transaction, &before).await?;
    store::disable_user(&transaction, id, author.at).await?;
    user::Entity::update_many()
        .col_expr(user::Column::Email, Expr::value(format!("removed:{id}")))
        .col_expr(user::Column::PasswordHash, Expr::value(None::<String>))
        .col_expr(user::Column::InvitationHash, Expr::value(None::<String>))
        .col_expr(user::Column::InvitedAt, Expr::value(None::<UtcMillis>))
        .col_expr(
            user::Column::RemovedAt,
            Expr::value(UtcMillis::from(author.at)),
        )
        .filter(user::Column::Id.eq(id))
        .exec(&transaction)
        .await?;
    user_identity::Entity::delete_many()
        .filter(user_identity::Column::UserId.eq(id))
        .exec(&transaction)
        .await?;
    let detail = json!({ "before": {
        "name": before.name, "email": before.email, "role": before.role,
    } });
    author
        .record(&transaction, "user.removed", id, detail)
        .await?;
    transaction.commit().await?;
    Ok(())
}

/// The person, after everybody else who is about to change people has finished.
pub(in crate::auth) async fn lock(
    transaction: &DatabaseTransaction,
    id: Uuid,
) -> Result<user::Model, ChangeProblem> {
    // An update that changes nothing locks the rows in PostgreSQL and the file in SQLite alike.
    user::Entity::update_many()
        .col_expr(user::Column::Role, Expr::col(user::Column::Role))
        .filter(user::Column::Role.eq(Role::Administrator.name()))
        .exec(transaction)
        .await?;
    user::Entity::find_by_id(id)
        .filter(user::Column::RemovedAt.is_null())
        .one(transaction)
        .await?
        .ok_or(ChangeProblem::NotFound)
}

/// Refuses when this person is the only administrator who can come in.
pub(in crate::auth) async fn keep_one_administrator(
    transaction: &DatabaseTransaction,
    person: &user::Model,
) -> Result<(), ChangeProblem> {
    let can_come_in = person.disabled_at.is_none() && person.invited_at.is_none();
    if person.role != Role::Administrator.name() || !can_come_in {
        return Ok(());
    }
    let others = user::Entity::find()
        .filter(user::Column::Role.eq(Role::Administrator.name()))
        .filter(user::Column::DisabledAt.is_null())
        .filter(user::Column::InvitedAt.is_null())
        .filter(user::Column::Id.ne(person.id))
        .count(transaction)
        .await?;
    match others {
        0 => Err(ChangeProblem::LastAdministrator),
        _ => Ok(()),
    }
}
