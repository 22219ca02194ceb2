//! `run_parts`: see [`crate::runs`].

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "run_parts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    #[sea_orm(unique)]
    pub file_name: String,
    /// Without the heading.
    pub rows: i32,
    /// Of the file, without the framing of the request.
    pub bytes: i32,
    pub sha256: String,
    pub first_row: i64,
    pub last_row: i64,
    pub state: String,
    /// Times the file may have left us.
    pub sends: i32,
    /// Times the activities were searched for it since the last unclear answer.
    pub looks: i32,
    pub activity_id: Option<String>,
    pub percent_done: Option<i64>,
    /// The activity's counters, as the vendor gives them.
    pub items_total: Option<i64>,
    pub persons: Option<i64>,
    pub errors: Option<i64>,
    pub correctable: Option<i64>,
    pub cannot_add_to_list: Option<i64>,
    pub vendor_words: Option<String>,
    pub recorded_at: UtcMillis,
    pub last_sent_at: Option<UtcMillis>,
    pub accepted_at: Option<UtcMillis>,
    pub finished_at: Option<UtcMillis>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::run::Entity",
        from = "Column::RunId",
        to = "super::run::Column::Id"
    )]
    Run,
}

impl Related<super::run::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Run.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
