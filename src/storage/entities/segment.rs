//! `segments`: see [`crate::segments`].

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "segments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    pub name_key: String,
    pub source_id: Uuid,
    pub rule: Json,
    /// `None` until counted; kept from the last count after a problem.
    pub member_count: Option<i64>,
    pub counted_at: Option<UtcMillis>,
    pub counted_snapshot_id: Option<Uuid>,
    /// Goes up by one with every change of name or rule.
    pub version: i32,
    pub created_at: UtcMillis,
    pub created_by: Option<Uuid>,
    pub updated_at: UtcMillis,
    pub updated_by: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
