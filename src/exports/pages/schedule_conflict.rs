//! Two people schedule one export, or one removes what the other schedules: the second is told, and keeps what was typed.

use std::collections::HashMap;

use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::chosen::write_ids;
use crate::auth;
use crate::exports::store::{self, RemovedExport, StoredSchedule};
use crate::exports::{Export, StoreError};
use crate::web::{PageError, SignedIn, paths};

/// The version of each schedule the visitor has looked at.
pub(super) struct Seen(HashMap<Uuid, i32>);

impl Seen {
    /// As they are now.
    pub(super) async fn load(
        db: &DatabaseConnection,
        exports: &[Export],
    ) -> Result<Self, StoreError> {
        let ids: Vec<Uuid> = exports.iter().map(|export| export.id).collect();
        let found = store::schedules_of(db, &ids).await?;
        let versions = ids.iter().map(|id| {
            let version = found.get(id).map_or(0, |stored| stored.version);
            (*id, version)
        });
        Ok(Self(versions.collect()))
    }

    /// Reads `id:version` separated by commas; what is none is left out.
    pub(super) fn read(text: &str) -> Self {
        let pairs = text.split(',').filter_map(|pair| {
            let (id, version) = pair.split_once(':')?;
            Some((id.parse().ok()?, version.parse().ok()?))
        });
        Self(pairs.take(super::chosen::MAX_CHOSEN).collect())
    }

    /// As [`Seen::read`] reads them.
    pub(super) fn write(&self) -> String {
        let pairs = self.0.iter().map(|(id, version)| format!("{id}:{version}"));
        pairs.collect::<Vec<_>>().join(",")
    }

    /// The version seen; the one nobody has saved yet when none was said.
    pub(super) fn version_of(&self, export_id: Uuid) -> i32 {
        self.0.get(&export_id).copied().unwrap_or_default()
    }

    /// The visitor is about to be shown what others saved.
    pub(super) fn look_again(&mut self, meanwhile: &[Meanwhile]) {
        for one in meanwhile {
            if let Meanwhile::Changed { present, .. } = one {
                self.0.insert(present.export_id, present.version);
            }
        }
    }
}

/// What somebody else did to an export that was about to be scheduled.
pub(super) enum Meanwhile {
    /// Gave it another schedule.
    Changed {
        name: String,
        present: Box<StoredSchedule>,
    },
    /// Removed it.
    Removed(RemovedExport),
}

impl Meanwhile {
    /// Those of some exports that were removed.
    pub(super) async fn removed(
        db: &DatabaseConnection,
        ids: &[Uuid],
    ) -> Result<Vec<Self>, PageError> {
        let removed = store::removed_among(db, ids).await?;
        Ok(removed.into_iter().map(Self::Removed).collect())
    }

    /// A removal in one sentence; the schedule saved now otherwise.
    pub(super) fn words(&self, visit: &SignedIn) -> String {
        match self {
            Self::Removed(removed) => {
                let who = removed.person.clone();
                visit
                    .msg("schedules-conflict-removed")
                    .text("export", removed.name.as_str())
                    .text("name", who.unwrap_or_else(|| somebody(visit)))
                    .to_string()
            }
            Self::Changed { present, .. } => present.schedule.words(visit.lang),
        }
    }
}

/// What the visitor is told.
pub(super) struct Conflict {
    /// One for each export concerned.
    pub(super) lines: Vec<String>,
    /// The form with what is saved now.
    pub(super) href: String,
}

impl Conflict {
    pub(super) async fn new(
        visit: &SignedIn,
        db: &DatabaseConnection,
        exports: &[Export],
        meanwhile: Vec<Meanwhile>,
    ) -> Result<Self, PageError> {
        let editors = meanwhile.iter().filter_map(|one| match one {
            Meanwhile::Changed { present, .. } => present.changed_by,
            Meanwhile::Removed(_) => None,
        });
        let people = auth::store::names(db, editors).await?;
        let line = |one: &Meanwhile| match one {
            Meanwhile::Removed(_) => one.words(visit),
            Meanwhile::Changed { name, present } => {
                let who = present.changed_by.and_then(|id| people.get(&id).cloned());
                visit
                    .msg("schedules-conflict-changed")
                    .text("export", name.as_str())
                    .text("name", who.unwrap_or_else(|| somebody(visit)))
                    .text("schedule", one.words(visit))
                    .text("zone", present.schedule.zone.as_str())
                    .to_string()
            }
        };
        Ok(Self {
            lines: meanwhile.iter().map(line).collect(),
            href: paths::schedule_exports(&write_ids(exports)),
        })
    }
}

fn somebody(visit: &SignedIn) -> String {
    visit.t("exports-conflict-somebody")
}
