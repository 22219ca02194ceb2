//! The words for types, encodings, refusals and failures.

use crate::locale::Lang;
use crate::profiles::FieldType;
use crate::profiles::value::{DateOrder, NumberStyle};
use crate::sources::file::{
    BinaryKind, Delimiter, HeadingProblem, MAX_COLUMNS, Refusal, RefusalReason,
};
use crate::sources::{LoadFailure, Snapshot, SnapshotState};
use crate::web::Tone;

/// Every type a person may choose, with the name a form sends.
pub(super) const TYPES: [(&str, FieldType); 7] = [
    ("text", FieldType::Text),
    (
        "number-point",
        FieldType::Number {
            style: NumberStyle::Point,
        },
    ),
    (
        "number-comma",
        FieldType::Number {
            style: NumberStyle::Comma,
        },
    ),
    (
        "date-ymd",
        FieldType::Date {
            order: DateOrder::YearMonthDay,
        },
    ),
    (
        "date-dmy",
        FieldType::Date {
            order: DateOrder::DayMonthYear,
        },
    ),
    (
        "date-mdy",
        FieldType::Date {
            order: DateOrder::MonthDayYear,
        },
    ),
    ("boolean", FieldType::Boolean),
];

/// The type a form means.
pub(super) fn type_named(name: &str) -> Option<FieldType> {
    TYPES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, field_type)| *field_type)
}

pub(super) fn type_label(lang: Lang, field_type: FieldType) -> String {
    lang.t(match field_type {
        FieldType::Text => "sources-type-text",
        FieldType::Number {
            style: NumberStyle::Point,
        } => "sources-type-number-point",
        FieldType::Number {
            style: NumberStyle::Comma,
        } => "sources-type-number-comma",
        FieldType::Date {
            order: DateOrder::YearMonthDay,
        } => "sources-type-date-ymd",
        FieldType::Date {
            order: DateOrder::DayMonthYear,
        } => "sources-type-date-dmy",
        FieldType::Date {
            order: DateOrder::MonthDayYear,
        } => "sources-type-date-mdy",
        FieldType::Boolean => "sources-type-boolean",
    })
}

pub(super) fn delimiter_label(lang: Lang, delimiter: Delimiter) -> String {
    lang.t(match delimiter {
        Delimiter::Comma => "sources-delimiter-comma",
        Delimiter::Semicolon => "sources-delimiter-semicolon",
        Delimiter::Tab => "sources-delimiter-tab",
        Delimiter::Pipe => "sources-delimiter-pipe",
    })
}

pub(super) fn refusal(lang: Lang, refusal: &Refusal, columns: usize) -> String {
    match (refusal.detail.reason, refusal.detail.cells) {
        (RefusalReason::TooFewCells | RefusalReason::TooManyCells, Some(cells)) if columns > 0 => {
            lang.msg("sources-refused-cells")
                .num("cells", to_u64(cells))
                .num("columns", to_u64(columns))
                .to_string()
        }
        (reason, _) => refusal_reason(lang, reason),
    }
}

pub(super) fn refusal_reason(lang: Lang, reason: RefusalReason) -> String {
    lang.t(match reason {
        RefusalReason::TooFewCells => "sources-refused-too-few",
        RefusalReason::TooManyCells => "sources-refused-too-many",
        RefusalReason::UnclosedQuote => "sources-refused-unclosed-quote",
        RefusalReason::RowTooLong => "sources-refused-row-too-long",
        RefusalReason::CellTooLong => "sources-refused-cell-too-long",
        RefusalReason::InvalidText => "sources-refused-invalid-text",
        RefusalReason::NulByte => "sources-refused-nul",
        RefusalReason::KeyMissing => "sources-refused-key-missing",
        RefusalReason::KeyDuplicate => "sources-refused-key-duplicate",
    })
}

pub(super) fn heading_problem(lang: Lang, problem: HeadingProblem) -> String {
    lang.t(match problem {
        HeadingProblem::Blank => "sources-heading-blank",
        HeadingProblem::Duplicate => "sources-heading-duplicate",
        HeadingProblem::TooLong => "sources-heading-too-long",
    })
}

/// Why a load failed and what to do about it, in a sentence or two.
pub(super) fn failure(lang: Lang, failure: LoadFailure) -> String {
    let key = match failure {
        LoadFailure::Empty => "sources-failed-empty",
        LoadFailure::HeaderOnly => "sources-failed-header-only",
        LoadFailure::Binary { kind } => match kind {
            Some(BinaryKind::Workbook | BinaryKind::OldWorkbook) => "sources-failed-workbook",
            Some(BinaryKind::Compressed) => "sources-failed-compressed",
            Some(BinaryKind::Pdf | BinaryKind::Picture) | None => "sources-failed-binary",
        },
        LoadFailure::OddUtf16 => "sources-failed-odd-utf16",
        LoadFailure::TooManyColumns { found } => {
            return lang
                .msg("sources-failed-too-many-columns")
                .num("found", to_u64(found))
                .num("limit", to_u64(MAX_COLUMNS))
                .to_string();
        }
        LoadFailure::FirstRow { reason } => {
            return lang
                .msg("sources-failed-first-row")
                .text("reason", refusal_reason(lang, reason))
                .to_string();
        }
        LoadFailure::OtherColumns { expected, found } => {
            return lang
                .msg("sources-failed-other-columns")
                .num("expected", to_u64(expected))
                .num("found", to_u64(found))
                .to_string();
        }
        LoadFailure::NothingLoaded => "sources-failed-nothing-loaded",
        LoadFailure::Canceled => "sources-failed-canceled",
        LoadFailure::Interrupted => "sources-failed-interrupted",
        LoadFailure::NoSpace => "sources-failed-no-space",
        LoadFailure::Internal => "sources-failed-internal",
    };
    lang.t(key)
}

/// Tone and words of a load's state.
pub(super) fn state(lang: Lang, snapshot: &Snapshot) -> (Tone, String) {
    let (tone, key) = match (snapshot.state, snapshot.failure) {
        (SnapshotState::Loading, _) => (Tone::Progress, "sources-state-loading"),
        (SnapshotState::Ready, _) => (Tone::Success, "sources-state-ready"),
        (SnapshotState::Replaced, _) => (Tone::Neutral, "sources-state-replaced"),
        (SnapshotState::Failed, Some(LoadFailure::Canceled)) => {
            (Tone::Neutral, "sources-state-canceled")
        }
        (SnapshotState::Failed, _) => (Tone::Danger, "sources-state-failed"),
    };
    (tone, lang.t(key))
}

/// Size of a file in the largest unit that leaves at least two digits.
pub(super) fn size(lang: Lang, bytes: u64) -> String {
    const KIB: u64 = 1024;
    let (key, size) = match bytes {
        0..10_240 => ("sources-size-bytes", bytes),
        10_240..10_485_760 => ("sources-size-kb", bytes / KIB),
        _ => ("sources-size-mb", bytes / KIB / KIB),
    };
    lang.msg(key).num("size", size).to_string()
}

fn to_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
