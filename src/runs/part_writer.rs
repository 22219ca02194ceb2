//! Cutting rows into import files, within the vendor's limits of lines and of bytes.

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::constant_contact::limits::{IMPORT_BODY_BYTES, IMPORT_CONTACTS};
use crate::constant_contact::{ListId, import_overhead_bytes};
use crate::deliveries::ENTRY_BYTES;

/// One import file, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct PlannedPart {
    /// Counted from 1.
    pub number: u32,
    /// Rows, without the heading.
    pub rows: u32,
    /// Row number in the snapshot of its first row.
    pub first_row: u64,
    /// Row number in the snapshot of its last row.
    pub last_row: u64,
    /// The file.
    pub csv: Bytes,
    /// What is remembered of its rows; empty where nothing is.
    pub entries: Bytes,
}

impl PlannedPart {
    /// SHA-256 of the file, in hexadecimal. Some milliseconds of work.
    pub fn sha256(&self) -> String {
        let digest = Sha256::digest(&self.csv);
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

// The file holds people.
impl std::fmt::Debug for PlannedPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlannedPart")
            .field("number", &self.number)
            .field("rows", &self.rows)
            .field("bytes", &self.csv.len())
            .finish_non_exhaustive()
    }
}

/// How large a part may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartLimits {
    /// Rows, without the heading.
    pub rows: u32,
    /// Bytes of the file, the heading included.
    pub bytes: usize,
}

impl PartLimits {
    /// The vendor's limits for a file of this name: 40,000 lines with the heading, and a whole request body, framing
    /// included, below 4,000,000 bytes (`contactsCSVImport`).
    pub fn for_import(file_name: &str, list_ids: &[ListId]) -> Self {
        Self {
            rows: u32::try_from(IMPORT_CONTACTS).expect("39,999"),
            bytes: IMPORT_BODY_BYTES - import_overhead_bytes(file_name, list_ids),
        }
    }
}

/// Collects rows and hands out a part whenever the next row would not fit.
pub(super) struct PartWriter {
    limits: PartLimits,
    header: Vec<u8>,
    buffer: Vec<u8>,
    entries: Vec<u8>,
    number: u32,
    rows: u32,
    first_row: u64,
    last_row: u64,
}

impl PartWriter {
    /// `header` is the heading line with its line feed.
    pub(super) fn new(header: Vec<u8>, limits: PartLimits) -> Self {
        Self {
            limits,
            header,
            buffer: Vec::new(),
            entries: Vec::new(),
            number: 1,
            rows: 0,
            first_row: 0,
            last_row: 0,
        }
    }

    /// Adds a row with its line feed and what is remembered of it; returns the part before it when that is complete.
    pub(super) fn push(
        &mut self,
        row_number: u64,
        row: &[u8],
        entry: Option<[u8; ENTRY_BYTES]>,
    ) -> Option<PlannedPart> {
        let is_full = self.rows == self.limits.rows
            || self.rows > 0 && self.buffer.len() + row.len() > self.limits.bytes;
        let complete = if is_full { self.finish() } else { None };
        if self.rows == 0 {
            // Untouched pages of the allocation take no memory.
            self.buffer.reserve_exact(self.limits.bytes);
            self.buffer.extend_from_slice(&self.header);
            self.first_row = row_number;
        }
        self.buffer.extend_from_slice(row);
        self.entries.extend(entry.iter().flatten());
        self.rows += 1;
        self.last_row = row_number;
        complete
    }

    /// The part begun, if any.
    pub(super) fn finish(&mut self) -> Option<PlannedPart> {
        if self.rows == 0 {
            return None;
        }
        let csv = Bytes::from(std::mem::take(&mut self.buffer));
        let part = PlannedPart {
            number: self.number,
            rows: self.rows,
            first_row: self.first_row,
            last_row: self.last_row,
            csv,
            entries: Bytes::from(std::mem::take(&mut self.entries)),
        };
        self.number += 1;
        self.rows = 0;
        Some(part)
    }
}

/// Appends one value to a row, quoted when needed (RFC 4180). The value must be on one line.
pub(super) fn push_value(row: &mut Vec<u8>, value: &str) {
    let bytes = value.as_bytes();
    if !bytes
        .iter()
        .any(|byte| matches!(byte, b'"' | b',' | b'\n' | b'\r'))
    {
        row.extend_from_slice(bytes);
        return;
    }
    row.push(b'"');
    for piece in value.split_inclusive('"') {
        row.extend_from_slice(piece.as_bytes());
        if piece.ends_with('"') {
            row.push(b'"');
        }
    }
    row.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_when_needed() {
        for (value, expected) in [
            ("", ""),
            ("Ann", "Ann"),
            ("New York, NY", "\"New York, NY\""),
            ("Austin \"TX\"", "\"Austin \"\"TX\"\"\""),
            ("\"", "\"\"\"\""),
        ] {
            let mut row = Vec::new();
            push_value(&mut row, value);
            assert_eq!(String::from_utf8(row).unwrap(), expected);
        }
    }

    #[test]
    fn random_rows_are_cut_within_both_limits_and_none_is_lost() {
        let mut random = fastrand::Rng::with_seed(5);
        for _ in 0..300 {
            let limits = PartLimits {
                rows: random.u32(1..20),
                bytes: random.usize(60..200),
            };
            let mut writer = PartWriter::new(b"email\n".to_vec(), limits);
            let mut sent = Vec::new();
            let mut parts = Vec::new();
            for number in 1..=random.u64(..200) {
                let row = format!("{}\n", "x".repeat(random.usize(1..50)));
                parts.extend(writer.push(number, row.as_bytes(), None));
                sent.extend_from_slice(row.as_bytes());
            }
            parts.extend(writer.finish());
            assert!(writer.finish().is_none());
            let mut received = Vec::new();
            let mut last_row = 0;
            for (number, part) in (1..).zip(&parts) {
                assert_eq!(part.number, number);
                assert!(part.rows <= limits.rows && part.csv.len() <= limits.bytes);
                let lines = part.csv.iter().filter(|byte| **byte == b'\n').count();
                assert_eq!(lines, part.rows as usize + 1);
                assert_eq!(part.first_row, last_row + 1);
                last_row = part.last_row;
                received.extend_from_slice(part.csv.strip_prefix(b"email\n").unwrap());
            }
            assert_eq!(received, sent);
        }
    }

    #[test]
    fn the_whole_request_stays_below_four_million_bytes() {
        let lists = [ListId::from(uuid::Uuid::nil())];
        let name = "listbridge-0.csv";
        let limits = PartLimits::for_import(name, &lists);
        assert_eq!(limits.rows, 39_999);
        assert_eq!(
            limits.bytes + import_overhead_bytes(name, &lists),
            3_999_999
        );
    }
}
