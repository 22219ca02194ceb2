//! Taking up again a run that failed or was canceled.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, SqlErr,
    TransactionTrait, UpdateMany,
};
use serde_json::json;
use uuid::Uuid;

use super::{StoreError, get, parts, removals};
use crate::exports::Author;
use crate::runs::part::{Part, PartState};
use crate::runs::resume::{Obstacle, Rest, obstacle, rest};
use crate::runs::run::{Run, RunState};
use crate::sources;
use crate::storage::UtcMillis;
use crate::storage::audit::{self, AuditEvent};
use crate::storage::entities::{run, run_part};

/// What became of the wish to resume a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resumed {
    /// It waits for an engine.
    Now,
    /// It was unfinished already: somebody was faster.
    Already,
    /// It cannot be resumed.
    Refused(Obstacle),
}

/// Resumes a run: only what is missing of it will be sent. Asking twice resumes it once.
///
/// # Errors
/// [`StoreError::NotFound`], or writing failed.
pub async fn resume(
    db: &DatabaseConnection,
    run_id: Uuid,
    author: Author<'_>,
) -> Result<Resumed, StoreError> {
    let transaction = db.begin().await?;
    // First, so that of two who ask at once the second waits here and then finds it unfinished.
    match open(&transaction, run_id, author).await {
        Ok(true) => {}
        Ok(false) => {
            let run = get(&transaction, run_id).await?;
            return Ok(if run.state.is_finished() {
                Resumed::Refused(Obstacle::NotFailed)
            } else {
                Resumed::Already
            });
        }
        // The export has another unfinished run.
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
            transaction.rollback().await?;
            return Ok(Resumed::Refused(Obstacle::RunAgainSince));
        }
        Err(error) => return Err(error.into()),
    }
    let opened = get(&transaction, run_id).await?;
    // Nobody erases rows from its snapshot while it is found to be resumable.
    sources::store::lock(&transaction, opened.definition.source_id).await?;
    let parts = parts(&transaction, run_id).await?;
    // Opened is judged as it was: it could not have been opened in any other state.
    let ended = Run {
        state: RunState::Failure,
        ..opened
    };
    if let Some(obstacle) = obstacle(&transaction, &ended, &parts, author.at).await? {
        transaction.rollback().await?;
        return Ok(Resumed::Refused(obstacle));
    }
    let (mut parts_to_send, mut rows_to_send) = (0, 0);
    for part in &parts {
        if matches!(rest(part), Rest::Send | Rest::SendAs(_)) {
            parts_to_send += 1;
            rows_to_send += part.rows;
        }
        take_up(&transaction, run_id, part).await?;
    }
    removals::reopen(&transaction, run_id).await?;
    let event = AuditEvent {
        at: author.at,
        user_id: author.user_id,
        ip: author.ip,
        action: "run.resumed",
        object_id: run_id.to_string(),
        detail: json!({
            "export": ended.export_id,
            "name": ended.definition.name,
            "list": ended.definition.list_id,
            "parts_to_send": parts_to_send,
            "rows_to_send": rows_to_send,
        }),
    };
    audit::record(&transaction, event).await?;
    if parts.iter().any(|part| needs_planning(&rest(part))) {
        run::Entity::update_many()
            .col_expr(run::Column::IsPlanned, Expr::value(false))
            .filter(run::Column::Id.eq(run_id))
            .exec(&transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(Resumed::Now)
}

/// Makes an ended run an unfinished one that no engine has.
async fn open(
    transaction: &impl ConnectionTrait,
    run_id: Uuid,
    author: Author<'_>,
) -> Result<bool, DbErr> {
    let resumable = RunState::ALL
        .into_iter()
        .filter(|state| crate::runs::resume::is_resumable(*state));
    let opened = run::Entity::update_many()
        .col_expr(run::Column::State, Expr::value(RunState::Queued.name()))
        .col_expr(run::Column::Outcome, Expr::value(None::<String>))
        .col_expr(
            run::Column::OutcomeNames,
            Expr::value(None::<sea_orm::JsonValue>),
        )
        .col_expr(run::Column::VendorWords, Expr::value(None::<String>))
        .col_expr(run::Column::StartedAt, Expr::value(None::<UtcMillis>))
        .col_expr(run::Column::FinishedAt, Expr::value(None::<UtcMillis>))
        .col_expr(run::Column::AskingSince, Expr::value(None::<UtcMillis>))
        .col_expr(
            run::Column::CancelRequestedAt,
            Expr::value(None::<UtcMillis>),
        )
        .col_expr(run::Column::CancelRequestedBy, Expr::value(None::<Uuid>))
        .col_expr(
            run::Column::ResumedAt,
            Expr::value(UtcMillis::from(author.at)),
        )
        .col_expr(run::Column::ResumedBy, Expr::value(author.user_id))
        .filter(run::Column::Id.eq(run_id))
        .filter(run::Column::FinishedAt.is_not_null())
        .filter(run::Column::State.is_in(resumable.map(RunState::name)))
        .exec(transaction)
        .await?;
    Ok(opened.rows_affected == 1)
}

/// Whether the profiles must be read again to bring a part where it belongs.
fn needs_planning(rest: &Rest) -> bool {
    !matches!(rest, Rest::Nothing | Rest::LookUp)
}

/// Puts a part where the engine goes on with it.
async fn take_up(
    transaction: &impl ConnectionTrait,
    run_id: Uuid,
    part: &Part,
) -> Result<(), DbErr> {
    use run_part::Column;
    let update = run_part::Entity::update_many()
        .filter(Column::RunId.eq(run_id))
        .filter(Column::Number.eq(part.number.cast_signed()));
    let update = match rest(part) {
        Rest::Nothing => return Ok(()),
        Rest::LookUp => in_state(update, PartState::Accepted),
        Rest::FindOut => update.col_expr(Column::Looks, Expr::value(0)),
        Rest::Send => not_sent(update),
        Rest::SendAs(name) => not_sent(update).col_expr(Column::FileName, Expr::value(name)),
    };
    update.exec(transaction).await?;
    Ok(())
}

fn in_state(
    update: UpdateMany<run_part::Entity>,
    state: PartState,
) -> UpdateMany<run_part::Entity> {
    use run_part::Column;
    update
        .col_expr(Column::State, Expr::value(state.name()))
        .col_expr(Column::FinishedAt, Expr::value(None::<UtcMillis>))
}

/// Forgets what came of sending a part before.
fn not_sent(update: UpdateMany<run_part::Entity>) -> UpdateMany<run_part::Entity> {
    use run_part::Column;
    let forgotten = [
        Column::PercentDone,
        Column::ItemsTotal,
        Column::Persons,
        Column::Errors,
        Column::Correctable,
        Column::CannotAddToList,
    ];
    let update = in_state(update, PartState::Recorded)
        .col_expr(Column::Sends, Expr::value(0))
        .col_expr(Column::Looks, Expr::value(0))
        .col_expr(Column::ActivityId, Expr::value(None::<String>))
        .col_expr(Column::VendorWords, Expr::value(None::<String>))
        .col_expr(Column::AcceptedAt, Expr::value(None::<UtcMillis>));
    forgotten.into_iter().fold(update, |update, column| {
        update.col_expr(column, Expr::value(None::<i64>))
    })
}
