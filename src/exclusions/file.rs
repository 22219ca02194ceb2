//! Files of people who must not be sent: one address or `@domain` a line, or a CSV file with such a column.

use std::collections::HashSet;
use std::io::{self, Read, Seek};

use serde::{Deserialize, Serialize};

use super::address::{Entry, EntryProblem};
use crate::sources::file::{RecordReader, Step, TextEncoding, TextStream, address_heading};

/// Entries one file may hold.
pub const MAX_ENTRIES: usize = 500_000;
/// Refused lines that are listed; the others are counted.
pub const MAX_LISTED_LINES: usize = 1_000;
/// Bytes looked at to find out how the file is written.
const HEAD_BYTES: usize = 64 * 1024;
/// What may stand between cells; the earlier is preferred.
const DELIMITERS: [u8; 4] = *b",;\t|";
/// Records from which the column is chosen.
const SAMPLE_RECORDS: usize = 200;

/// A line that was refused. What it says is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadLine {
    /// Counted from 1.
    pub line: u64,
    /// `empty`, `malformed` or `unreadable`.
    pub reason: String,
}

impl BadLine {
    /// Message key of the reason people read.
    pub fn reason_key(&self) -> &'static str {
        match self.reason.as_str() {
            "empty" => "privacy-line-empty",
            "unreadable" => "privacy-line-unreadable",
            _ => "privacy-line-malformed",
        }
    }
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct ReadFile {
    /// Each once.
    pub entries: Vec<Entry>,
    /// Lines that repeat an entry.
    pub repeated: u64,
    /// Lines refused.
    pub refused: u64,
    /// The first of them.
    pub bad_lines: Vec<BadLine>,
}

/// Why nothing is taken of a file.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It is not text.
    #[error("the file is not a text file")]
    NotText,
    /// No line holds an address or a domain.
    #[error("no line of the file holds an address")]
    NoEntries,
    /// More than [`MAX_ENTRIES`].
    #[error("the file has too many lines")]
    TooMany,
    /// It cannot be read.
    #[error("the file cannot be read")]
    Io(#[from] io::Error),
}

/// Reads a file to its end. Blocks.
///
/// # Errors
/// [`FileProblem`].
pub fn read_file(mut file: impl Read + Seek) -> Result<ReadFile, FileProblem> {
    let mut head = Vec::new();
    (&mut file).take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    file.rewind()?;
    let encoding = match head.as_slice() {
        [] => return Err(FileProblem::Empty),
        [0xff, 0xfe, ..] => TextEncoding::Utf16Le,
        [0xfe, 0xff, ..] => TextEncoding::Utf16Be,
        head if head.contains(&0) => return Err(FileProblem::NotText),
        _ => TextEncoding::Utf8,
    };
    let delimiter = delimiter(&head);
    let (column, mut is_heading) = find_column(&first_records(&head, encoding, delimiter)?);
    let mut records = RecordReader::new(TextStream::new(file, encoding), delimiter);
    let mut read = ReadFile::default();
    let mut seen = HashSet::new();
    loop {
        let (line, entry) = match records.next()? {
            Step::End => break,
            Step::Refused { line, .. } => {
                read.refuse(line, "unreadable");
                continue;
            }
            Step::Record(_) if is_heading => {
                is_heading = false;
                continue;
            }
            Step::Record(record) => {
                let cell = record.cells().nth(column).unwrap_or_default();
                (record.line, Entry::parse(cell))
            }
        };
        match entry {
            Err(EntryProblem::Empty) => read.refuse(line, "empty"),
            Err(EntryProblem::Malformed) => read.refuse(line, "malformed"),
            Ok(entry) if !seen.insert(spelled(&entry)) => read.repeated += 1,
            Ok(_) if read.entries.len() == MAX_ENTRIES => return Err(FileProblem::TooMany),
            Ok(entry) => read.entries.push(entry),
        }
    }
    if read.entries.is_empty() {
        return Err(match read.refused {
            0 => FileProblem::Empty,
            _ => FileProblem::NoEntries,
        });
    }
    Ok(read)
}

impl ReadFile {
    fn refuse(&mut self, line: u64, reason: &str) {
        self.refused += 1;
        if self.bad_lines.len() < MAX_LISTED_LINES {
            self.bad_lines.push(BadLine {
                line,
                reason: reason.to_owned(),
            });
        }
    }
}

/// The first records of a file of which `head` is the beginning.
fn first_records(
    head: &[u8],
    encoding: TextEncoding,
    delimiter: u8,
) -> io::Result<Vec<Vec<String>>> {
    let mut reader = RecordReader::new(TextStream::new(head, encoding), delimiter);
    let mut records = Vec::new();
    while records.len() < SAMPLE_RECORDS {
        match reader.next()? {
            Step::Record(record) => records.push(record.cells().map(str::to_owned).collect()),
            Step::Refused { .. } => {}
            Step::End => break,
        }
    }
    Ok(records)
}

