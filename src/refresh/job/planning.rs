//! What a job will do: every source, every segment, every export that follows the system refresh, in this order.

use sea_orm::{ConnectionTrait, EntityTrait, Set};
use serde_json::json;
use uuid::Uuid;

use super::TaskKind;
use super::lease::Lease;
use super::store::StoreError;
use crate::refresh::status::Status;
use crate::storage::entities::refresh_task;
use crate::{exports, segments, sources};

/// Rows written at once; SQLite takes at most 32,766 values a statement.
const ROWS_AT_ONCE: usize = 500;

/// Writes the tasks of a job, unless they are there.
pub(super) async fn plan(transaction: &impl ConnectionTrait, lease: Lease) -> anyhow::Result<()> {
    let mut all: Vec<(TaskKind, Uuid, String)> = Vec::new();
    for source in sources::store::list(transaction).await? {
        all.push((TaskKind::Source, source.id, source.name));
    }
    for segment in segments::store::list(transaction).await? {
        all.push((TaskKind::Segment, segment.id, segment.name));
    }
    let following = exports::store::following_refresh(transaction, None).await?;
    let following = following.into_iter();
    all.extend(following.map(|(id, name)| (TaskKind::Export, id, name)));
    let rows =
        (1..).zip(all).map(
            |(position, (kind, subject_id, name))| refresh_task::ActiveModel {
                job_id: Set(lease.job_id),
                position: Set(position),
                kind: Set(kind.name().to_owned()),
                subject_id: Set(subject_id),
                name: Set(name),
                state: Set(Status::Queued.name().to_owned()),
                reason: Set(None),
                names: Set(json!([])),
                run_id: Set(None),
                started_at: Set(None),
                finished_at: Set(None),
            },
        );
    let rows: Vec<_> = rows.collect();
    for some in rows.chunks(ROWS_AT_ONCE) {
        refresh_task::Entity::insert_many(some.to_vec())
            .exec_without_returning(transaction)
            .await
            .map_err(StoreError::from)?;
    }
    Ok(())
}
