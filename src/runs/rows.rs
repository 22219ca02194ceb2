//! Rows of a finished run that were rejected or cut, made again from what was frozen when it started: no second copy of
//! anybody's data is kept. That works as long as the run's snapshot is held ([`kept_until`]).

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::checks::Missing;
use super::desk::Desk;
use super::part::file_name;
use super::part_writer::PartLimits;
use super::plan::{Fate, Planner};
use super::preflight::{self, Ready};
use super::remembered;
use super::run::Run;
use crate::exports::ExportDefinition;
use crate::locale::Lang;
use crate::profiles::{ProfileRow, Scan, SnapshotId, Snapshots};
use crate::sources::{self, SnapshotState};
use crate::web::spreadsheet::{BYTE_ORDER_MARK, push_row};

/// Bytes collected before they are handed over.
const PIECE_BYTES: usize = 64 * 1024;
/// Pieces waiting for a slow reader.
const PIECES_AHEAD: usize = 4;
/// A reader that takes nothing for this long has gone.
const READER_PATIENCE: Duration = Duration::from_secs(60);

/// Which rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowKind {
    /// Not sent, because Constant Contact would refuse them.
    Rejected,
    /// With values longer than Constant Contact takes.
    Adjusted,
}

impl RowKind {
    /// Name in file names and the audit log.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Adjusted => "adjusted",
        }
    }
}

