//! The chain: each event's hash covers its content, its number and the hash before it.

use std::fmt;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, EntityTrait,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, TransactionTrait,
};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::storage::entities::{audit_event, audit_head};

/// Events read at once.
const BATCH: u64 = 1_000;

/// Where the chain ends.
pub(super) struct End {
    pub(super) seq: i64,
    pub(super) hash: String,
}

/// The end of the chain; inside a transaction it stays ours until the transaction ends.
pub(super) async fn end(db: &impl ConnectionTrait) -> Result<End, DbErr> {
    let mut query = audit_head::Entity::find_by_id(1);
    if db.get_database_backend() == DbBackend::Postgres {
        query = query.lock_exclusive();
    }
    let head = query.one(db).await?;
    let head = head.ok_or_else(|| DbErr::Custom("the audit log has lost its end".into()))?;
    Ok(End {
        seq: head.seq,
        hash: head.hash,
    })
}

/// SHA-256 in hexadecimal over the hash before and the event's content in one spelling.
pub(super) fn hash(previous: &str, seq: i64, event: &audit_event::Model) -> String {
    let content = json!([
        previous,
        seq,
        event.id.to_string(),
        event.at.0,
        event.user_id.map(|id| id.to_string()),
        event.ip,
        event.action,
        event.object_id,
        event.detail,
    ]);
    let mut text = String::new();
    write_canonical(&content, &mut text);
    Sha256::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// JSON with sorted keys, no white space and one spelling per number: databases keep none of these.
fn write_canonical(value: &Value, text: &mut String) {
    match value {
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(whole), ..) => text.push_str(&whole.to_string()),
            (_, Some(whole), _) => text.push_str(&whole.to_string()),
            (_, _, fraction) => text.push_str(&format!("{:.10e}", fraction.unwrap_or_default())),
        },
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_canonical(item, text);
            }
            text.push(']');
        }
        Value::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort_unstable();
            text.push('{');
            for (index, key) in keys.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_canonical(&Value::String(key.clone()), text);
                text.push(':');
                write_canonical(&fields[key], text);
            }
            text.push('}');
        }
        Value::Null | Value::Bool(_) | Value::String(_) => text.push_str(&value.to_string()),
    }
}

/// What became of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Events found whole, counted from the first.
    pub events: i64,
    /// The first thing that is wrong.
    pub broken: Option<Break>,
}

/// Where the chain is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Break {
    /// Number of the first event that is not as it was recorded.
    pub seq: i64,
    /// What is wrong with it.
    pub flaw: Flaw,
}

/// What is wrong with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Flaw {
    /// Its content, or an earlier hash, was changed.
    Changed,
    /// It is gone.
    Missing,
    /// It was put in without a place in the chain.
    Inserted,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Flaw::Changed => "changed",
            Flaw::Missing => "missing",
            Flaw::Inserted => "inserted",
        })
    }
}

/// Reads the whole log and says whether every event is there as it was recorded. Events appended meanwhile are left out.
///
/// # Errors
/// The database's.
pub async fn verify(db: &impl ConnectionTrait) -> Result<Verification, DbErr> {
    let head = audit_head::Entity::find_by_id(1).one(db).await?;
    let (last, last_hash) = head.map_or((0, String::new()), |head| (head.seq, head.hash));
    let (mut seq, mut previous) = (0, String::new());
    let broken = |events, flaw| Verification {
        events,
        broken: Some(Break {
            seq: events + 1,
            flaw,
        }),
    };
    while seq < last {
        let batch = audit_event::Entity::find()
            .filter(audit_event::Column::Seq.gt(seq))
            .filter(audit_event::Column::Seq.lte(last))
            .order_by_asc(audit_event::Column::Seq)
            .limit(BATCH)
            .all(db)
            .await?;
        if batch.is_empty() {
            return Ok(broken(seq, Flaw::Missing));
        }
        for event in batch {
            if event.seq != Some(seq + 1) {
                return Ok(broken(seq, Flaw::Missing));
            }
            let expected = hash(&previous, seq + 1, &event);
            if event.hash.as_deref() != Some(expected.as_str()) {
                return Ok(broken(seq, Flaw::Changed));
            }
            (seq, previous) = (seq + 1, expected);
        }
    }
    if previous != last_hash {
        return Ok(broken((seq - 1).max(0), Flaw::Changed));
    }
    let beside = audit_event::Entity::find()
        .filter(audit_event::Column::Seq.is_null())
        .limit(1)
        .count(db)
        .await?;
    if beside > 0 {
        return Ok(broken(seq, Flaw::Inserted));
    }
    Ok(Verification {
        events: seq,
        broken: None,
    })
}

/// Gives events from before there was a chain their place in it, in the order they were recorded.
///
/// Once: with the first chained event the chain is closed to anything that did not come through [`super::record`].
///
/// # Errors
/// The database's.
pub async fn adopt(db: &DatabaseConnection) -> Result<(), DbErr> {
    let transaction = db.begin().await?;
    let start = end(&transaction).await?;
    if start.seq > 0 {
        return transaction.commit().await;
    }
    let (mut seq, mut previous) = (start.seq, start.hash);
    loop {
        let batch = audit_event::Entity::find()
            .filter(audit_event::Column::Seq.is_null())
            .order_by_asc(audit_event::Column::Id)
            .limit(BATCH)
            .all(&transaction)
            .await?;
        if batch.is_empty() {
            break;
        }
        for event in batch {
            seq += 1;
            previous = hash(&previous, seq, &event);
            audit_event::Entity::update_many()
                .col_expr(audit_event::Column::Seq, Expr::value(seq))
                .col_expr(audit_event::Column::Hash, Expr::value(previous.as_str()))
                .filter(audit_event::Column::Id.eq(event.id))
                .exec(&transaction)
                .await?;
        }
    }
    audit_head::Entity::update_many()
        .col_expr(audit_head::Column::Seq, Expr::value(seq))
        .col_expr(audit_head::Column::Hash, Expr::value(previous))
        .filter(audit_head::Column::Id.eq(1))
        .exec(&transaction)
        .await?;
    transaction.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(value: &Value) -> String {
        let mut text = String::new();
        write_canonical(value, &mut text);
        text
    }

    #[test]
    fn one_content_has_one_spelling() {
        let one: Value = serde_json::from_str(r#"{"b": [1, 2.50, "é\n"], "a": null}"#).unwrap();
        let other: Value = serde_json::from_str(r#"{"a":null,"b":[1,2.5,"\u00e9\n"]}"#).unwrap();
        assert_eq!(canonical(&one), canonical(&other));
        assert_ne!(
            canonical(&json!({ "a": "1" })),
            canonical(&json!({ "a": 1 }))
        );
        assert_ne!(canonical(&json!(["a", "b"])), canonical(&json!(["a,b"])));
    }
}
