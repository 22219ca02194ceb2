//! `sessions`: see [`crate::auth`].

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// SHA-256 of the secret in the cookie, in hexadecimal.
    #[sea_orm(unique)]
    pub secret_hash: String,
    pub user_id: Uuid,
    pub ip: String,
    pub created_at: UtcMillis,
    pub last_seen_at: UtcMillis,
    pub ended_at: Option<UtcMillis>,
    /// Browser and system, as far as the browser says.
    pub device: String,
    /// When this person last proved again who they are, in this session.
    pub proved_at: Option<UtcMillis>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::user::Entity",
        from = "Column::UserId",
        to = "super::user::Column::Id"
    )]
    User,
}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
