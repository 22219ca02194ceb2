//! `notice_deliveries`: see [`crate::notices`].

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "notice_deliveries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub notice_id: Uuid,
    pub event: String,
    pub channel: String,
    /// A person or a webhook.
    pub target_id: Uuid,
    pub state: String,
    /// Tries begun.
    pub tries: i32,
    pub next_at: UtcMillis,
    /// Until then the process that has taken it keeps it to itself.
    pub lease_until: Option<UtcMillis>,
    /// Why the last try did not succeed; no words of a server.
    pub problem: Option<String>,
    pub created_at: UtcMillis,
    pub finished_at: Option<UtcMillis>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::notice::Entity",
        from = "Column::NoticeId",
        to = "super::notice::Column::Id"
    )]
    Notice,
}

impl Related<super::notice::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Notice.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
