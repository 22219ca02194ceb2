//! What the form of a preview sends: how the file is read, and what its columns are.

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::words::type_named;
use crate::profiles::Semantic;
use crate::sources::file::{LoadPlan, Overrides};
use crate::web::{FieldErrors, PageError, SignedIn};

/// Name and value of every field.
pub(super) type Fields = HashMap<String, String>;

/// Meanings a person assigns, with the name of the form's field and its label.
pub(super) const MEANINGS: [(Semantic, &str, &str); 4] = [
    (Semantic::Email, "email", "sources-meaning-email"),
    (
        Semantic::FirstName,
        "first_name",
        "sources-meaning-first-name",
    ),
    (Semantic::LastName, "last_name", "sources-meaning-last-name"),
    (Semantic::Key, "key", "sources-meaning-key"),
];

/// How the file is to be read.
///
/// # Errors
/// [`PageError::BadRequest`] for what the form does not offer.
pub(super) fn format(form: &Fields) -> Result<Overrides, PageError> {
    format_in(form, ["encoding", "delimiter", "has_header"])
}

/// How the file was read when the form was drawn.
///
/// # Errors
/// [`PageError::BadRequest`].
pub(super) fn shown_format(form: &Fields) -> Result<Overrides, PageError> {
    format_in(
        form,
        ["shown_encoding", "shown_delimiter", "shown_has_header"],
    )
}

fn format_in(form: &Fields, names: [&str; 3]) -> Result<Overrides, PageError> {
    let [encoding, delimiter, has_header] = names;
    let has_header: Option<HasHeader> = choice(form, has_header)?;
    Ok(Overrides {
        encoding: choice(form, encoding)?,
        delimiter: choice(form, delimiter)?,
        has_header: has_header.map(|chosen| chosen == HasHeader::True),
    })
}

#[derive(PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum HasHeader {
    True,
    False,
}

fn choice<T: DeserializeOwned>(form: &Fields, name: &str) -> Result<Option<T>, PageError> {
    let sent = form.get(name).cloned().map(Value::String);
    let chosen = sent.map(serde_json::from_value).transpose();
    chosen.map_err(|_| PageError::BadRequest)
}

/// Takes over what the person chose about columns.
pub(super) fn apply(
    form: &Fields,
    plan: &mut LoadPlan,
    visit: &SignedIn,
    errors: &mut FieldErrors,
) {
    for (column, field) in plan.fields.iter_mut().enumerate() {
        let chosen = form.get(&format!("type-{column}"));
        let Some(chosen) = chosen.and_then(|name| type_named(name)) else {
            continue;
        };
        // What is left as proposed stays a proposal, which the whole file may still correct.
        field.is_type_decided |= chosen != field.field_type;
        field.field_type = chosen;
    }
    plan.fields
        .iter_mut()
        .for_each(|field| field.semantic = None);
    plan.key = None;
    for (semantic, name, _) in &MEANINGS {
        let Some(column) = column_chosen(form, name, plan) else {
            continue;
        };
        if plan.fields[column].semantic.is_some() {
            errors.add(*name, visit.t("sources-meaning-twice"));
            continue;
        }
        plan.fields[column].semantic = Some(*semantic);
        if *semantic == Semantic::Key {
            plan.key = Some(column);
        }
    }
}

/// Takes over, into the proposal for another way to read the file, what the person changed in the one `before`. Columns
/// are the same as long as there are as many; what was left as proposed is proposed anew.
pub(super) fn carry_over(form: &Fields, before: &LoadPlan, plan: &mut LoadPlan) {
    if before.fields.len() != plan.fields.len() {
        return;
    }
    for (column, (before, field)) in before.fields.iter().zip(&mut plan.fields).enumerate() {
        let chosen = form.get(&format!("type-{column}"));
        let chosen = chosen.and_then(|name| type_named(name));
        if let Some(chosen) = chosen.filter(|chosen| *chosen != before.field_type) {
            field.field_type = chosen;
            field.is_type_decided = true;
        }
    }
    for (semantic, name, _) in &MEANINGS {
        let chosen = column_chosen(form, name, plan);
        if chosen == before.column_of(*semantic) {
            continue;
        }
        if let Some(column) = plan.column_of(*semantic) {
            plan.fields[column].semantic = None;
        }
        if let Some(column) = chosen {
            plan.fields[column].semantic = Some(*semantic);
        }
    }
}

fn column_chosen(form: &Fields, name: &str, plan: &LoadPlan) -> Option<usize> {
    let column = form.get(name)?.parse().ok()?;
    (column < plan.fields.len()).then_some(column)
}
