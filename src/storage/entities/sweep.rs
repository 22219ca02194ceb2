//! `sweeps`: see `crate::system::sweeper`.

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sweeps")]
pub struct Model {
    /// One row, which is 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    pub begun_at: UtcMillis,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
