//! What stands in the way of removing something: connections and segments do not know exports, so they ask through here.

use futures_util::future::BoxFuture;
use sea_orm::{DatabaseTransaction, DbErr};
use uuid::Uuid;

use crate::connections::{Dependent, Dependents, Uses};
use crate::exports;
use crate::segments::{SegmentUse, SegmentUses};

/// Exports stand in the way of removing the connection they use.
pub(super) struct ExportsUsing;

impl Dependents for ExportsUsing {
    fn using<'a>(
        &'a self,
        transaction: &'a DatabaseTransaction,
        connection_id: Uuid,
    ) -> BoxFuture<'a, Result<Uses, DbErr>> {
        Box::pin(async move {
            let found =
                exports::store::exports_using_connection(transaction, connection_id).await?;
            let total = exports::store::count_using_connection(transaction, connection_id).await?;
            let exports = found.into_iter().map(|export| Dependent {
                id: export.id,
                name: export.name,
            });
            Ok(Uses {
                exports: exports.collect(),
                total,
            })
        })
    }
}

/// Exports stand in the way of removing a segment they send.
pub(super) struct ExportsSending;

impl SegmentUses for ExportsSending {
    fn using<'a>(
        &'a self,
        transaction: &'a DatabaseTransaction,
        segment_id: Uuid,
    ) -> BoxFuture<'a, Result<Vec<SegmentUse>, DbErr>> {
        Box::pin(async move {
            let uses = exports::store::exports_using_segment(transaction, segment_id).await?;
            let uses = uses.into_iter().map(|export| SegmentUse {
                id: export.id,
                name: export.name,
            });
            Ok(uses.collect())
        })
    }
}
