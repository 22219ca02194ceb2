//! `refresh_schedule`: the one row that says when the whole system is refreshed; see [`crate::refresh`].

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_schedule")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    pub is_on: bool,
    /// Days, times and zone; `None` until somebody has decided.
    pub plan: Option<Json>,
    /// `None`: not by itself.
    pub next_run_at: Option<UtcMillis>,
    pub changed_at: Option<UtcMillis>,
    pub changed_by: Option<Uuid>,
    /// Goes up by one whenever a person saves it.
    pub version: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
