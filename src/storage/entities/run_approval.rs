//! `run_approvals`: see `crate::runs`.

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "run_approvals")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_id: Uuid,
    /// Rows the run would send.
    pub would_send: i64,
    pub last_run_id: Uuid,
    /// Rows the last successful run sent.
    pub last_sent: i64,
    pub asked_at: UtcMillis,
    /// Without an answer the run ends then.
    pub until: UtcMillis,
    pub approved_at: Option<UtcMillis>,
    pub approved_by: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
