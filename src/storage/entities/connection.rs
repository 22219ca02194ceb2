//! `connections`: see [`crate::connections`].

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "connections")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub kind: String,
    pub name: String,
    /// Normalised and case-folded name, in which names are unique; `None` once removed.
    #[sea_orm(unique)]
    pub name_key: Option<String>,
    pub sharing: String,
    /// Goes up by one when name or sharing change.
    pub version: i32,
    pub created_at: UtcMillis,
    pub created_by: Uuid,
    /// The latest consent.
    pub consent_id: Option<Uuid>,
    /// Application (API key) the tokens belong to or will belong to.
    pub client_id: Option<String>,
    pub authorization: String,
    pub authenticated_at: Option<UtcMillis>,
    pub authenticated_by: Option<Uuid>,
    pub organization_name: Option<String>,
    /// The vendor's own id of the account.
    pub account_id: Option<String>,
    /// What went wrong with the authorisation last, until it works again.
    pub problem: Option<String>,
    /// The vendor's words for it.
    pub problem_words: Option<String>,
    pub problem_at: Option<UtcMillis>,
    /// Sealed for this column and row.
    pub access_token: Option<Vec<u8>>,
    /// Sealed for this column and row.
    pub refresh_token: Option<Vec<u8>>,
    pub access_expires_at: Option<UtcMillis>,
    /// When the access token should be replaced, some time before it expires.
    pub refresh_due_at: Option<UtcMillis>,
    /// Goes up by one whenever the tokens change.
    pub token_version: i64,
    /// Who is refreshing the tokens right now.
    pub refresh_lease: Option<Uuid>,
    pub refresh_lease_until: Option<UtcMillis>,
    pub export_user_id: Option<Uuid>,
    pub export_user_at: Option<UtcMillis>,
    pub saved_at: Option<UtcMillis>,
    pub saved_by: Option<Uuid>,
    pub removed_at: Option<UtcMillis>,
    pub removed_by: Option<Uuid>,
    /// When a run last sent something through it.
    pub last_used_at: Option<UtcMillis>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::consent::Entity",
        from = "Column::ConsentId",
        to = "super::consent::Column::Id"
    )]
    Consent,
    #[sea_orm(
        belongs_to = "super::user::Entity",
        from = "Column::ExportUserId",
        to = "super::user::Column::Id"
    )]
    ExportUser,
}

impl Related<super::consent::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Consent.def()
    }
}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::ExportUser.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
