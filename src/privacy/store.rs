//! Queries over what other concepts keep of people; their entities are read here and nowhere else in privacy.

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::sea_query::Query;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use crate::storage::UtcMillis;
use crate::storage::entities::{consent, export, run, snapshot, snapshot_hold};

/// Snapshots looked through at most; an installation holds a few dozen.
pub(super) const MAX_SNAPSHOTS: u64 = 1_000;
/// Runs told about at most, the latest.
pub(super) const MAX_RUNS: u64 = 1_000;

/// Snapshots whose profiles are there, with their sources, the latest first.
pub(super) async fn stored_snapshots(
    db: &impl ConnectionTrait,
) -> Result<Vec<(Uuid, Uuid)>, DbErr> {
    snapshot::Entity::find()
        .select_only()
        .column(snapshot::Column::Id)
        .column(snapshot::Column::SourceId)
        .filter(snapshot::Column::State.eq("ready"))
        .order_by_desc(snapshot::Column::StartedAt)
        .limit(MAX_SNAPSHOTS)
        .into_tuple()
        .all(db)
        .await
}

/// Names of the fields that exports of each source take addresses from.
pub(super) async fn email_fields(
    db: &impl ConnectionTrait,
) -> Result<HashMap<Uuid, Vec<String>>, DbErr> {
    let found: Vec<(Uuid, String)> = export::Entity::find()
        .select_only()
        .column(export::Column::SourceId)
        .column(export::Column::EmailField)
        .distinct()
        .into_tuple()
        .all(db)
        .await?;
    let mut fields: HashMap<Uuid, Vec<String>> = HashMap::new();
    for (source, field) in found {
        fields.entry(source).or_default().push(field);
    }
    Ok(fields)
}

/// Runs that read one of these snapshots, the latest first.
pub(super) async fn runs_reading(
    db: &impl ConnectionTrait,
    snapshots: &[Uuid],
) -> Result<Vec<Uuid>, DbErr> {
    if snapshots.is_empty() {
        return Ok(Vec::new());
    }
    run::Entity::find()
        .select_only()
        .column(run::Column::Id)
        .filter(run::Column::SnapshotId.is_in(snapshots.iter().copied()))
        .order_by_desc(run::Column::Id)
        .limit(MAX_RUNS)
        .into_tuple()
        .all(db)
        .await
}

/// How many runs have sent something and read a snapshot that is gone, so that nobody can tell whom.
pub(super) async fn count_untraceable_runs(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    let stored = Query::select()
        .column(snapshot::Column::Id)
        .from(snapshot::Entity)
        .and_where(snapshot::Column::State.eq("ready"))
        .to_owned();
    run::Entity::find()
        .filter(run::Column::Sent.gt(0))
        .filter(run::Column::SnapshotId.is_not_null())
        .filter(run::Column::SnapshotId.not_in_subquery(stored))
        .count(db)
        .await
}

/// Unfinished runs that hold a snapshot.
pub(super) async fn unfinished_holders(
    db: &impl ConnectionTrait,
    snapshot_id: Uuid,
) -> Result<Vec<Uuid>, DbErr> {
    let holders = Query::select()
        .column(snapshot_hold::Column::HolderId)
        .from(snapshot_hold::Entity)
        .and_where(snapshot_hold::Column::SnapshotId.eq(snapshot_id))
        .to_owned();
    run::Entity::find()
        .select_only()
        .column(run::Column::Id)
        .filter(run::Column::FinishedAt.is_null())
        .filter(run::Column::Id.in_subquery(holders))
        .into_tuple()
        .all(db)
        .await
}

/// Every agreement to the text of a connection, the latest first.
pub(super) async fn consents(
    db: &impl ConnectionTrait,
    connection_id: Uuid,
) -> Result<Vec<consent::Model>, DbErr> {
    consent::Entity::find()
        .filter(consent::Column::ConnectionId.eq(connection_id))
        .order_by_desc(consent::Column::At)
        .limit(100)
        .all(db)
        .await
}

/// Who consented to a connection last before a moment, and when.
pub(super) async fn consent_before(
    db: &impl ConnectionTrait,
    connection_id: Uuid,
    at: Timestamp,
) -> Result<Option<(Uuid, Timestamp)>, DbErr> {
    let found = consent::Entity::find()
        .filter(consent::Column::ConnectionId.eq(connection_id))
        .filter(consent::Column::At.lte(UtcMillis::from(at)))
        .order_by_desc(consent::Column::At)
        .one(db)
        .await?;
    Ok(found.map(|consent| (consent.user_id, consent.at.into())))
}