/// The column that holds the entries, and whether the first record is a heading: by an entry in the first record, by
/// headings, by where most of the other records hold entries.
fn find_column(records: &[Vec<String>]) -> (usize, bool) {
    let Some((first, rest)) = records.split_first() else {
        return (0, false);
    };
    if let Some(column) = first.iter().position(|cell| cell.contains('@')) {
        return (column, false);
    }
    if let Some(column) = address_heading(first.iter().map(String::as_str)) {
        return (column, true);
    }
    let holds_entry = |record: &Vec<String>, column: usize| {
        let cell = record.get(column);
        cell.is_some_and(|cell| cell.contains('@'))
    };
    let count = |column: usize| {
        rest.iter()
            .filter(|record| holds_entry(record, column))
            .count()
    };
    let best = (0..first.len()).rev().max_by_key(|column| count(*column));
    // A single word without @ is a mistyped address rather than a heading.
    (best.unwrap_or_default(), first.len() > 1)
}

/// The delimiter the first line has most of.
fn delimiter(head: &[u8]) -> u8 {
    let line = head.split(|byte| matches!(byte, b'\n' | b'\r')).next();
    let line = line.unwrap_or_default();
    let count = |delimiter: u8| line.iter().filter(|byte| **byte == delimiter).count();
    let most = DELIMITERS.into_iter().rev().max_by_key(|byte| count(*byte));
    most.filter(|byte| count(*byte) > 0).unwrap_or(b',')
}

fn spelled(entry: &Entry) -> String {
    match entry {
        Entry::Address(address) => address.clone(),
        Entry::Domain(domain) => format!("@{domain}"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn read(text: impl AsRef<[u8]>) -> Result<ReadFile, FileProblem> {
        read_file(Cursor::new(text.as_ref().to_vec()))
    }

    #[test]
    fn lines_are_taken_or_refused_with_their_number() {
        let text = "\u{feff}ann@example.com\r\n\r\n Bob@Example.com \r\nnobody\r\nANN@example.com\r\n@example.org\r\n\"open@example.com\r\n";
        let found = read(text).unwrap();
        assert_eq!(
            (found.entries.len(), found.repeated, found.refused),
            (3, 1, 2)
        );
        let lines = found.bad_lines.iter().map(|bad| (bad.line, &*bad.reason));
        assert_eq!(
            lines.collect::<Vec<_>>(),
            [(4, "malformed"), (7, "unreadable")]
        );
    }

    #[test]
    fn the_column_is_found_by_its_heading_or_its_values() {
        for text in [
            "Name;E-mail\nAnn;ann@example.com\n",
            "Ann;ann@example.com\n",
            "Name\t電郵地址\nAnn\tann@example.com\n",
            "email\nann@example.com\n",
            "Name,Email (work)\nAnn,ann@example.com\n",
            "Subscriber,Contact e-mail\nAnn,ann@example.com\n",
            "客戶,電郵 (主要)\nAnn,ann@example.com\n",
            "Name,Reach\nAnn,ann@example.com\n",
            "Name,Manager email,Email\nAnn,boss@example.com,ann@example.com\n",
        ] {
            let found = read(text).unwrap();
            assert!(
                found.entries == [Entry::Address("ann@example.com".into())],
                "{text}"
            );
            assert_eq!(found.refused, 0);
        }
        let found = read(
            "Name,Reach,Manager\nAnn,,boss@example.com\nBob,bob@example.com,\nCid,cid@example.com,\n",
        );
        assert_eq!(
            found.unwrap().entries.len(),
            2,
            "most are in the second column"
        );
        let found = read("Name,E-mail\nAnn,\nBob,bob@example.com\nCid\n").unwrap();
        assert_eq!((found.entries.len(), found.refused), (1, 2));
        assert_eq!(found.bad_lines[0].reason, "empty");
    }

    #[test]
    fn what_is_no_list_is_refused_as_a_whole() {
        assert!(matches!(read(""), Err(FileProblem::Empty)));
        assert!(matches!(read("\n\n"), Err(FileProblem::Empty)));
        assert!(matches!(read(b"PK\x03\x04\0\0"), Err(FileProblem::NotText)));
        assert!(matches!(
            read("nothing\nhere\n"),
            Err(FileProblem::NoEntries)
        ));
        let utf16: Vec<u8> = "\u{feff}ann@example.com\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(read(utf16).unwrap().entries.len(), 1);
    }
}
