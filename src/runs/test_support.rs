//! Runs and parts for tests.

use jiff::Timestamp;
use uuid::Uuid;

use super::part::{Part, PartCounts, PartState, file_name};
use super::plan::Totals;
use super::run::{Run, RunState, Trigger};
use crate::exports::{Brake, Delivery, ExportDefinition};

pub(super) fn definition() -> ExportDefinition {
    ExportDefinition {
        name: "Newsletter".to_owned(),
        connection_id: Some(Uuid::from_u128(1)),
        list_id: Uuid::from_u128(2).into(),
        list_name: None,
        source_id: Uuid::from_u128(3),
        email_field: "EMail".to_owned(),
        attributes: Vec::new(),
        segment_ids: vec![Uuid::from_u128(4)],
        brake: Brake::OFF,
        delivery: Delivery::default(),
    }
}

pub(super) fn run() -> Run {
    Run {
        id: Uuid::from_u128(7),
        export_id: Uuid::from_u128(8),
        trigger: Trigger::Person,
        requested_by: None,
        definition: definition(),
        inputs: None,
        state: RunState::Refreshing,
        phase: None,
        waiting: None,
        outcome: None,
        members: None,
        totals: Totals::default(),
        is_planned: false,
        requests: 0,
        queued_at: Timestamp::UNIX_EPOCH,
        started_at: None,
        finished_at: None,
        cancel_requested_at: None,
        resumed: None,
        asking_since: None,
        claims: 1,
    }
}

pub(super) fn part(number: u32, rows: u64, state: PartState) -> Part {
    Part {
        number,
        file_name: file_name(Uuid::from_u128(7), number),
        rows,
        bytes: 100,
        sha256: String::new(),
        first_row: 1,
        last_row: rows,
        state,
        sends: 1,
        looks: 0,
        activity_id: None,
        percent_done: None,
        counts: PartCounts::default(),
        vendor_words: None,
        recorded_at: Timestamp::UNIX_EPOCH,
        last_sent_at: None,
        accepted_at: None,
        finished_at: None,
    }
}
