//! Which profile field probably fills a column, so that people mostly need not choose.

use crate::constant_contact::limits::{CUSTOM_HEADING_PREFIX, StandardField};
use crate::exports::Target;
use crate::profiles::{Field, Semantic};

/// The profile field that probably fills a column: by meaning, else by a name that reads the same.
pub(super) fn guess_field(target: &Target, fields: &[Field]) -> Option<String> {
    let by_meaning = match target {
        Target::Standard(StandardField::FirstName) => field_meaning(fields, Semantic::FirstName),
        Target::Standard(StandardField::LastName) => field_meaning(fields, Semantic::LastName),
        _ => None,
    };
    let heading = target.heading();
    let wanted = letters(
        heading
            .strip_prefix(CUSTOM_HEADING_PREFIX)
            .unwrap_or(&heading),
    );
    by_meaning
        .or_else(|| fields.iter().find(|field| letters(&field.name) == wanted))
        .map(|field| field.name.clone())
}

pub(super) fn field_meaning(fields: &[Field], meaning: Semantic) -> Option<&Field> {
    fields.iter().find(|field| field.semantic == Some(meaning))
}

/// Letters and digits without case: `First Name`, `first_name` and `firstName` read the same.
fn letters(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}
