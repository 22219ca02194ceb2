//! `export_schedules`: see [`crate::schedules`].

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "export_schedules")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub export_id: Uuid,
    pub is_on: bool,
    /// Name of the recurrence's kind, for filters.
    pub kind: String,
    pub recurrence: Json,
    pub zone: String,
    /// When it is looked at next; `None`: not by itself.
    pub next_run_at: Option<UtcMillis>,
    /// The moment it was due, while it is put off.
    pub due_at: Option<UtcMillis>,
    /// Why it last did not run when due.
    pub note: Option<String>,
    /// The moment that note is about.
    pub note_due_at: Option<UtcMillis>,
    /// The moment for which people were told that it did not run.
    pub told_due_at: Option<UtcMillis>,
    pub changed_at: UtcMillis,
    pub changed_by: Option<Uuid>,
    /// Goes up by one whenever a person saves it.
    pub version: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::export::Entity",
        from = "Column::ExportId",
        to = "super::export::Column::Id"
    )]
    Export,
}

impl Related<super::export::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Export.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
