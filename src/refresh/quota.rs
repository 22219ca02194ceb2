//! Whether a run that starts by itself fits what the day has left of requests to Constant Contact.

use std::collections::HashMap;

use sea_orm::DatabaseConnection;
use uuid::Uuid;

use crate::connections::{self, Connections};
use crate::constant_contact::limits::IMPORT_CONTACTS;
use crate::exports::ExportDefinition;
use crate::runs::{self, Run};
use crate::segments;

/// Requests of a run beside its uploads: the list, custom fields, and looks at the activities. Measured runs made 4 to 9.
const BESIDE_UPLOADS: u64 = 10;
/// Unfinished runs whose need is taken into account.
const MAX_RUNS: u64 = 500;

/// What is left for runs of one tick. Units: requests.
pub(super) struct Quota<'a> {
    db: &'a DatabaseConnection,
    connections: &'a Connections,
    /// Members of segments when last counted.
    members: HashMap<Uuid, u64>,
    unfinished: Vec<Run>,
    keys: HashMap<Uuid, Option<String>>,
    /// By API key; runs that are under way and those begun in this tick taken off.
    left: HashMap<String, u64>,
}

impl<'a> Quota<'a> {
    pub(super) async fn look(
        db: &'a DatabaseConnection,
        connections: &'a Connections,
    ) -> anyhow::Result<Self> {
        let segments = segments::store::list(db).await?;
        let counts = segments.iter().map(|segment| {
            let members = segment.member_count().unwrap_or_default();
            (segment.id, members)
        });
        Ok(Self {
            db,
            connections,
            members: counts.collect(),
            unfinished: runs::store::unfinished(db, MAX_RUNS).await?,
            keys: HashMap::new(),
            left: HashMap::new(),
        })
    }

    /// Takes what a run of an export would need; false when that is not there today but may be on another day. What is
    /// more than a whole day's requests fits no day better than this one: such a run waits for the next day by itself.
    pub(super) async fn take(&mut self, definition: &ExportDefinition) -> anyhow::Result<bool> {
        let Some(key) = self.key_of(definition.connection_id).await? else {
            return Ok(true);
        };
        let needed = self.needed(definition);
        let left = match self.left.get(&key) {
            Some(left) => *left,
            None => self.left_of(&key).await?,
        };
        let fits = needed <= left || needed > self.connections.ledger.daily_limit().into();
        let left = if fits {
            left.saturating_sub(needed)
        } else {
            left
        };
        self.left.insert(key, left);
        Ok(fits)
    }

    async fn left_of(&mut self, key: &str) -> anyhow::Result<u64> {
        let left = self.connections.ledger.requests_left_today(key).await?;
        let mut promised = 0;
        for run in std::mem::take(&mut self.unfinished) {
            if self.key_of(run.definition.connection_id).await?.as_deref() == Some(key) {
                promised += self.still_needed(&run);
            } else {
                self.unfinished.push(run);
            }
        }
        Ok(u64::from(left).saturating_sub(promised))
    }

    fn needed(&self, definition: &ExportDefinition) -> u64 {
        let counts = definition.segment_ids.iter();
        let members: u64 = counts.filter_map(|id| self.members.get(id)).sum();
        uploads(members) + BESIDE_UPLOADS
    }

    fn still_needed(&self, run: &Run) -> u64 {
        match run.members {
            None => self.needed(&run.definition),
            Some(_) if run.is_planned => BESIDE_UPLOADS,
            Some(members) => uploads(members.saturating_sub(run.totals.read)) + BESIDE_UPLOADS,
        }
    }

    async fn key_of(&mut self, connection_id: Option<Uuid>) -> anyhow::Result<Option<String>> {
        let Some(id) = connection_id else {
            return Ok(None);
        };
        if let Some(key) = self.keys.get(&id) {
            return Ok(key.clone());
        }
        let found = connections::store::find(self.db, id).await?;
        let key = found.and_then(|connection| connection.client_id);
        self.keys.insert(id, key.clone());
        Ok(key)
    }
}

fn uploads(members: u64) -> u64 {
    members.div_ceil(IMPORT_CONTACTS as u64).max(1)
}
