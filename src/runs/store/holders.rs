//! Finished runs that still hold a snapshot.

use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};
use uuid::Uuid;

use crate::storage::UtcMillis;
use crate::storage::entities::{run, snapshot_hold};

/// Looked at in one sweep; the rest an hour later.
const MAX_HOLDERS: u64 = 10_000;

/// A finished run that holds a snapshot.
pub(in crate::runs) struct Holder {
    pub(in crate::runs) id: Uuid,
    pub(in crate::runs) export_id: Uuid,
    pub(in crate::runs) finished_at: Timestamp,
}

/// Finished runs that hold a snapshot, the latest first.
pub(in crate::runs) async fn finished_holders(
    db: &impl ConnectionTrait,
) -> Result<Vec<Holder>, DbErr> {
    let holds = snapshot_hold::Entity::find()
        .select_only()
        .column(snapshot_hold::Column::HolderId)
        .into_query();
    let found: Vec<(Uuid, Uuid, UtcMillis)> = run::Entity::find()
        .select_only()
        .column(run::Column::Id)
        .column(run::Column::ExportId)
        .column(run::Column::FinishedAt)
        .filter(run::Column::FinishedAt.is_not_null())
        .filter(run::Column::Id.in_subquery(holds))
        .order_by_desc(run::Column::FinishedAt)
        .order_by_desc(run::Column::Id)
        .limit(MAX_HOLDERS)
        .into_tuple()
        .all(db)
        .await?;
    let holder = |(id, export_id, at): (Uuid, Uuid, UtcMillis)| Holder {
        id,
        export_id,
        finished_at: at.into(),
    };
    Ok(found.into_iter().map(holder).collect())
}
