//! Cutting CSV text into records, with the line each begins on and what is wrong with it.
//!
//! Parsing is lenient where the meaning is clear (a stray quote inside an unquoted cell is that character) and refuses
//! the record where it is not. A quote that is never closed refuses its own line only: reading goes on at the next.

use std::io::{self, Read};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::encoding::TextStream;
use super::report::RefusalReason;

/// Cells of this many bytes or more are refused: no field of a profile is that long.
pub const MAX_CELL_BYTES: usize = 1024 * 1024;
/// A record that has not ended after this many bytes is refused; bounds memory whatever the file holds.
const MAX_RECORD_BYTES: usize = 8 * 1024 * 1024;

/// One step through the file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    Record(Record<'a>),
    /// A record, or a line, that cannot be read.
    Refused {
        line: u64,
        reason: RefusalReason,
    },
    End,
}

/// A record that could be read: valid text, unquoted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    /// Line of the file it begins on, counted from 1.
    pub(crate) line: u64,
    /// Cells back to back.
    pub(crate) text: &'a str,
    /// Where each cell ends in `text`.
    pub(crate) ends: &'a [usize],
}

impl<'a> Record<'a> {
    pub(crate) fn cells(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let (text, mut start) = (self.text, 0);
        self.ends.iter().map(move |end| {
            let cell = &text[start..*end];
            start = *end;
            cell
        })
    }
}

pub(crate) struct RecordReader<R> {
    stream: TextStream<R>,
    parser: Reader,
    /// Text not yet consumed is `buffer[start..]`.
    buffer: Vec<u8>,
    start: usize,
    is_at_end: bool,
    output: Vec<u8>,
    ends: Vec<usize>,
    line_feeds: u64,
    carriage_returns: u64,
}

/// How the parsing of one record ended.
enum Parsed {
    /// Positions: consumed up to, bytes and cells of output.
    Record {
        until: usize,
        bytes: usize,
        cells: usize,
    },
    UnclosedQuote,
    TooLong,
}

impl<R: Read> RecordReader<R> {
    pub(crate) fn new(stream: TextStream<R>, delimiter: u8) -> Self {
        Self {
            stream,
            parser: ReaderBuilder::new().delimiter(delimiter).build(),
            buffer: Vec::new(),
            start: 0,
            is_at_end: false,
            output: vec![0; 4096],
            ends: vec![0; 64],
            line_feeds: 0,
            carriage_returns: 0,
        }
    }

