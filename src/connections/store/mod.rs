//! Queries over connections: reading here, changes and tokens beside.
//!
//! Finders are scoped by what a person may see; the unscoped ones are for administrators' pages and the engine.

mod applications;
mod changes;
mod moved;
mod notify;
mod states;
mod tokens;

pub(super) use applications::{find_secret, latest_client_id, save_registration};
pub use changes::{ChangeProblem, NewConnection};
pub(super) use changes::{
    change_details, choose_application, create, record_consent, record_failed_authentication,
    remove, save, set_export_user, set_problem, take_snapshot_of_secrets,
};
pub use moved::check_seals;
pub(super) use notify::warn_of_endings;
pub(super) use states::{ConsumedState, NewState, consume_state, insert_state};
pub(super) use tokens::{
    NewAuthorization, SealedTokens, StoredTokens, end_lease, find_tokens, give_up_tokens,
    store_authorization, store_renewed, take_lease,
};

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::connection::{
    Authorization, Connection, ConnectionKind, Consent, ExportUser, NotReady, RecordedProblem,
    SIGN_IN_LIFE, Sharing, Stamp, may_be_export_user,
};
use super::problem::Problem;
use crate::auth::{CurrentUser, Permission, Role};
use crate::storage::UtcMillis;
use crate::storage::entities::{connection, consent, user};

/// The most connections a list holds.
const LIST_LIMIT: u64 = 1000;

/// The connection with an id; `None` when there is none or it was removed.
///
/// # Errors
/// The database's.
pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Connection>, DbErr> {
    let found = connections()
        .filter(connection::Column::Id.eq(id))
        .one(db)
        .await?;
    Ok(found.map(read))
}

/// Every connection by name, half-finished ones included, for administrators' pages; at most 1,000.
///
/// # Errors
/// The database's.
pub async fn list(db: &impl ConnectionTrait) -> Result<Vec<Connection>, DbErr> {
    let found = connections()
        .order_by_asc(connection::Column::NameKey)
        .limit(LIST_LIMIT)
        .all(db)
        .await?;
    Ok(found.into_iter().map(read).collect())
}

/// The connections a person may choose for an export, by kind and name: for administrators all that are saved, for
/// contributors those shared with them.
///
/// # Errors
/// The database's.
pub async fn list_usable_by(
    db: &impl ConnectionTrait,
    user: &CurrentUser,
) -> Result<Vec<Connection>, DbErr> {
    if !user.role.may(Permission::EditExports) {
        return Ok(Vec::new());
    }
    let mut query = connections().filter(connection::Column::SavedAt.is_not_null());
    if !user.role.may(Permission::ManageConnections) {
        let shared = Sharing::AdministratorsAndContributors.name();
        query = query.filter(connection::Column::Sharing.eq(shared));
    }
    let found = query
        .order_by_asc(connection::Column::Kind)
        .order_by_asc(connection::Column::NameKey)
        .limit(LIST_LIMIT)
        .all(db)
        .await?;
    Ok(found.into_iter().map(read).collect())
}

/// Whether there is any connection a person may choose for an export.
///
/// # Errors
/// The database's.
pub async fn may_use_any(db: &impl ConnectionTrait, user: &CurrentUser) -> Result<bool, DbErr> {
    if !user.role.may(Permission::EditExports) {
        return Ok(false);
    }
    let mut query = connection::Entity::find()
        .select_only()
        .column(connection::Column::Id)
        .filter(connection::Column::RemovedAt.is_null())
        .filter(connection::Column::SavedAt.is_not_null());
    if !user.role.may(Permission::ManageConnections) {
        let shared = Sharing::AdministratorsAndContributors.name();
        query = query.filter(connection::Column::Sharing.eq(shared));
    }
    let found: Option<Uuid> = query.into_tuple().one(db).await?;
    Ok(found.is_some())
}

/// The connection, if a person may choose it for an export; `None` also when it does not exist, so that nobody learns
/// of what they may not use.
///
/// # Errors
/// The database's.
pub async fn find_usable_by(
    db: &impl ConnectionTrait,
    id: Uuid,
    user: &CurrentUser,
) -> Result<Option<Connection>, DbErr> {
    let found = find(db, id).await?;
    Ok(found.filter(|connection| connection.may_be_used_by(user)))
}

