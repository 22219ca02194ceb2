//! `users`: see [`crate::auth`].

use sea_orm::Condition;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::profiles::value::fold;
use crate::storage::{UtcMillis, holding};

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Lower case.
    pub email: String,
    pub name: String,
    /// The name folded, for searches and order.
    pub name_key: String,
    pub role: String,
    pub password_hash: Option<String>,
    pub lang: Option<String>,
    /// IANA name; `None` follows the browser.
    pub time_zone: Option<String>,
    /// Whether they are told of notices by mail, as long as they are an administrator.
    pub notices_by_mail: bool,
    pub disabled_at: Option<UtcMillis>,
    pub created_at: UtcMillis,
    pub updated_at: UtcMillis,
    /// Set while an invitation waits for its answer: this person has never been able to come in.
    pub invited_at: Option<UtcMillis>,
    /// SHA-256 of the token in the link that sets a password, in hexadecimal.
    pub invitation_hash: Option<String>,
    pub invitation_expires_at: Option<UtcMillis>,
    /// Removed people keep their name for the log and nothing else.
    pub removed_at: Option<UtcMillis>,
    pub last_signed_in_at: Option<UtcMillis>,
}

// Rows hold an address and a password hash: neither belongs in a log.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(has_many = "super::session::Entity")]
    Session,
}

impl Related<super::session::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Session.def()
    }
}

impl Entity {
    /// People whose name or e-mail address holds a text, without case.
    pub fn found_by(text: &str) -> Condition {
        let holds =
            |column: Column, needle: &str| Expr::col((Entity, column)).like(holding(needle));
        Condition::any()
            .add(holds(Column::NameKey, &fold(text)))
            .add(holds(Column::Email, &text.to_lowercase()))
    }
}

impl ActiveModelBehavior for ActiveModel {}
