//! What the engine works with, and what it reads of an export's surroundings.

use std::sync::Arc;

use jiff::tz::TimeZone;
use sea_orm::{DatabaseConnection, TransactionTrait};
use uuid::Uuid;

use super::control::Interrupt;
use super::outcome::{Ending, Outcome};
use super::pace::Pace;
use super::run::{Inputs, SegmentInput};
use crate::clock::Clock;
use crate::connections::Connections;
use crate::exclusions::{self, ExcludedSet, Keys};
use crate::exports::ExportDefinition;
use crate::profiles::{Field, Filter, SnapshotId, Snapshots};
use crate::segments;
use crate::sources::{self, Loads, Snapshot};

/// The engine's surroundings. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    /// Application database.
    pub db: DatabaseConnection,
    /// Clock.
    pub clock: Clock,
    /// Sources and their profiles.
    pub loads: Loads,
    /// Connections, tokens and request limits.
    pub connections: Connections,
    /// How fast the engine's clocks tick.
    pub pace: Pace,
}

impl Desk {
    /// Where profiles are.
    pub(super) fn snapshots(&self) -> Arc<dyn Snapshots> {
        self.loads.snapshots().clone()
    }

    /// Freezes what a run reads, and keeps the snapshot from being removed until it has finished.
    pub(super) async fn freeze(
        &self,
        run_id: Uuid,
        definition: &ExportDefinition,
    ) -> Result<Inputs, Interrupt> {
        let segments = self.segments(&definition.segment_ids).await?;
        let transaction = self.db.begin().await?;
        sources::store::release_snapshots(&transaction, run_id).await?;
        let held =
            sources::store::hold_current_snapshot(&transaction, definition.source_id, run_id).await;
        let snapshot = match held {
            Ok(snapshot) => snapshot,
            Err(sources::store::StoreError::NotFound) => {
                return Err(Outcome::from(Ending::NoProfiles).into());
            }
            Err(error) => return Err(source_problem(error)),
        };
        let exclusions = exclusions::store::latest_change(&transaction).await?;
        transaction.commit().await?;
        // The day people on the server's calendar have; runs at night must not depend on UTC.
        let today = TimeZone::system().to_datetime(self.clock.now()).date();
        Ok(Inputs {
            snapshot_id: snapshot.id.0,
            segments,
            today,
            exclusions,
            delivered: None,
            knows_leavers: false,
        })
    }

    /// The snapshot a run reads.
    pub(super) async fn snapshot(&self, inputs: &Inputs) -> Result<Snapshot, Interrupt> {
        sources::store::get_snapshot(&self.db, SnapshotId(inputs.snapshot_id))
            .await
            .map_err(source_problem)
    }

    /// Who is left out of a run.
    pub(super) async fn excluded(&self, inputs: &Inputs) -> Result<ExcludedSet, Interrupt> {
        let keys = Keys::new(self.connections.master_key());
        Ok(exclusions::store::load(&self.db, &keys, inputs.exclusions).await?)
    }

    /// Removes the snapshots that nobody needs any more.
    pub(super) async fn tidy(&self) {
        if let Err(error) = self.loads.remove_unused().await {
            tracing::warn!(%error, "replaced snapshots were not removed");
        }
    }

    async fn segments(&self, ids: &[Uuid]) -> Result<Vec<SegmentInput>, Interrupt> {
        let mut inputs = Vec::new();
        for id in ids {
            let segment = match segments::store::get(&self.db, *id).await {
                Ok(segment) => segment,
                Err(segments::store::StoreError::NotFound) => {
                    return Err(Outcome::from(Ending::SegmentMissing).into());
                }
                Err(segments::store::StoreError::Database(error)) => return Err(error.into()),
                Err(error) => return Err(unreadable(&error)),
            };
            inputs.push(SegmentInput {
                id: segment.id,
                name: segment.name,
                rule: segment.rule,
            });
        }
        Ok(inputs)
    }
}

/// Members of any of a run's segments, each profile once.
pub(super) fn members(inputs: &Inputs, fields: &[Field]) -> Result<Filter, Outcome> {
    let mut filters = Vec::new();
    for segment in &inputs.segments {
        match segment.rule.compile(fields, inputs.today) {
            Ok(filter) => filters.push(filter),
            Err(problems) => {
                let detail = problems.iter().map(ToString::to_string);
                let mut names = vec![segment.name.clone()];
                names.extend(detail.take(3));
                return Err(Outcome::naming(Ending::SegmentBroken, names));
            }
        }
    }
    Ok(segments::union(filters))
}

fn source_problem(error: sources::store::StoreError) -> Interrupt {
    match error {
        sources::store::StoreError::Database(error) => error.into(),
        error => unreadable(&error),
    }
}

fn unreadable(error: &dyn std::error::Error) -> Interrupt {
    tracing::error!(%error, "what a run refers to cannot be read");
    Outcome::from(Ending::SnapshotUnreadable).into()
}
