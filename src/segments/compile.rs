//! From a rule over named fields to a [`Filter`] over the columns of one snapshot, or what is wrong with the rule.

use jiff::civil::Date;
use jiff::{Span, ToSpan};

use super::rule::{Combine, Comparison, Condition, Rule, SetOperation, TextValue};
use crate::profiles::value::{DateOrder, Decimal, NumberStyle};
use crate::profiles::{Field, FieldType, Filter, NumberRange, Test, TextOp};

/// Conditions in one rule. More could not be read by a person, and each costs time on every profile.
pub const MAX_CONDITIONS: usize = 1_000;
/// Values of one *any of*.
pub const MAX_VALUES: usize = 10_000;
/// Characters of one value.
pub const MAX_VALUE_CHARACTERS: usize = 1_000;
/// Groups within groups.
pub const MAX_DEPTH: usize = 20;
/// Longest *within the last N days*: a hundred years.
pub const MAX_DAYS: u32 = 36_525;

/// One thing wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("condition {} ({field}): {kind}", condition + 1)]
pub struct RuleProblem {
    /// Which condition, counted from 0 through the whole rule; the next one for a problem of a group.
    pub condition: usize,
    /// Field of the condition; empty for a problem of a group.
    pub field: String,
    /// What is wrong.
    pub kind: RuleProblemKind,
}

/// What is wrong with a condition or group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleProblemKind {
    /// The source has no such field (any more).
    #[error("the source has no field of this name")]
    UnknownField,
    /// The comparison is for fields of other types.
    #[error("this comparison does not go with a {} field", .0.name())]
    WrongType(FieldType),
    /// A value is missing.
    #[error("a value is missing")]
    ValueMissing,
    /// A value is longer than [`MAX_VALUE_CHARACTERS`].
    #[error("a value is longer than {MAX_VALUE_CHARACTERS} characters")]
    ValueTooLong,
    /// The value is not a number.
    #[error("this is not a number")]
    NotANumber,
    /// The value is not a day of the form 2024-05-31.
    #[error("this is not a date of the form 2024-05-31")]
    NotADate,
    /// The lower end of *between* is above the upper end.
    #[error("the first value is above the second")]
    FromAboveTo,
    /// No days, or more than [`MAX_DAYS`].
    #[error("the number of days must be between 1 and {MAX_DAYS}")]
    Days,
    /// More values than [`MAX_VALUES`].
    #[error("there are more than {MAX_VALUES} values")]
    TooManyValues,
    /// A group that is not the outermost has no condition.
    #[error("a group has no condition")]
    EmptyGroup,
    /// More conditions than [`MAX_CONDITIONS`].
    #[error("there are more than {MAX_CONDITIONS} conditions")]
    TooManyConditions,
    /// Groups nested deeper than [`MAX_DEPTH`].
    #[error("groups are nested more than {MAX_DEPTH} deep")]
    TooDeep,
}

impl Rule {
    /// The condition this rule means for a snapshot with `fields`, on the day `today`.
    ///
    /// # Errors
    /// Everything that is wrong with the rule, in the order of its conditions.
    pub fn compile(&self, fields: &[Field], today: Date) -> Result<Filter, Vec<RuleProblem>> {
        let mut compiler = Compiler {
            fields,
            today,
            conditions: 0,
            problems: Vec::new(),
        };
        let is_everyone = matches!(self, Self::Group { rules, .. } if rules.is_empty());
        let filter = if is_everyone {
            Filter::EVERYONE
        } else {
            compiler.rule(self, 0)
        };
        if compiler.problems.is_empty() {
            Ok(filter)
        } else {
            Err(compiler.problems)
        }
    }
}

struct Compiler<'a> {
    fields: &'a [Field],
    today: Date,
    /// Conditions seen.
    conditions: usize,
    problems: Vec<RuleProblem>,
}

