//! Who does something: handed down from a page or the command line to whatever changes something and records it.

use std::fmt::Display;

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::Value;
use uuid::Uuid;

use super::AuditEvent;

/// Who does something, from where and when.
#[derive(Clone, Copy, Debug)]
pub struct Author<'a> {
    /// Who; `None` for the system and the command line.
    pub user_id: Option<Uuid>,
    /// From where; `None` for the system and the command line.
    pub ip: Option<&'a str>,
    /// When.
    pub at: Timestamp,
}

impl Author<'_> {
    /// Records what they did to an object; as [`record`](super::record), at the end of the change's transaction.
    ///
    /// # Errors
    /// The database's.
    pub async fn record(
        self,
        db: &impl ConnectionTrait,
        action: &str,
        object_id: impl Display,
        detail: Value,
    ) -> Result<(), DbErr> {
        let event = AuditEvent {
            at: self.at,
            user_id: self.user_id,
            ip: self.ip,
            action,
            object_id: object_id.to_string(),
            detail,
        };
        super::record(db, event).await
    }
}
