//! A look at an export as a run would see it now: every profile goes through the run's own planner, and the parts that
//! come out are counted and forgotten.

use std::ops::ControlFlow;
use std::sync::Arc;

use futures_util::FutureExt;
use uuid::Uuid;

use super::asking::Asking;
use super::report::{
    ColumnReport, Duration, ExportReport, Reading, Sample, SegmentCount, TargetReport,
};
use super::worker::{Halt, Progress};
use super::{Check, Step};
use crate::connections;
use crate::constant_contact::limits::{REQUESTS_PER_SECOND, StandardField};
use crate::constant_contact::{ClientError, MembershipCount};
use crate::exports::{ExportDefinition, MAX_PROFILES, Target};
use crate::profiles::{Filter, Scan, SnapshotError, Snapshots};
use crate::runs::desk::Desk;
use crate::runs::outcome::{Ending, Outcome};
use crate::runs::part::file_name;
use crate::runs::part_writer::{PartLimits, PlannedPart};
use crate::runs::plan::{Fate, Planner};
use crate::runs::preflight::{self, Ready, snapshot_error};
use crate::runs::remembered;
use crate::runs::run::{Inputs, Run};
use crate::runs::store::successful;

/// Rows shown of each kind.
const SAMPLES: usize = 5;
/// Profiles read between two looks at the clock.
const STRIDE: u64 = 4_096;
/// Earlier runs the expected duration is taken from.
const EARLIER_RUNS: u64 = 5;

/// Looks at everything; what stands in a run's way is part of the report.
pub(super) async fn look(
    desk: &Desk,
    check: &Check,
    progress: &Arc<Progress>,
) -> Result<ExportReport, Halt> {
    let definition = &check.definition;
    let mut report = ExportReport::default();
    if let Err(halt) = read_profiles(desk, check, progress, &mut report).await {
        note(&mut report, halt)?;
    }
    progress.enter(Step::Asking, 0);
    if let Err(halt) = ask(desk, definition, &mut report).await {
        note(&mut report, halt)?;
    }
    if let Some(reading) = &mut report.reading {
        let earlier = successful(&desk.db, check.export_id, EARLIER_RUNS).await?;
        reading.duration = duration(&earlier, reading.sent, reading.parts);
    }
    Ok(report)
}

/// What would end a run is a finding here.
fn note(report: &mut ExportReport, halt: Halt) -> Result<(), Halt> {
    match halt {
        Halt::Failed(outcome) => {
            report.problems.push(outcome.into());
            Ok(())
        }
        other => Err(other),
    }
}

async fn read_profiles(
    desk: &Desk,
    check: &Check,
    progress: &Arc<Progress>,
    report: &mut ExportReport,
) -> Result<(), Halt> {
    let definition = &check.definition;
    progress.enter(Step::Counting, 0);
    let mut inputs = desk.freeze(check.id, definition).await?;
    inputs.delivered = remembered::current(desk, check.export_id, definition).await?;
    let ready = preflight::prepare(desk, definition, &inputs).await?;
    let ready = remembered::onto(desk, check.export_id, definition, &inputs, ready).await?;
    report.segments = count_segments(desk, &ready, &inputs).await?;
    let members = count(desk, &ready, ready.members.clone()).await?;
    progress.enter(Step::Reading, members);
    let limits = PartLimits::for_import(&file_name(Uuid::nil(), 1), &[definition.list_id]);
    let (snapshots, progress) = (desk.snapshots(), progress.clone());
    let columns = columns(definition);
    let reading = tokio::task::spawn_blocking(move || {
        read(&*snapshots, &ready, limits, members, columns, &progress)
    });
    let reading = reading.await.map_err(|_| unreadable())?;
    let reading = reading.map_err(|error| Halt::from(snapshot_error(&error)))?;
    let ending = match reading.sent + reading.unchanged {
        _ if members == 0 => Some(Ending::NoMembers),
        _ if members > MAX_PROFILES => Some(Ending::TooManyProfiles),
        0 => Some(Ending::AllRejected),
        _ => None,
    };
    report.reading = Some(reading);
    match ending {
        Some(ending) => Err(Outcome::from(ending).into()),
        None => Ok(()),
    }
}

