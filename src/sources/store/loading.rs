//! A load's way through the database: begun, then published or failed; and snapshots nobody needs any more.

use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect,
    Set, SqlErr,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Author, StoreError, get_snapshot, lock};
use crate::names::Name;
use crate::profiles::SnapshotId;
use crate::sources::file::{LoadReport, Loaded};
use crate::sources::{LoadFailure, LoadTarget, SnapshotState};
use crate::storage::UtcMillis;
use crate::storage::entities::{snapshot, snapshot_hold, source};

/// The only kind of source so far.
const FILE: &str = "file";

/// A load about to begin.
#[derive(Clone, Debug)]
pub struct NewLoad {
    /// Snapshot it fills.
    pub snapshot_id: SnapshotId,
    /// Into which source.
    pub target: LoadTarget,
    /// Name of the file, as the person called it.
    pub file_name: String,
    /// Bytes of the file.
    pub file_bytes: u64,
}

/// Records a load and claims its source, creating a new one where asked. Returns the source's id.
///
/// # Errors
/// [`StoreError::NameTaken`], [`StoreError::NotFound`], [`StoreError::Loading`], or writing failed.
pub async fn begin_load(
    transaction: &impl ConnectionTrait,
    load: &NewLoad,
    author: &Author,
) -> Result<Uuid, StoreError> {
    let source_id = match &load.target {
        LoadTarget::New(name) => create_source(transaction, name, author).await?,
        LoadTarget::Existing(id) => *id,
    };
    claim(transaction, source_id, load.snapshot_id).await?;
    snapshot::ActiveModel {
        id: Set(load.snapshot_id.0),
        source_id: Set(source_id),
        state: Set(SnapshotState::Loading.name().to_owned()),
        file_name: Set(load.file_name.clone()),
        file_bytes: Set(to_i64(load.file_bytes)),
        fields: Set(json!([])),
        rows: Set(0),
        refused: Set(0),
        content_sha256: Set(None),
        report: Set(None),
        failure: Set(None),
        started_at: Set(author.at.into()),
        finished_at: Set(None),
        created_by: Set(author.user_id),
    }
    .insert(transaction)
    .await?;
    let detail = json!({ "file_name": load.file_name, "file_bytes": load.file_bytes });
    author
        .record(transaction, "source.load-started", source_id, detail)
        .await?;
    Ok(source_id)
}

async fn create_source(
    transaction: &impl ConnectionTrait,
    name: &Name,
    author: &Author,
) -> Result<Uuid, StoreError> {
    let id = Uuid::now_v7();
    let row = source::ActiveModel {
        id: Set(id),
        name: Set(name.as_str().to_owned()),
        name_key: Set(name.key()),
        kind: Set(FILE.to_owned()),
        current_snapshot_id: Set(None),
        loading_snapshot_id: Set(None),
        created_at: Set(author.at.into()),
        created_by: Set(author.user_id),
        updated_at: Set(author.at.into()),
    };
    row.insert(transaction)
        .await
        .map_err(|error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => StoreError::NameTaken,
            _ => error.into(),
        })?;
    let detail = json!({ "after": { "name": name.as_str() } });
    author
        .record(transaction, "source.created", id, detail)
        .await?;
    Ok(id)
}

/// One load per source at a time: exactly one row must change.
async fn claim(
    transaction: &impl ConnectionTrait,
    source_id: Uuid,
    snapshot_id: SnapshotId,
) -> Result<(), StoreError> {
    let claimed = source::Entity::update_many()
        .col_expr(
            source::Column::LoadingSnapshotId,
            Expr::value(snapshot_id.0),
        )
        .filter(source::Column::Id.eq(source_id))
        .filter(source::Column::LoadingSnapshotId.is_null())
        .exec(transaction)
        .await?;
    if claimed.rows_affected == 1 {
        return Ok(());
    }
    super::get(transaction, source_id).await?;
    Err(StoreError::Loading)
}

