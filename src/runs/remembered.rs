//! Runs of exports that remember what they delivered: what is frozen at start, what the plan asks, what is kept at the
//! end. How it is stored is the business of [`crate::deliveries`].

use std::fmt::Write;

use sea_orm::{ConnectionTrait, DbErr};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::control::{Control, Interrupt};
use super::desk::{Desk, members};
use super::leavers;
use super::outcome::{Ending, Outcome};
use super::part::{Part, PartState};
use super::plan::Totals;
use super::preflight::Ready;
use super::reject::Rejection;
use super::run::{Inputs, Phase, Run};
use super::same_list;
use super::store::{self, Progress, StoreError, removals};
use crate::connections;
use crate::deliveries::{self, DeliveredSet, Entry, Keys, Kind, store::LoadError};
use crate::exports::{Delivery, ExportDefinition};
use crate::profiles::SnapshotId;
use crate::sources;

/// What a plan knows of earlier deliveries, and how it marks its own.
#[derive(Debug)]
pub struct Remembered {
    keys: Keys,
    set: DeliveredSet,
    delivery: Delivery,
}

/// What a row is, compared with what was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// It was delivered as it is.
    Unchanged,
    /// It is to be sent, and remembered so.
    News(Entry),
}

impl Remembered {
    pub(super) fn new(keys: Keys, set: DeliveredSet, delivery: Delivery) -> Self {
        Self {
            keys,
            set,
            delivery,
        }
    }

    /// Refuses whoever is not on the list any more and is not to be put back.
    pub(super) fn check_list(&self, email: &str) -> Result<(), Rejection> {
        let off = [Kind::Left, Kind::Unsubscribed, Kind::Awaited];
        let is_anybody = off.iter().any(|kind| self.set.count(*kind) > 0);
        if !self.delivery.respects_leavers() || !is_anybody {
            return Ok(());
        }
        match self.set.find_address(self.keys.address(email)) {
            Some((_, Kind::Left)) => Err(Rejection::LeftList),
            Some((_, Kind::Unsubscribed)) => Err(Rejection::Unsubscribed),
            Some((_, Kind::Awaited)) => Err(Rejection::NotSeenYet),
            _ => Ok(()),
        }
    }

    /// Compares a row as it would be sent to an address.
    pub(super) fn compare(&self, email: &str, row: &[u8]) -> Compared {
        let row = self.keys.row(row);
        if self.delivery.mode.leaves_out_unchanged() && self.set.find_row(row).is_some() {
            return Compared::Unchanged;
        }
        Compared::News(Entry {
            address: self.keys.address(email),
            row,
        })
    }
}

/// Begins to remember for a run, or goes on: the version it will plan with. An export that does not remember (any more)
/// forgets what it knew, since it would not be true for long.
pub(super) async fn begin(desk: &Desk, run: &Run) -> Result<Option<i64>, Interrupt> {
    let db = &desk.db;
    if !run.definition.delivery.remembers() {
        deliveries::store::forget_export(db, run.export_id).await?;
        return Ok(None);
    }
    let young = leavers::young_runs(desk, run.export_id).await?;
    match deliveries::store::fold_when_long(db, run.export_id, &young).await {
        // Somebody else has folded it, or a person was erased: it is folded another time.
        Ok(()) | Err(LoadError::Gone) => {}
        Err(LoadError::Database(error)) => return Err(error.into()),
    }
    let target = target(&desk.db, &run.definition).await?;
    let superseded_by = store::latest_that_delivered(db, run).await?;
    let version = deliveries::store::begin(db, run.export_id, &target, superseded_by).await?;
    Ok(Some(version))
}

/// The version in force, for a look at an export.
pub(super) async fn current(
    desk: &Desk,
    export_id: Uuid,
    definition: &ExportDefinition,
) -> Result<Option<i64>, Interrupt> {
    if !definition.delivery.remembers() {
        return Ok(None);
    }
    let target = target(&desk.db, definition).await?;
    Ok(deliveries::store::current(&desk.db, export_id, &target).await?)
}

