//! Queries over sessions. A session that has ended, or whose person is disabled, is not found: that is what ends it
//! everywhere at once.

use jiff::Timestamp;
use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, Set,
};
use uuid::Uuid;

use super::current_user;
use crate::auth::CurrentUser;
use crate::storage::UtcMillis;
use crate::storage::entities::{session, user};

/// A session as requests need it.
pub(in crate::auth) struct FoundSession {
    pub(in crate::auth) id: Uuid,
    pub(in crate::auth) user: CurrentUser,
    pub(in crate::auth) created_at: Timestamp,
    pub(in crate::auth) last_seen_at: Timestamp,
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

pub(in crate::auth) async fn insert_session(
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

pub(in crate::auth) async fn find_session(
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

pub(in crate::auth) async fn touch_session(
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

pub(in crate::auth) async fn end_session(
    db: &impl ConnectionTrait,
    secret_hash: &str,
    now: Timestamp,
) -> Result<(), DbErr> {
    end_sessions(db, session::Column::SecretHash.eq(secret_hash), now).await
}

pub(in crate::auth) async fn end_sessions_of(
    db: &impl ConnectionTrait,
    user_id: Uuid,
    now: Timestamp,
) -> Result<(), DbErr> {
    end_sessions(db, session::Column::UserId.eq(user_id), now).await
}

async fn end_sessions(
    db: &impl ConnectionTrait,
    which: SimpleExpr,
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