/// Records who wants a load to stop.
///
/// # Errors
/// [`StoreError::NotFound`], or writing failed.
pub async fn record_cancel(
    db: &impl ConnectionTrait,
    id: SnapshotId,
    author: &Author,
) -> Result<(), StoreError> {
    let source_id = get_snapshot(db, id).await?.source_id;
    let detail = json!({ "snapshot": id });
    let action = "source.load-cancel-requested";
    author.record(db, action, source_id, detail).await?;
    Ok(())
}

/// Makes a loaded snapshot the source's current one. Returns the source's id.
///
/// # Errors
/// [`StoreError::LoadLost`] when the load was given up by somebody else, or writing failed.
pub async fn publish_load(
    transaction: &impl ConnectionTrait,
    id: SnapshotId,
    loaded: &Loaded,
    author: &Author,
) -> Result<Uuid, StoreError> {
    let report = &loaded.report;
    let outcome = Outcome {
        state: SnapshotState::Ready,
        fields: serde_json::to_value(&loaded.fields)?,
        report: Some(report),
        content_sha256: Some(loaded.content_sha256.to_vec()),
        failure: None,
    };
    let source_id = finish(transaction, id, outcome, author).await?;
    source::Entity::update_many()
        .col_expr(source::Column::CurrentSnapshotId, Expr::value(id.0))
        .col_expr(
            source::Column::UpdatedAt,
            Expr::value(UtcMillis::from(author.at)),
        )
        .filter(source::Column::Id.eq(source_id))
        .exec(transaction)
        .await?;
    let detail = json!({ "snapshot": id, "rows": report.rows, "refused": report.refused });
    author
        .record(transaction, "source.loaded", source_id, detail)
        .await?;
    Ok(source_id)
}

/// Records that a load failed. The source keeps the snapshot it has.
///
/// # Errors
/// [`StoreError::LoadLost`] when the load was given up by somebody else, or writing failed.
pub async fn fail_load(
    transaction: &impl ConnectionTrait,
    id: SnapshotId,
    failure: LoadFailure,
    report: Option<&LoadReport>,
    author: &Author,
) -> Result<(), StoreError> {
    let outcome = Outcome {
        state: SnapshotState::Failed,
        fields: json!([]),
        report,
        content_sha256: None,
        failure: Some(failure),
    };
    let source_id = finish(transaction, id, outcome, author).await?;
    let detail = json!({ "snapshot": id, "failure": failure });
    author
        .record(transaction, "source.load-failed", source_id, detail)
        .await?;
    Ok(())
}

struct Outcome<'a> {
    state: SnapshotState,
    fields: Value,
    report: Option<&'a LoadReport>,
    content_sha256: Option<Vec<u8>>,
    failure: Option<LoadFailure>,
}

async fn finish(
    transaction: &impl ConnectionTrait,
    id: SnapshotId,
    outcome: Outcome<'_>,
    author: &Author,
) -> Result<Uuid, StoreError> {
    use snapshot::Column as C;
    let snapshot = get_snapshot(transaction, id).await?;
    let report = outcome.report.map(serde_json::to_value).transpose()?;
    let failure = outcome.failure.map(serde_json::to_value).transpose()?;
    let finished = snapshot::Entity::update_many()
        .col_expr(C::State, Expr::value(outcome.state.name()))
        .col_expr(C::Fields, Expr::value(outcome.fields))
        .col_expr(
            C::Rows,
            Expr::value(to_i64(outcome.report.map_or(0, |r| r.rows))),
        )
        .col_expr(
            C::Refused,
            Expr::value(to_i64(outcome.report.map_or(0, |r| r.refused))),
        )
        .col_expr(C::ContentSha256, Expr::value(outcome.content_sha256))
        .col_expr(C::Report, Expr::value(report))
        .col_expr(C::Failure, Expr::value(failure))
        .col_expr(C::FinishedAt, Expr::value(UtcMillis::from(author.at)))
        .filter(C::Id.eq(id.0))
        .filter(C::State.eq(SnapshotState::Loading.name()))
        .exec(transaction)
        .await?;
    let released = source::Entity::update_many()
        .col_expr(source::Column::LoadingSnapshotId, Expr::value(None::<Uuid>))
        .filter(source::Column::LoadingSnapshotId.eq(id.0))
        .exec(transaction)
        .await?;
    if (finished.rows_affected, released.rows_affected) == (1, 1) {
        Ok(snapshot.source_id)
    } else {
        Err(StoreError::LoadLost)
    }
}

