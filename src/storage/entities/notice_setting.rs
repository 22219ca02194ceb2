//! `notice_settings`: see [`crate::notices`].

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "notice_settings")]
pub struct Model {
    /// One row, which is 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// More rejected rows of a run than this, in percent of those read, open a notice.
    pub rejected_percent: i32,
    pub webhook_url: Option<String>,
    /// Sealed for this column and row.
    pub webhook_secret: Option<Vec<u8>>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
