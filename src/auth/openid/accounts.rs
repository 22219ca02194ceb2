//! From a proven identity to a person here, under the rules of [`super`].

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr,
    EntityTrait, QueryFilter, Set, SqlErr, TransactionTrait,
};
use serde_json::json;
use uuid::Uuid;

use super::{Refusal, RoleMapping};
use crate::auth::people::changes::{self, ChangeProblem};
use crate::auth::store::{self, NewRow, UserProblem};
use crate::auth::{CurrentUser, Role};
use crate::names::Name;
use crate::openid::{Identity, ProviderKind};
use crate::storage::UtcMillis;
use crate::storage::audit::Author;
use crate::storage::entities::{user, user_identity};

/// From where and when a person comes.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// Through which provider.
    pub kind: ProviderKind,
    /// Address the request came from.
    pub ip: &'a str,
    /// When.
    pub at: Timestamp,
}

impl<'a> Arrival<'a> {
    fn author(&self, id: Uuid) -> Author<'a> {
        Author {
            user_id: Some(id),
            ip: Some(self.ip),
            at: self.at,
        }
    }
}

/// A person who may come in.
#[derive(Debug)]
pub struct Admitted {
    /// Who.
    pub user: CurrentUser,
    /// Whether groups would have taken the last administrator's role away.
    pub is_last_administrator: bool,
}

/// Lets a person in, or adds them. A change of role ends their other sessions.
///
/// # Errors
/// [`Refusal`].
pub async fn admit(
    db: &DatabaseConnection,
    identity: &Identity,
    roles: &RoleMapping,
    arrival: Arrival<'_>,
) -> Result<Admitted, Refusal> {
    let first = try_admit(db, identity, roles, arrival).await;
    match first {
        // The same person came in twice at the same moment for the first time: the second one finds themselves.
        Err(Refusal::Database(error)) if is_duplicate(&error) => {
            try_admit(db, identity, roles, arrival).await
        }
        Err(Refusal::EmailTaken) => try_admit(db, identity, roles, arrival).await,
        other => other,
    }
}

