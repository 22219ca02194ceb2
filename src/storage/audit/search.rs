//! Reading the log: newest or oldest first, a page at a time, by text, person, kind of action and date.

use jiff::Timestamp;
use sea_orm::sea_query::{Alias, Expr, Func, LikeExpr, Query, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, ExprTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use serde_json::Value;

use crate::storage::entities::{audit_event, user};
use crate::storage::{UtcMillis, escape_like, holding};

/// Which events are asked for; empty fields ask for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Text in action, address, object or details, compared without case.
    pub text: String,
    /// Part of the name or e-mail address of who did it.
    pub person: String,
    /// What the action is about: the part before its dot.
    pub group: String,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

/// Which end of the log comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Newest first.
    #[default]
    Newest,
    /// Oldest first.
    Oldest,
}

/// One event as people read it.
#[derive(Clone, Debug)]
pub struct RecordedEvent {
    /// Number; events sort by it.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Name of who did it; `None` for the system or somebody not signed in.
    pub user_name: Option<String>,
    /// From where.
    pub ip: Option<String>,
    /// What.
    pub action: String,
    /// Id of the object, or empty.
    pub object_id: String,
    /// Details as JSON.
    pub detail: Value,
    /// Hash in the chain.
    pub hash: String,
}

/// At most `limit` events the filter asks for, from the end `order` names; beyond the event `after` when given.
///
/// # Errors
/// The database's.
pub async fn list(
    db: &impl ConnectionTrait,
    filter: &EventFilter,
    order: Order,
    after: Option<i64>,
    limit: u64,
) -> Result<Vec<RecordedEvent>, DbErr> {
    let mut query = audit_event::Entity::find()
        .find_also_related(user::Entity)
        .filter(audit_event::Column::Seq.is_not_null())
        .filter(condition(filter))
        .limit(limit);
    query = match order {
        Order::Newest => query.order_by_desc(audit_event::Column::Seq),
        Order::Oldest => query.order_by_asc(audit_event::Column::Seq),
    };
    if let Some(after) = after {
        query = query.filter(match order {
            Order::Newest => audit_event::Column::Seq.lt(after),
            Order::Oldest => audit_event::Column::Seq.gt(after),
        });
    }
    let found = query.all(db).await?;
    Ok(found
        .into_iter()
        .map(|(event, user)| RecordedEvent {
            seq: event.seq.unwrap_or_default(),
            at: event.at.into(),
            user_name: user.map(|user| user.name),
            ip: event.ip,
            action: event.action,
            object_id: event.object_id,
            detail: event.detail,
            hash: event.hash.unwrap_or_default(),
        })
        .collect())
}

fn condition(filter: &EventFilter) -> Condition {
    let event = |column: audit_event::Column| Expr::col((audit_event::Entity, column));
    let mut all = Condition::all();
    if !filter.text.is_empty() {
        let detail = event(audit_event::Column::Detail).cast_as(Alias::new("text"));
        let any = Condition::any()
            .add(contains(event(audit_event::Column::Action), &filter.text))
            .add(contains(event(audit_event::Column::Ip), &filter.text))
            .add(contains(event(audit_event::Column::ObjectId), &filter.text))
            .add(contains(detail, &filter.text));
        all = all.add(any);
    }
    if !filter.person.is_empty() {
        let found = Query::select()
            .column(user::Column::Id)
            .from(user::Entity)
            .cond_where(user::Entity::found_by(&filter.person))
            .take();
        all = all.add(audit_event::Column::UserId.in_subquery(found));
    }
    if !filter.group.is_empty() {
        let like = LikeExpr::new(format!("{}.%", escape_like(&filter.group))).escape('\\');
        all = all.add(event(audit_event::Column::Action).like(like));
    }
    if let Some(from) = filter.from {
        all = all.add(audit_event::Column::At.gte(UtcMillis::from(from)));
    }
    if let Some(until) = filter.until {
        all = all.add(audit_event::Column::At.lt(UtcMillis::from(until)));
    }
    all
}

/// Whether a text holds another, without case. SQLite knows the case of ASCII only: other letters are found as typed, or
/// in lower case.
fn contains(haystack: SimpleExpr, needle: &str) -> SimpleExpr {
    let lower = || SimpleExpr::from(Func::lower(haystack.clone()));
    lower()
        .like(holding(&needle.to_lowercase()))
        .or(lower().like(holding(&needle.to_ascii_lowercase())))
}
