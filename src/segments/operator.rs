//! The operators of the condition builder: which fields each goes with and which values it asks for.

use super::{Comparison, TextValue};

/// What the second choice of a condition offers. One for each kind of [`Comparison`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Is,
    IsNot,
    Contains,
    StartsWith,
    EndsWith,
    AnyOf,
    Equals,
    NotEquals,
    LessThan,
    AtMost,
    MoreThan,
    AtLeast,
    Between,
    WithinLastDays,
    IsTrue,
    IsFalse,
    IsEmpty,
    IsNotEmpty,
}

/// Operators shown together because they go with fields of the same types.
pub(super) struct OperatorGroup {
    /// Message key of the group's name.
    pub(super) label_key: &'static str,
    /// Names of the field types, see [`crate::profiles::FieldType::name`], separated by blanks.
    pub(super) types: &'static str,
    /// Its operators.
    pub(super) operators: &'static [Operator],
}

/// What was typed beside a condition's operator; which of it counts depends on the operator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Typed {
    /// The one value, or the lower end.
    pub(super) value: String,
    /// Upper end.
    pub(super) to: String,
    /// Several values, one per line.
    pub(super) values: String,
    /// Number of days.
    pub(super) days: String,
    /// Whether case does not matter.
    pub(super) ignore_case: bool,
}

impl Operator {
    /// Every operator, in the order they are offered.
    pub(super) const GROUPS: [OperatorGroup; 6] = [
        OperatorGroup {
            label_key: "segments-operators-text",
            types: "text",
            operators: &[
                Self::Is,
                Self::IsNot,
                Self::Contains,
                Self::StartsWith,
                Self::EndsWith,
            ],
        },
        OperatorGroup {
            label_key: "segments-operators-number-date",
            types: "number date",
            operators: &[
                Self::Equals,
                Self::NotEquals,
                Self::LessThan,
                Self::AtMost,
                Self::MoreThan,
                Self::AtLeast,
                Self::Between,
            ],
        },
        OperatorGroup {
            label_key: "segments-operators-date",
            types: "date",
            operators: &[Self::WithinLastDays],
        },
        OperatorGroup {
            label_key: "segments-operators-boolean",
            types: "boolean",
            operators: &[Self::IsTrue, Self::IsFalse],
        },
        OperatorGroup {
            label_key: "segments-operators-text-number-date",
            types: "text number date",
            operators: &[Self::AnyOf],
        },
        OperatorGroup {
            label_key: "segments-operators-every",
            types: "text number date boolean",
            operators: &[Self::IsEmpty, Self::IsNotEmpty],
        },
    ];

    fn all() -> impl Iterator<Item = Self> {
        Self::GROUPS
            .iter()
            .flat_map(|group| group.operators.iter().copied())
    }

    /// The operator with an id.
    pub(super) fn from_id(id: &str) -> Option<Self> {
        Self::all().find(|operator| operator.id() == id)
    }

