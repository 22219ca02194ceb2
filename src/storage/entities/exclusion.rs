//! `exclusions`: see [`crate::exclusions`].

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "exclusions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub kind: String,
    /// Keyed hash of an address in hexadecimal, or a domain.
    pub value: String,
    /// 64 bits of another keyed hash of an address, to pass over most rows quickly.
    pub quick: i64,
    pub origin: String,
    pub upload_id: Option<Uuid>,
    /// Number of the change that added it.
    pub added_seq: i64,
    pub added_at: UtcMillis,
    pub added_by: Option<Uuid>,
    /// Number of the change that removed it; `None` while it counts. At most one such entry per value.
    pub removed_seq: Option<i64>,
    pub removed_at: Option<UtcMillis>,
    pub removed_by: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