async fn count_segments(
    desk: &Desk,
    ready: &Ready,
    inputs: &Inputs,
) -> Result<Vec<SegmentCount>, Halt> {
    let fields = desk.snapshot(inputs).await?.fields;
    let mut counts = Vec::new();
    for segment in &inputs.segments {
        // Compiled a moment ago for all of them together.
        let filter = segment.rule.compile(&fields, inputs.today);
        let filter = filter.map_err(|_| Outcome::from(Ending::SegmentBroken))?;
        counts.push(SegmentCount {
            name: segment.name.clone(),
            members: count(desk, ready, filter).await?,
        });
    }
    Ok(counts)
}

async fn count(desk: &Desk, ready: &Ready, filter: Filter) -> Result<u64, Halt> {
    let (snapshots, id) = (desk.snapshots(), ready.snapshot_id);
    let counted = tokio::task::spawn_blocking(move || snapshots.count(id, &filter)).await;
    let counted = counted.map_err(|_| unreadable())?;
    counted.map_err(|error| snapshot_error(&error).into())
}

fn unreadable() -> Halt {
    Outcome::from(Ending::SnapshotUnreadable).into()
}

/// The columns that are sent, the address first, as [`crate::runs::Layout`] has them.
fn columns(definition: &ExportDefinition) -> Vec<ColumnReport> {
    let column = |field: &str, heading: String| ColumnReport {
        field: field.to_owned(),
        heading,
        cut: 0,
        rejected: 0,
    };
    let email = StandardField::Email.heading().to_owned();
    let mut columns = vec![column(&definition.email_field, email)];
    columns.extend(
        definition
            .attributes
            .iter()
            .map(|attribute| column(&attribute.field, attribute.target.heading())),
    );
    columns
}

/// Plans everything and keeps the counts.
fn read(
    snapshots: &dyn Snapshots,
    ready: &Ready,
    limits: PartLimits,
    members: u64,
    columns: Vec<ColumnReport>,
    progress: &Progress,
) -> Result<Reading, SnapshotError> {
    let mut reading = Reading {
        snapshot_id: ready.snapshot_id.0,
        members,
        columns,
        ..Reading::default()
    };
    let mut planner = Planner::new(&ready.layout, limits, members);
    let scan = Scan::new(&ready.members, ready.layout.columns());
    snapshots.scan(ready.snapshot_id, &scan, &mut |row| {
        if let Some((part, _)) = planner.push(row.number, |index| row.value(index)) {
            reading.add_part(&part);
        }
        reading.add_row(row.number, &planner);
        let read = planner.totals().read;
        if read.is_multiple_of(STRIDE) && !progress.reach(read) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    let (part, totals) = planner.finish();
    if let Some(part) = part {
        reading.add_part(&part);
    }
    progress.reach(totals.read);
    reading.sent = totals.sent;
    reading.duplicates = totals.duplicates;
    reading.unchanged = totals.unchanged;
    reading.rejected = totals.rejected.to_map();
    reading.adjusted = totals.adjusted;
    Ok(reading)
}

impl Reading {
    fn add_part(&mut self, part: &PlannedPart) {
        self.parts += 1;
        self.bytes += part.csv.len() as u64;
    }

    fn add_row(&mut self, row: u64, planner: &Planner) {
        for &column in planner.cut_columns() {
            self.columns[column].cut += 1;
            self.add_sample(row, column, None);
        }
        if let Fate::Rejected(flaw) = planner.fate() {
            self.columns[flaw.column].rejected += 1;
            self.add_sample(row, flaw.column, Some(flaw.reason.code()));
        }
    }

    fn add_sample(&mut self, row: u64, column: usize, rejection: Option<&str>) {
        let same = |sample: &&Sample| {
            sample.rejection.as_deref() == rejection
                && (rejection.is_some() || sample.column == column)
        };
        if self.samples.iter().filter(same).count() < SAMPLES {
            self.samples.push(Sample {
                row,
                column,
                rejection: rejection.map(str::to_owned),
            });
        }
    }
}

/// Asks Constant Contact for the list and the custom fields, and the ledger for the day.
async fn ask(
    desk: &Desk,
    definition: &ExportDefinition,
    report: &mut ExportReport,
) -> Result<(), Halt> {
    let connection_id = preflight::connection(desk, definition).await?;
    let asking = Asking {
        connections: &desk.connections,
        connection_id,
        pace: desk.pace,
    };
    let list_id = definition.list_id;
    let list = asking
        .ask(&move |api, token| {
            async move {
                let count = Some(MembershipCount::All);
                let list = api.get_contact_list(token, list_id, count).await?;
                Ok::<_, ClientError>(list)
            }
            .boxed()
        })
        .await?;
    if list.deleted_at.is_some() {
        return Err(Outcome::from(Ending::ListNotFound).into());
    }
    let missing = missing_fields(&asking, definition).await?;
    let client_id = connections::store::find(&desk.db, connection_id)
        .await?
        .and_then(|connection| connection.client_id)
        .unwrap_or_default();
    let left = desk
        .connections
        .ledger
        .requests_left_today(&client_id)
        .await?;
    report.target = Some(TargetReport {
        list_name: list.name,
        list_members: list.membership_count,
        requests_needed: report
            .reading
            .as_ref()
            .map(|reading| requests_needed(definition, reading.parts)),
        requests_left: u64::from(left),
    });
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Outcome::naming(Ending::CustomFieldsMissing, missing).into())
    }
}

