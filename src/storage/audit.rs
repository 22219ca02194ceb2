//! The audit log: who did what, when and from where. Append-only.
//!
//! Record every consent, sign-in, failure, change of configuration, run and download of personal data here, in the same
//! transaction as the change. `detail` is JSON for people who investigate; it never holds secrets or profile data.

use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Set,
};
use serde_json::Value;
use uuid::Uuid;

use super::UtcMillis;
use super::entities::{audit_event, user};

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct AuditEvent<'a> {
    /// When.
    pub at: Timestamp,
    /// Who; `None` for the system itself or somebody not signed in.
    pub user_id: Option<Uuid>,
    /// From where; `None` for the command line and the engine.
    pub ip: Option<&'a str>,
    /// `<object>.<verb>`, for example `connection.consented`.
    pub action: &'a str,
    /// Id of the object, or empty.
    pub object_id: String,
    /// What changed. No secrets, no profile data.
    pub detail: Value,
}

/// Appends one event.
///
/// # Errors
/// The database's.
pub async fn record(db: &impl ConnectionTrait, event: AuditEvent<'_>) -> Result<(), DbErr> {
    audit_event::ActiveModel {
        id: Set(Uuid::now_v7()),
        at: Set(UtcMillis::from(event.at)),
        user_id: Set(event.user_id),
        ip: Set(event.ip.map(str::to_owned)),
        action: Set(event.action.to_owned()),
        object_id: Set(event.object_id),
        detail: Set(event.detail),
    }
    .insert(db)
    .await?;
    Ok(())
}

/// One event as people read it.
#[derive(Clone, Debug)]
pub struct RecordedEvent {
    /// Id; events sort by it.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// Name of who did it; `None` for the system or somebody not signed in.
    pub user_name: Option<String>,
    /// From where.
    pub ip: Option<String>,
    /// What.
    pub action: String,
    /// Details as JSON.
    pub detail: Value,
}

impl RecordedEvent {
    /// Whether the details say anything.
    pub fn has_detail(&self) -> bool {
        self.detail
            .as_object()
            .is_none_or(|detail| !detail.is_empty())
    }
}

/// The latest events, newest first, at most `limit`; those older than the event `before` when given.
///
/// # Errors
/// The database's.
pub async fn list(
    db: &impl ConnectionTrait,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<RecordedEvent>, DbErr> {
    let mut query = audit_event::Entity::find()
        .find_also_related(user::Entity)
        .order_by_desc(audit_event::Column::Id)
        .limit(limit);
    if let Some(before) = before {
        query = query.filter(audit_event::Column::Id.lt(before));
    }
    let found = query.all(db).await?;
    Ok(found
        .into_iter()
        .map(|(event, user)| RecordedEvent {
            id: event.id,
            at: event.at.into(),
            user_name: user.map(|user| user.name),
            ip: event.ip,
            action: event.action,
            detail: event.detail,
        })
        .collect())
}
