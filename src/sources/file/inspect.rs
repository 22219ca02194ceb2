//! What a file looks like: encoding, delimiter, headings, types, meanings, and its first rows.

use std::fs::File;
use std::io::{self, Read, Seek};

use super::encoding::{TextEncoding, TextStream};
use super::guess::{looks_like_address, mark_semantics};
use super::headings::{name_fields, unnamed_fields};
use super::records::{RecordReader, Step};
use super::types::TypeCheck;
use super::{
    BinaryKind, Delimiter, FileFormat, FileProblem, HeadingNote, LoadPlan, MAX_COLUMNS,
    PlannedField,
};
use crate::profiles::{Field, FieldType, Semantic};

/// Bytes looked at. Enough for thousands of rows, and for a first row of 10,000 columns.
const SAMPLE_BYTES: u64 = 1024 * 1024;
/// Rows types are guessed from.
const SAMPLE_ROWS: usize = 5_000;
/// Control characters a short text file may hold by accident; the rows they are in are refused one by one.
const STRAY_CONTROLS: usize = 4;
/// Rows a preview shows.
const PREVIEW_ROWS: usize = 20;

/// What a person decided about reading the file, over what is guessed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// How characters are written.
    pub encoding: Option<TextEncoding>,
    /// What stands between cells.
    pub delimiter: Option<Delimiter>,
    /// Whether the first row names the columns.
    pub has_header: Option<bool>,
}

/// A proposal how to load a file, from its beginning.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// How the file is read.
    pub format: FileFormat,
    /// Fields with guessed types and meanings.
    pub fields: Vec<Field>,
    /// Headings that were changed.
    pub headings: Vec<HeadingNote>,
    /// The first rows, headings excluded; rows of another length are left out.
    pub rows: Vec<Vec<String>>,
    /// Bytes of the file.
    pub bytes: u64,
}

impl Inspection {
    /// The proposal as it stands. Types and meanings of fields that an earlier load of the same source had are kept.
    pub fn plan(&self, earlier: &[Field]) -> LoadPlan {
        let fields = self.fields.iter().map(|field| {
            let known = earlier.iter().find(|known| known.name == field.name);
            PlannedField {
                name: field.name.clone(),
                field_type: known.unwrap_or(field).field_type,
                is_type_decided: known.is_some(),
                semantic: known.map_or(field.semantic, |known| known.semantic),
            }
        });
        LoadPlan {
            format: self.format,
            fields: fields.collect(),
            key: None,
            headings: self.headings.clone(),
        }
    }

    /// The field proposed as the key.
    pub fn key(&self) -> Option<usize> {
        let is_key = |field: &Field| field.semantic == Some(Semantic::Key);
        self.fields.iter().position(is_key)
    }
}

/// Looks at the beginning of a file.
///
/// # Errors
/// [`FileProblem`], for everything that can be seen there.
pub fn inspect(file: &mut File, overrides: &Overrides) -> Result<Inspection, FileProblem> {
    let bytes = file.metadata()?.len();
    let sample = beginning(file)?;
    let is_whole = bytes <= SAMPLE_BYTES;
    if let Some(kind) = binary_kind(&sample) {
        return Err(FileProblem::Binary(Some(kind)));
    }
    let guessed = guess_encoding(&sample);
    let encoding = overrides.encoding.unwrap_or(guessed);
    if encoding.is_utf16() && bytes % 2 == 1 {
        return Err(FileProblem::OddUtf16);
    }
    let text = decode(&sample, encoding)?;
    if text.trim_ascii().is_empty() {
        return Err(FileProblem::Empty);
    }
    if is_binary(&text) {
        return Err(FileProblem::Binary(None));
    }
    let delimiter = match overrides.delimiter {
        Some(delimiter) => delimiter,
        None => guess_delimiter(&text)?,
    };
    let mut records = read_sample(&text, delimiter, is_whole)?;
    let first = records.first().cloned().unwrap_or_default();
    if first.len() > MAX_COLUMNS {
        return Err(FileProblem::TooManyColumns { found: first.len() });
    }
    let prefer_comma = delimiter == Delimiter::Semicolon;
    let has_header = overrides
        .has_header
        .unwrap_or_else(|| guess_header(&records, prefer_comma));
    let (names, headings) = if has_header {
        records.remove(0);
        if records.is_empty() && is_whole {
            return Err(FileProblem::HeaderOnly);
        }
        name_fields(first.iter().map(String::as_str))
    } else {
        (unnamed_fields(first.len()), Vec::new())
    };
    records.retain(|record| record.len() == names.len());
    let types = guess_types(&records, names.len(), prefer_comma);
    let fields = names
        .into_iter()
        .zip(types)
        .map(|(name, field_type)| Field {
            name,
            field_type,
            semantic: None,
        });
    let mut fields: Vec<Field> = fields.collect();
    mark_semantics(&mut fields, &records);
    records.truncate(PREVIEW_ROWS);
    Ok(Inspection {
        format: FileFormat {
            encoding,
            delimiter,
            has_header,
        },
        fields,
        headings,
        rows: records,
        bytes,
    })
}

