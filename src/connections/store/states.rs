//! Authorisations under way: each state is stored as a hash, used once and forgotten after a day.

use jiff::{SignedDuration, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, Set,
};
use uuid::Uuid;

use crate::storage::UtcMillis;
use crate::storage::entities::authorization_state as state;

/// Used and expired states are kept this long, to tell a replayed one from an invented one.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// A state to be stored.
pub(in crate::connections) struct NewState<'a> {
    pub(in crate::connections) state_hash: &'a str,
    pub(in crate::connections) connection_id: Uuid,
    pub(in crate::connections) session_id: Uuid,
    pub(in crate::connections) user_id: Uuid,
    pub(in crate::connections) client_id: &'a str,
    pub(in crate::connections) now: Timestamp,
    pub(in crate::connections) lifetime: SignedDuration,
}

/// A state that has just been used up, by this very call or (`was_used`) by an earlier one.
pub(in crate::connections) struct ConsumedState {
    pub(in crate::connections) connection_id: Uuid,
    pub(in crate::connections) session_id: Uuid,
    pub(in crate::connections) client_id: String,
    pub(in crate::connections) expires_at: Timestamp,
    pub(in crate::connections) was_used: bool,
}

/// Stores a state and forgets old ones.
pub(in crate::connections) async fn insert_state(
    db: &impl ConnectionTrait,
    new: NewState<'_>,
) -> Result<(), DbErr> {
    state::Entity::delete_many()
        .filter(state::Column::ExpiresAt.lt(UtcMillis::from(new.now - KEPT)))
        .exec(db)
        .await?;
    state::ActiveModel {
        id: Set(Uuid::now_v7()),
        state_hash: Set(new.state_hash.to_owned()),
        connection_id: Set(new.connection_id),
        session_id: Set(new.session_id),
        user_id: Set(new.user_id),
        client_id: Set(new.client_id.to_owned()),
        created_at: Set(new.now.into()),
        expires_at: Set((new.now + new.lifetime).into()),
        consumed_at: Set(None),
    }
    .insert(db)
    .await?;
    Ok(())
}

/// Uses a state up and returns it; `None` when it is not one of ours. Of two calls one finds it unused.
pub(in crate::connections) async fn consume_state(
    db: &impl ConnectionTrait,
    state_hash: &str,
    now: Timestamp,
) -> Result<Option<ConsumedState>, DbErr> {
    let consumed = state::Entity::update_many()
        .col_expr(state::Column::ConsumedAt, Expr::value(UtcMillis::from(now)))
        .filter(state::Column::StateHash.eq(state_hash))
        .filter(state::Column::ConsumedAt.is_null())
        .exec(db)
        .await?;
    let found = state::Entity::find()
        .filter(state::Column::StateHash.eq(state_hash))
        .one(db)
        .await?;
    Ok(found.map(|row| ConsumedState {
        connection_id: row.connection_id,
        session_id: row.session_id,
        client_id: row.client_id,
        expires_at: row.expires_at.into(),
        was_used: consumed.rows_affected == 0,
    }))
}