/// Labels of mapped custom fields that the account does not have.
async fn missing_fields(
    asking: &Asking<'_>,
    definition: &ExportDefinition,
) -> Result<Vec<String>, Halt> {
    let custom = |target: &Target| match target {
        Target::Custom(custom) => Some((custom.name.clone(), custom.label.clone())),
        Target::Standard(_) => None,
    };
    let attributes = definition.attributes.iter();
    let wanted: Vec<(String, String)> = attributes
        .filter_map(|attribute| custom(&attribute.target))
        .collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let found = asking
        .ask(&|api, token| api.list_custom_fields(token).boxed())
        .await?;
    let is_missing = |name: &str| !found.iter().any(|field| field.name == name);
    Ok(wanted
        .into_iter()
        .filter(|(name, _)| is_missing(name))
        .map(|(_, label)| label)
        .collect())
}

/// One look at the list, one at the custom fields if there are any, an upload per part, one look at the activities.
fn requests_needed(definition: &ExportDefinition, parts: u64) -> u64 {
    let has_custom = definition
        .attributes
        .iter()
        .any(|attribute| attribute.target.is_custom());
    1 + u64::from(has_custom) + parts + 1
}

/// The median of earlier successful runs, each scaled to the rows sent now.
fn duration(earlier: &[Run], rows: u64, parts: u64) -> Duration {
    let scaled = earlier.iter().filter_map(|run| {
        let took = run.finished_at?.duration_since(run.started_at?).as_millis();
        let took = u128::try_from(took).ok()?;
        let seconds = (took * u128::from(rows)).checked_div(u128::from(run.totals.sent) * 1_000)?;
        u64::try_from(seconds).ok()
    });
    let mut seconds: Vec<u64> = scaled.collect();
    seconds.sort_unstable();
    Duration {
        seconds: seconds.get(seconds.len() / 2).copied(),
        runs: seconds.len() as u64,
        least_seconds: parts.div_ceil(u64::from(REQUESTS_PER_SECOND)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::test_support::run;

    #[test]
    fn the_duration_is_the_median_of_earlier_runs_scaled_to_the_rows() {
        let took = |seconds: i64, sent: u64| {
            let mut run = run();
            run.totals.sent = sent;
            run.started_at = Some(run.queued_at);
            run.finished_at = Some(run.queued_at + jiff::SignedDuration::from_secs(seconds));
            run
        };
        let earlier = [took(10, 100), took(100, 100), took(30, 100)];
        let expected = duration(&earlier, 200, 26);
        assert_eq!((expected.seconds, expected.runs), (Some(60), 3));
        assert_eq!(expected.least_seconds, 7);
        assert_eq!(duration(&[took(1, 0)], 200, 1).seconds, None);
    }
}
