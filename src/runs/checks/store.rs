//! Queries over checks. Whoever works on one holds it by its heartbeat; every write of the work is bound to that.

use jiff::{SignedDuration, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DbErr,
    EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set, SqlErr, TransactionTrait,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Check, CheckKind, Missing, Step, unpack};
use crate::exports::{Author, ExportDefinition};
use crate::runs::run::{Ended, RunState};
use crate::runs::store::{Requested, StoreError};
use crate::sources;
use crate::storage::audit::{self, AuditEvent};
use crate::storage::entities::check;
use crate::storage::{UtcMillis, astray, bring_back};

/// Whoever has not been heard of for this long has gone; another may go on.
pub(super) const SILENCE: SignedDuration = SignedDuration::from_secs(30);
/// Checks looked at when one is to be taken.
const CANDIDATES: u64 = 20;

/// Who works on which check.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hold {
    pub(super) id: Uuid,
    pub(super) owner: Uuid,
}

/// How the work on a check ended.
pub(super) struct Finished {
    pub(super) state: RunState,
    pub(super) result: Option<Value>,
    pub(super) undelivered: Option<Vec<u8>>,
    pub(super) failure: Option<Ended>,
}

/// Asks for a check. Asking twice while one is unfinished gives the same one. The run id of the answer is the check's.
///
/// # Errors
/// Writing failed.
pub async fn request(
    db: &DatabaseConnection,
    kind: CheckKind,
    (subject_id, export_id): (Uuid, Uuid),
    definition: &ExportDefinition,
    author: Author<'_>,
) -> Result<Requested, StoreError> {
    loop {
        let unfinished = check::Entity::find()
            .select_only()
            .column(check::Column::Id)
            .filter(check::Column::SubjectId.eq(subject_id))
            .filter(check::Column::FinishedAt.is_null())
            .into_tuple::<Uuid>()
            .one(db)
            .await?;
        if let Some(run_id) = unfinished {
            return Ok(Requested {
                run_id,
                is_new: false,
            });
        }
        let id = Uuid::now_v7();
        let transaction = db.begin().await?;
        let inserted = check::ActiveModel {
            id: Set(id),
            kind: Set(kind.name().to_owned()),
            subject_id: Set(subject_id),
            export_id: Set(export_id),
            definition: Set(serde_json::to_value(definition)?),
            state: Set(RunState::Queued.name().to_owned()),
            done: Set(0),
            total: Set(0),
            requested_by: Set(author.user_id),
            requested_at: Set(author.at.into()),
            claims: Set(0),
            ..Default::default()
        }
        .insert(&transaction)
        .await;
        match inserted {
            Ok(_) => {
                let detail =
                    json!({ "kind": kind.name(), "subject": subject_id, "name": definition.name });
                record(&transaction, author, "check.requested", id, detail).await?;
                transaction.commit().await?;
                return Ok(Requested {
                    run_id: id,
                    is_new: true,
                });
            }
            // Somebody was faster; theirs is found in the next round.
            Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
                transaction.rollback().await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// The check with an id.
///
/// # Errors
/// [`StoreError::NotFound`], or reading failed.
pub async fn get(db: &impl ConnectionTrait, id: Uuid) -> Result<Check, StoreError> {
    let found = check::Entity::find_by_id(id).one(db).await?;
    read(found.ok_or(StoreError::NotFound)?)
}

/// The latest check of an export or run, if there is one.
///
/// # Errors
/// Reading failed.
pub async fn find_latest(
    db: &impl ConnectionTrait,
    subject_id: Uuid,
) -> Result<Option<Check>, StoreError> {
    let found = check::Entity::find()
        .filter(check::Column::SubjectId.eq(subject_id))
        .order_by_desc(check::Column::Id)
        .one(db)
        .await?;
    found.map(read).transpose()
}

/// The rows that a check of a delivery found missing, in order.
///
/// # Errors
/// [`StoreError::NotFound`], or reading failed.
pub async fn undelivered(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Vec<(u64, Missing)>, StoreError> {
    let found = check::Entity::find_by_id(id).one(db).await?;
    let packed = found.ok_or(StoreError::NotFound)?.undelivered;
    Ok(unpack(&packed.unwrap_or_default()))
}

/// Forgets which rows of runs did not arrive, where that was found before `before`: they cannot be downloaded any more.
/// The counts stay. How many looks that were.
pub(in crate::runs) async fn forget_undelivered(
    db: &impl ConnectionTrait,
    before: Timestamp,
) -> Result<u64, DbErr> {
    let forgotten = check::Entity::update_many()
        .col_expr(check::Column::Undelivered, Expr::value(None::<Vec<u8>>))
        .filter(check::Column::Undelivered.is_not_null())
        .filter(check::Column::FinishedAt.lte(UtcMillis::from(before)))
        .exec(db)
        .await?;
    Ok(forgotten.rows_affected)
}

/// The same for one run, whose profiles are not held any more.
pub(in crate::runs) async fn forget_undelivered_of(
    db: &impl ConnectionTrait,
    run_id: Uuid,
) -> Result<(), DbErr> {
    check::Entity::update_many()
        .col_expr(check::Column::Undelivered, Expr::value(None::<Vec<u8>>))
        .filter(check::Column::SubjectId.eq(run_id))
        .filter(check::Column::Undelivered.is_not_null())
        .exec(db)
        .await?;
    Ok(())
}

/// Cancels a check: at once when nobody works on it, within a moment otherwise.
///
/// # Errors
/// [`StoreError::NotFound`], or writing failed.
pub async fn cancel(
    db: &DatabaseConnection,
    id: Uuid,
    author: Author<'_>,
) -> Result<(), StoreError> {
    let transaction = db.begin().await?;
    let now = UtcMillis::from(author.at);
    let marked = check::Entity::update_many()
        .col_expr(check::Column::CancelRequestedAt, Expr::value(now))
        .filter(check::Column::Id.eq(id))
        .filter(check::Column::FinishedAt.is_null())
        .filter(check::Column::CancelRequestedAt.is_null())
        .exec(&transaction)
        .await?;
    if marked.rows_affected == 0 {
        get(&transaction, id).await?;
        return Ok(());
    }
    check::Entity::update_many()
        .col_expr(check::Column::State, Expr::value(RunState::Canceled.name()))
        .col_expr(check::Column::FinishedAt, Expr::value(now))
        .filter(check::Column::Id.eq(id))
        .filter(check::Column::Owner.is_null())
        .exec(&transaction)
        .await?;
    record(
        &transaction,
        author,
        "check.cancel-requested",
        id,
        json!({}),
    )
    .await?;
    transaction.commit().await?;
    Ok(())
}

/// Takes the check that has waited longest and that nobody works on, if there is one.
pub(super) async fn claim_next(
    db: &DatabaseConnection,
    owner: Uuid,
    now: Timestamp,
    only: Option<Uuid>,
) -> Result<Option<(Hold, Check)>, StoreError> {
    let heard_later = Condition::all()
        .add(check::Column::FinishedAt.is_null())
        .add(astray(
            check::Column::HeartbeatAt,
            SignedDuration::ZERO,
            now,
        ));
    bring_back::<check::Entity>(db, check::Column::HeartbeatAt, heard_later, now).await?;
    let is_free = Condition::any()
        .add(check::Column::Owner.is_null())
        .add(check::Column::HeartbeatAt.lt(UtcMillis::from(now - SILENCE)));
    let mut candidates = check::Entity::find()
        .select_only()
        .column(check::Column::Id)
        .filter(check::Column::FinishedAt.is_null())
        .filter(is_free.clone());
    if let Some(id) = only {
        candidates = candidates.filter(check::Column::Id.eq(id));
    }
    let candidates: Vec<Uuid> = candidates
        .order_by_asc(check::Column::Id)
        .limit(CANDIDATES)
        .into_tuple()
        .all(db)
        .await?;
    let at = UtcMillis::from(now);
    for id in candidates {
        let taken = check::Entity::update_many()
            .col_expr(check::Column::Owner, Expr::value(owner))
            .col_expr(check::Column::HeartbeatAt, Expr::value(at))
            .col_expr(
                check::Column::State,
                Expr::value(RunState::Refreshing.name()),
            )
            .col_expr(
                check::Column::StartedAt,
                Expr::col(check::Column::StartedAt).if_null(at),
            )
            .col_expr(
                check::Column::Claims,
                Expr::col(check::Column::Claims).add(1),
            )
            .filter(check::Column::Id.eq(id))
            .filter(check::Column::FinishedAt.is_null())
            .filter(is_free.clone())
            .exec(db)
            .await?;
        if taken.rows_affected == 1 {
            return Ok(Some((Hold { id, owner }, get(db, id).await?)));
        }
    }
    Ok(None)
}

impl Hold {
    /// Says that the work goes on, and how far it is; learns whether it is to be canceled.
    pub(super) async fn beat(
        self,
        db: &DatabaseConnection,
        step: Option<Step>,
        (done, total): (u64, u64),
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let held = self
            .own()
            .col_expr(
                check::Column::HeartbeatAt,
                Expr::value(UtcMillis::from(now)),
            )
            .col_expr(check::Column::Step, Expr::value(step.map(Step::name)))
            .col_expr(check::Column::Done, Expr::value(to_i64(done)))
            .col_expr(check::Column::Total, Expr::value(to_i64(total)))
            .exec(db)
            .await?;
        self.held(held.rows_affected)?;
        Ok(get(db, self.id).await?.is_cancel_requested)
    }

    /// Remembers Constant Contact's job, so that whoever goes on does not begin another.
    pub(super) async fn remember_activity(
        self,
        db: &DatabaseConnection,
        activity_id: &str,
    ) -> Result<(), StoreError> {
        let remembered = self
            .own()
            .col_expr(check::Column::ActivityId, Expr::value(activity_id))
            .exec(db)
            .await?;
        self.held(remembered.rows_affected)
    }

    /// Gives the check back unfinished.
    pub(super) async fn release(self, db: &DatabaseConnection) -> Result<(), StoreError> {
        let released = self
            .own()
            .col_expr(check::Column::Owner, Expr::value(None::<Uuid>))
            .exec(db)
            .await?;
        self.held(released.rows_affected)
    }

    /// Ends the check and lets go of its snapshot.
    pub(super) async fn finish(
        self,
        db: &DatabaseConnection,
        finished: Finished,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let failure = finished.failure.map(serde_json::to_value).transpose()?;
        let transaction = db.begin().await?;
        let ended = self
            .own()
            .col_expr(check::Column::State, Expr::value(finished.state.name()))
            .col_expr(check::Column::Step, Expr::value(None::<String>))
            .col_expr(check::Column::Result, Expr::value(finished.result))
            .col_expr(
                check::Column::Undelivered,
                Expr::value(finished.undelivered),
            )
            .col_expr(check::Column::Failure, Expr::value(failure))
            .col_expr(check::Column::FinishedAt, Expr::value(UtcMillis::from(now)))
            .col_expr(check::Column::Owner, Expr::value(None::<Uuid>))
            .exec(&transaction)
            .await?;
        self.held(ended.rows_affected)?;
        sources::store::release_snapshots(&transaction, self.id).await?;
        transaction.commit().await?;
        Ok(())
    }

    fn own(self) -> sea_orm::UpdateMany<check::Entity> {
        check::Entity::update_many()
            .filter(check::Column::Id.eq(self.id))
            .filter(check::Column::Owner.eq(self.owner))
            .filter(check::Column::FinishedAt.is_null())
    }

    fn held(self, rows_affected: u64) -> Result<(), StoreError> {
        if rows_affected == 1 {
            Ok(())
        } else {
            Err(StoreError::LeaseLost)
        }
    }
}

async fn record(
    db: &impl ConnectionTrait,
    author: Author<'_>,
    action: &str,
    id: Uuid,
    detail: Value,
) -> Result<(), StoreError> {
    let event = AuditEvent {
        at: author.at,
        user_id: author.user_id,
        ip: author.ip,
        action,
        object_id: id.to_string(),
        detail,
    };
    Ok(audit::record(db, event).await?)
}

fn read(model: check::Model) -> Result<Check, StoreError> {
    let kind = CheckKind::ALL
        .into_iter()
        .find(|kind| kind.name() == model.kind)
        .unwrap_or(CheckKind::Export);
    let step = model.step.unwrap_or_default();
    let (mut report, mut delivery) = (None, None);
    match (kind, model.result) {
        (CheckKind::Export, Some(result)) => report = serde_json::from_value(result)?,
        (CheckKind::Delivery, Some(result)) => delivery = serde_json::from_value(result)?,
        (_, None) => {}
    }
    Ok(Check {
        id: model.id,
        kind,
        subject_id: model.subject_id,
        export_id: model.export_id,
        definition: serde_json::from_value(model.definition)?,
        state: RunState::from_name(&model.state),
        step: Step::ALL.into_iter().find(|known| known.name() == step),
        done: model.done.unsigned_abs(),
        total: model.total.unsigned_abs(),
        report,
        delivery,
        activity_id: model.activity_id,
        failure: model.failure.map(serde_json::from_value).transpose()?,
        requested_by: model.requested_by,
        requested_at: model.requested_at.into(),
        finished_at: model.finished_at.map(Into::into),
        is_cancel_requested: model.cancel_requested_at.is_some(),
        claims: model.claims.unsigned_abs(),
    })
}

fn to_i64(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
