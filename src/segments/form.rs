//! The condition builder's form: what was typed, kept as typed, and the rule it means.
//!
//! Conditions are numbered in the names of their fields (`c0-field`, `c0-operator`, `c0-value`...), so that the form
//! works without a script; numbers may have gaps.

use std::collections::BTreeMap;

use jiff::civil::Date;
use uuid::Uuid;

use super::operator::{Operator, Typed};
use super::{
    Combine, Comparison, Condition, MAX_CONDITIONS, MAX_DAYS, MAX_VALUE_CHARACTERS, MAX_VALUES,
    Rule, RuleProblem, RuleProblemKind,
};
use crate::locale::Lang;
use crate::names::{MAX_NAME_CHARACTERS, Name, NameProblem};
use crate::profiles::{Field, FieldType};
use crate::web::FieldErrors;

/// Characters typed into all conditions together: as much as [`crate::web::csrf::LARGEST_FORM_BYTES`] carries in any
/// language. 10,000 values may have 48 characters each.
pub(super) const MAX_TYPED_CHARACTERS: usize = 500_000;

/// What was typed.
#[derive(Clone, Debug)]
pub(super) struct SegmentForm {
    /// Name.
    pub(super) name: String,
    /// Source chosen.
    pub(super) source: Option<Uuid>,
    /// Version of the segment the form was filled from; 0 for a new one.
    pub(super) version: i32,
    /// How conditions are joined.
    pub(super) combine: Combine,
    /// Conditions.
    pub(super) conditions: Vec<TypedCondition>,
    /// What the pressed button asks for.
    pub(super) action: Action,
}

/// One condition as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TypedCondition {
    /// Name of the field; empty when none was chosen.
    pub(super) field: String,
    /// Id of the operator; empty when none was chosen.
    pub(super) operator: String,
    /// Values.
    pub(super) typed: Typed,
}

/// What a button of the form does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Draws the form again, for example with the fields of another source.
    Show,
    /// Adds an empty condition.
    Add,
    /// Takes away the condition with an index.
    Remove(usize),
    /// Counts the members without saving.
    Count,
    /// Saves.
    Save,
}

impl Default for SegmentForm {
    /// A new segment: one condition to fill in.
    fn default() -> Self {
        Self {
            name: String::new(),
            source: None,
            version: 0,
            combine: Combine::And,
            conditions: vec![TypedCondition::default()],
            action: Action::Show,
        }
    }
}

impl SegmentForm {
    /// Reads what a browser sent. What it left out stays empty.
    pub(super) fn read(pairs: Vec<(String, String)>) -> Self {
        let mut form = Self {
            conditions: Vec::new(),
            ..Self::default()
        };
        let mut conditions: BTreeMap<usize, TypedCondition> = BTreeMap::new();
        let mut removed: Option<usize> = None;
        for (name, value) in pairs {
            match name.as_str() {
                "name" => form.name = value,
                "source" => form.source = value.parse().ok(),
                "version" => form.version = value.parse().unwrap_or_default(),
                "combine" if value == "or" => form.combine = Combine::Or,
                "do" => match value.as_str() {
                    "add" => form.action = Action::Add,
                    "count" => form.action = Action::Count,
                    "save" => form.action = Action::Save,
                    other => {
                        removed = other
                            .strip_prefix("remove-")
                            .and_then(|index| index.parse().ok())
                    }
                },
                name => {
                    if let Some((index, part)) = numbered(name) {
                        conditions.entry(index).or_default().set(part, value);
                    }
                }
            }
        }
        if let Some(removed) = removed {
            let position = conditions.keys().position(|index| *index == removed);
            form.action = position.map_or(Action::Show, Action::Remove);
        }
        form.conditions = conditions.into_values().collect();
        form
    }

    /// The form filled with a rule of one group; `None` for a rule it cannot show.
    pub(super) fn fill(&mut self, rule: &Rule) -> Option<()> {
        let (combine, conditions) = rule.as_flat()?;
        self.combine = combine;
        self.conditions = conditions
            .into_iter()
            .map(|condition| {
                let (operator, typed) = Operator::of(&condition.comparison);
                TypedCondition {
                    field: condition.field.clone(),
                    operator: operator.id().to_owned(),
                    typed,
                }
            })
            .collect();
        Some(())
    }

    /// The name, or what is wrong with it.
    pub(super) fn check_name(&self, lang: Lang, errors: &mut FieldErrors) -> Option<Name> {
        let problem = match Name::parse(&self.name) {
            Ok(name) => return Some(name),
            Err(problem) => problem,
        };
        let message = match problem {
            NameProblem::Empty => lang.msg("segments-problem-name-empty"),
            NameProblem::TooLong => lang
                .msg("segments-problem-name-long")
                .num("max", MAX_NAME_CHARACTERS),
            NameProblem::ControlCharacter => lang.msg("segments-problem-name-control"),
        };
        errors.add("name", message.to_string());
        None
    }

