//! `delivery_states`: see [`crate::deliveries`].

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery_states")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub export_id: Uuid,
    /// What was delivered where: a hash over account, list and mapping.
    pub target: String,
    /// Goes up with every change.
    pub version: i64,
    /// Versions below this one cannot be told any more.
    pub oldest: i64,
    /// The run after which nothing of its profiles was missing, while that is the latest change.
    pub complete_run_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