/// Loads that are under way, or were when a process ended.
///
/// # Errors
/// The database's.
pub async fn list_loading(db: &impl ConnectionTrait) -> Result<Vec<SnapshotId>, DbErr> {
    list_ids(db, SnapshotState::Loading).await
}

async fn list_ids(
    db: &impl ConnectionTrait,
    state: SnapshotState,
) -> Result<Vec<SnapshotId>, DbErr> {
    let ids: Vec<Uuid> = snapshot::Entity::find()
        .select_only()
        .column(snapshot::Column::Id)
        .filter(snapshot::Column::State.eq(state.name()))
        .into_tuple()
        .all(db)
        .await?;
    Ok(ids.into_iter().map(SnapshotId).collect())
}

/// Marks every snapshot that is neither current nor held as replaced; its profiles may be deleted then.
///
/// Only those of one source, if it is named: whoever has locked that source must not wait for another.
///
/// # Errors
/// The database's.
pub async fn retire_unused(
    transaction: &impl ConnectionTrait,
    of: Option<Uuid>,
) -> Result<Vec<SnapshotId>, DbErr> {
    let mut retired = Vec::new();
    for id in list_ids(transaction, SnapshotState::Ready).await? {
        let Some(model) = snapshot::Entity::find_by_id(id.0).one(transaction).await? else {
            continue;
        };
        if of.is_some_and(|source_id| source_id != model.source_id) {
            continue;
        }
        // Nobody begins to hold it while its source is locked.
        lock(transaction, model.source_id).await?;
        let current = Query::select()
            .column(source::Column::CurrentSnapshotId)
            .from(source::Entity)
            .and_where(source::Column::CurrentSnapshotId.is_not_null())
            .to_owned();
        let held = Query::select()
            .column(snapshot_hold::Column::SnapshotId)
            .from(snapshot_hold::Entity)
            .to_owned();
        let changed = snapshot::Entity::update_many()
            .col_expr(
                snapshot::Column::State,
                Expr::value(SnapshotState::Replaced.name()),
            )
            .filter(snapshot::Column::Id.eq(id.0))
            .filter(snapshot::Column::Id.not_in_subquery(current))
            .filter(snapshot::Column::Id.not_in_subquery(held))
            .exec(transaction)
            .await?;
        if changed.rows_affected == 1 {
            retired.push(id);
        }
    }
    Ok(retired)
}

/// Locks the source of a snapshot, so that nobody begins to hold it, and records how many profiles it will have, other
/// ones than were loaded; false when its profiles are gone.
///
/// # Errors
/// The database's.
pub async fn begin_erasing(
    transaction: &impl ConnectionTrait,
    source_id: Uuid,
    id: SnapshotId,
    rows: u64,
) -> Result<bool, DbErr> {
    lock(transaction, source_id).await?;
    let changed = snapshot::Entity::update_many()
        .col_expr(snapshot::Column::Rows, Expr::value(to_i64(rows)))
        .col_expr(
            snapshot::Column::ContentSha256,
            Expr::value(None::<Vec<u8>>),
        )
        .filter(snapshot::Column::Id.eq(id.0))
        .filter(snapshot::Column::State.eq(SnapshotState::Ready.name()))
        .exec(transaction)
        .await?;
    Ok(changed.rows_affected == 1)
}

fn to_i64(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
