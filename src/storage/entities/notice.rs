//! `notices`: see [`crate::notices`].

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "notices")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub kind: String,
    /// Id of what it is about.
    pub subject: String,
    /// Kind and subject while it is open, so that there is one; `None` once it is over.
    #[sea_orm(unique)]
    pub open_key: Option<String>,
    pub details: Json,
    /// Times it happened while open.
    pub count: i64,
    pub opened_at: UtcMillis,
    /// When it happened last.
    pub last_at: UtcMillis,
    pub resolved_at: Option<UtcMillis>,
    /// When it was opened or resolved; unread for whoever read it before.
    pub changed_at: UtcMillis,
    /// Things to tell by mail and webhook: 1 when opened, 2 when recovered.
    pub events: i32,
    /// Of these, how many have become deliveries.
    pub told: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
