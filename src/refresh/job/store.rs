//! Queries over refresh jobs and their tasks.

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set, SqlErr, TransactionTrait,
};
use serde_json::json;
use uuid::Uuid;

use super::{Job, JobTrigger, Progress, Reason, Task, TaskKind};
use crate::exports::Author;
use crate::refresh::status::Status;
use crate::runs::RunState;
use crate::storage::UtcMillis;
use crate::storage::entities::{refresh_job, refresh_task, run};

/// Jobs on one page.
pub const PAGE_SIZE: u64 = 20;

/// Why a job was not stored or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It does not exist.
    #[error("the refresh job does not exist")]
    NotFound,
    /// Another process works on the job now; whatever this one wanted to write is void.
    #[error("another process has taken the refresh job over")]
    LeaseLost,
    /// The database's.
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// Asks for a job. While one is unfinished, that one is the answer, and it is not new.
///
/// # Errors
/// Writing failed.
pub async fn request(
    db: &DatabaseConnection,
    trigger: JobTrigger,
    author: Author<'_>,
) -> Result<(Uuid, bool), StoreError> {
    loop {
        if let Some(job) = active(db).await? {
            return Ok((job.id, false));
        }
        let transaction = db.begin().await?;
        match request_in(&transaction, trigger, author).await {
            Ok(id) => {
                transaction.commit().await?;
                return Ok((id, true));
            }
            // Somebody was faster; their job is found in the next round.
            Err(error) if is_taken(&error) => transaction.rollback().await?,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether an error of [`request_in`] says that a job is unfinished.
pub(in crate::refresh) fn is_taken(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

/// Asks for a job in a transaction of the caller's. An unfinished job is a violation of a unique constraint.
///
/// # Errors
/// The database's.
pub(in crate::refresh) async fn request_in(
    transaction: &impl ConnectionTrait,
    trigger: JobTrigger,
    author: Author<'_>,
) -> Result<Uuid, DbErr> {
    let id = Uuid::now_v7();
    refresh_job::ActiveModel {
        id: Set(id),
        trigger: Set(trigger.name().to_owned()),
        requested_by: Set(author.user_id),
        state: Set(Status::Queued.name().to_owned()),
        is_upstream_done: Set(false),
        queued_at: Set(author.at.into()),
        started_at: Set(None),
        finished_at: Set(None),
        cancel_requested_at: Set(None),
        cancel_requested_by: Set(None),
        owner: Set(None),
        lease_until: Set(None),
        claims: Set(0),
        unfinished: Set(Some(1)),
    }
    .insert(transaction)
    .await?;
    let detail = json!({ "trigger": trigger.name() });
    author
        .record(transaction, "refresh.requested", id, detail)
        .await?;
    Ok(id)
}

/// Cancels a job: at once when nobody has taken it, between two tasks otherwise. Canceling again, or a job that is
/// finished, changes nothing.
///
/// # Errors
/// [`StoreError::NotFound`], or writing failed.
pub async fn cancel(
    db: &DatabaseConnection,
    id: Uuid,
    author: Author<'_>,
) -> Result<(), StoreError> {
    use refresh_job::Column;
    let transaction = db.begin().await?;
    let marked = refresh_job::Entity::update_many()
        .col_expr(
            Column::CancelRequestedAt,
            Expr::value(UtcMillis::from(author.at)),
        )
        .col_expr(Column::CancelRequestedBy, Expr::value(author.user_id))
        .filter(Column::Id.eq(id))
        .filter(Column::FinishedAt.is_null())
        .filter(Column::CancelRequestedAt.is_null())
        .exec(&transaction)
        .await?
        .rows_affected;
    if marked == 0 {
        get(&transaction, id).await?;
        return Ok(());
    }
    author
        .record(&transaction, "refresh.cancel-requested", id, json!({}))
        .await?;
    transaction.commit().await?;
    Ok(())
}

/// The job with an id.
///
/// # Errors
/// [`StoreError::NotFound`], or reading failed.
pub async fn get(db: &impl ConnectionTrait, id: Uuid) -> Result<Job, StoreError> {
    let found = refresh_job::Entity::find_by_id(id).one(db).await?;
    Ok(read(found.ok_or(StoreError::NotFound)?))
}

/// The unfinished job, if there is one.
///
/// # Errors
/// The database's.
pub async fn active(db: &impl ConnectionTrait) -> Result<Option<Job>, DbErr> {
    let found = refresh_job::Entity::find()
        .filter(refresh_job::Column::Unfinished.is_not_null())
        .one(db)
        .await?;
    Ok(found.map(read))
}

/// Whether a job still refreshes sources or segments.
///
/// # Errors
/// The database's.
pub async fn is_upstream_busy(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let found = refresh_job::Entity::find()
        .filter(refresh_job::Column::Unfinished.is_not_null())
        .filter(refresh_job::Column::IsUpstreamDone.eq(false))
        .count(db)
        .await?;
    Ok(found > 0)
}

/// A page of all jobs, latest first, and how many there are; `page` counts from 0.
///
/// # Errors
/// The database's.
pub async fn latest(db: &impl ConnectionTrait, page: u64) -> Result<(Vec<Job>, u64), DbErr> {
    let all = refresh_job::Entity::find();
    let total = all.clone().count(db).await?;
    let found = all
        .order_by_desc(refresh_job::Column::Id)
        .offset(Ord::min(page.saturating_mul(PAGE_SIZE), total))
        .limit(PAGE_SIZE)
        .all(db)
        .await?;
    Ok((found.into_iter().map(read).collect(), total))
}

/// Tasks of a job in the order they are done, of one kind, at most `limit` after a position.
///
/// # Errors
/// The database's.
pub async fn tasks(
    db: &impl ConnectionTrait,
    job_id: Uuid,
    kind: TaskKind,
    after: i32,
    limit: u64,
) -> Result<Vec<Task>, DbErr> {
    let found = of_job(job_id)
        .filter(refresh_task::Column::Kind.eq(kind.name()))
        .filter(refresh_task::Column::Position.gt(after))
        .order_by_asc(refresh_task::Column::Position)
        .limit(limit)
        .all(db)
        .await?;
    with_runs(db, found).await
}

/// Tasks of a job for some sources, segments or exports.
///
/// # Errors
/// The database's.
pub async fn tasks_of(
    db: &impl ConnectionTrait,
    job_id: Uuid,
    subjects: &[Uuid],
) -> Result<Vec<Task>, DbErr> {
    let found = of_job(job_id)
        .filter(refresh_task::Column::SubjectId.is_in(subjects.iter().copied()))
        .order_by_asc(refresh_task::Column::Position)
        .all(db)
        .await?;
    with_runs(db, found).await
}

/// The latest tasks of one source, segment or export, latest first, at most `limit`.
///
/// # Errors
/// The database's.
pub async fn history(
    db: &impl ConnectionTrait,
    subject: Uuid,
    limit: u64,
) -> Result<Vec<Task>, DbErr> {
    let found = refresh_task::Entity::find()
        .filter(refresh_task::Column::SubjectId.eq(subject))
        .order_by_desc(refresh_task::Column::JobId)
        .limit(limit)
        .all(db)
        .await?;
    with_runs(db, found).await
}

/// How far the tasks of each kind are; where exports have runs, the runs count.
///
/// # Errors
/// The database's.
pub async fn progress(
    db: &impl ConnectionTrait,
    job_id: Uuid,
) -> Result<HashMap<TaskKind, Progress>, DbErr> {
    let counted: Vec<(String, String, Option<String>, i64)> = of_job(job_id)
        .select_only()
        .column(refresh_task::Column::Kind)
        .column(refresh_task::Column::State)
        .join(
            sea_orm::JoinType::LeftJoin,
            refresh_task::Entity::belongs_to(run::Entity)
                .from(refresh_task::Column::RunId)
                .to(run::Column::Id)
                .into(),
        )
        .column_as(run::Column::State, "run_state")
        .column_as(refresh_task::Column::Position.count(), "tasks")
        .group_by(refresh_task::Column::Kind)
        .group_by(refresh_task::Column::State)
        .group_by(run::Column::State)
        .into_tuple()
        .all(db)
        .await?;
    let mut progress: HashMap<TaskKind, Progress> = HashMap::new();
    for (kind, state, run_state, count) in counted {
        let status = match run_state {
            Some(state) => RunState::from_name(&state).into(),
            None => Status::from_name(&state),
        };
        let entry = progress.entry(TaskKind::from_name(&kind)).or_default();
        entry.add(status, count.unsigned_abs());
    }
    Ok(progress)
}

/// Removes jobs that ended before a moment; how many.
///
/// # Errors
/// The database's.
pub(in crate::refresh) async fn remove_before(
    db: &impl ConnectionTrait,
    before: Timestamp,
) -> Result<u64, DbErr> {
    let removed = refresh_job::Entity::delete_many()
        .filter(refresh_job::Column::FinishedAt.lt(UtcMillis::from(before)))
        .exec(db)
        .await?;
    Ok(removed.rows_affected)
}

pub(super) fn of_job(job_id: Uuid) -> sea_orm::Select<refresh_task::Entity> {
    refresh_task::Entity::find().filter(refresh_task::Column::JobId.eq(job_id))
}

/// A run that goes on after its task is done tells itself how it went.
async fn with_runs(
    db: &impl ConnectionTrait,
    found: Vec<refresh_task::Model>,
) -> Result<Vec<Task>, DbErr> {
    let ids: Vec<Uuid> = found.iter().filter_map(|task| task.run_id).collect();
    let runs: Vec<(Uuid, String, Option<UtcMillis>)> = if ids.is_empty() {
        Vec::new()
    } else {
        run::Entity::find()
            .select_only()
            .column(run::Column::Id)
            .column(run::Column::State)
            .column(run::Column::FinishedAt)
            .filter(run::Column::Id.is_in(ids))
            .into_tuple()
            .all(db)
            .await?
    };
    let runs: HashMap<Uuid, (String, Option<UtcMillis>)> = runs
        .into_iter()
        .map(|(id, state, finished)| (id, (state, finished)))
        .collect();
    let tasks = found.into_iter().map(|model| {
        let mut task = read_task(model);
        if let Some((state, finished)) = task.run_id.and_then(|id| runs.get(&id)) {
            task.status = RunState::from_name(state).into();
            task.finished_at = finished.map(Into::into);
            if task.status.is_finished() {
                task.reason = None;
            }
        }
        task
    });
    Ok(tasks.collect())
}

fn read(model: refresh_job::Model) -> Job {
    Job {
        id: model.id,
        trigger: JobTrigger::from_name(&model.trigger),
        requested_by: model.requested_by,
        status: Status::from_name(&model.state),
        queued_at: model.queued_at.into(),
        started_at: model.started_at.map(Into::into),
        finished_at: model.finished_at.map(Into::into),
        cancel_requested_at: model.cancel_requested_at.map(Into::into),
    }
}

pub(super) fn read_task(model: refresh_task::Model) -> Task {
    let reason = model.reason.unwrap_or_default();
    Task {
        job_id: model.job_id,
        position: model.position,
        kind: TaskKind::from_name(&model.kind),
        subject_id: model.subject_id,
        name: model.name,
        status: Status::from_name(&model.state),
        reason: Reason::ALL.into_iter().find(|known| known.name() == reason),
        names: serde_json::from_value(model.names).unwrap_or_default(),
        run_id: model.run_id,
        started_at: model.started_at.map(Into::into),
        finished_at: model.finished_at.map(Into::into),
    }
}
