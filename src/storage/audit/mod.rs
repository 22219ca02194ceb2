//! The audit log: who did what, when and from where. Append-only and hash-chained.
//!
//! Record every consent, sign-in, failure, change of configuration, run and download of personal data here, in the same
//! transaction as the change and as its last statement: events queue up for the end of the chain. `detail` is JSON for
//! people who investigate; it never holds secrets or profile data.
//!
//! The database refuses to change or delete an event; [`verify`] finds out when somebody went around that.

mod author;
mod chain;
mod search;

pub use author::Author;
pub use chain::{Break, Flaw, Verification, adopt, verify};
pub use search::{EventFilter, Order, RecordedEvent, list};

use jiff::Timestamp;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, Set};
use serde_json::Value;
use uuid::Uuid;

use super::UtcMillis;
use super::entities::audit_event;

/// Writers that are not in a transaction may be overtaken between reading the end of the chain and appending to it. Each
/// round one of them succeeds, so this is also how many may write at the very same time.
const MOST_TRIES: usize = 500;

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct AuditEvent<'a> {
    /// When.
    pub at: Timestamp,
    /// Who; `None` for the system itself or somebody not signed in.
    pub user_id: Option<Uuid>,
    /// From where; `None` for the command line and the engine.
    pub ip: Option<&'a str>,
    /// `<object>.<verb>`, for example `connection.consented`; its label is in `system::audit_labels`.
    pub action: &'a str,
    /// Id of the object, or empty.
    pub object_id: String,
    /// What changed. No secrets, no profile data.
    pub detail: Value,
}

/// The same with the addresses in its texts cut to their domains: what people type may name a person, whom nobody could
/// erase from the log any more.
pub fn without_addresses(detail: &Value) -> Value {
    match detail {
        Value::String(text) => Value::String(cut_addresses(text)),
        Value::Array(values) => values.iter().map(without_addresses).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), without_addresses(value)))
            .collect(),
        other => other.clone(),
    }
}

fn cut_addresses(text: &str) -> String {
    let mut cut = String::new();
    let mut pieces = text.split('@').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            cut.push_str(piece);
            break;
        }
        let ends = |c: char| c.is_whitespace() || "<>\"',;:()[]".contains(c);
        let kept = piece.rfind(ends).map_or(0, |at| {
            at + piece[at..].chars().next().map_or(0, char::len_utf8)
        });
        cut.push_str(&piece[..kept]);
        cut.push_str("…@");
    }
    cut
}

/// Appends one event to the end of the chain. Two writers never continue from the same event: the number is unique, and
/// whoever comes second tries again behind the first.
///
/// # Errors
/// The database's.
pub async fn record(db: &impl ConnectionTrait, event: AuditEvent<'_>) -> Result<(), DbErr> {
    let mut new = audit_event::Model {
        id: Uuid::now_v7(),
        at: UtcMillis::from(event.at),
        user_id: event.user_id,
        ip: event.ip.map(str::to_owned),
        action: event.action.to_owned(),
        object_id: event.object_id,
        detail: event.detail,
        seq: None,
        hash: None,
    };
    for _ in 0..MOST_TRIES {
        let end = chain::end(db).await?;
        let seq = end.seq + 1;
        new.seq = Some(seq);
        new.hash = Some(chain::hash(&end.hash, seq, &new));
        let row = audit_event::ActiveModel {
            id: Set(new.id),
            at: Set(new.at),
            user_id: Set(new.user_id),
            ip: Set(new.ip.clone()),
            action: Set(new.action.clone()),
            object_id: Set(new.object_id.clone()),
            detail: Set(new.detail.clone()),
            seq: Set(new.seq),
            hash: Set(new.hash.clone()),
        };
        // Not an error but nothing inserted: an error would end the caller's transaction in PostgreSQL.
        let unless_taken = OnConflict::column(audit_event::Column::Seq)
            .do_nothing()
            .to_owned();
        let inserted = audit_event::Entity::insert(row)
            .on_conflict(unless_taken)
            .exec_without_returning(db)
            .await?;
        if inserted == 1 {
            return Ok(());
        }
    }
    Err(DbErr::Custom(
        "the end of the audit log moves faster than this writer".into(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn addresses_are_cut_to_their_domains() {
        for (text, cut) in [
            ("ada@example.com", "…@example.com"),
            (
                "Ada <ada@example.com>, 布朗 布@例子.香港",
                "Ada <…@example.com>, 布朗 …@例子.香港",
            ),
            ("@example.com", "…@example.com"),
            ("no address", "no address"),
            ("", ""),
        ] {
            assert_eq!(cut_addresses(text), cut);
        }
        let detail = json!({ "rule": { "values": ["a@b.c", 3, null] } });
        let expected = json!({ "rule": { "values": ["…@b.c", 3, null] } });
        assert_eq!(without_addresses(&detail), expected);
    }
}
