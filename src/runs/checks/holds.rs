//! Whoever works on a check holds it by its heartbeat; every write of the work is bound to that.

use jiff::{SignedDuration, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    TransactionTrait,
};
use serde_json::Value;
use uuid::Uuid;

use super::store::get;
use super::{Check, Step};
use crate::runs::run::{Ended, RunState};
use crate::runs::store::StoreError;
use crate::sources;
use crate::storage::entities::check;
use crate::storage::{UtcMillis, astray, bring_back};

/// Whoever has not been heard of for this long has gone; another may go on.
const SILENCE: SignedDuration = SignedDuration::from_secs(30);
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

fn to_i64(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
