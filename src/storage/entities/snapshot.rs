//! `snapshots`: see [`crate::sources`]. The profiles themselves are elsewhere, see [`crate::profiles`].

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "snapshots")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub source_id: Uuid,
    /// `loading`, `ready`, `replaced` (its profiles are gone) or `failed`.
    pub state: String,
    pub file_name: String,
    pub file_bytes: i64,
    /// Names, types and meanings, in column order.
    pub fields: Json,
    pub rows: i64,
    pub refused: i64,
    /// Of what was loaded and how; `None` when that is not known, or no longer true because somebody was erased.
    pub content_sha256: Option<Vec<u8>>,
    pub report: Option<Json>,
    pub failure: Option<Json>,
    pub started_at: UtcMillis,
    pub finished_at: Option<UtcMillis>,
    pub created_by: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
