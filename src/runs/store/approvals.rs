//! Runs that ask an administrator before they send.

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait,
    QueryFilter, Set, TransactionTrait,
};
use serde_json::json;
use uuid::Uuid;

use super::leases::Lease;
use super::{StoreError, get, removals, to_i64};
use crate::exports::Author;
use crate::runs::waiting::WaitingFor;
use crate::storage::UtcMillis;
use crate::storage::audit::{self, AuditEvent};
use crate::storage::entities::{run, run_approval};

/// What an administrator is asked, and what was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Rows the run would send.
    pub would_send: u64,
    /// The last successful run.
    pub last_run_id: Uuid,
    /// Rows that one sent.
    pub last_sent: u64,
    /// When it asked.
    pub asked_at: Timestamp,
    /// Without an answer the run ends then.
    pub until: Timestamp,
    /// When it was approved, and by whom.
    pub approved: Option<(Timestamp, Option<Uuid>)>,
}

/// What a run asked, if it did.
///
/// # Errors
/// Reading failed.
pub async fn find(db: &impl ConnectionTrait, run_id: Uuid) -> Result<Option<Approval>, DbErr> {
    let found = run_approval::Entity::find_by_id(run_id).one(db).await?;
    Ok(found.map(|model| Approval {
        would_send: model.would_send.unsigned_abs(),
        last_run_id: model.last_run_id,
        last_sent: model.last_sent.unsigned_abs(),
        asked_at: model.asked_at.into(),
        until: model.until.into(),
        approved: model.approved_at.map(|at| (at.into(), model.approved_by)),
    }))
}

/// Approves a run that waits for it; it goes on at once. False when it does not wait for approval (any more).
///
/// # Errors
/// [`StoreError::NotFound`], or writing failed.
pub async fn approve(
    db: &DatabaseConnection,
    run_id: Uuid,
    author: Author<'_>,
) -> Result<bool, StoreError> {
    let transaction = db.begin().await?;
    let woken = run::Entity::update_many()
        .col_expr(run::Column::WaitingFor, Expr::value(None::<String>))
        .col_expr(run::Column::WaitingUntil, Expr::value(None::<i64>))
        .filter(run::Column::Id.eq(run_id))
        .filter(run::Column::FinishedAt.is_null())
        .filter(run::Column::CancelRequestedAt.is_null())
        .filter(run::Column::WaitingFor.eq(WaitingFor::Approval.name()))
        .exec(&transaction)
        .await?;
    if woken.rows_affected == 0 {
        get(&transaction, run_id).await?;
        return Ok(false);
    }
    if removals::approve(&transaction, run_id, author.at, author.user_id).await? {
        let people = removals::find(&transaction, run_id).await?;
        let event = AuditEvent {
            at: author.at,
            user_id: author.user_id,
            ip: author.ip,
            action: "run.removals-approved",
            object_id: run_id.to_string(),
            detail: json!({ "people": people.map(|removals| removals.people) }),
        };
        audit::record(&transaction, event).await?;
        transaction.commit().await?;
        return Ok(true);
    }
    run_approval::Entity::update_many()
        .col_expr(
            run_approval::Column::ApprovedAt,
            Expr::value(UtcMillis::from(author.at)),
        )
        .col_expr(
            run_approval::Column::ApprovedBy,
            Expr::value(author.user_id),
        )
        .filter(run_approval::Column::RunId.eq(run_id))
        .exec(&transaction)
        .await?;
    let asked = find(&transaction, run_id).await?;
    let event = AuditEvent {
        at: author.at,
        user_id: author.user_id,
        ip: author.ip,
        action: "run.approved",
        object_id: run_id.to_string(),
        detail: json!({
            "would_send": asked.map(|asked| asked.would_send),
            "last_sent": asked.map(|asked| asked.last_sent),
        }),
    };
    audit::record(&transaction, event).await?;
    transaction.commit().await?;
    Ok(true)
}

impl Lease {
    /// Records what an administrator is asked.
    pub(in crate::runs) async fn ask_approval(
        self,
        db: &DatabaseConnection,
        approval: &Approval,
    ) -> Result<(), StoreError> {
        let transaction = db.begin().await?;
        self.look(&transaction).await?;
        run_approval::ActiveModel {
            run_id: Set(self.run_id),
            would_send: Set(to_i64(approval.would_send)),
            last_run_id: Set(approval.last_run_id),
            last_sent: Set(to_i64(approval.last_sent)),
            asked_at: Set(approval.asked_at.into()),
            until: Set(approval.until.into()),
            approved_at: Set(None),
            approved_by: Set(None),
        }
        .insert(&transaction)
        .await?;
        let event = AuditEvent {
            at: approval.asked_at,
            user_id: None,
            ip: None,
            action: "run.approval-asked",
            object_id: self.run_id.to_string(),
            detail: json!({ "would_send": approval.would_send, "last_sent": approval.last_sent }),
        };
        audit::record(&transaction, event).await?;
        transaction.commit().await?;
        Ok(())
    }
}
