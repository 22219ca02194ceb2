//! `installation_settings`: the one row of what an installation has chosen; see `crate::system`.

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "installation_settings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// Language of whoever has not chosen one; `None`: the browser's.
    pub lang: Option<String>,
    /// How numbers and dates are written; `None`: as the language does.
    pub format: Option<String>,
    pub changed_at: Option<UtcMillis>,
    pub changed_by: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
