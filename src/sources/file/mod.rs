//! Files of comma-separated values and their relatives: what they look like, and loading them.
//!
//! [`inspect`] looks at the beginning of a file and proposes how to read it; a person may correct the proposal, which
//! becomes a [`LoadPlan`]; [`load`] follows it to the letter and accounts for every row in a [`LoadReport`].

mod encoding;
mod guess;
mod headings;
mod inspect;
mod load;
mod records;
mod report;
mod types;

use serde::{Deserialize, Serialize};

pub use encoding::TextEncoding;
pub(crate) use encoding::TextStream;
pub(crate) use guess::address_heading;
pub use inspect::{Inspection, Overrides, guess_format, inspect};
pub use load::{FileCounts, Loaded, load};
pub use records::MAX_CELL_BYTES;
pub(crate) use records::{RecordReader, Step};
pub use report::{
    FieldNote, HeadingNote, HeadingProblem, LoadReport, MAX_LISTED_REFUSALS, Refusal,
    RefusalDetail, RefusalReason,
};

use crate::profiles::{FieldType, Semantic, SnapshotError};

/// Columns a file may have. SQLite allows 2,000 in a table; nobody maps more than a few dozen, and every page that
/// lists fields must stay usable.
pub const MAX_COLUMNS: usize = 500;

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFormat {
    /// How characters are written.
    pub encoding: TextEncoding,
    /// What stands between cells.
    pub delimiter: Delimiter,
    /// Whether the first row names the columns.
    pub has_header: bool,
}

/// What stands between cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delimiter {
    /// `,`
    Comma,
    /// `;`, which spreadsheets write where the comma separates decimals.
    Semicolon,
    /// Tab.
    Tab,
    /// `|`
    Pipe,
}

impl Delimiter {
    /// Every delimiter; the earlier is preferred where two fit equally well.
    pub const ALL: [Self; 4] = [Self::Comma, Self::Semicolon, Self::Tab, Self::Pipe];

    fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
            Self::Pipe => b'|',
        }
    }
}

/// What is loaded from a file, and as what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadPlan {
    /// How the file is read.
    pub format: FileFormat,
    /// One per column, in order; names are unique.
    pub fields: Vec<PlannedField>,
    /// Column whose values must be there and be unique; other rows are refused.
    pub key: Option<usize>,
    /// Headings that were changed, for the report.
    pub headings: Vec<HeadingNote>,
}

impl LoadPlan {
    /// The column that means something.
    pub fn column_of(&self, semantic: Semantic) -> Option<usize> {
        let means_it = |field: &PlannedField| field.semantic == Some(semantic);
        self.fields.iter().position(means_it)
    }
}

/// What a column becomes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedField {
    /// Name of the field.
    pub name: String,
    /// Type of the field.
    pub field_type: FieldType,
    /// Whether `field_type` was decided by a person or an earlier load. Then it stays, whatever the values are. A
    /// guessed type becomes text when more than one value in a hundred does not fit it.
    pub is_type_decided: bool,
    /// What the field means.
    pub semantic: Option<Semantic>,
}

/// Why a file cannot be loaded at all. Says what to do about it where that is known.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
    /// No bytes, or nothing but white space.
    #[error("the file is empty")]
    Empty,
    /// Headings and nothing else.
    #[error("the file has headings but no rows")]
    HeaderOnly,
    /// Not text.
    #[error("the file is not a text file{}", .0.map(|kind| format!("; it looks like {kind}")).unwrap_or_default())]
    Binary(Option<BinaryKind>),
    /// UTF-16 has two bytes per unit, so part of a character is missing: the file was cut off.
    #[error("the file is UTF-16 but has an odd number of bytes: it was probably cut off")]
    OddUtf16,
    /// The first row has more cells than [`MAX_COLUMNS`].
    #[error("the file has {found} columns; at most {MAX_COLUMNS} are possible")]
    TooManyColumns {
        /// Columns of the first row.
        found: usize,
    },
    /// The first row cannot be read.
    #[error("the first row cannot be read: {0}")]
    FirstRow(RefusalReason),
    /// The file's columns are not those of the plan.
    #[error("the file has {found} columns where {expected} were expected")]
    OtherColumns {
        /// Columns of the plan.
        expected: usize,
        /// Columns of the file.
        found: usize,
    },
    /// Every row was refused.
    #[error("every row of the file was refused")]
    NothingLoaded(Box<LoadReport>),
    /// Somebody stopped it.
    #[error("the load was canceled")]
    Canceled,
    /// The file could not be read.
    #[error("the file cannot be read")]
    Io(#[from] std::io::Error),
    /// The profiles could not be stored.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

impl FileProblem {
    /// Whether reading the file in another way may help.
    pub fn may_be_misread(&self) -> bool {
        matches!(
            self,
            Self::HeaderOnly | Self::FirstRow(_) | Self::OddUtf16 | Self::Binary(None)
        )
    }
}

/// A kind of file people try to load by mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BinaryKind {
    /// An Excel workbook or another zip archive.
    Workbook,
    /// An old Excel workbook.
    OldWorkbook,
    /// A compressed file.
    Compressed,
    /// A PDF.
    Pdf,
    /// A picture.
    Picture,
}

impl std::fmt::Display for BinaryKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Workbook | Self::OldWorkbook => {
                "an Excel workbook: save it as CSV UTF-8 in Excel and load that"
            }
            Self::Compressed => "a compressed file: unpack it first",
            Self::Pdf => "a PDF",
            Self::Picture => "a picture",
        })
    }
}
