//! Which profiles: conditions over columns, independent of the storage that evaluates them.
//!
//! A [`Filter`] is compiled from a segment's rule. [`Test::matches`] is the one definition of what a condition means;
//! storages must agree with [`Filter::matches`] on every row.

use std::cmp::Ordering;
use std::collections::HashSet;

use jiff::civil::Date;

use super::value::{
    DateOrder, Decimal, NumberStyle, fold, folded_contains, folded_ends_with, folded_eq,
    folded_starts_with, parse_boolean,
};

/// A condition on whole profiles.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Every one of these; all profiles when there is none.
    All(Vec<Filter>),
    /// At least one of these; no profile when there is none.
    Any(Vec<Filter>),
    /// The others.
    Not(Box<Filter>),
    /// A test of one column's value.
    Test {
        /// Position of the column in the snapshot.
        column: usize,
        /// What its value must be.
        test: Test,
    },
}

impl Filter {
    /// Whether it is plain from its form that it takes every profile; a test of a value may still take them all.
    pub fn is_everyone(&self) -> bool {
        match self {
            Self::All(filters) => filters.iter().all(Self::is_everyone),
            Self::Any(filters) => filters.iter().any(Self::is_everyone),
            Self::Not(_) | Self::Test { .. } => false,
        }
    }
}

/// A test of one value. White space around the value never counts.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Nothing but white space.
    Empty,
    /// Text compared with `needle`.
    Text {
        /// How.
        op: TextOp,
        /// Trimmed; folded when `ignore_case`.
        needle: String,
        /// Compare folded text, see [`fold`].
        ignore_case: bool,
    },
    /// One of these texts.
    AnyOf {
        /// Trimmed; folded when `ignore_case`.
        values: HashSet<String>,
        /// Compare folded text, see [`fold`].
        ignore_case: bool,
    },
    /// A number within a range; text that is not a number in this style is in none.
    Number {
        /// How the column writes numbers.
        style: NumberStyle,
        /// Where the number must lie.
        range: NumberRange,
    },
    /// A day from `first` to `last`, both included; text that is not a day is in no range.
    Days {
        /// How the column writes days.
        order: DateOrder,
        /// No lower bound when `None`.
        first: Option<Date>,
        /// No upper bound when `None`.
        last: Option<Date>,
    },
    /// A word for this boolean.
    Boolean(bool),
}

/// How text is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextOp {
    /// The whole value.
    Is,
    /// Anywhere in the value.
    Contains,
    /// At its beginning.
    StartsWith,
    /// At its end.
    EndsWith,
}

/// A range of numbers; each bound says whether it belongs to the range itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NumberRange {
    /// Lower bound and whether it is included.
    pub from: Option<(Decimal, bool)>,
    /// Upper bound and whether it is included.
    pub to: Option<(Decimal, bool)>,
}

impl Filter {
    /// All profiles.
    pub const EVERYONE: Self = Self::All(Vec::new());

    /// A test of one column.
    pub fn test(column: usize, test: Test) -> Self {
        Self::Test { column, test }
    }

    /// The opposite.
    #[must_use]
    pub fn negate(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// Evaluates the condition on one profile whose values `value` hands out by column.
    pub fn matches<'a>(&self, value: &impl Fn(usize) -> &'a str) -> bool {
        match self {
            Self::All(filters) => filters.iter().all(|filter| filter.matches(value)),
            Self::Any(filters) => filters.iter().any(|filter| filter.matches(value)),
            Self::Not(filter) => !filter.matches(value),
            Self::Test { column, test } => test.matches(value(*column)),
        }
    }

    /// Appends every column tested; may repeat.
    pub(super) fn add_columns(&self, columns: &mut Vec<usize>) {
        match self {
            Self::All(filters) | Self::Any(filters) => {
                filters
                    .iter()
                    .for_each(|filter| filter.add_columns(columns));
            }
            Self::Not(filter) => filter.add_columns(columns),
            Self::Test { column, .. } => columns.push(*column),
        }
    }

    /// The highest column tested, `None` when no column is.
    pub fn highest_column(&self) -> Option<usize> {
        match self {
            Self::All(filters) | Self::Any(filters) => {
                filters.iter().filter_map(Self::highest_column).max()
            }
            Self::Not(filter) => filter.highest_column(),
            Self::Test { column, .. } => Some(*column),
        }
    }
}

