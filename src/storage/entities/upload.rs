//! `uploads`: files that wait for somebody to confirm how they are loaded.

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "uploads")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The source to replace; `None` for a new one.
    pub source_id: Option<Uuid>,
    /// Name of the new source; empty when replacing.
    pub source_name: String,
    pub file_name: String,
    pub file_bytes: i64,
    pub created_at: UtcMillis,
    pub created_by: Uuid,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
