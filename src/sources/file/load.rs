//! Loading a file into a snapshot by its plan: one thread reads and checks, another writes.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use hashbrown::HashSet;
use sha2::{Digest, Sha256};

use super::encoding::TextStream;
use super::records::{Record, RecordReader, Step};
use super::report::{LoadReport, RefusalReason};
use super::types::TypeCheck;
use super::{FileProblem, LoadPlan};
use crate::profiles::{Field, RowBatch, SnapshotError, SnapshotWriter, WriterAlive};

/// Rows handed to the writing thread at a time.
const BATCH_ROWS: usize = 1_000;
/// A batch is handed over early when it holds this much text.
const BATCH_BYTES: usize = 1024 * 1024;
/// Batches on their way between the threads; with [`BATCH_BYTES`] it bounds memory.
const BATCHES: usize = 4;

/// How far a load has come. Shared with whoever shows or stops it.
#[derive(Debug, Default)]
pub struct FileCounts {
    /// Bytes of the file read.
    pub bytes: AtomicU64,
    /// Rows loaded.
    pub rows: AtomicU64,
    /// Rows refused.
    pub refused: AtomicU64,
    /// Set to stop the load.
    pub is_canceled: AtomicBool,
}

/// What a load made.
#[derive(Debug)]
pub struct Loaded {
    /// Fields of the snapshot, with their final types.
    pub fields: Vec<Field>,
    /// What happened to every row.
    pub report: LoadReport,
    /// SHA-256 of the file and how it was read: two loads with the same one made the same profiles, row for row.
    pub content_sha256: [u8; 32],
    /// Keep it until the snapshot is recorded.
    pub writer_alive: WriterAlive,
}

/// Loads `file` and publishes the snapshot. On any error nothing of it is left.
///
/// # Errors
/// [`FileProblem`].
pub fn load(
    file: impl Read,
    plan: &LoadPlan,
    writer: Box<dyn SnapshotWriter>,
    counts: &FileCounts,
) -> Result<Loaded, FileProblem> {
    let mut file = DigestingReader::new(file);
    let stream = TextStream::new(&mut file, plan.format.encoding);
    let mut reader = RecordReader::new(stream, plan.format.delimiter.byte());
    let mut intake = Intake::new(plan);
    let writer = thread::scope(|scope| {
        let (full, to_write) = sync_channel(BATCHES);
        let (written, empty) = sync_channel(BATCHES);
        let writing = scope.spawn(move || write_batches(writer, &to_write, &written));
        let read = read_rows(&mut reader, &mut intake, counts, &full, &empty);
        drop(full);
        let writer = writing.join().expect("the writing thread does not panic");
        // When writing fails, reading ends early without an error of its own.
        let writer = writer?;
        read.map(|()| writer)
    })?;
    let (fields, report) = intake.finish(reader.bytes_read());
    if report.rows == 0 {
        return Err(match report.refused {
            0 => FileProblem::HeaderOnly,
            _ => FileProblem::NothingLoaded(Box::new(report)),
        });
    }
    let writer_alive = writer.finish()?;
    let content_sha256 = file.content_sha256(plan, &fields);
    Ok(Loaded {
        fields,
        report,
        content_sha256,
        writer_alive,
    })
}

/// Reads a file and digests what passes by.
struct DigestingReader<R> {
    file: R,
    digest: Sha256,
}

impl<R: Read> DigestingReader<R> {
    fn new(file: R) -> Self {
        let digest = Sha256::new();
        Self { file, digest }
    }

    /// Of what has been read and what became of it. Not of the whole plan: types that a first load guesses, the next has
    /// decided.
    fn content_sha256(self, plan: &LoadPlan, fields: &[Field]) -> [u8; 32] {
        let way = (&plan.format, plan.key, fields);
        let way = serde_json::to_vec(&way).expect("no map in it has odd keys");
        self.digest.chain_update(way).finalize().into()
    }
}

impl<R: Read> Read for DigestingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.digest.update(&buffer[..count]);
        Ok(count)
    }
}

fn write_batches(
    mut writer: Box<dyn SnapshotWriter>,
    full: &Receiver<RowBatch>,
    empty: &SyncSender<RowBatch>,
) -> Result<Box<dyn SnapshotWriter>, SnapshotError> {
    for mut batch in full {
        writer.write(&batch)?;
        batch.clear();
        // Nobody takes it back once all is read.
        let _ = empty.try_send(batch);
    }
    Ok(writer)
}

