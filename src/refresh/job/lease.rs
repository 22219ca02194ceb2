//! The lease on a job, and every change of a job and its tasks by whoever holds it.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, TransactionTrait, UpdateMany,
};
use serde_json::json;
use uuid::Uuid;

use super::store::{StoreError, of_job, read_task};
use super::{Reason, Task, TaskKind};
use crate::exports::Author;
use crate::refresh::status::Status;
use crate::storage::entities::{refresh_job, refresh_task};
use crate::storage::{UtcMillis, astray, bring_back};

/// The right to work on one job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lease {
    pub(super) job_id: Uuid,
    owner: Uuid,
    lasts: SignedDuration,
    /// How often the job has been taken, this time included.
    pub(super) claims: i32,
}

/// How a task ended.
#[derive(Clone, Debug)]
pub(super) struct TaskEnd {
    pub(super) status: Status,
    pub(super) reason: Option<Reason>,
    pub(super) names: Vec<String>,
}

impl From<Status> for TaskEnd {
    fn from(status: Status) -> Self {
        Self {
            status,
            reason: None,
            names: Vec::new(),
        }
    }
}

impl TaskEnd {
    pub(super) fn because(status: Status, reason: Reason) -> Self {
        Self {
            reason: Some(reason),
            ..status.into()
        }
    }
}

/// Takes the unfinished job, unless somebody else holds it.
pub(super) async fn claim(
    db: &DatabaseConnection,
    now: Timestamp,
    lasts: SignedDuration,
) -> Result<Option<Lease>, StoreError> {
    use refresh_job::Column;
    let is_left = Condition::all()
        .add(Column::Unfinished.is_not_null())
        .add(astray(Column::LeaseUntil, lasts, now));
    bring_back::<refresh_job::Entity>(db, Column::LeaseUntil, is_left, now + lasts).await?;
    let found = refresh_job::Entity::find()
        .select_only()
        .column(Column::Id)
        .column(Column::Claims)
        .filter(Column::Unfinished.is_not_null())
        .into_tuple::<(Uuid, i32)>()
        .one(db)
        .await?;
    let Some((job_id, claims)) = found else {
        return Ok(None);
    };
    let owner = Uuid::now_v7();
    let is_free = Condition::any()
        .add(Column::Owner.is_null())
        .add(Column::LeaseUntil.lt(UtcMillis::from(now)));
    let taken = refresh_job::Entity::update_many()
        .col_expr(Column::Owner, Expr::value(owner))
        .col_expr(
            Column::LeaseUntil,
            Expr::value(UtcMillis::from(now + lasts)),
        )
        .col_expr(Column::State, Expr::value(Status::Refreshing.name()))
        .col_expr(
            Column::StartedAt,
            Expr::col(Column::StartedAt).if_null(UtcMillis::from(now)),
        )
        .col_expr(Column::Claims, Expr::col(Column::Claims).add(1))
        .filter(Column::Id.eq(job_id))
        .filter(Column::FinishedAt.is_null())
        .filter(is_free)
        .exec(db)
        .await?;
    Ok((taken.rows_affected == 1).then_some(Lease {
        job_id,
        owner,
        lasts,
        claims: claims + 1,
    }))
}

impl Lease {
    fn own(self) -> UpdateMany<refresh_job::Entity> {
        refresh_job::Entity::update_many()
            .filter(refresh_job::Column::Id.eq(self.job_id))
            .filter(refresh_job::Column::Owner.eq(self.owner))
            .filter(refresh_job::Column::FinishedAt.is_null())
    }

    /// Makes the lease last longer; whatever else the transaction writes is void without it.
    pub(super) async fn renew(
        self,
        db: &impl ConnectionTrait,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let until = UtcMillis::from(now + self.lasts);
        let renewed = self
            .own()
            .col_expr(refresh_job::Column::LeaseUntil, Expr::value(until));
        held(renewed.exec(db).await?.rows_affected)
    }