impl Compiler<'_> {
    fn rule(&mut self, rule: &Rule, depth: usize) -> Filter {
        if depth > MAX_DEPTH {
            return self.refuse_group(RuleProblemKind::TooDeep);
        }
        match rule {
            Rule::Group { rules, .. } if rules.is_empty() => {
                self.refuse_group(RuleProblemKind::EmptyGroup)
            }
            Rule::Group { combine, rules } => {
                let filters = rules
                    .iter()
                    .map(|rule| self.rule(rule, depth + 1))
                    .collect();
                match combine {
                    Combine::And => Filter::All(filters),
                    Combine::Or => Filter::Any(filters),
                }
            }
            Rule::Sets { first, then } => {
                let first = self.rule(first, depth + 1);
                then.iter().fold(first, |set, step| {
                    let other = self.rule(&step.rule, depth + 1);
                    match step.operation {
                        SetOperation::Union => Filter::Any(vec![set, other]),
                        SetOperation::Intersect => Filter::All(vec![set, other]),
                        SetOperation::Except => Filter::All(vec![set, other.negate()]),
                    }
                })
            }
            Rule::Condition(condition) => self.condition(condition),
        }
    }

    fn condition(&mut self, condition: &Condition) -> Filter {
        let index = self.conditions;
        self.conditions += 1;
        if index >= MAX_CONDITIONS {
            if index == MAX_CONDITIONS {
                return self.refuse_group(RuleProblemKind::TooManyConditions);
            }
            return Filter::EVERYONE; // one report is enough
        }
        let column = self
            .fields
            .iter()
            .position(|field| field.name == condition.field);
        let compiled = column
            .ok_or(RuleProblemKind::UnknownField)
            .and_then(|column| self.comparison(column, &condition.comparison));
        compiled.unwrap_or_else(|kind| {
            self.problems.push(RuleProblem {
                condition: index,
                field: condition.field.clone(),
                kind,
            });
            Filter::EVERYONE
        })
    }

    fn comparison(
        &self,
        column: usize,
        comparison: &Comparison,
    ) -> Result<Filter, RuleProblemKind> {
        use Comparison as C;
        let field_type = self.fields[column].field_type;
        let test = |test| Ok(Filter::test(column, test));
        let text = |op, value: &TextValue| {
            let value_text = checked(&value.value)?;
            test(Test::text(op, value_text, value.ignore_case))
        };
        match (comparison, field_type) {
            (C::IsEmpty, _) => test(Test::Empty),
            (C::IsNotEmpty, _) => Ok(Filter::test(column, Test::Empty).negate()),
            (C::Is(value), FieldType::Text) => text(TextOp::Is, value),
            (C::IsNot(value), FieldType::Text) => Ok(text(TextOp::Is, value)?.negate()),
            (C::Contains(value), FieldType::Text) => text(TextOp::Contains, value),
            (C::StartsWith(value), FieldType::Text) => text(TextOp::StartsWith, value),
            (C::EndsWith(value), FieldType::Text) => text(TextOp::EndsWith, value),
            (C::AnyOf { values, .. }, _) if values.is_empty() => Err(RuleProblemKind::ValueMissing),
            (C::AnyOf { values, .. }, _) if values.len() > MAX_VALUES => {
                Err(RuleProblemKind::TooManyValues)
            }
            (
                C::AnyOf {
                    values,
                    ignore_case,
                },
                FieldType::Text,
            ) => {
                let values: Vec<&str> = values
                    .iter()
                    .map(|v| checked(v))
                    .collect::<Result<_, _>>()?;
                test(Test::any_of(values, *ignore_case))
            }
            (C::AnyOf { values, .. }, FieldType::Number { style }) => {
                let one = |value: &String| {
                    Ok(Filter::test(
                        column,
                        numbers(style, NumberRange::exactly(number(value)?)),
                    ))
                };
                Ok(Filter::Any(
                    values.iter().map(one).collect::<Result<_, _>>()?,
                ))
            }
            (C::AnyOf { values, .. }, FieldType::Date { order }) => {
                let one = |value: &String| {
                    let day = Some(day(value)?);
                    Ok(Filter::test(column, days(order, day, day)))
                };
                Ok(Filter::Any(
                    values.iter().map(one).collect::<Result<_, _>>()?,
                ))
            }
            (C::NotEquals { value }, FieldType::Number { .. } | FieldType::Date { .. }) => {
                let equals = C::Equals {
                    value: value.clone(),
                };
                Ok(self.comparison(column, &equals)?.negate())
            }
            (comparison, FieldType::Number { style }) => {
                test(numbers(style, number_range(comparison, field_type)?))
            }
            (comparison, FieldType::Date { order }) => {
                let (first, last) = self.day_range(comparison, field_type)?;
                match (first, last) {
                    // Before the first day or after the last day there is.
                    (Some(first), Some(last)) if first > last => Ok(Filter::Any(Vec::new())),
                    _ => test(days(order, first, last)),
                }
            }
            (C::IsTrue, FieldType::Boolean) => test(Test::Boolean(true)),
            (C::IsFalse, FieldType::Boolean) => test(Test::Boolean(false)),
            (_, field_type) => Err(RuleProblemKind::WrongType(field_type)),
        }
    }

    fn day_range(
        &self,
        comparison: &Comparison,
        field_type: FieldType,
    ) -> Result<(Option<Date>, Option<Date>), RuleProblemKind> {
        use Comparison as C;
        Ok(match comparison {
            C::Equals { value } => (Some(day(value)?), Some(day(value)?)),
            C::LessThan { value } => match day(value)?.yesterday() {
                Ok(last) => (None, Some(last)),
                Err(_) => (Some(Date::MAX), Some(Date::MIN)),
            },
            C::AtMost { value } => (None, Some(day(value)?)),
            C::MoreThan { value } => match day(value)?.tomorrow() {
                Ok(first) => (Some(first), None),
                Err(_) => (Some(Date::MAX), Some(Date::MIN)),
            },
            C::AtLeast { value } => (Some(day(value)?), None),
            C::Between { from, to } => {
                let (first, last) = (day(from)?, day(to)?);
                if first > last {
                    return Err(RuleProblemKind::FromAboveTo);
                }
                (Some(first), Some(last))
            }
            C::WithinLastDays { days } => {
                if !(1..=MAX_DAYS).contains(days) {
                    return Err(RuleProblemKind::Days);
                }
                let span: Span = i64::from(*days).days();
                (Some(self.today.saturating_sub(span)), Some(self.today))
            }
            _ => return Err(RuleProblemKind::WrongType(field_type)),
        })
    }

    fn refuse_group(&mut self, kind: RuleProblemKind) -> Filter {
        self.problems.push(RuleProblem {
            condition: self.conditions,
            field: String::new(),
            kind,
        });
        Filter::EVERYONE
    }
}

