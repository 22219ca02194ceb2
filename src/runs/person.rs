//! What a run did with one person's profiles, told from what was frozen when it started and from its parts.

use super::desk::{Desk, members};
use super::part::{Part, PartState, file_name};
use super::part_writer::PartLimits;
use super::plan::{Fate, Layout, Planner};
use super::reject::Rejection;
use super::remembered::Remembered;
use super::run::Run;
use super::store;
use crate::deliveries::{self, store::LoadError};
use crate::exclusions::{self, Entry, Keys};
use jiff::Timestamp;

/// One profile, whole.
#[derive(Clone)]
pub struct WholeRow {
    /// Row number in the snapshot.
    pub number: u64,
    /// Every column.
    pub cells: Vec<String>,
}

// A person.
impl std::fmt::Debug for WholeRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WholeRow")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// What became of a person in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonFate {
    /// In no segment of the export.
    NotAMember,
    /// Left out, and why.
    LeftOut(Rejection),
    /// Left out because they had been delivered as they are.
    Unchanged,
    /// To be sent in a part that has not been recorded (yet).
    NotSent,
    /// In a part.
    InPart {
        /// Where the part stands.
        state: PartState,
        /// When Constant Contact accepted it.
        accepted_at: Option<Timestamp>,
    },
}

/// The fate of the person with an address, whose rows in the run's snapshot are `rows` in order; `None` when it cannot
/// be told any more.
///
/// # Errors
/// The database's.
pub async fn fate_of(
    desk: &Desk,
    run: &Run,
    address: &Entry,
    rows: &[WholeRow],
) -> Result<Option<PersonFate>, store::StoreError> {
    let Some(inputs) = &run.inputs else {
        return Ok(None);
    };
    let Ok(snapshot) = desk.snapshot(inputs).await else {
        return Ok(None);
    };
    let fields = snapshot.fields;
    let (Ok(layout), Ok(members)) = (
        Layout::new(&run.definition, &fields),
        members(inputs, &fields),
    ) else {
        return Ok(None);
    };
    let keys = Keys::new(desk.connections.master_key());
    let change = inputs.exclusions;
    let excluded = exclusions::store::load_for(&desk.db, &keys, address, change).await?;
    let mut layout = layout.excluding(excluded);
    if let Some(version) = inputs.delivered {
        let keys = deliveries::Keys::new(desk.connections.master_key());
        let hash = keys.address(address.address().unwrap_or_default());
        let known = deliveries::store::load_address(&desk.db, run.export_id, version, hash).await;
        let set = match known {
            Ok(set) => set,
            Err(LoadError::Gone) => return Ok(None),
            Err(LoadError::Database(error)) => return Err(error.into()),
        };
        let delivery = run.definition.delivery.clone();
        layout = layout.remembering(Remembered::new(keys, set, delivery));
    }
    let limits = PartLimits::for_import(&file_name(run.id, 1), &[run.definition.list_id]);
    // Whether somebody is a duplicate depends on rows with the same address alone, and these are all of them.
    let mut planner = Planner::new(&layout, limits, rows.len() as u64);
    let (mut left_out, mut sent, mut is_unchanged) = (None, None, false);
    for row in rows {
        let cell = |column: usize| row.cells.get(column).map_or("", String::as_str);
        let is_theirs = address.is_address(cell(layout.columns()[0]));
        if !is_theirs || !members.matches(&cell) {
            continue;
        }
        planner.push(row.number, |index| cell(layout.columns()[index]));
        match planner.fate() {
            Fate::Sent => sent = Some(row.number),
            Fate::Rejected(flaw) => left_out = Some(flaw.reason),
            Fate::Unchanged => is_unchanged = true,
            Fate::Duplicate => {}
        }
    }
    let Some(row) = sent else {
        if is_unchanged {
            return Ok(Some(PersonFate::Unchanged));
        }
        return Ok(Some(
            left_out.map_or(PersonFate::NotAMember, PersonFate::LeftOut),
        ));
    };
    let parts = store::parts(&desk.db, run.id).await?;
    if parts.is_empty() && store::summaries::find(&desk.db, run.id).await?.is_some() {
        // Its parts are not kept any more, so nobody knows whether this one arrived.
        return Ok(None);
    }
    let holds = |part: &&Part| (part.first_row..=part.last_row).contains(&row);
    Ok(Some(match parts.iter().find(holds) {
        Some(part) => PersonFate::InPart {
            state: part.state,
            accepted_at: part.accepted_at,
        },
        None => PersonFate::NotSent,
    }))
}