    /// Who asked to cancel the job, if somebody did.
    pub(super) async fn canceled_by(
        self,
        db: &impl ConnectionTrait,
    ) -> Result<Option<Option<Uuid>>, StoreError> {
        let found = refresh_job::Entity::find_by_id(self.job_id).one(db).await?;
        match found {
            Some(job) if job.owner == Some(self.owner) => {
                Ok(job.cancel_requested_at.map(|_| job.cancel_requested_by))
            }
            _ => Err(StoreError::LeaseLost),
        }
    }

    /// Says that sources and segments are done.
    pub(super) async fn finish_upstream(self, db: &DatabaseConnection) -> Result<(), StoreError> {
        let done = self
            .own()
            .col_expr(refresh_job::Column::IsUpstreamDone, Expr::value(true));
        held(done.exec(db).await?.rows_affected)
    }

    /// Gives the job back unfinished, so that any process may take it at once.
    pub(super) async fn release(self, db: &DatabaseConnection) -> Result<(), StoreError> {
        let released = self
            .own()
            .col_expr(refresh_job::Column::Owner, Expr::value(None::<Uuid>))
            .col_expr(refresh_job::Column::LeaseUntil, Expr::value(None::<i64>));
        held(released.exec(db).await?.rows_affected)
    }

    /// Tasks of a kind that have not begun, in order, at most `limit`.
    pub(super) async fn next_tasks(
        self,
        db: &DatabaseConnection,
        kind: TaskKind,
        states: &[Status],
        limit: u64,
    ) -> Result<Vec<Task>, StoreError> {
        let states = states.iter().map(|status| status.name());
        let found = of_job(self.job_id)
            .filter(refresh_task::Column::Kind.eq(kind.name()))
            .filter(refresh_task::Column::State.is_in(states))
            .order_by_asc(refresh_task::Column::Position)
            .limit(limit)
            .all(db)
            .await?;
        Ok(found.into_iter().map(read_task).collect())
    }

    /// Status of every source and segment, by id, with its name.
    pub(super) async fn upstream(
        self,
        db: &DatabaseConnection,
    ) -> Result<HashMap<Uuid, (Status, String)>, StoreError> {
        let found: Vec<(Uuid, String, String)> = of_job(self.job_id)
            .select_only()
            .column(refresh_task::Column::SubjectId)
            .column(refresh_task::Column::State)
            .column(refresh_task::Column::Name)
            .filter(refresh_task::Column::Kind.ne(TaskKind::Export.name()))
            .into_tuple()
            .all(db)
            .await?;
        let found = found.into_iter();
        Ok(found
            .map(|(id, state, name)| (id, (Status::from_name(&state), name)))
            .collect())
    }

