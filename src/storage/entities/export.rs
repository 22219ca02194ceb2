//! `exports`: see [`crate::exports`].

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "exports")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    /// Normalised and case-folded name, in which names are unique.
    #[sea_orm(unique)]
    pub name_key: String,
    /// `None`: No Connection.
    pub connection_id: Option<Uuid>,
    pub list_id: Uuid,
    pub list_name: Option<String>,
    pub source_id: Uuid,
    pub email_field: String,
    pub attributes: Json,
    /// `None`: never asks.
    pub brake_below_percent: Option<i32>,
    pub brake_above_percent: Option<i32>,
    /// Who is sent by a run; `None` for exports from before there was a choice.
    pub delivery: Option<Json>,
    /// Goes up by one with every change.
    pub version: i32,
    pub created_at: UtcMillis,
    pub created_by: Option<Uuid>,
    pub updated_at: UtcMillis,
    pub updated_by: Option<Uuid>,
    /// Set by the database when a run is asked for.
    pub last_run_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(has_many = "super::export_segment::Entity")]
    ExportSegment,
}

impl Related<super::export_segment::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::ExportSegment.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
