//! `delivery_chunks`: see [`crate::deliveries`].

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery_chunks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub export_id: Uuid,
    /// Run whose part it tells of; 0 as the part for what no part was sent for.
    pub run_id: Uuid,
    pub part: i32,
    pub kind: String,
    /// How many.
    pub entries: i32,
    /// Version of the state it came with; `None` while its part has not settled.
    pub version: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
