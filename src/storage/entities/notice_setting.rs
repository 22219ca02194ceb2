//! `notice_settings`: see [`crate::notices`].

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "notice_settings")]
pub struct Model {
    /// One row, which is 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// More rejected rows of a run than this, in percent of those read, open a notice.
    pub rejected_percent: i32,
    /// `None`: no mail is sent.
    pub smtp_host: Option<String>,
    pub smtp_port: Option<i32>,
    pub smtp_security: Option<String>,
    pub smtp_user: Option<String>,
    /// Sealed for this column and row.
    pub smtp_password: Option<Vec<u8>>,
    pub mail_from: Option<String>,
    pub changed_at: Option<UtcMillis>,
    pub changed_by: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
