//! `consents`: see `connections::consent`. Rows are never changed or deleted.

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "consents")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub connection_id: Uuid,
    pub user_id: Uuid,
    pub at: UtcMillis,
    pub ip: String,
    pub lang: String,
    pub text_version: i32,
    /// SHA-256 of `text`, in hexadecimal.
    pub text_sha256: String,
    /// The exact text that was shown.
    pub text: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