/// The connection, if a run may use it now: saved, agreed to, authorised, and its export user may still export.
///
/// # Errors
/// The database's outside, [`NotReady`] inside.
pub async fn check_ready(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Result<Connection, NotReady>, DbErr> {
    let Some(connection) = find(db, id).await? else {
        return Ok(Err(NotReady::NotFound));
    };
    Ok(connection.check_ready().map(|()| connection))
}

/// Keeps a connection from being removed until the transaction ends; `false` when it is gone.
///
/// # Errors
/// The database's.
pub async fn lock(transaction: &impl ConnectionTrait, id: Uuid) -> Result<bool, DbErr> {
    // An update that changes nothing locks the row in PostgreSQL and the file in SQLite alike.
    let locked = connection::Entity::update_many()
        .col_expr(
            connection::Column::Version,
            Expr::col(connection::Column::Version),
        )
        .filter(connection::Column::Id.eq(id))
        .filter(connection::Column::RemovedAt.is_null())
        .exec(transaction)
        .await?;
    Ok(locked.rows_affected == 1)
}

/// Remembers that a run uses a connection.
///
/// # Errors
/// The database's.
pub async fn mark_used(db: &impl ConnectionTrait, id: Uuid, at: Timestamp) -> Result<(), DbErr> {
    connection::Entity::update_many()
        .col_expr(
            connection::Column::LastUsedAt,
            Expr::value(UtcMillis::from(at)),
        )
        .filter(connection::Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

/// Authorised connections whose tokens were last renewed before a moment, longest ago first; at most 1,000.
///
/// # Errors
/// The database's.
pub(super) async fn list_idle(
    db: &impl ConnectionTrait,
    before: Timestamp,
) -> Result<Vec<Uuid>, DbErr> {
    connection::Entity::find()
        .select_only()
        .column(connection::Column::Id)
        .filter(connection::Column::RemovedAt.is_null())
        .filter(connection::Column::Authorization.eq(Authorization::Authorized.name()))
        .filter(connection::Column::AccessExpiresAt.lt(UtcMillis::from(before)))
        .order_by_asc(connection::Column::AccessExpiresAt)
        .limit(LIST_LIMIT)
        .into_tuple()
        .all(db)
        .await
}

/// Names of the connections of each API key, by key.
///
/// # Errors
/// The database's.
pub async fn names_by_key(
    db: &impl ConnectionTrait,
) -> Result<HashMap<String, Vec<String>>, DbErr> {
    let mut names: HashMap<String, Vec<String>> = HashMap::new();
    for connection in list(db).await? {
        if let Some(key) = connection.client_id {
            names.entry(key).or_default().push(connection.name);
        }
    }
    Ok(names)
}

/// Names and kinds of connections by id, removed ones included, for lists that mention them.
///
/// # Errors
/// The database's.
pub async fn names(
    db: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, String>, DbErr> {
    let found: Vec<(Uuid, String)> = connection::Entity::find()
        .select_only()
        .column(connection::Column::Id)
        .column(connection::Column::Name)
        .filter(connection::Column::Id.is_in(ids.iter().copied()))
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.into_iter().collect())
}

type Row = (
    connection::Model,
    Option<consent::Model>,
    Option<user::Model>,
);

fn connections()
-> sea_orm::SelectThree<connection::Entity, consent::Entity, user::Entity, sea_orm::TopologyStar> {
    connection::Entity::find()
        .filter(connection::Column::RemovedAt.is_null())
        .find_also_related(consent::Entity)
        .find_also_related(user::Entity)
}

fn read((model, consent, user): Row) -> Connection {
    let stamp = |by: Option<Uuid>, at: Option<UtcMillis>| {
        Some(Stamp {
            by: by?,
            at: at?.into(),
        })
    };
    Connection {
        id: model.id,
        // The only kind there is.
        kind: ConnectionKind::ConstantContact,
        // A word of a newer version is read as the narrower sharing.
        sharing: Sharing::from_name(&model.sharing).unwrap_or_default(),
        version: model.version,
        created: Stamp {
            by: model.created_by,
            at: model.created_at.into(),
        },
        consent: consent.map(|consent| Consent {
            stamp: Stamp {
                by: consent.user_id,
                at: consent.at.into(),
            },
            lang: consent.lang,
            text_version: consent.text_version,
            text_sha256: consent.text_sha256,
        }),
        client_id: model.client_id,
        authorization: Authorization::from_name(&model.authorization),
        authenticated: stamp(model.authenticated_by, model.authenticated_at),
        organization_name: model.organization_name,
        account_id: model.account_id,
        problem: model
            .problem
            .zip(model.problem_at)
            .map(|(name, at)| RecordedProblem {
                problem: Problem::from_name(&name),
                words: model.problem_words.unwrap_or_default(),
                at: at.into(),
            }),
        export_user: stamp(model.export_user_id, model.export_user_at).map(|stamp| ExportUser {
            id: stamp.by,
            at: stamp.at,
            may_export: user.as_ref().is_some_and(|user| {
                let role = user.role.parse().unwrap_or(Role::Viewer);
                user.disabled_at.is_none() && may_be_export_user(role)
            }),
            name: user.map(|user| user.name).unwrap_or_default(),
        }),
        saved: stamp(model.saved_by, model.saved_at),
        last_used: model.last_used_at.map(Timestamp::from),
        sign_in_ends: model
            .access_expires_at
            .filter(|_| model.authorization == Authorization::Authorized.name())
            .map(|at| Timestamp::from(at) + SIGN_IN_LIFE),
        name: model.name,
    }
}

#[cfg(test)]
mod tests;