impl Test {
    /// Text compared with `needle`, trimmed and folded as needed.
    pub fn text(op: TextOp, needle: &str, ignore_case: bool) -> Self {
        Self::Text {
            op,
            needle: prepared(needle, ignore_case),
            ignore_case,
        }
    }

    /// One of `values`, trimmed and folded as needed.
    pub fn any_of<'a>(values: impl IntoIterator<Item = &'a str>, ignore_case: bool) -> Self {
        let values = values.into_iter();
        Self::AnyOf {
            values: values.map(|value| prepared(value, ignore_case)).collect(),
            ignore_case,
        }
    }

    /// Whether a value passes.
    pub fn matches(&self, value: &str) -> bool {
        let value = value.trim();
        match self {
            Self::Empty => value.is_empty(),
            Self::Text {
                op,
                needle,
                ignore_case: false,
            } => match op {
                TextOp::Is => value == needle,
                TextOp::Contains => value.contains(needle.as_str()),
                TextOp::StartsWith => value.starts_with(needle.as_str()),
                TextOp::EndsWith => value.ends_with(needle.as_str()),
            },
            Self::Text { op, needle, .. } => match op {
                TextOp::Is => folded_eq(value, needle),
                TextOp::Contains => folded_contains(value, needle),
                TextOp::StartsWith => folded_starts_with(value, needle),
                TextOp::EndsWith => folded_ends_with(value, needle),
            },
            Self::AnyOf {
                values,
                ignore_case,
            } => match ignore_case {
                true => values.contains(fold(value).as_ref()),
                false => values.contains(value),
            },
            Self::Number { style, range } => range.contains(*style, value),
            Self::Days { order, first, last } => order.parse(value).is_some_and(|day| {
                first.is_none_or(|first| first <= day) && last.is_none_or(|last| day <= last)
            }),
            Self::Boolean(wanted) => parse_boolean(value) == Some(*wanted),
        }
    }
}

impl NumberRange {
    /// Exactly this number.
    pub fn exactly(number: Decimal) -> Self {
        Self {
            from: Some((number.clone(), true)),
            to: Some((number, true)),
        }
    }

    fn contains(&self, style: NumberStyle, value: &str) -> bool {
        let lies = |bound: &Option<(Decimal, bool)>, beyond: Ordering| match bound {
            None => style.accepts(value),
            Some((bound, included)) => match style.compare(value, bound) {
                None => false,
                Some(Ordering::Equal) => *included,
                Some(order) => order == beyond,
            },
        };
        lies(&self.from, Ordering::Greater) && lies(&self.to, Ordering::Less)
    }
}

fn prepared(text: &str, ignore_case: bool) -> String {
    let text = text.trim();
    match ignore_case {
        true => fold(text).into_owned(),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_what_lies_between_its_bounds() {
        let number = |text| NumberStyle::Point.parse(text).unwrap();
        let range = NumberRange {
            from: Some((number("1"), false)),
            to: Some((number("2.5"), true)),
        };
        let test = Test::Number {
            style: NumberStyle::Point,
            range,
        };
        for (value, expected) in [
            ("1", false),
            ("1.01", true),
            (" 2.50 ", true),
            ("2.51", false),
            ("", false),
            ("x", false),
        ] {
            assert_eq!(test.matches(value), expected, "{value:?}");
        }
        let anything = Test::Number {
            style: NumberStyle::Point,
            range: NumberRange::default(),
        };
        assert!(anything.matches("7") && !anything.matches("seven"));
    }

    #[test]
    fn text_is_compared_trimmed_and_on_request_without_case() {
        assert!(Test::text(TextOp::Is, " Gold", false).matches("Gold "));
        assert!(!Test::text(TextOp::Is, "gold", false).matches("Gold"));
        assert!(Test::text(TextOp::Is, "ZÜRICH", true).matches("zürich"));
        assert!(Test::text(TextOp::Contains, "100%", false).matches("is 100% sure"));
        assert!(!Test::text(TextOp::Contains, "1_0", false).matches("100"));
        assert!(Test::any_of(["Boston", "são paulo"], true).matches("SÃO PAULO"));
        assert!(Test::Empty.matches(" \u{3000} "));
    }
}
