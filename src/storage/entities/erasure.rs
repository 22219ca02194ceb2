//! `erasures`: people who are erased. See `privacy::erase`.

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "erasures")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Keyed hash of the address.
    pub hash: String,
    /// The address, sealed; `None` once nothing needs it any more.
    pub address: Option<Vec<u8>>,
    pub state: String,
    /// Snapshots rows were taken out of.
    pub copies: i64,
    /// Rows taken out.
    pub rows: i64,
    /// Exports that had delivered the address and have forgotten it.
    pub deliveries: i64,
    pub requested_at: UtcMillis,
    pub requested_by: Option<Uuid>,
    /// When nothing of the person was left here.
    pub cleared_at: Option<UtcMillis>,
    /// `None`: unfinished; at most one such erasure per person.
    pub finished_at: Option<UtcMillis>,
    /// Until when a process works on it.
    pub lease_until: Option<UtcMillis>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