    /// Says that a task has begun.
    pub(super) async fn begin(
        self,
        db: &DatabaseConnection,
        task: &Task,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let transaction = db.begin().await?;
        self.renew(&transaction, now).await?;
        change(task)
            .col_expr(
                refresh_task::Column::State,
                Expr::value(Status::Refreshing.name()),
            )
            .col_expr(
                refresh_task::Column::StartedAt,
                Expr::col(refresh_task::Column::StartedAt).if_null(UtcMillis::from(now)),
            )
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Says that the run of an export was asked for, in the transaction that asks for it.
    pub(super) async fn began_run(
        self,
        transaction: &impl ConnectionTrait,
        task: &Task,
        run_id: Uuid,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        change(task)
            .col_expr(
                refresh_task::Column::State,
                Expr::value(Status::Refreshing.name()),
            )
            .col_expr(refresh_task::Column::RunId, Expr::value(run_id))
            .col_expr(
                refresh_task::Column::StartedAt,
                Expr::value(UtcMillis::from(now)),
            )
            .exec(transaction)
            .await?;
        Ok(())
    }

    /// Says how a task ended.
    pub(super) async fn end(
        self,
        db: &DatabaseConnection,
        task: &Task,
        end: TaskEnd,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let transaction = db.begin().await?;
        self.renew(&transaction, now).await?;
        let at = UtcMillis::from(now);
        change(task)
            .col_expr(refresh_task::Column::State, Expr::value(end.status.name()))
            .col_expr(
                refresh_task::Column::Reason,
                Expr::value(end.reason.map(Reason::name)),
            )
            .col_expr(refresh_task::Column::Names, Expr::value(json!(end.names)))
            .col_expr(
                refresh_task::Column::StartedAt,
                Expr::col(refresh_task::Column::StartedAt).if_null(at),
            )
            .col_expr(refresh_task::Column::FinishedAt, Expr::value(at))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Ends the job. What has not finished ends as `unfinished` says, and so does the job; otherwise its status follows from
    /// the tasks.
    pub(super) async fn finish(
        self,
        db: &DatabaseConnection,
        unfinished: Option<Status>,
        now: Timestamp,
    ) -> Result<Status, StoreError> {
        let transaction = db.begin().await?;
        self.renew(&transaction, now).await?;
        let at = UtcMillis::from(now);
        if let Some(status) = unfinished {
            let unfinished = [Status::Queued, Status::Refreshing].map(Status::name);
            refresh_task::Entity::update_many()
                .col_expr(refresh_task::Column::State, Expr::value(status.name()))
                .col_expr(refresh_task::Column::FinishedAt, Expr::value(at))
                .filter(refresh_task::Column::JobId.eq(self.job_id))
                .filter(refresh_task::Column::State.is_in(unfinished))
                .exec(&transaction)
                .await?;
        }
        let counts = counts(&transaction, self.job_id).await?;
        let count = |status: Status| counts.get(&status).copied().unwrap_or_default();
        let good = count(Status::Successful) + count(Status::CompletedWithWarnings);
        let failed = count(Status::Failure) + count(Status::FailedPermanent);
        let all: u64 = counts.values().sum();
        let status = match unfinished {
            Some(status) => status,
            None if good == all => Status::Successful,
            None if good == 0 && failed > 0 => Status::Failure,
            None => Status::CompletedWithWarnings,
        };
        let finished = self
            .own()
            .col_expr(refresh_job::Column::State, Expr::value(status.name()))
            .col_expr(refresh_job::Column::FinishedAt, Expr::value(at))
            .col_expr(refresh_job::Column::IsUpstreamDone, Expr::value(true))
            .col_expr(refresh_job::Column::Unfinished, Expr::value(None::<i32>))
            .col_expr(refresh_job::Column::Owner, Expr::value(None::<Uuid>))
            .col_expr(refresh_job::Column::LeaseUntil, Expr::value(None::<i64>));
        held(finished.exec(&transaction).await?.rows_affected)?;
        let counts: HashMap<_, _> = counts.iter().map(|(key, n)| (key.name(), n)).collect();
        let detail = json!({ "status": status.name(), "tasks": counts });
        let nobody = Author {
            user_id: None,
            ip: None,
            at: now,
        };
        nobody
            .record(&transaction, "refresh.finished", self.job_id, detail)
            .await?;
        transaction.commit().await?;
        Ok(status)
    }
}

async fn counts(
    db: &impl ConnectionTrait,
    job_id: Uuid,
) -> Result<HashMap<Status, u64>, StoreError> {
    let counted: Vec<(String, i64)> = of_job(job_id)
        .select_only()
        .column(refresh_task::Column::State)
        .column_as(refresh_task::Column::Position.count(), "tasks")
        .group_by(refresh_task::Column::State)
        .into_tuple()
        .all(db)
        .await?;
    let counted = counted.into_iter();
    Ok(counted
        .map(|(state, count)| (Status::from_name(&state), count.unsigned_abs()))
        .collect())
}

fn change(task: &Task) -> UpdateMany<refresh_task::Entity> {
    refresh_task::Entity::update_many()
        .filter(refresh_task::Column::JobId.eq(task.job_id))
        .filter(refresh_task::Column::Position.eq(task.position))
}

fn held(rows_affected: u64) -> Result<(), StoreError> {
    if rows_affected == 1 {
        Ok(())
    } else {
        Err(StoreError::LeaseLost)
    }
}