/// Adds what had been delivered when the inputs were frozen.
pub(super) async fn onto(
    desk: &Desk,
    export_id: Uuid,
    definition: &ExportDefinition,
    inputs: &Inputs,
    ready: Ready,
) -> Result<Ready, Interrupt> {
    let Some(version) = inputs.delivered else {
        return Ok(ready);
    };
    let set = match deliveries::store::load(&desk.db, export_id, version).await {
        Ok(set) => set,
        Err(LoadError::Gone) => return Err(Outcome::from(Ending::DeliveriesForgotten).into()),
        Err(LoadError::Database(error)) => return Err(error.into()),
    };
    let keys = Keys::new(desk.connections.master_key());
    let remembered = Remembered::new(keys, set, definition.delivery.clone());
    Ok(Ready {
        layout: ready.layout.remembering(remembered),
        ..ready
    })
}

/// The run after which nothing was missing, when this one would read the same profiles by the same rules and nothing has
/// been delivered since: then nothing has changed, and no profile need be read.
pub(super) async fn same_as_last(
    desk: &Desk,
    run: &Run,
    inputs: &Inputs,
    ready: &Ready,
) -> Result<Option<Run>, Interrupt> {
    if inputs.delivered.is_none() || !run.definition.delivery.mode.leaves_out_unchanged() {
        return Ok(None);
    }
    let Some(id) = deliveries::store::complete_run(&desk.db, run.export_id).await? else {
        return Ok(None);
    };
    let last = store::get(&desk.db, id).await?;
    let Some(then) = &last.inputs else {
        return Ok(None);
    };
    let snapshots = (SnapshotId(then.snapshot_id), SnapshotId(inputs.snapshot_id));
    let is_same_profiles = snapshots.0 == snapshots.1
        || sources::store::have_same_content(&desk.db, snapshots.0, snapshots.1).await?;
    if !is_same_profiles || then.exclusions != inputs.exclusions {
        return Ok(None);
    }
    if last.definition.delivery != run.definition.delivery {
        return Ok(None);
    }
    // Compared as they are compiled: another day changes nothing unless a rule counts days.
    let fields = desk.snapshot(inputs).await?.fields;
    let is_same_people = members(then, &fields).is_ok_and(|members| members == ready.members);
    Ok(is_same_people.then_some(last))
}

/// Records that a run has found what the last one left: whoever that one sent is unchanged.
pub(super) async fn nothing_changed(
    desk: &Desk,
    control: &Control,
    last: &Run,
) -> Result<(), Interrupt> {
    let totals = Totals {
        sent: 0,
        unchanged: last.totals.delivered_or_sent(),
        ..last.totals
    };
    let progress = Progress {
        phase: Some(Phase::Following),
        totals: Some(totals),
        members: Some(totals.read),
        is_planned: Some(true),
        requests: control.take_requests(),
        ..Progress::default()
    };
    Ok(control.lease.progress(&desk.db, progress).await?)
}

/// Keeps what became of the parts of a run, and whom it has taken off the list, in the transaction in which it ends.
///
/// Whoever may have been taken off is sent again when they come back, and taken off again when they do not.
pub(super) async fn settle(
    transaction: &impl ConnectionTrait,
    run: &Run,
    ending: Ending,
) -> Result<(), StoreError> {
    let inputs = run.inputs.as_ref();
    let Some(planned_with) = inputs.and_then(|inputs| inputs.delivered) else {
        return Ok(());
    };
    let taken = removals::taken_off(transaction, run.id).await?;
    same_list::remember_taken_off(transaction, run, taken).await?;
    removals::forget_completed(transaction, run.id).await?;
    let parts = store::parts(transaction, run.id).await?;
    let kinds: Vec<(u32, Kind)> = parts
        .iter()
        .filter_map(|part| Some((part.number, kind_of(part)?)))
        .collect();
    let is_delivered = matches!(
        ending,
        Ending::Delivered
            | Ending::DeliveredWithDifferences
            | Ending::DeliveredUncounted
            | Ending::NothingChanged
    );
    let is_complete = is_delivered && kinds.iter().all(|(_, kind)| kind.is_delivered());
    let place = (run.export_id, run.id);
    deliveries::store::settle(transaction, place, planned_with, &kinds, is_complete).await?;
    Ok(())
}