fn read_rows<R: Read>(
    reader: &mut RecordReader<R>,
    intake: &mut Intake<'_>,
    counts: &FileCounts,
    full: &SyncSender<RowBatch>,
    empty: &Receiver<RowBatch>,
) -> Result<(), FileProblem> {
    let columns = intake.plan.fields.len();
    let mut batch = RowBatch::new(columns);
    let mut is_header_due = intake.plan.format.has_header;
    let mut steps = 0_usize;
    loop {
        match reader.next()? {
            Step::Record(record) if is_header_due => {
                let found = record.ends.len();
                if found != columns {
                    let expected = columns;
                    return Err(FileProblem::OtherColumns { expected, found });
                }
                is_header_due = false;
            }
            Step::Record(record) => intake.take(&record, &mut batch),
            Step::Refused { reason, .. } if is_header_due => {
                return Err(FileProblem::FirstRow(reason));
            }
            Step::Refused { line, reason } => intake.report.refuse(line, reason, None),
            Step::End => break,
        }
        steps += 1;
        let is_full = batch.len() >= BATCH_ROWS || batch.bytes() >= BATCH_BYTES;
        if is_full || steps.is_multiple_of(BATCH_ROWS) {
            counts.bytes.store(reader.bytes_read(), Ordering::Relaxed);
            counts.rows.store(intake.report.rows, Ordering::Relaxed);
            counts
                .refused
                .store(intake.report.refused, Ordering::Relaxed);
            if counts.is_canceled.load(Ordering::Relaxed) {
                return Err(FileProblem::Canceled);
            }
        }
        if is_full {
            let next = empty.try_recv().unwrap_or_else(|_| RowBatch::new(columns));
            if full.send(std::mem::replace(&mut batch, next)).is_err() {
                return Ok(()); // the writing thread has failed and says why
            }
        }
    }
    // As above: a failed writer speaks for itself.
    let _ = full.send(batch);
    counts.bytes.store(reader.bytes_read(), Ordering::Relaxed);
    counts.rows.store(intake.report.rows, Ordering::Relaxed);
    counts
        .refused
        .store(intake.report.refused, Ordering::Relaxed);
    Ok(())
}

/// Decides about rows one by one and keeps the account.
struct Intake<'a> {
    plan: &'a LoadPlan,
    report: LoadReport,
    /// Columns whose type is not settled yet, with their checks.
    checks: Vec<(usize, TypeCheck)>,
    /// 128 bits of the SHA-256 of each key so far: by chance two keys in ten million agree once in 10^24 files.
    keys: HashSet<u128>,
}

impl<'a> Intake<'a> {
    fn new(plan: &'a LoadPlan) -> Self {
        let checks = plan.fields.iter().enumerate();
        Self {
            plan,
            report: LoadReport::new(plan.format, plan.headings.clone()),
            checks: checks
                .map(|(column, field)| (column, TypeCheck::of_planned(field)))
                .filter(|(_, check)| !check.is_settled())
                .collect(),
            keys: HashSet::new(),
        }
    }

    fn take(&mut self, record: &Record<'_>, batch: &mut RowBatch) {
        let columns = self.plan.fields.len();
        let cells = record.ends.len();
        if cells != columns {
            let reason = match cells < columns {
                true => RefusalReason::TooFewCells,
                false => RefusalReason::TooManyCells,
            };
            return self.report.refuse(record.line, reason, Some(cells));
        }
        let cell = |column: usize| {
            let start = if column == 0 {
                0
            } else {
                record.ends[column - 1]
            };
            &record.text[start..record.ends[column]]
        };
        if let Some(key) = self.plan.key {
            let key = cell(key).trim();
            if key.is_empty() {
                return self
                    .report
                    .refuse(record.line, RefusalReason::KeyMissing, None);
            }
            if !self.keys.insert(fingerprint(key)) {
                return self
                    .report
                    .refuse(record.line, RefusalReason::KeyDuplicate, None);
            }
        }
        for (column, check) in &mut self.checks {
            check.add(cell(*column), record.line);
        }
        batch.push_record(record.text, record.ends);
        self.report.rows += 1;
        if self.report.rows.is_multiple_of(10_000) {
            self.checks.iter_mut().for_each(|(_, check)| check.prune());
        }
    }

    fn finish(mut self, bytes: u64) -> (Vec<Field>, LoadReport) {
        self.report.bytes = bytes;
        let planned = &self.plan.fields;
        let mut fields: Vec<Field> = planned
            .iter()
            .map(|field| Field {
                name: field.name.clone(),
                field_type: field.field_type,
                semantic: field.semantic,
            })
            .collect();
        for (column, check) in &self.checks {
            let (field_type, note) = check.settle(&planned[*column]);
            fields[*column].field_type = field_type;
            self.report.fields.extend(note);
        }
        (fields, self.report)
    }
}

fn fingerprint(key: &str) -> u128 {
    let digest = Sha256::digest(key.as_bytes());
    let half: [u8; 16] = digest[..16].try_into().expect("a digest has 32 bytes");
    u128::from_le_bytes(half)
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
