//! `refresh_jobs`: see [`crate::refresh`].

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_jobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub trigger: String,
    pub requested_by: Option<Uuid>,
    pub state: String,
    /// Whether sources and segments are done.
    pub is_upstream_done: bool,
    pub queued_at: UtcMillis,
    pub started_at: Option<UtcMillis>,
    pub finished_at: Option<UtcMillis>,
    pub cancel_requested_at: Option<UtcMillis>,
    pub cancel_requested_by: Option<Uuid>,
    /// Process that works on it.
    pub owner: Option<Uuid>,
    pub lease_until: Option<UtcMillis>,
    /// How often a process has taken it.
    pub claims: i32,
    /// 1 while it is unfinished; at most one such job.
    #[sea_orm(unique)]
    pub unfinished: Option<i32>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(has_many = "super::refresh_task::Entity")]
    Task,
}

impl Related<super::refresh_task::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Task.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
