//! What a load did with every row of the file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::FileFormat;
use crate::profiles::FieldType;

/// Refused rows listed one by one; beyond it they are only counted.
pub const MAX_LISTED_REFUSALS: usize = 1_000;

/// What a load did. Rows of the file = `rows` + `refused`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadReport {
    /// How the file was read.
    pub format: FileFormat,
    /// Bytes of the file read.
    pub bytes: u64,
    /// Rows loaded.
    pub rows: u64,
    /// Rows refused.
    pub refused: u64,
    /// Rows refused, by reason.
    pub refused_by_reason: BTreeMap<RefusalReason, u64>,
    /// The first [`MAX_LISTED_REFUSALS`] rows refused.
    pub refusals: Vec<Refusal>,
    /// Headings that were changed.
    pub headings: Vec<HeadingNote>,
    /// Fields with values that do not fit their type.
    pub fields: Vec<FieldNote>,
}

/// A row that was not loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Line of the file the row begins on, counted from 1.
    pub line: u64,
    /// Why.
    #[serde(flatten)]
    pub detail: RefusalDetail,
}

/// Why a row was not loaded, with figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalDetail {
    /// The reason.
    pub reason: RefusalReason,
    /// Cells found, for rows with too many or too few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cells: Option<usize>,
}

/// Why a row was not loaded.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error,
)]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    /// Fewer cells than there are columns.
    #[error("the row has fewer cells than there are columns")]
    TooFewCells,
    /// More cells than there are columns.
    #[error("the row has more cells than there are columns")]
    TooManyCells,
    /// A quote that is opened on this line is never closed.
    #[error("a quote that is opened here is never closed")]
    UnclosedQuote,
    /// The row does not end within 8 MiB.
    #[error("the row does not end within 8 MiB")]
    RowTooLong,
    /// A cell has 1 MiB or more.
    #[error("a cell has 1 MiB or more")]
    CellTooLong,
    /// Bytes that are no text in the file's encoding.
    #[error("the row holds bytes that are no text in the file's encoding")]
    InvalidText,
    /// A NUL character.
    #[error("the row holds a NUL character")]
    NulByte,
    /// The key field is empty.
    #[error("the key is empty")]
    KeyMissing,
    /// An earlier row has the same key.
    #[error("an earlier row has the same key")]
    KeyDuplicate,
}

/// A heading that could not be used as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadingNote {
    /// Column, counted from 1.
    pub column: usize,
    /// Name the field was given instead.
    pub name: String,
    /// What was wrong.
    pub problem: HeadingProblem,
}

/// Why a heading could not be used as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadingProblem {
    /// Nothing there.
    Blank,
    /// An earlier column has the same one.
    Duplicate,
    /// Longer than a field name may be.
    TooLong,
}

/// Values that do not fit their field's type. They are loaded as they are, and match no number or date condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldNote {
    /// Name of the field.
    pub field: String,
    /// The type the values do not fit.
    pub expected: FieldType,
    /// Whether the field became text for it.
    pub became_text: bool,
    /// How many values.
    pub values: u64,
    /// Line of the first.
    pub first_line: u64,
}

impl LoadReport {
    pub(crate) fn new(format: FileFormat, headings: Vec<HeadingNote>) -> Self {
        Self {
            format,
            bytes: 0,
            rows: 0,
            refused: 0,
            refused_by_reason: BTreeMap::new(),
            refusals: Vec::new(),
            headings,
            fields: Vec::new(),
        }
    }

    pub(crate) fn refuse(&mut self, line: u64, reason: RefusalReason, cells: Option<usize>) {
        self.refused += 1;
        *self.refused_by_reason.entry(reason).or_default() += 1;
        if self.refusals.len() < MAX_LISTED_REFUSALS {
            let detail = RefusalDetail { reason, cells };
            self.refusals.push(Refusal { line, detail });
        }
    }
}
