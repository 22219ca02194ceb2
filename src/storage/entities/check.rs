//! `checks`: see `crate::runs::checks`.

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "checks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `export` (before sending) or `delivery` (after it).
    pub kind: String,
    /// The export or the run looked at; at most one unfinished check each.
    pub subject_id: Uuid,
    pub export_id: Uuid,
    /// The export as it was when the check was asked for, or as the run had it.
    pub definition: Json,
    pub state: String,
    pub step: Option<String>,
    /// Profiles looked at, of `total`.
    pub done: i64,
    pub total: i64,
    /// Constant Contact's job this check waits for.
    pub activity_id: Option<String>,
    /// What was found: counts and row numbers, never values.
    pub result: Option<Json>,
    /// Row numbers and reasons of a delivery, packed.
    pub undelivered: Option<Vec<u8>>,
    pub failure: Option<Json>,
    pub requested_by: Option<Uuid>,
    pub requested_at: UtcMillis,
    pub started_at: Option<UtcMillis>,
    pub finished_at: Option<UtcMillis>,
    pub cancel_requested_at: Option<UtcMillis>,
    /// Who works on it.
    pub owner: Option<Uuid>,
    pub heartbeat_at: Option<UtcMillis>,
    /// How often somebody has begun to work on it.
    pub claims: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