/// Until when the rows of a run can be downloaded; `None` when it has not finished, or has nothing to make them from.
pub(super) async fn kept_until(
    desk: &Desk,
    run: &Run,
    kept: SignedDuration,
) -> Result<Option<Timestamp>, sources::store::StoreError> {
    let (Some(inputs), Some(finished_at)) = (&run.inputs, run.finished_at) else {
        return Ok(None);
    };
    let until = finished_at + kept;
    if until <= desk.clock.now() {
        return Ok(None);
    }
    match sources::store::get_snapshot(&desk.db, SnapshotId(inputs.snapshot_id)).await {
        Ok(snapshot) if snapshot.state == SnapshotState::Ready => Ok(Some(until)),
        Ok(_) | Err(sources::store::StoreError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What a reader of a download gets.
pub(super) type Pieces = mpsc::Receiver<Result<Bytes, Gone>>;

/// The rows cannot be read to their end; the download breaks off.
#[derive(Debug, thiserror::Error)]
#[error("the profiles cannot be read any more")]
pub(super) struct Gone;

/// Makes the rows again, as a CSV file in a language, on a thread of its own; stops when nobody reads.
pub(super) async fn read(
    desk: &Desk,
    run: &Run,
    kind: RowKind,
    lang: Lang,
    permit: OwnedSemaphorePermit,
) -> Result<Pieces, Gone> {
    let inputs = run.inputs.as_ref().ok_or(Gone)?;
    let ready = preflight::prepare(desk, &run.definition, inputs).await;
    let mut ready = ready.map_err(|_| Gone)?;
    if run.totals.rejected.of_list() > 0 {
        let (export_id, definition) = (run.export_id, &run.definition);
        let known = remembered::onto(desk, export_id, definition, inputs, ready).await;
        ready = known.map_err(|_| Gone)?;
    }
    let limits = PartLimits::for_import(&file_name(run.id, 1), &[run.definition.list_id]);
    let mut report = Report {
        columns: column_names(&run.definition),
        ready,
        kind,
        lang,
        file: Vec::new(),
    };
    let (snapshots, members) = (desk.snapshots(), run.members.unwrap_or(run.totals.read));
    Ok(hand_over(permit, move |sink| {
        report.write_all(&snapshots, limits, members, sink)
    }))
}

/// The rows that a look at the delivery found missing, in order, as a CSV file in a language.
pub(super) async fn read_undelivered(
    desk: &Desk,
    run: &Run,
    missing: Vec<(u64, Missing)>,
    lang: Lang,
    permit: OwnedSemaphorePermit,
) -> Result<Pieces, Gone> {
    let inputs = run.inputs.as_ref().ok_or(Gone)?;
    let ready = preflight::prepare(desk, &run.definition, inputs).await;
    let ready = ready.map_err(|_| Gone)?;
    let snapshots = desk.snapshots();
    Ok(hand_over(permit, move |sink| {
        let mut file = BYTE_ORDER_MARK.as_bytes().to_vec();
        let headings = ["runs-rows-row", "runs-rows-email", "runs-rows-reason"];
        let headings = headings.map(|key| lang.t(key));
        push_row(&mut file, headings.iter().map(String::as_str));
        let mut missing = missing.into_iter().peekable();
        let columns = &ready.layout.columns()[..1];
        let scan = Scan::new(&ready.members, columns);
        let scanned = snapshots.scan(ready.snapshot_id, &scan, &mut |row| {
            // Whoever has been erased since has no row any more.
            while missing
                .next_if(|(number, _)| *number < row.number)
                .is_some()
            {}
            let Some((number, reason)) = missing.peek() else {
                return ControlFlow::Break(());
            };
            if *number == row.number {
                let reason = lang.t(reason.label_key());
                push_row(
                    &mut file,
                    [&*row.number.to_string(), row.value(0), &*reason],
                );
                missing.next();
            }
            sink.pass(&mut file, false)
        });
        scanned.map_err(|error| {
            tracing::warn!(%error, "rows of a run cannot be read");
            Gone
        })?;
        let _ = sink.pass(&mut file, true);
        Ok(())
    }))
}

/// Does blocking work that hands over pieces of a file.
fn hand_over(
    permit: OwnedSemaphorePermit,
    work: impl FnOnce(&Sink) -> Result<(), Gone> + Send + 'static,
) -> Pieces {
    let (sender, pieces) = mpsc::channel(PIECES_AHEAD);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let sink = Sink { runtime, sender };
        if work(&sink).is_err() {
            // A file that ends in an error is not taken for a whole one.
            let _ = sink.send(Err(Gone));
        }
    });
    pieces
}

/// Where pieces go.
struct Sink {
    runtime: Handle,
    sender: mpsc::Sender<Result<Bytes, Gone>>,
}

impl Sink {
    fn send(&self, piece: Result<Bytes, Gone>) -> ControlFlow<()> {
        let sent = tokio::time::timeout(READER_PATIENCE, self.sender.send(piece));
        match self.runtime.block_on(sent) {
            Ok(Ok(())) => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    }

    /// Hands over what has been collected, when it is worth it.
    fn pass(&self, file: &mut Vec<u8>, is_last: bool) -> ControlFlow<()> {
        let is_due = is_last || file.len() >= PIECE_BYTES;
        if file.is_empty() || !is_due {
            return ControlFlow::Continue(());
        }
        self.send(Ok(Bytes::from(std::mem::take(file))))
    }
}

struct Report {
    ready: Ready,
    kind: RowKind,
    lang: Lang,
    /// Names of the profile fields, the address first.
    columns: Vec<String>,
    file: Vec<u8>,
}

impl Report {
    fn write_all(
        &mut self,
        snapshots: &Arc<dyn Snapshots>,
        limits: PartLimits,
        members: u64,
        sink: &Sink,
    ) -> Result<(), Gone> {
        self.write_heading();
        let layout = self.ready.layout.clone();
        let filter = self.ready.members.clone();
        let mut planner = Planner::new(&layout, limits, members);
        let scan = Scan::new(&filter, layout.columns());
        let scanned = snapshots.scan(self.ready.snapshot_id, &scan, &mut |row| {
            planner.push(row.number, |index| row.value(index));
            self.write_row(row, &planner);
            sink.pass(&mut self.file, false)
        });
        scanned.map_err(|error| {
            tracing::warn!(%error, "rows of a run cannot be read");
            Gone
        })?;
        let _ = sink.pass(&mut self.file, true);
        Ok(())
    }

    fn write_heading(&mut self) {
        self.file.extend_from_slice(BYTE_ORDER_MARK.as_bytes());
        let keys = [
            "runs-rows-row",
            "runs-rows-email",
            "runs-rows-field",
            "runs-rows-value",
        ];
        let mut cells: Vec<String> = keys.map(|key| self.lang.t(key)).into();
        if self.kind == RowKind::Adjusted {
            cells.push(self.lang.t("runs-rows-sent"));
        }
        cells.push(self.lang.t("runs-rows-reason"));
        push_row(&mut self.file, cells.iter().map(String::as_str));
    }

    fn write_row(&mut self, row: &ProfileRow<'_>, planner: &Planner) {
        match self.kind {
            RowKind::Rejected => {
                if let Fate::Rejected(flaw) = planner.fate() {
                    let reason = self.lang.t(flaw.reason.label_key());
                    self.write(row, flaw.column, &[row.value(flaw.column), &reason]);
                }
            }
            RowKind::Adjusted => {
                for &column in planner.cut_columns() {
                    let value = row.value(column);
                    let shortened = self.ready.layout.shorten(column, value);
                    let (sent, max) = shortened.unwrap_or_default();
                    let reason = self.lang.msg("runs-rows-cut").num("max", max).to_string();
                    self.write(row, column, &[value, &sent, &reason]);
                }
            }
        }
    }

    fn write(&mut self, row: &ProfileRow<'_>, column: usize, rest: &[&str]) {
        let number = row.number.to_string();
        let field = self.columns.get(column).map_or("", String::as_str);
        let first = [number.as_str(), row.value(0), field];
        push_row(
            &mut self.file,
            first.into_iter().chain(rest.iter().copied()),
        );
    }
}

fn column_names(definition: &ExportDefinition) -> Vec<String> {
    let attributes = definition.attributes.iter();
    std::iter::once(&definition.email_field)
        .chain(attributes.map(|attribute| &attribute.field))
        .cloned()
        .collect()
}