fn is_duplicate(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

async fn try_admit(
    db: &DatabaseConnection,
    identity: &Identity,
    roles: &RoleMapping,
    arrival: Arrival<'_>,
) -> Result<Admitted, Refusal> {
    let role = roles.role_of(&identity.groups);
    let known = find_owner(db, identity).await?;
    let role = match (role, known) {
        (Ok(role), _) => role,
        (Err(refusal), known) => {
            // Whoever has left the groups is out everywhere, not only here.
            if let Some(id) = known {
                store::end_sessions_of(db, id, arrival.at).await?;
            }
            return Err(refusal);
        }
    };
    let transaction = db.begin().await?;
    let admitted = match known {
        Some(id) => {
            let person = lock(&transaction, id).await?;
            if person.disabled_at.is_some() {
                return Err(Refusal::Disabled);
            }
            let is_last = take_role(&transaction, &person, role, arrival).await?;
            finish(&transaction, id, is_last).await?
        }
        None => {
            let role = role.ok_or(Refusal::NotInvited)?;
            let id = add(&transaction, identity, role, arrival).await?;
            finish(&transaction, id, false).await?
        }
    };
    transaction.commit().await?;
    Ok(admitted)
}

async fn finish(
    transaction: &DatabaseTransaction,
    id: Uuid,
    is_last_administrator: bool,
) -> Result<Admitted, Refusal> {
    let user = store::find_active_user(transaction, id).await?;
    Ok(Admitted {
        user: user.ok_or(Refusal::Disabled)?,
        is_last_administrator,
    })
}

/// Links an account to whoever answers an invitation with it.
///
/// # Errors
/// [`Refusal`].
pub async fn accept(
    db: &DatabaseConnection,
    invitation_hash: &str,
    identity: &Identity,
    roles: &RoleMapping,
    arrival: Arrival<'_>,
) -> Result<Admitted, Refusal> {
    let role = roles.role_of(&identity.groups)?;
    let found = user::Entity::find()
        .filter(user::Column::InvitationHash.eq(invitation_hash))
        .filter(user::Column::InvitationExpiresAt.gt(UtcMillis::from(arrival.at)))
        .filter(user::Column::DisabledAt.is_null())
        .one(db)
        .await?;
    let invited = found.ok_or(Refusal::InvitationGone)?;
    refuse_foreign(db, identity, invited.id).await?;
    let transaction = db.begin().await?;
    let person = lock(&transaction, invited.id).await?;
    // Of two who use one link at the same time the second finds it used.
    if person.invitation_hash.as_deref() != Some(invitation_hash) {
        return Err(Refusal::InvitationGone);
    }
    store_link(&transaction, &person, identity, arrival).await?;
    let is_last = take_role(&transaction, &person, role, arrival).await?;
    let admitted = finish(&transaction, person.id, is_last).await?;
    transaction.commit().await?;
    Ok(admitted)
}

/// Links the account of a person who is signed in and has proved so with their password. The password goes, and so do
/// all their sessions; start a new one.
///
/// # Errors
/// [`Refusal`].
pub async fn link(
    db: &DatabaseConnection,
    user_id: Uuid,
    identity: &Identity,
    roles: &RoleMapping,
    arrival: Arrival<'_>,
) -> Result<Admitted, Refusal> {
    let role = roles.role_of(&identity.groups)?;
    refuse_foreign(db, identity, user_id).await?;
    let transaction = db.begin().await?;
    let person = lock(&transaction, user_id).await?;
    store_link(&transaction, &person, identity, arrival).await?;
    let is_last = take_role(&transaction, &person, role, arrival).await?;
    let admitted = finish(&transaction, user_id, is_last).await?;
    transaction.commit().await?;
    Ok(admitted)
}

/// Takes every account at a provider from a person.
///
/// # Errors
/// The database's.
pub async fn unlink(db: &impl ConnectionTrait, user_id: Uuid) -> Result<(), DbErr> {
    user_identity::Entity::delete_many()
        .filter(user_identity::Column::UserId.eq(user_id))
        .exec(db)
        .await?;
    Ok(())
}

/// Whose account at a provider this is.
///
/// # Errors
/// The database's.
pub async fn find_owner(
    db: &impl ConnectionTrait,
    identity: &Identity,
) -> Result<Option<Uuid>, DbErr> {
    let found = user_identity::Entity::find()
        .filter(user_identity::Column::Issuer.eq(&identity.issuer))
        .filter(user_identity::Column::Subject.eq(&identity.subject))
        .one(db)
        .await?;
    Ok(found.map(|row| row.user_id))
}

/// Issuers a person signs in through; none for somebody with a password.
///
/// # Errors
/// The database's.
pub async fn issuers(db: &impl ConnectionTrait, user_id: Uuid) -> Result<Vec<String>, DbErr> {
    let found = user_identity::Entity::find()
        .filter(user_identity::Column::UserId.eq(user_id))
        .all(db)
        .await?;
    Ok(found.into_iter().map(|row| row.issuer).collect())
}

async fn refuse_foreign(
    db: &impl ConnectionTrait,
    identity: &Identity,
    user_id: Uuid,
) -> Result<(), Refusal> {
    match find_owner(db, identity).await? {
        Some(owner) if owner != user_id => Err(Refusal::LinkedElsewhere),
        _ => Ok(()),
    }
}

async fn lock(transaction: &DatabaseTransaction, id: Uuid) -> Result<user::Model, Refusal> {
    match changes::lock(transaction, id).await {
        Ok(person) => Ok(person),
        Err(ChangeProblem::Database(error)) => Err(error.into()),
        Err(_) => Err(Refusal::Disabled),
    }
}

/// Gives a person the role their groups give; `true` when the last administrator kept theirs instead.
async fn take_role(
    transaction: &DatabaseTransaction,
    person: &user::Model,
    role: Option<Role>,
    arrival: Arrival<'_>,
) -> Result<bool, Refusal> {
    let Some(role) = role.filter(|role| role.name() != person.role) else {
        return Ok(false);
    };
    if role != Role::Administrator {
        match changes::keep_one_administrator(transaction, person).await {
            Ok(()) => {}
            Err(ChangeProblem::Database(error)) => return Err(error.into()),
            Err(_) => return Ok(true),
        }
    }
    store::set_role(transaction, person.id, role, arrival.at).await?;
    let detail = json!({
        "before": { "role": person.role }, "after": { "role": role.name() },
        "by groups of": arrival.kind.name(),
    });
    let author = arrival.author(person.id);
    author
        .record(transaction, "user.role-changed", person.id, detail)
        .await?;
    Ok(false)
}

/// Makes an account at a provider a person's one way in.
async fn store_link(
    transaction: &DatabaseTransaction,
    person: &user::Model,
    identity: &Identity,
    arrival: Arrival<'_>,
) -> Result<(), Refusal> {
    unlink(transaction, person.id).await?;
    insert_identity(transaction, person.id, identity, arrival.at).await?;
    user::Entity::update_many()
        .col_expr(user::Column::PasswordHash, Expr::value(None::<String>))
        .col_expr(user::Column::InvitationHash, Expr::value(None::<String>))
        .col_expr(user::Column::InvitedAt, Expr::value(None::<UtcMillis>))
        .col_expr(
            user::Column::UpdatedAt,
            Expr::value(UtcMillis::from(arrival.at)),
        )
        .filter(user::Column::Id.eq(person.id))
        .exec(transaction)
        .await?;
    store::end_sessions_of(transaction, person.id, arrival.at).await?;
    let detail = json!({ "with": arrival.kind.name(), "issuer": identity.issuer });
    let author = arrival.author(person.id);
    author
        .record(transaction, "user.linked", person.id, detail)
        .await?;
    Ok(())
}

async fn insert_identity(
    transaction: &DatabaseTransaction,
    user_id: Uuid,
    identity: &Identity,
    at: Timestamp,
) -> Result<(), DbErr> {
    let row = user_identity::ActiveModel {
        id: Set(Uuid::now_v7()),
        user_id: Set(user_id),
        issuer: Set(identity.issuer.clone()),
        subject: Set(identity.subject.clone()),
        created_at: Set(at.into()),
    };
    row.insert(transaction).await.map(drop)
}

/// Adds a person who comes in for the first time.
async fn add(
    transaction: &DatabaseTransaction,
    identity: &Identity,
    role: Role,
    arrival: Arrival<'_>,
) -> Result<Uuid, Refusal> {
    let email = identity.email.as_deref().ok_or(Refusal::NoEmail)?;
    let name = identity.name.as_deref().unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    let name =
        Name::parse(&name).map_or_else(|_| email.to_owned(), |name| name.as_str().to_owned());
    let (name, email) = store::check(&name, email).map_err(|_| Refusal::NoEmail)?;
    let row = NewRow {
        name,
        email,
        role,
        password_hash: None,
        is_invited: false,
    };
    let author = Author {
        user_id: None,
        ip: Some(arrival.ip),
        at: arrival.at,
    };
    let added = store::insert_user(transaction, row, author).await;
    let person = added.map_err(|problem| match problem {
        UserProblem::Database(error) => Refusal::Database(error),
        _ => Refusal::EmailTaken,
    })?;
    insert_identity(transaction, person.id, identity, arrival.at).await?;
    let detail = json!({ "with": arrival.kind.name(), "issuer": identity.issuer });
    author
        .record(transaction, "user.linked", person.id, detail)
        .await?;
    Ok(person.id)
}