    /// Name in forms; the same as in stored rules.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Is => "is",
            Self::IsNot => "is_not",
            Self::Contains => "contains",
            Self::StartsWith => "starts_with",
            Self::EndsWith => "ends_with",
            Self::AnyOf => "any_of",
            Self::Equals => "equals",
            Self::NotEquals => "not_equals",
            Self::LessThan => "less_than",
            Self::AtMost => "at_most",
            Self::MoreThan => "more_than",
            Self::AtLeast => "at_least",
            Self::Between => "between",
            Self::WithinLastDays => "within_last_days",
            Self::IsTrue => "is_true",
            Self::IsFalse => "is_false",
            Self::IsEmpty => "is_empty",
            Self::IsNotEmpty => "is_not_empty",
        }
    }

    /// Message key of the words people read.
    pub(super) fn label_key(self) -> &'static str {
        match self {
            Self::Is => "segments-operator-is",
            Self::IsNot => "segments-operator-is-not",
            Self::Contains => "segments-operator-contains",
            Self::StartsWith => "segments-operator-starts-with",
            Self::EndsWith => "segments-operator-ends-with",
            Self::AnyOf => "segments-operator-any-of",
            Self::Equals => "segments-operator-equals",
            Self::NotEquals => "segments-operator-not-equals",
            Self::LessThan => "segments-operator-less-than",
            Self::AtMost => "segments-operator-at-most",
            Self::MoreThan => "segments-operator-more-than",
            Self::AtLeast => "segments-operator-at-least",
            Self::Between => "segments-operator-between",
            Self::WithinLastDays => "segments-operator-within-last-days",
            Self::IsTrue => "segments-operator-is-true",
            Self::IsFalse => "segments-operator-is-false",
            Self::IsEmpty => "segments-operator-is-empty",
            Self::IsNotEmpty => "segments-operator-is-not-empty",
        }
    }

    /// Which inputs it asks for: any of `value`, `to`, `values`, `days`, `case`, separated by blanks.
    pub(super) fn inputs(self) -> &'static str {
        match self {
            Self::Is | Self::IsNot | Self::Contains | Self::StartsWith | Self::EndsWith => {
                "value case"
            }
            Self::AnyOf => "values case",
            Self::Equals
            | Self::NotEquals
            | Self::LessThan
            | Self::AtMost
            | Self::MoreThan
            | Self::AtLeast => "value",
            Self::Between => "value to",
            Self::WithinLastDays => "days",
            Self::IsTrue | Self::IsFalse | Self::IsEmpty | Self::IsNotEmpty => "",
        }
    }

    /// The comparison with the values typed. A number of days that cannot be read becomes 0, which no rule accepts.
    pub(super) fn compare(self, typed: &Typed) -> Comparison {
        let text = || TextValue {
            value: typed.value.trim().to_owned(),
            ignore_case: typed.ignore_case,
        };
        let value = typed.value.trim().to_owned();
        match self {
            Self::Is => Comparison::Is(text()),
            Self::IsNot => Comparison::IsNot(text()),
            Self::Contains => Comparison::Contains(text()),
            Self::StartsWith => Comparison::StartsWith(text()),
            Self::EndsWith => Comparison::EndsWith(text()),
            Self::AnyOf => Comparison::AnyOf {
                values: lines(&typed.values),
                ignore_case: typed.ignore_case,
            },
            Self::Equals => Comparison::Equals { value },
            Self::NotEquals => Comparison::NotEquals { value },
            Self::LessThan => Comparison::LessThan { value },
            Self::AtMost => Comparison::AtMost { value },
            Self::MoreThan => Comparison::MoreThan { value },
            Self::AtLeast => Comparison::AtLeast { value },
            Self::Between => Comparison::Between {
                from: value,
                to: typed.to.trim().to_owned(),
            },
            Self::WithinLastDays => Comparison::WithinLastDays {
                days: typed.days.trim().parse().unwrap_or(0),
            },
            Self::IsTrue => Comparison::IsTrue,
            Self::IsFalse => Comparison::IsFalse,
            Self::IsEmpty => Comparison::IsEmpty,
            Self::IsNotEmpty => Comparison::IsNotEmpty,
        }
    }

    /// Operator and values of a stored comparison, as they are typed.
    pub(super) fn of(comparison: &Comparison) -> (Self, Typed) {
        let text = |text: &TextValue| Typed {
            value: text.value.clone(),
            ignore_case: text.ignore_case,
            ..Typed::default()
        };
        let one = |value: &String| Typed {
            value: value.clone(),
            ..Typed::default()
        };
        match comparison {
            Comparison::Is(value) => (Self::Is, text(value)),
            Comparison::IsNot(value) => (Self::IsNot, text(value)),
            Comparison::Contains(value) => (Self::Contains, text(value)),
            Comparison::StartsWith(value) => (Self::StartsWith, text(value)),
            Comparison::EndsWith(value) => (Self::EndsWith, text(value)),
            Comparison::AnyOf {
                values,
                ignore_case,
            } => {
                let typed = Typed {
                    values: values.join("\n"),
                    ignore_case: *ignore_case,
                    ..Typed::default()
                };
                (Self::AnyOf, typed)
            }
            Comparison::Equals { value } => (Self::Equals, one(value)),
            Comparison::NotEquals { value } => (Self::NotEquals, one(value)),
            Comparison::LessThan { value } => (Self::LessThan, one(value)),
            Comparison::AtMost { value } => (Self::AtMost, one(value)),
            Comparison::MoreThan { value } => (Self::MoreThan, one(value)),
            Comparison::AtLeast { value } => (Self::AtLeast, one(value)),
            Comparison::Between { from, to } => {
                let typed = Typed {
                    value: from.clone(),
                    to: to.clone(),
                    ..Typed::default()
                };
                (Self::Between, typed)
            }
            Comparison::WithinLastDays { days } => {
                let typed = Typed {
                    days: days.to_string(),
                    ..Typed::default()
                };
                (Self::WithinLastDays, typed)
            }
            Comparison::IsTrue => (Self::IsTrue, Typed::default()),
            Comparison::IsFalse => (Self::IsFalse, Typed::default()),
            Comparison::IsEmpty => (Self::IsEmpty, Typed::default()),
            Comparison::IsNotEmpty => (Self::IsNotEmpty, Typed::default()),
        }
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_reads_back_as_it_was_typed() {
        let typed = Typed {
            value: "10".into(),
            to: "20".into(),
            values: "a\nb".into(),
            days: "30".into(),
            ignore_case: true,
        };
        assert_eq!(Operator::all().count(), 18);
        for operator in Operator::all() {
            let comparison = operator.compare(&typed);
            let json = serde_json::to_value(&comparison).unwrap();
            assert_eq!(json["operator"], operator.id());
            assert_eq!(Operator::from_id(operator.id()), Some(operator));
            let (again, values) = Operator::of(&comparison);
            assert_eq!(again, operator);
            assert_eq!(again.compare(&values), comparison);
        }
    }

    #[test]
    fn several_values_are_lines_without_blanks() {
        assert_eq!(lines(" Zürich \r\n\r\n 香港\n"), ["Zürich", "香港"]);
    }
}