    /// The rule typed, if it fits a source with `fields`; otherwise adds what is wrong, beside the input it is about.
    pub(super) fn check_rule(
        &self,
        lang: Lang,
        fields: &[Field],
        today: Date,
        errors: &mut FieldErrors,
    ) -> Option<Rule> {
        let before = errors.len();
        let mut conditions = Vec::new();
        for (index, typed) in self.conditions.iter().enumerate() {
            let mut missing = |part, key| {
                let message = lang.msg(key).num("number", index + 1);
                errors.add(id(index, part), message.to_string());
            };
            let operator = Operator::from_id(&typed.operator);
            if typed.field.is_empty() {
                missing("field", "segments-problem-field-missing");
            }
            if operator.is_none() {
                missing("operator", "segments-problem-operator-missing");
            }
            let Some(operator) = operator.filter(|_| !typed.field.is_empty()) else {
                continue;
            };
            let condition = Condition {
                field: typed.field.clone(),
                comparison: operator.compare(&typed.typed),
            };
            // Each on its own: problems of a whole rule would be numbered over the complete conditions only.
            let alone = Rule::Condition(condition.clone());
            for problem in alone.compile(fields, today).err().unwrap_or_default() {
                let input = input_of(&condition, &problem, fields, today);
                errors.add(id(index, input), describe(lang, index + 1, &problem));
            }
            conditions.push(condition);
        }
        if self.conditions.len() > MAX_CONDITIONS {
            let message = lang.msg("segments-problem-too-many-conditions");
            errors.add("", message.num("max", MAX_CONDITIONS).to_string());
        }
        let typed = self.conditions.iter().map(TypedCondition::characters);
        if typed.clone().sum::<usize>() > MAX_TYPED_CHARACTERS
            && let Some((index, _)) = typed.enumerate().max_by_key(|(_, characters)| *characters)
        {
            let message = lang.msg("segments-problem-too-much-text");
            let message = message.num("max", MAX_TYPED_CHARACTERS);
            errors.add(id(index, "values"), message.to_string());
        }
        (errors.len() == before).then(|| Rule::flat(self.combine, conditions))
    }
}

impl TypedCondition {
    fn characters(&self) -> usize {
        let Typed {
            value, to, values, ..
        } = &self.typed;
        [value, to, values]
            .iter()
            .map(|text| text.chars().count())
            .sum()
    }

    fn set(&mut self, part: &str, value: String) {
        match part {
            "field" => self.field = value,
            "operator" => self.operator = value,
            "value" => self.typed.value = value,
            "to" => self.typed.to = value,
            "values" => self.typed.values = value,
            "days" => self.typed.days = value,
            "case" => self.typed.ignore_case = true,
            _ => {}
        }
    }
}

/// Name and id of an input of the condition with an index.
pub(super) fn id(index: usize, part: &str) -> String {
    format!("c{index}-{part}")
}

/// Index and part of an input's name. One more than a rule may hold is let in, so that it is refused with a message.
fn numbered(name: &str) -> Option<(usize, &str)> {
    let (index, part) = name.strip_prefix('c')?.split_once('-')?;
    let index = index.parse().ok().filter(|index| *index <= MAX_CONDITIONS);
    Some((index?, part))
}

/// Which input a problem is about.
fn input_of(
    condition: &Condition,
    problem: &RuleProblem,
    fields: &[Field],
    today: Date,
) -> &'static str {
    use RuleProblemKind as P;
    match (&problem.kind, &condition.comparison) {
        (P::UnknownField, _) => "field",
        (P::WrongType(_), _) => "operator",
        (_, Comparison::AnyOf { .. }) => "values",
        (_, Comparison::WithinLastDays { .. }) => "days",
        (P::FromAboveTo, _) => "to",
        (_, Comparison::Between { from, .. }) => {
            let comparison = Comparison::AtLeast {
                value: from.clone(),
            };
            let from_alone = Rule::Condition(Condition {
                field: condition.field.clone(),
                comparison,
            });
            match from_alone.compile(fields, today) {
                Ok(_) => "to",
                Err(_) => "value",
            }
        }
        _ => "value",
    }
}

/// What is wrong with a condition, counted from 1, in words.
pub(super) fn describe(lang: Lang, number: usize, problem: &RuleProblem) -> String {
    use RuleProblemKind as P;
    let field = problem.field.as_str();
    let about = |key| lang.msg(key).num("number", number).text("field", field);
    let message = match problem.kind {
        P::UnknownField => about("segments-problem-field-gone"),
        P::WrongType(field_type) => {
            about("segments-problem-operator-type").text("type", lang.t(type_key(field_type)))
        }
        P::ValueMissing => about("segments-problem-value-missing"),
        P::ValueTooLong => about("segments-problem-value-long").num("max", MAX_VALUE_CHARACTERS),
        P::NotANumber => about("segments-problem-not-a-number"),
        P::NotADate => about("segments-problem-not-a-date"),
        P::FromAboveTo => about("segments-problem-from-above-to"),
        P::Days => about("segments-problem-days").num("max", MAX_DAYS),
        P::TooManyValues => about("segments-problem-too-many-values").num("max", MAX_VALUES),
        P::TooManyConditions => {
            about("segments-problem-too-many-conditions").num("max", MAX_CONDITIONS)
        }
        P::EmptyGroup | P::TooDeep => about("segments-problem-group"),
    };
    message.to_string()
}

/// Message key of a field type's name.
pub(super) fn type_key(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Text => "segments-type-text",
        FieldType::Number { .. } => "segments-type-number",
        FieldType::Date { .. } => "segments-type-date",
        FieldType::Boolean => "segments-type-boolean",
    }
}

#[cfg(test)]
#[path = "form_tests.rs"]
mod tests;
