//! What an export is, apart from who made it and when.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::brake::Brake;
use super::mode::Delivery;
use crate::constant_contact::ListId;
use crate::constant_contact::limits::{
    CUSTOM_FIELDS_PER_CONTACT, CUSTOM_HEADING_PREFIX, StandardField, custom_heading,
};

/// Profiles an export may send; the reference product's limit for Constant Contact (1,000,000 per export). A warning
/// here, a refusal when it runs.
pub const MAX_PROFILES: u64 = 1_000_000;
/// Custom fields an export may fill: as many as one contact may have.
pub const MAX_CUSTOM_ATTRIBUTES: usize = CUSTOM_FIELDS_PER_CONTACT;
/// Segments of one export; a bound for forms and queries, far above what people choose.
pub const MAX_SEGMENTS: usize = 200;

/// Everything a run needs to know, except the profiles themselves. Runs keep a copy as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportDefinition {
    /// Name, as [`crate::names::Name`] allows it.
    pub name: String,
    /// Connection used; `None` is "No Connection" and such an export cannot run.
    pub connection_id: Option<Uuid>,
    /// Constant Contact's ID of the list.
    pub list_id: ListId,
    /// The list's name when the export was saved, for people.
    pub list_name: Option<String>,
    /// Source whose current snapshot is sent.
    pub source_id: Uuid,
    /// Name of the profile field with the e-mail address.
    pub email_field: String,
    /// Further columns, each target at most once, in the order chosen.
    pub attributes: Vec<Attribute>,
    /// Segments, all of [`ExportDefinition::source_id`], in the order chosen; at least one.
    pub segment_ids: Vec<Uuid>,
    /// When a run asks before it sends.
    #[serde(default)]
    pub brake: Brake,
    /// Who is sent by a run.
    #[serde(default)]
    pub delivery: Delivery,
}

/// One more column of the import and the profile field that fills it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "AttributeJson", into = "AttributeJson")]
pub struct Attribute {
    /// Column at Constant Contact.
    pub target: Target,
    /// Name of the profile field.
    pub field: String,
}

/// A column at Constant Contact. Written as the vendor's heading: `first_name`, `cf:size`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One that every account has; never [`StandardField::Email`], which has a field of its own.
    Standard(StandardField),
    /// A custom field of the account.
    Custom(CustomTarget),
}

/// A custom field of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomTarget {
    /// What the heading is made of.
    pub name: String,
    /// What people read.
    pub label: String,
    /// Whether the account keeps a date in it.
    pub is_date: bool,
}

/// The text is not a heading of Constant Contact's import.
#[derive(Debug, thiserror::Error)]
#[error("unknown column of the contact list")]
pub struct UnknownTarget;

impl Target {
    /// The vendor's heading.
    pub fn heading(&self) -> String {
        self.to_string()
    }

    /// Whether this is a custom field of the account.
    pub fn is_custom(&self) -> bool {
        matches!(self, Target::Custom(_))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Standard(field) => f.write_str(field.heading()),
            Target::Custom(field) => f.write_str(&custom_heading(&field.name)),
        }
    }
}

impl FromStr for Target {
    type Err = UnknownTarget;

    /// Reads a heading; a custom field's label is then its name.
    fn from_str(heading: &str) -> Result<Self, UnknownTarget> {
        match heading.strip_prefix(CUSTOM_HEADING_PREFIX) {
            Some("") => Err(UnknownTarget),
            Some(name) => Ok(Target::Custom(CustomTarget {
                name: name.to_owned(),
                label: name.to_owned(),
                is_date: false,
            })),
            None => StandardField::find_by_heading(heading)
                .filter(|field| *field != StandardField::Email)
                .map(Target::Standard)
                .ok_or(UnknownTarget),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct AttributeJson {
    target: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_date: bool,
    field: String,
}

impl From<Attribute> for AttributeJson {
    fn from(attribute: Attribute) -> Self {
        let target = attribute.target.heading();
        let (label, is_date) = match attribute.target {
            Target::Standard(_) => (None, false),
            Target::Custom(custom) => (Some(custom.label), custom.is_date),
        };
        Self {
            target,
            label,
            is_date,
            field: attribute.field,
        }
    }
}

impl TryFrom<AttributeJson> for Attribute {
    type Error = UnknownTarget;

    fn try_from(json: AttributeJson) -> Result<Self, UnknownTarget> {
        let mut target: Target = json.target.parse()?;
        if let Target::Custom(custom) = &mut target {
            custom.label = json.label.unwrap_or(std::mem::take(&mut custom.label));
            custom.is_date = json.is_date;
        }
        Ok(Self {
            target,
            field: json.field,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_kept_under_the_vendors_headings() {
        let attributes = vec![
            Attribute {
                target: Target::Standard(StandardField::FirstName),
                field: "First Name".into(),
            },
            Attribute {
                target: Target::Custom(CustomTarget {
                    name: "size".into(),
                    label: "Shirt size".into(),
                    is_date: false,
                }),
                field: "Size".into(),
            },
        ];
        let json = serde_json::to_string(&attributes).unwrap();
        assert_eq!(
            json,
            r#"[{"target":"first_name","field":"First Name"},{"target":"cf:size","label":"Shirt size","field":"Size"}]"#
        );
        assert_eq!(
            serde_json::from_str::<Vec<Attribute>>(&json).unwrap(),
            attributes
        );
    }

    #[test]
    fn unknown_headings_are_refused() {
        for heading in ["", "email", "cf:", "First name", "home_phone"] {
            assert!(heading.parse::<Target>().is_err(), "{heading:?}");
        }
    }
}
