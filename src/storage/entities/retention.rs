//! `retention`: one row of what administrators have set; `None` is the default.

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "retention")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    pub rows_kept_days: Option<i32>,
    pub details_kept_days: Option<i32>,
    pub changed_at: Option<UtcMillis>,
    pub changed_by: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
