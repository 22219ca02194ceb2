//! `sources`: see [`crate::sources`].

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sources")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    pub name_key: String,
    /// `file`.
    pub kind: String,
    /// The snapshot in use.
    pub current_snapshot_id: Option<Uuid>,
    /// The snapshot being loaded; at most one per source.
    pub loading_snapshot_id: Option<Uuid>,
    pub created_at: UtcMillis,
    pub created_by: Option<Uuid>,
    pub updated_at: UtcMillis,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::snapshot::Entity",
        from = "Column::CurrentSnapshotId",
        to = "super::snapshot::Column::Id"
    )]
    CurrentSnapshot,
}

impl Related<super::snapshot::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::CurrentSnapshot.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
