//! Reading a snapshot: one binary COPY, decoded as it comes.

use std::ops::ControlFlow;

use futures_util::StreamExt;
use sea_orm::sqlx::postgres::PgConnection;
use tokio::runtime::Handle;

use super::layout::{push_columns, table};
use super::wait;
use crate::profiles::{Filter, ProfileRow, Scan, SnapshotError, SnapshotId};

const READING: &str = "reading a snapshot";
/// Bytes taken from the server at a time.
const CHUNK_BYTES: usize = 256 * 1024;
/// Bytes before the first row: signature, flags, and the length of an extension that is always 0.
const HEADER_BYTES: usize = 19;

pub(super) fn scan(
    runtime: &Handle,
    connection: &mut PgConnection,
    id: SnapshotId,
    scan: &Scan<'_>,
    each: &mut dyn FnMut(&ProfileRow<'_>) -> ControlFlow<()>,
) -> Result<(), SnapshotError> {
    let fetched = Fetched::new(scan);
    let statement = statement(id, scan, &fetched.columns);
    let mut stream = wait(runtime, READING, connection.copy_out_raw(&statement))?;
    let mut rows = Rows::new(fetched.columns.len());
    let mut left = scan.limit.unwrap_or(u64::MAX);
    let mut is_whole = false;
    while left > 0 && !is_whole {
        // The callback may block, so it is called outside of the runtime, chunk by chunk.
        is_whole = wait(runtime, READING, async {
            while rows.bytes.len() < CHUNK_BYTES {
                match stream.next().await {
                    Some(bytes) => rows.bytes.extend_from_slice(&bytes?),
                    None => return Ok(true),
                }
            }
            Ok(false)
        })?;
        while left > 0
            && let Some(row) = rows.next_row()?
        {
            if !scan
                .filter
                .matches(&|column| row.cell(fetched.place(column)))
            {
                continue;
            }
            left -= 1;
            if row.hand_over(&fetched.wanted, each).is_break() {
                return Ok(());
            }
        }
        rows.forget_read();
    }
    Ok(())
}

fn statement(id: SnapshotId, scan: &Scan<'_>, columns: &[usize]) -> String {
    let mut select = "SELECT n".to_owned();
    push_columns(&mut select, columns);
    select += &format!(
        " FROM {} WHERE n > {} ORDER BY n",
        table(id),
        scan.after_row
    );
    if let (Some(limit), true) = (scan.limit, *scan.filter == Filter::EVERYONE) {
        select += &format!(" LIMIT {limit}");
    }
    format!("COPY ({select}) TO STDOUT (FORMAT binary)")
}

/// Which columns are read, and where each lies in a row read.
struct Fetched {
    columns: Vec<usize>,
    /// Place of each column the scan wants, in its order.
    wanted: Vec<usize>,
}

impl Fetched {
    fn new(scan: &Scan<'_>) -> Self {
        let mut columns = scan.columns.to_vec();
        scan.filter.add_columns(&mut columns);
        columns.sort_unstable();
        columns.dedup();
        let place = |column: &usize| columns.binary_search(column).expect("it was added");
        Self {
            wanted: scan.columns.iter().map(place).collect(),
            columns,
        }
    }

    fn place(&self, column: usize) -> usize {
        let place = self.columns.binary_search(&column);
        place.expect("every column of the filter is read")
    }
}

/// Rows of COPY data, of which more comes.
struct Rows {
    bytes: Vec<u8>,
    /// How much of `bytes` has been read.
    read: usize,
    is_begun: bool,
    cells: usize,
    row: Row,
}

impl Rows {
    fn new(cells: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(2 * CHUNK_BYTES),
            read: 0,
            is_begun: false,
            cells,
            row: Row::default(),
        }
    }

    /// The next row, if it has come whole.
    fn next_row(&mut self) -> Result<Option<&mut Row>, SnapshotError> {
        if !self.is_begun && self.bytes.len() >= HEADER_BYTES {
            self.read = HEADER_BYTES;
            self.is_begun = true;
        }
        if !self.is_begun || self.decode().is_none() {
            return Ok(None);
        }
        let row = &mut self.row;
        match std::str::from_utf8(&row.bytes) {
            Ok(text) => {
                row.text.clear();
                row.text.push_str(text);
                Ok(Some(row))
            }
            Err(error) => Err(SnapshotError::Storage {
                doing: READING,
                source: Box::new(error),
            }),
        }
    }

    /// Takes a row apart; `None` when the rest of it has not come, or there is none.
    fn decode(&mut self) -> Option<()> {
        let mut at = self.read;
        let fields = i16::from_be_bytes(take(&self.bytes, &mut at)?);
        // -1 ends the data; otherwise the number of cells and one for the row number, each with its length before it.
        if fields < 0 {
            return None;
        }
        let _: [u8; 4] = take(&self.bytes, &mut at)?;
        let number = i64::from_be_bytes(take(&self.bytes, &mut at)?);
        self.row.bytes.clear();
        self.row.ends.clear();
        for _ in 0..self.cells {
            // Never NULL, which would have the length -1.
            let length = u32::from_be_bytes(take(&self.bytes, &mut at)?) as usize;
            let cell = self.bytes.get(at..at + length)?;
            self.row.bytes.extend_from_slice(cell);
            self.row.ends.push(self.row.bytes.len());
            at += length;
        }
        self.row.number = number.unsigned_abs();
        self.read = at;
        Some(())
    }

    /// Makes room for more.
    fn forget_read(&mut self) {
        self.bytes.drain(..self.read);
        self.read = 0;
    }
}

/// The next `N` bytes, if they have come.
fn take<const N: usize>(bytes: &[u8], at: &mut usize) -> Option<[u8; N]> {
    let taken = bytes.get(*at..*at + N)?.try_into().ok()?;
    *at += N;
    Some(taken)
}

/// A row read, and room for what of it is handed over.
#[derive(Default)]
struct Row {
    number: u64,
    bytes: Vec<u8>,
    text: String,
    ends: Vec<usize>,
    wanted_text: String,
    wanted_ends: Vec<usize>,
}

impl Row {
    fn cell(&self, place: usize) -> &str {
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        &self.text[start..self.ends[place]]
    }

    fn hand_over(
        &mut self,
        wanted: &[usize],
        each: &mut dyn FnMut(&ProfileRow<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let (mut text, mut ends) = (
            std::mem::take(&mut self.wanted_text),
            std::mem::take(&mut self.wanted_ends),
        );
        text.clear();
        ends.clear();
        for place in wanted {
            text.push_str(self.cell(*place));
            ends.push(text.len());
        }
        let flow = each(&ProfileRow::new(self.number, &text, &ends));
        (self.wanted_text, self.wanted_ends) = (text, ends);
        flow
    }
}