/// How a file that [`inspect`] refuses would be read, so that a person can choose another way.
///
/// # Errors
/// The file cannot be read.
pub fn guess_format(file: &mut File, overrides: &Overrides) -> io::Result<FileFormat> {
    let sample = beginning(file)?;
    let guessed = guess_encoding(&sample);
    let encoding = overrides.encoding.unwrap_or(guessed);
    Ok(FileFormat {
        encoding,
        delimiter: match overrides.delimiter {
            Some(delimiter) => delimiter,
            None => guess_delimiter(&decode(&sample, encoding)?)?,
        },
        has_header: overrides.has_header.unwrap_or(true),
    })
}

fn beginning(file: &mut File) -> io::Result<Vec<u8>> {
    let mut sample = Vec::new();
    file.rewind()?;
    file.by_ref().take(SAMPLE_BYTES).read_to_end(&mut sample)?;
    file.rewind()?;
    Ok(sample)
}

fn decode(sample: &[u8], encoding: TextEncoding) -> io::Result<Vec<u8>> {
    let mut stream = TextStream::new(sample, encoding);
    let mut text = Vec::new();
    while stream.fill(&mut text)? {}
    Ok(text)
}

/// By byte order mark; else by where the NUL bytes of UTF-16 stand; else UTF-8 unless more is wrong with it than right.
fn guess_encoding(sample: &[u8]) -> TextEncoding {
    match sample {
        [0xEF, 0xBB, 0xBF, ..] => return TextEncoding::Utf8,
        [0xFF, 0xFE, ..] => return TextEncoding::Utf16Le,
        [0xFE, 0xFF, ..] => return TextEncoding::Utf16Be,
        _ => {}
    }
    // Delimiters, line ends and digits have a NUL half, in any language.
    let nuls = |offset: usize| {
        sample
            .iter()
            .skip(offset)
            .step_by(2)
            .filter(|b| **b == 0)
            .count()
    };
    let (high_first, low_first) = (nuls(0), nuls(1));
    let many = sample.len() / 20;
    if low_first > many && high_first * 20 < low_first {
        return TextEncoding::Utf16Le;
    }
    if high_first > many && low_first * 20 < high_first {
        return TextEncoding::Utf16Be;
    }
    let (mut wide, mut invalid) = (0_usize, 0_usize);
    for chunk in sample.utf8_chunks() {
        wide += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        invalid += usize::from(!chunk.invalid().is_empty());
    }
    // The sample may end within a character.
    if invalid > wide + 1 || (invalid == 1 && wide == 0 && !ends_within_character(sample)) {
        return TextEncoding::Windows1252;
    }
    TextEncoding::Utf8
}

fn ends_within_character(sample: &[u8]) -> bool {
    std::str::from_utf8(sample).is_err_and(|error| error.error_len().is_none())
}

fn binary_kind(sample: &[u8]) -> Option<BinaryKind> {
    let starts: [(&[u8], BinaryKind); 8] = [
        (b"PK\x03\x04", BinaryKind::Workbook),
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", BinaryKind::OldWorkbook),
        (b"\x1F\x8B", BinaryKind::Compressed),
        (b"BZh", BinaryKind::Compressed),
        (b"\xFD7zXZ\0", BinaryKind::Compressed),
        (b"%PDF-", BinaryKind::Pdf),
        (b"\x89PNG\r\n", BinaryKind::Picture),
        (b"\xFF\xD8\xFF", BinaryKind::Picture),
    ];
    let found = starts.iter().find(|(start, _)| sample.starts_with(start));
    found.map(|(_, kind)| *kind)
}

/// Whether control characters that no text holds are more than stray: more than one byte in a hundred.
fn is_binary(text: &[u8]) -> bool {
    let is_control = |b: &&u8| **b < 0x20 && !matches!(**b, b'\t' | b'\n' | b'\r' | 0x0C | 0x1B);
    let controls = text.iter().filter(is_control).count();
    controls > STRAY_CONTROLS && controls * 100 > text.len()
}