    /// Bytes of the file read so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.stream.bytes_read()
    }

    /// The next record. Blank lines are passed over.
    pub(crate) fn next(&mut self) -> io::Result<Step<'_>> {
        if !self.skip_line_ends()? {
            return Ok(Step::End);
        }
        let line = self.line();
        let (bytes, cells) = match self.parse()? {
            Parsed::Record {
                until,
                bytes,
                cells,
            } => {
                self.consume(until);
                (bytes, cells)
            }
            Parsed::UnclosedQuote => {
                self.skip_line()?;
                let reason = RefusalReason::UnclosedQuote;
                return Ok(Step::Refused { line, reason });
            }
            Parsed::TooLong => {
                self.skip_line()?;
                let reason = RefusalReason::RowTooLong;
                return Ok(Step::Refused { line, reason });
            }
        };
        let ends = &self.ends[..cells];
        Ok(match check(&self.output[..bytes], ends) {
            Ok(text) => Step::Record(Record { line, text, ends }),
            Err(reason) => Step::Refused { line, reason },
        })
    }

    /// Line of the next unread byte: whichever of the two marks the file uses, both for CR LF.
    fn line(&self) -> u64 {
        1 + self.line_feeds.max(self.carriage_returns)
    }

    fn parse(&mut self) -> io::Result<Parsed> {
        self.parser.reset();
        let (mut at, mut bytes, mut cells) = (self.start, 0, 0);
        loop {
            let is_all_read = at == self.buffer.len() && self.is_at_end;
            // Past the end a line feed ends the record, unless it becomes part of a quoted cell.
            let input = if is_all_read {
                b"\n"
            } else {
                &self.buffer[at..]
            };
            let (result, read, written, ended) =
                self.parser
                    .read_record(input, &mut self.output[bytes..], &mut self.ends[cells..]);
            if !is_all_read {
                at += read;
            }
            bytes += written;
            cells += ended;
            match result {
                ReadRecordResult::Record | ReadRecordResult::End => {
                    return Ok(Parsed::Record {
                        until: at,
                        bytes,
                        cells,
                    });
                }
                ReadRecordResult::OutputFull => self.output.resize(self.output.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::InputEmpty if is_all_read => return Ok(Parsed::UnclosedQuote),
                ReadRecordResult::InputEmpty if at - self.start >= MAX_RECORD_BYTES => {
                    return Ok(self.too_long(bytes));
                }
                ReadRecordResult::InputEmpty => {
                    at -= self.start; // fill moves the unread text to the front
                    self.fill()?;
                    at += self.start;
                }
            }
        }
    }

    /// Why a record has not ended yet: a line feed would become part of a cell only inside quotes.
    fn too_long(&mut self, bytes: usize) -> Parsed {
        self.output.resize(bytes + 16, 0);
        self.ends.push(0);
        let last = self.ends.len() - 1;
        let probe =
            self.parser
                .read_record(b"\n", &mut self.output[bytes..], &mut self.ends[last..]);
        match probe.0 {
            ReadRecordResult::InputEmpty => Parsed::UnclosedQuote,
            _ => Parsed::TooLong,
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.is_at_end = !self.stream.fill(&mut self.buffer)?;
        Ok(())
    }

    /// Marks text as read and counts its lines.
    fn consume(&mut self, until: usize) {
        let consumed = &self.buffer[self.start..until];
        self.line_feeds += count(consumed, b'\n');
        self.carriage_returns += count(consumed, b'\r');
        self.start = until;
    }

    /// Passes over line ends; `false` at the end of the file.
    fn skip_line_ends(&mut self) -> io::Result<bool> {
        loop {
            let rest = &self.buffer[self.start..];
            if let Some(length) = rest.iter().position(|b| !matches!(b, b'\n' | b'\r')) {
                self.consume(self.start + length);
                return Ok(true);
            }
            self.consume(self.buffer.len());
            if self.is_at_end {
                return Ok(false);
            }
            self.fill()?;
        }
    }

    /// Passes over the rest of the line.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let rest = &self.buffer[self.start..];
            if let Some(length) = rest.iter().position(|b| matches!(b, b'\n' | b'\r')) {
                self.consume(self.start + length);
                return Ok(());
            }
            self.consume(self.buffer.len());
            if self.is_at_end {
                return Ok(());
            }
            self.fill()?;
        }
    }
}

fn check<'a>(bytes: &'a [u8], ends: &[usize]) -> Result<&'a str, RefusalReason> {
    let text = std::str::from_utf8(bytes).map_err(|_| RefusalReason::InvalidText)?;
    // Two broken cells side by side can make up a whole character.
    if !ends.iter().all(|end| text.is_char_boundary(*end)) {
        return Err(RefusalReason::InvalidText);
    }
    if bytes.contains(&0) {
        return Err(RefusalReason::NulByte);
    }
    let mut start = 0;
    let is_cell_too_long = bytes.len() >= MAX_CELL_BYTES
        && ends.iter().any(|end| {
            let length = end - start;
            start = *end;
            length >= MAX_CELL_BYTES
        });
    if is_cell_too_long {
        return Err(RefusalReason::CellTooLong);
    }
    Ok(text)
}

fn count(bytes: &[u8], byte: u8) -> u64 {
    let count = bytes.iter().filter(|b| **b == byte).count();
    u64::try_from(count).expect("lengths fit in 64 bits")
}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
