//! Applications (client ID and secret) that an administrator typed in.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryOrder, Set};

use crate::connections::Author;
use crate::storage::Sealed;
use crate::storage::entities::application_registration as registration;

/// The sealed secret of a client ID.
pub(in crate::connections) async fn find_secret(
    db: &impl ConnectionTrait,
    client_id: &str,
) -> Result<Option<Sealed>, DbErr> {
    let found = registration::Entity::find_by_id(client_id.to_owned())
        .one(db)
        .await?;
    Ok(found.map(|row| row.client_secret))
}

/// The client ID typed in last.
pub(in crate::connections) async fn latest_client_id(
    db: &impl ConnectionTrait,
) -> Result<Option<String>, DbErr> {
    let found = registration::Entity::find()
        .order_by_desc(registration::Column::UpdatedAt)
        .one(db)
        .await?;
    Ok(found.map(|row| row.client_id))
}

/// Adds a client ID or replaces its secret.
pub(in crate::connections) async fn save_registration(
    db: &impl ConnectionTrait,
    client_id: &str,
    sealed_secret: Sealed,
    author: Author<'_>,
) -> Result<(), DbErr> {
    let row = registration::ActiveModel {
        client_id: Set(client_id.to_owned()),
        client_secret: Set(sealed_secret),
        updated_at: Set(author.at.into()),
        updated_by: Set(Some(author.user_id)),
    };
    let replace = OnConflict::column(registration::Column::ClientId)
        .update_columns([
            registration::Column::ClientSecret,
            registration::Column::UpdatedAt,
            registration::Column::UpdatedBy,
        ])
        .to_owned();
    registration::Entity::insert(row)
        .on_conflict(replace)
        .exec_without_returning(db)
        .await?;
    Ok(())
}
