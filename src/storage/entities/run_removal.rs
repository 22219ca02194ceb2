//! `run_removals`: see [`crate::runs`].

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "run_removals")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_id: Uuid,
    /// To be taken off the list.
    pub people: i64,
    /// An administrator is asked, until then; `None`: nobody need be asked.
    pub until: Option<UtcMillis>,
    pub approved_at: Option<UtcMillis>,
    pub approved_by: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
