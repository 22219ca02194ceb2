//! Who is told by mail: administrators who can sign in and want to be told.

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use crate::auth::{self, CurrentUser, Role};
use crate::storage::entities::user;

/// People told of one notice.
const MOST_RECIPIENTS: u64 = 1_000;

/// Administrators who are told by mail, by name.
///
/// # Errors
/// The database's.
pub async fn recipients(db: &impl ConnectionTrait) -> Result<Vec<CurrentUser>, DbErr> {
    let found = user::Entity::find()
        .filter(wants_mail())
        .order_by_asc(user::Column::NameKey)
        .limit(MOST_RECIPIENTS)
        .all(db)
        .await?;
    Ok(found.into_iter().map(auth::store::current_user).collect())
}

/// The person, if they still are told by mail.
pub(in crate::notices::deliver) async fn recipient(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<CurrentUser>, DbErr> {
    let found = user::Entity::find_by_id(id)
        .filter(wants_mail())
        .one(db)
        .await?;
    Ok(found.map(auth::store::current_user))
}

fn wants_mail() -> Condition {
    Condition::all()
        .add(user::Column::Role.eq(Role::Administrator.name()))
        .add(user::Column::NoticesByMail.eq(true))
        .add(user::Column::DisabledAt.is_null())
        .add(user::Column::RemovedAt.is_null())
        .add(user::Column::InvitedAt.is_null())
}