/// What is known of the rows of a part; `None` when none of them has been sent.
fn kind_of(part: &Part) -> Option<Kind> {
    let counts = &part.counts;
    // The heading is a line as well.
    let lines = part.rows + 1;
    Some(match part.state {
        PartState::Recorded | PartState::Refused => return None,
        PartState::Completed
            if counts.items_total.is_some_and(|read| read < lines)
                || counts.missing().is_some_and(|missing| missing > 0)
                || counts.errors.is_some_and(|errors| errors > 0)
                || counts.refused() >= part.rows =>
        {
            Kind::Unknown
        }
        PartState::Completed if counts.refused() > 0 => Kind::Doubtful,
        PartState::Completed => Kind::Delivered,
        // Some of its rows may have arrived, so what was there before does not count any more either.
        PartState::Sending
        | PartState::Unclear
        | PartState::Accepted
        | PartState::Failed
        | PartState::Cancelled
        | PartState::TimedOut
        | PartState::Gone => Kind::Unknown,
    })
}

/// What stands for account, list and mapping.
pub(super) async fn target(
    db: &impl ConnectionTrait,
    definition: &ExportDefinition,
) -> Result<String, DbErr> {
    let account = match definition.connection_id {
        Some(id) => Some(account(db, id).await?),
        None => None,
    };
    let attributes = definition.attributes.iter();
    let mapping = attributes.map(|attribute| json!([attribute.target.heading(), attribute.field]));
    let target = json!({
        "account": account,
        "list": definition.list_id,
        "email": definition.email_field,
        "mapping": mapping.collect::<Vec<_>>(),
    });
    let digest = Sha256::digest(target.to_string());
    Ok(digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// The account of a connection, or the connection itself while that is not known.
pub(super) async fn account(db: &impl ConnectionTrait, id: Uuid) -> Result<String, DbErr> {
    let connection = connections::store::find(db, id).await?;
    let account = connection.and_then(|connection| connection.account_id);
    Ok(account.unwrap_or_else(|| id.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::part::PartCounts;
    use crate::runs::test_support::part;

    #[test]
    fn a_part_counts_as_delivered_only_when_its_activity_took_every_row() {
        let kind = |state, counts| {
            let mut part = part(1, 10, state);
            part.counts = counts;
            kind_of(&part)
        };
        let nothing = PartCounts::default();
        assert_eq!(kind(PartState::Recorded, nothing), None);
        assert_eq!(kind(PartState::Refused, nothing), None);
        let of_11_lines = |persons, errors, correctable, unsubscribed| PartCounts {
            items_total: Some(11),
            persons,
            errors: Some(errors),
            correctable: Some(correctable),
            cannot_add_to_list: Some(unsubscribed),
        };
        let short = PartCounts {
            items_total: Some(10),
            ..nothing
        };
        for (counts, expected) in [
            (nothing, Kind::Delivered),
            (of_11_lines(None, 0, 0, 0), Kind::Delivered),
            (of_11_lines(Some(10), 0, 0, 0), Kind::Delivered),
            (of_11_lines(Some(9), 0, 0, 1), Kind::Delivered),
            (of_11_lines(Some(9), 0, 1, 0), Kind::Doubtful),
            (of_11_lines(Some(9), 1, 0, 0), Kind::Unknown),
            (of_11_lines(Some(0), 10, 0, 0), Kind::Unknown),
            (of_11_lines(Some(0), 0, 10, 0), Kind::Unknown),
            (of_11_lines(Some(9), 0, 0, 0), Kind::Unknown),
            (short, Kind::Unknown),
        ] {
            let found = kind(PartState::Completed, counts);
            assert_eq!(found, Some(expected), "{counts:?}");
        }
        for state in PartState::ALL {
            let is_done = kind(state, nothing).is_some_and(Kind::is_delivered);
            assert_eq!(is_done, state == PartState::Completed, "{state:?}");
        }
    }
}