/// The delimiter with which most records have the same number of cells, at least two.
fn guess_delimiter(text: &[u8]) -> io::Result<Delimiter> {
    let mut best = (Delimiter::Comma, 0.0);
    for delimiter in Delimiter::ALL {
        let lengths = record_lengths(text, delimiter)?;
        let Some(first) = lengths.first().copied().filter(|length| *length > 1) else {
            continue;
        };
        let same = lengths.iter().filter(|length| **length == first).count();
        let share = ratio(same, lengths.len());
        // More cells break a tie: "a;b,c" in every row is three cells to nobody, but two of either are equal.
        let score = share + ratio(first.min(MAX_COLUMNS), MAX_COLUMNS * 10);
        if score > best.1 {
            best = (delimiter, score);
        }
    }
    Ok(best.0)
}

fn ratio(part: usize, whole: usize) -> f64 {
    let float = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    float(part) / float(whole)
}

fn record_lengths(text: &[u8], delimiter: Delimiter) -> io::Result<Vec<usize>> {
    let stream = TextStream::new(text, TextEncoding::Utf8);
    let mut reader = RecordReader::new(stream, delimiter.byte());
    let mut lengths = Vec::new();
    while lengths.len() < 200 {
        match reader.next()? {
            Step::Record(record) => lengths.push(record.ends.len()),
            Step::Refused { .. } => {}
            Step::End => break,
        }
    }
    // The sample may end within a record.
    if lengths.len() > 2 {
        lengths.pop();
    }
    Ok(lengths)
}

/// Records of the sample that can be read, without the one the sample cuts.
fn read_sample(
    text: &[u8],
    delimiter: Delimiter,
    is_whole: bool,
) -> Result<Vec<Vec<String>>, FileProblem> {
    let stream = TextStream::new(text, TextEncoding::Utf8);
    let mut reader = RecordReader::new(stream, delimiter.byte());
    let mut records: Vec<Vec<String>> = Vec::new();
    let mut is_cut = !is_whole;
    loop {
        match reader.next()? {
            Step::Record(record) => records.push(record.cells().map(str::to_owned).collect()),
            Step::Refused { reason, .. } if records.is_empty() => {
                return Err(FileProblem::FirstRow(reason));
            }
            Step::Refused { .. } => {}
            Step::End => break,
        }
        if records.len() > SAMPLE_ROWS {
            is_cut = false;
            break;
        }
    }
    if is_cut && records.len() > 1 {
        records.pop();
    }
    Ok(records)
}

/// Headings unless the first row looks like data: it holds an address, or a number or date where the rows below hold
/// the same and no other cell differs from them in kind.
fn guess_header(records: &[Vec<String>], prefer_comma: bool) -> bool {
    let Some((first, rest)) = records.split_first() else {
        return true;
    };
    if first.iter().any(|cell| looks_like_address(cell.trim())) {
        return false;
    }
    let types = guess_types(rest, first.len(), prefer_comma);
    let mut typed = first
        .iter()
        .zip(types)
        .filter(|(cell, field_type)| *field_type != FieldType::Text && !cell.trim().is_empty())
        .peekable();
    if typed.peek().is_none() {
        return true;
    }
    typed.any(|(cell, field_type)| !field_type.accepts(cell))
}

fn guess_types(records: &[Vec<String>], columns: usize, prefer_comma: bool) -> Vec<FieldType> {
    let guess = |column: usize| {
        let mut check = TypeCheck::of_anything(prefer_comma);
        let values = || records.iter().filter_map(|record| record.get(column));
        values().for_each(|value| check.add(value, 0));
        match check.guess() {
            FieldType::Number { .. } if values().any(|value| has_leading_zero(value)) => {
                FieldType::Text
            }
            field_type => field_type,
        }
    };
    (0..columns).map(guess).collect()
}

/// Postcodes and account numbers: as numbers they would lose what tells them apart.
fn has_leading_zero(value: &str) -> bool {
    let value = value.trim().as_bytes();
    matches!(value, [b'0', next, ..] if next.is_ascii_digit()) || is_long_digits(value)
}

/// Sixteen digits and more: card and account numbers, not amounts.
fn is_long_digits(value: &[u8]) -> bool {
    value.len() >= 16 && value.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
#[path = "inspect_tests.rs"]
mod tests;