fn number_range(
    comparison: &Comparison,
    field_type: FieldType,
) -> Result<NumberRange, RuleProblemKind> {
    use Comparison as C;
    let bound = |value: &str, included| Ok::<_, RuleProblemKind>(Some((number(value)?, included)));
    Ok(match comparison {
        C::Equals { value } => NumberRange::exactly(number(value)?),
        C::LessThan { value } => NumberRange {
            from: None,
            to: bound(value, false)?,
        },
        C::AtMost { value } => NumberRange {
            from: None,
            to: bound(value, true)?,
        },
        C::MoreThan { value } => NumberRange {
            from: bound(value, false)?,
            to: None,
        },
        C::AtLeast { value } => NumberRange {
            from: bound(value, true)?,
            to: None,
        },
        C::Between { from, to } => {
            let (from, to) = (number(from)?, number(to)?);
            if from > to {
                return Err(RuleProblemKind::FromAboveTo);
            }
            NumberRange {
                from: Some((from, true)),
                to: Some((to, true)),
            }
        }
        _ => return Err(RuleProblemKind::WrongType(field_type)),
    })
}

fn numbers(style: NumberStyle, range: NumberRange) -> Test {
    Test::Number { style, range }
}

fn days(order: DateOrder, first: Option<Date>, last: Option<Date>) -> Test {
    Test::Days { order, first, last }
}

fn checked(value: &str) -> Result<&str, RuleProblemKind> {
    let value = value.trim();
    match value.chars().count() {
        0 => Err(RuleProblemKind::ValueMissing),
        length if length > MAX_VALUE_CHARACTERS => Err(RuleProblemKind::ValueTooLong),
        _ => Ok(value),
    }
}

fn number(value: &str) -> Result<Decimal, RuleProblemKind> {
    let number = NumberStyle::Point.parse(checked(value)?);
    number.ok_or(RuleProblemKind::NotANumber)
}

fn day(value: &str) -> Result<Date, RuleProblemKind> {
    let day = DateOrder::YearMonthDay.parse(checked(value)?);
    day.ok_or(RuleProblemKind::NotADate)
}

#[cfg(test)]
#[path = "compile_tests.rs"]
mod tests;
