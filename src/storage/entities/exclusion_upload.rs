//! `exclusion_uploads`: files of addresses that were added to the exclusion list.

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "exclusion_uploads")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub file_name: String,
    pub added: i64,
    /// On the list before, or twice in the file.
    pub known: i64,
    pub refused: i64,
    /// Line number and reason of the first refused lines; never what they say.
    pub bad_lines: Json,
    pub at: UtcMillis,
    pub created_by: Option<Uuid>,
    /// `None`: it was interrupted; what it added until then counts.
    pub finished_at: Option<UtcMillis>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
