//! What the page of the condition builder shows.

use actix_web::http::StatusCode;
use askama::Template;
use uuid::Uuid;

use crate::profiles::{Field, FieldType};
use crate::segments::form::{self, TypedCondition};
use crate::segments::operator::Operator;
use crate::segments::words::{RuleLine, RuleWords};
use crate::web::{FieldErrors, Page};

#[derive(Template)]
#[template(path = "segments/edit.html")]
pub(super) struct EditPage {
    pub(super) page: Page,
    /// Name of the saved segment; empty for a new one.
    pub(super) saved_name: String,
    pub(super) action: String,
    pub(super) errors: FieldErrors,
    /// Who saved the segment meanwhile, in a sentence, or empty.
    pub(super) conflict: String,
    pub(super) name: String,
    pub(super) version: i32,
    pub(super) sources: Vec<SourceChoice>,
    /// Name of the source of a saved segment, which stays.
    pub(super) source: String,
    pub(super) is_or: bool,
    pub(super) fields: Vec<FieldChoice>,
    pub(super) rows: Vec<ConditionRow>,
    pub(super) may_add: bool,
    pub(super) focus: Focus,
    /// Members counted just now, in a sentence, or empty.
    pub(super) counted: String,
    /// The rule in words when the form cannot show it.
    pub(super) locked: Option<Vec<RuleLine>>,
}

pub(super) struct SourceChoice {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) is_chosen: bool,
}

pub(super) struct FieldChoice {
    pub(super) name: String,
    pub(super) type_name: &'static str,
    pub(super) type_key: &'static str,
}

/// Inputs of one condition.
pub(super) struct ConditionRow {
    pub(super) index: usize,
    pub(super) number: usize,
    pub(super) field_id: String,
    pub(super) operator_id: String,
    pub(super) value_id: String,
    pub(super) to_id: String,
    pub(super) values_id: String,
    pub(super) days_id: String,
    pub(super) case_id: String,
    pub(super) typed: TypedCondition,
    /// Whether the chosen field is not in the source.
    pub(super) is_field_gone: bool,
    /// `date` where the browser's own calendar can show what was typed, otherwise `text`.
    pub(super) value_kind: &'static str,
}

/// Where the visitor goes on after pressing a button.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Focus {
    Nowhere,
    Condition(usize),
    Add,
    Count,
}

impl Focus {
    fn is_condition(self, index: &usize) -> bool {
        self == Self::Condition(*index)
    }
}

/// What a page says besides the form.
pub(super) struct Outcome {
    pub(super) status: StatusCode,
    pub(super) errors: FieldErrors,
    pub(super) conflict: String,
    pub(super) focus: Focus,
    pub(super) counted: String,
}

impl Outcome {
    pub(super) fn fine(focus: Focus) -> Self {
        Self {
            status: StatusCode::OK,
            errors: FieldErrors::default(),
            conflict: String::new(),
            focus,
            counted: String::new(),
        }
    }

    pub(super) fn refused(errors: FieldErrors) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            errors,
            ..Self::fine(Focus::Nowhere)
        }
    }
}

impl ConditionRow {
    pub(super) fn new(index: usize, typed: TypedCondition, fields: &[Field]) -> Self {
        let field = fields.iter().find(|field| field.name == typed.field);
        let is_day = |text: &str| {
            let day = text.parse::<jiff::civil::Date>();
            text.is_empty() || day.is_ok_and(|day| day.to_string() == text)
        };
        let is_date = field.is_some_and(|field| matches!(field.field_type, FieldType::Date { .. }))
            && is_day(&typed.typed.value)
            && is_day(&typed.typed.to);
        Self {
            index,
            number: index + 1,
            field_id: form::id(index, "field"),
            operator_id: form::id(index, "operator"),
            value_id: form::id(index, "value"),
            to_id: form::id(index, "to"),
            values_id: form::id(index, "values"),
            days_id: form::id(index, "days"),
            case_id: form::id(index, "case"),
            is_field_gone: field.is_none() && !typed.field.is_empty(),
            value_kind: if is_date { "date" } else { "text" },
            typed,
        }
    }
}
