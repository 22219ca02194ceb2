//! `audit_events`: see [`crate::storage::audit`].

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub at: UtcMillis,
    pub user_id: Option<Uuid>,
    pub ip: Option<String>,
    pub action: String,
    pub object_id: String,
    pub detail: Json,
    /// Place in the chain, counted from 1; `None` only for events from before there was a chain.
    pub seq: Option<i64>,
    /// SHA-256 over the hash before and this event, in hexadecimal.
    pub hash: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    // No foreign key in the schema: the log outlives the people in it.
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
