//! Who belongs to a segment right now: counting members over the source's current snapshot.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::store::{self, MemberCount, Segment, StoreError};
use super::{Rule, RuleProblem};
use crate::clock::Clock;
use crate::profiles::{Filter, SnapshotError, SnapshotId, Snapshots};
use crate::sources;

/// Why members could not be counted.
#[derive(Debug, thiserror::Error)]
pub enum CountError {
    /// The source has no profiles yet.
    #[error("the source has no profiles yet")]
    NoProfiles,
    /// The rule does not fit the source's fields.
    #[error("the rule does not fit the source: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Rule(Vec<RuleProblem>),
    /// The segment.
    #[error(transparent)]
    Segment(#[from] StoreError),
    /// The source.
    #[error(transparent)]
    Source(#[from] sources::store::StoreError),
    /// The profiles.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

/// Counts members. Cheap to clone.
#[derive(Clone)]
pub struct Members {
    db: DatabaseConnection,
    snapshots: Arc<dyn Snapshots>,
    clock: Clock,
}

impl Members {
    /// Counts over `snapshots`, recorded in `db`.
    pub fn new(db: DatabaseConnection, snapshots: Arc<dyn Snapshots>, clock: Clock) -> Self {
        Self {
            db,
            snapshots,
            clock,
        }
    }

    /// The day *within the last N days* counts back from: today in UTC. Dates of profiles have no
    /// zone; the same rule must mean the same people on every machine, whoever looks.
    pub fn today(&self) -> Date {
        self.clock.now().to_zoned_datetime(TimeZone::UTC).date()
    }

    /// Counts the members of a segment and keeps the count with it.
    ///
    /// # Errors
    /// [`CountError`]; then the segment keeps the count it had.
    pub async fn count(&self, segment: &Segment) -> Result<MemberCount, CountError> {
        let (snapshot_id, members) = self.count_rule(segment.source_id, &segment.rule).await?;
        let count = MemberCount {
            members,
            counted_at: self.clock.now(),
            snapshot_id,
        };
        store::record_count(&self.db, segment.id, segment.version, count).await?;
        Ok(count)
    }

    /// Counts who would belong to a segment with this rule.
    ///
    /// # Errors
    /// [`CountError`].
    pub async fn count_rule(
        &self,
        source_id: Uuid,
        rule: &Rule,
    ) -> Result<(SnapshotId, u64), CountError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let source = sources::store::get(&self.db, source_id).await?;
            let snapshot = source.current.ok_or(CountError::NoProfiles)?;
            let filter = rule.compile(&snapshot.fields, self.today());
            let filter = filter.map_err(CountError::Rule)?;
            match self.count_filter(snapshot.id, filter).await {
                // Replaced between the two steps; the newer one is there.
                Err(SnapshotError::NotFound(_)) if tries < 3 => {}
                result => return Ok((snapshot.id, result?)),
            }
        }
    }

    async fn count_filter(&self, id: SnapshotId, filter: Filter) -> Result<u64, SnapshotError> {
        let snapshots = self.snapshots.clone();
        let count = tokio::task::spawn_blocking(move || snapshots.count(id, &filter));
        count
            .await
            .expect("counting neither panics nor is canceled")
    }

    /// Counts every segment of a source anew, after its profiles have changed. What cannot be counted is logged and
    /// keeps its old count, which its page shows as outdated.
    ///
    /// # Errors
    /// The segments cannot be listed.
    pub async fn recount(&self, source_id: Uuid) -> Result<(), StoreError> {
        for segment in store::list_of_source(&self.db, source_id).await? {
            if let Err(error) = self.count(&segment).await {
                tracing::warn!(segment = %segment.id, error = &error as &dyn std::error::Error, "segment not counted");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "members_tests.rs"]
mod tests;
