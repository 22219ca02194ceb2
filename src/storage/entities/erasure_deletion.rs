//! `erasure_deletions`: contacts to be deleted at Constant Contact. See `privacy::erase`.

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "erasure_deletions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub erasure_id: Uuid,
    pub connection_id: Uuid,
    /// As it was called when it was chosen.
    pub connection_name: String,
    pub state: String,
    pub tries: i32,
    /// Why the latest try failed, in the vendor's words.
    #[sea_orm(column_type = "Text", nullable)]
    pub problem: Option<String>,
    pub next_try_at: UtcMillis,
    pub ended_at: Option<UtcMillis>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
