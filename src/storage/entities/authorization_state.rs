//! `authorization_states`: see `connections::authorize`.

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "authorization_states")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// SHA-256 of the state, in hexadecimal.
    #[sea_orm(unique)]
    pub state_hash: String,
    pub connection_id: Uuid,
    pub session_id: Uuid,
    pub user_id: Uuid,
    /// Application the browser was sent to authorise.
    pub client_id: String,
    pub created_at: UtcMillis,
    pub expires_at: UtcMillis,
    pub consumed_at: Option<UtcMillis>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
