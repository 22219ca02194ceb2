//! `refresh_tasks`: see [`crate::refresh`].

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_tasks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub job_id: Uuid,
    /// Order in which tasks are done.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    /// What it refreshes.
    pub kind: String,
    /// The source, segment or export.
    pub subject_id: Uuid,
    /// Its name when the job began.
    pub name: String,
    pub state: String,
    /// Why it ended as it did.
    pub reason: Option<String>,
    /// Names the reason speaks of, an array of texts.
    pub names: Json,
    /// The run of an export.
    pub run_id: Option<Uuid>,
    pub started_at: Option<UtcMillis>,
    pub finished_at: Option<UtcMillis>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::refresh_job::Entity",
        from = "Column::JobId",
        to = "super::refresh_job::Column::Id"
    )]
    Job,
}

impl Related<super::refresh_job::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Job.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
