//! Asking for a run and canceling one.

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction,
    EntityTrait, QueryFilter, QuerySelect, Set, SqlErr, TransactionTrait,
};
use serde_json::json;
use uuid::Uuid;

use super::{StoreError, find_active, get};
use crate::exports::{Author, Export};
use crate::runs::outcome::Ending;
use crate::runs::run::{RunState, Trigger};
use crate::runs::waiting::WaitingFor;
use crate::storage::UtcMillis;
use crate::storage::audit::{self, AuditEvent};
use crate::storage::entities::run;

/// A run that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requested {
    /// Id of the run.
    pub run_id: Uuid,
    /// False when the export had an unfinished run already; then this is that one and nothing was added.
    pub is_new: bool,
}

/// Asks for a run of an export. Asking twice while one is unfinished gives the same run.
///
/// # Errors
/// Writing failed.
pub async fn request(
    db: &DatabaseConnection,
    export: &Export,
    trigger: Trigger,
    author: Author<'_>,
) -> Result<Requested, StoreError> {
    loop {
        if let Some(run_id) = find_active(db, export.id).await? {
            return Ok(Requested {
                run_id,
                is_new: false,
            });
        }
        let run_id = Uuid::now_v7();
        let transaction = db.begin().await?;
        let inserted = insert(&transaction, run_id, export, trigger, author).await;
        match inserted {
            Ok(()) => {
                transaction.commit().await?;
                return Ok(Requested {
                    run_id,
                    is_new: true,
                });
            }
            // Somebody was faster; their run is found in the next round.
            Err(StoreError::Database(error))
                if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) =>
            {
                transaction.rollback().await?;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Asks for a run of an export in a transaction of the caller's; its id. An unfinished run of the export is a violation of
/// a unique constraint, after which nothing of the transaction can be kept.
///
/// # Errors
/// Writing failed.
pub async fn request_in(
    transaction: &DatabaseTransaction,
    export: &Export,
    trigger: Trigger,
    author: Author<'_>,
) -> Result<Uuid, StoreError> {
    let run_id = Uuid::now_v7();
    insert(transaction, run_id, export, trigger, author).await?;
    Ok(run_id)
}

/// Lets a run that was just asked for wait until a moment before an engine takes it.
///
/// # Errors
/// The database's.
pub async fn put_off_in(
    transaction: &DatabaseTransaction,
    run_id: Uuid,
    why: WaitingFor,
    until: Timestamp,
) -> Result<(), StoreError> {
    run::Entity::update_many()
        .col_expr(run::Column::WaitingFor, Expr::value(why.name()))
        .col_expr(
            run::Column::WaitingUntil,
            Expr::value(UtcMillis::from(until)),
        )
        .filter(run::Column::Id.eq(run_id))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Runs that were asked for at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestedMany {
    /// Runs added.
    pub new: usize,
    /// Exports that had an unfinished run already.
    pub running: usize,
}

/// Asks for a run of each of a bounded number of exports, in one transaction. An export with an unfinished run keeps
/// that one.
///
/// # Errors
/// Writing failed.
pub async fn request_all(
    db: &DatabaseConnection,
    exports: &[Export],
    trigger: Trigger,
    author: Author<'_>,
) -> Result<RequestedMany, StoreError> {
    let transaction = db.begin().await?;
    let ids = exports.iter().map(|export| export.id);
    let running: Vec<Uuid> = run::Entity::find()
        .select_only()
        .column(run::Column::ExportId)
        .filter(run::Column::ExportId.is_in(ids))
        .filter(run::Column::FinishedAt.is_null())
        .into_tuple()
        .all(&transaction)
        .await?;
    let mut asked = RequestedMany {
        new: 0,
        running: running.len(),
    };
    for export in exports {
        if running.contains(&export.id) {
            continue;
        }
        match insert(&transaction, Uuid::now_v7(), export, trigger, author).await {
            Ok(()) => asked.new += 1,
            // Somebody asked for one of them in this moment: one by one, each finds out for itself.
            Err(StoreError::Database(error))
                if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) =>
            {
                transaction.rollback().await?;
                return request_each(db, exports, trigger, author).await;
            }
            Err(error) => return Err(error),
        }
    }
    transaction.commit().await?;
    Ok(asked)
}

async fn request_each(
    db: &DatabaseConnection,
    exports: &[Export],
    trigger: Trigger,
    author: Author<'_>,
) -> Result<RequestedMany, StoreError> {
    let mut asked = RequestedMany::default();
    for export in exports {
        if request(db, export, trigger, author).await?.is_new {
            asked.new += 1;
        } else {
            asked.running += 1;
        }
    }
    Ok(asked)
}

async fn insert(
    transaction: &impl ConnectionTrait,
    run_id: Uuid,
    export: &Export,
    trigger: Trigger,
    author: Author<'_>,
) -> Result<(), StoreError> {
    run::ActiveModel {
        id: Set(run_id),
        export_id: Set(export.id),
        trigger: Set(trigger.name().to_owned()),
        requested_by: Set(author.user_id),
        definition: Set(serde_json::to_value(&export.definition)?),
        inputs: Set(None),
        snapshot_id: Set(None),
        state: Set(RunState::Queued.name().to_owned()),
        phase: Set(None),
        waiting_for: Set(None),
        waiting_until: Set(None),
        outcome: Set(None),
        outcome_names: Set(None),
        vendor_words: Set(None),
        members: Set(None),
        read: Set(0),
        sent: Set(0),
        delivered: Set(None),
        duplicates: Set(0),
        unchanged: Set(0),
        rejected: Set(json!({})),
        adjusted: Set(0),
        is_planned: Set(false),
        requests: Set(0),
        queued_at: Set(author.at.into()),
        started_at: Set(None),
        finished_at: Set(None),
        cancel_requested_at: Set(None),
        cancel_requested_by: Set(None),
        resumed_at: Set(None),
        resumed_by: Set(None),
        asking_since: Set(None),
        owner: Set(None),
        lease_until: Set(None),
        claims: Set(0),
    }
    .insert(transaction)
    .await?;
    let event = AuditEvent {
        at: author.at,
        user_id: author.user_id,
        ip: author.ip,
        action: "run.requested",
        object_id: run_id.to_string(),
        detail: json!({
            "export": export.id,
            "name": export.definition.name,
            "list": export.definition.list_id,
            "trigger": trigger.name(),
        }),
    };
    audit::record(transaction, event).await?;
    Ok(())
}

/// Cancels a run: at once when no engine has taken it, between two requests otherwise. Canceling again, or a run that
/// is finished, changes nothing.
///
/// # Errors
/// [`StoreError::NotFound`], or writing failed.
pub async fn cancel(
    db: &DatabaseConnection,
    run_id: Uuid,
    author: Author<'_>,
) -> Result<(), StoreError> {
    let transaction = db.begin().await?;
    let now = UtcMillis::from(author.at);
    let marked = run::Entity::update_many()
        .col_expr(run::Column::CancelRequestedAt, Expr::value(now))
        .col_expr(run::Column::CancelRequestedBy, Expr::value(author.user_id))
        .filter(run::Column::Id.eq(run_id))
        .filter(run::Column::FinishedAt.is_null())
        .filter(run::Column::CancelRequestedAt.is_null())
        .exec(&transaction)
        .await?
        .rows_affected;
    if marked == 0 {
        get(&transaction, run_id).await?;
        return Ok(());
    }
    end_if_untouched(&transaction, run_id, author.at).await?;
    let event = AuditEvent {
        at: author.at,
        user_id: author.user_id,
        ip: author.ip,
        action: "run.cancel-requested",
        object_id: run_id.to_string(),
        detail: json!({}),
    };
    audit::record(&transaction, event).await?;
    transaction.commit().await?;
    Ok(())
}

/// Ends a canceled run that no engine has ever taken.
async fn end_if_untouched(
    transaction: &impl ConnectionTrait,
    run_id: Uuid,
    at: Timestamp,
) -> Result<(), StoreError> {
    run::Entity::update_many()
        .col_expr(run::Column::State, Expr::value(RunState::Canceled.name()))
        .col_expr(run::Column::Outcome, Expr::value(Ending::Canceled.code()))
        .col_expr(run::Column::FinishedAt, Expr::value(UtcMillis::from(at)))
        .col_expr(run::Column::WaitingFor, Expr::value(None::<String>))
        .col_expr(run::Column::WaitingUntil, Expr::value(None::<i64>))
        .filter(run::Column::Id.eq(run_id))
        .filter(run::Column::State.eq(RunState::Queued.name()))
        .filter(run::Column::Owner.is_null())
        .exec(transaction)
        .await?;
    Ok(())
}

/// Lets the runs that wait for somebody to sign in look again at once.
///
/// # Errors
/// Writing failed.
pub async fn wake_sign_in_waits(db: &DatabaseConnection) -> Result<(), StoreError> {
    run::Entity::update_many()
        .col_expr(run::Column::WaitingUntil, Expr::value(None::<i64>))
        .filter(run::Column::FinishedAt.is_null())
        .filter(run::Column::WaitingFor.eq(WaitingFor::SignIn.name()))
        .exec(db)
        .await?;
    Ok(())
}
