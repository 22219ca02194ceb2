//! What a column of a snapshot is called, holds and probably means.

use serde::{Deserialize, Serialize};

use super::value::{DateOrder, NumberStyle};

/// A field of a snapshot. Its position in the list of fields is its column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The source's heading, unique within a snapshot.
    pub name: String,
    /// How values are read when compared. Stored values keep the source's text.
    #[serde(flatten)]
    pub field_type: FieldType,
    /// What the field probably means; used to preselect mappings, never relied on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semantic: Option<Semantic>,
}

/// How the text of a field is read when it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FieldType {
    /// Anything.
    Text,
    /// Decimal numbers; `10` equals `10.0`.
    Number {
        /// Which mark separates the fraction.
        style: NumberStyle,
    },
    /// Calendar days; a time of day after the date is allowed and ignored.
    Date {
        /// In which order year, month and day stand.
        order: DateOrder,
    },
    /// `true`/`false` and the usual other words for them.
    Boolean,
}

impl FieldType {
    /// Whether `text` can be read as this type. Empty text always can.
    pub fn accepts(self, text: &str) -> bool {
        let text = text.trim();
        text.is_empty()
            || match self {
                Self::Text => true,
                Self::Number { style } => style.accepts(text),
                Self::Date { order } => order.parse(text).is_some(),
                Self::Boolean => super::value::parse_boolean(text).is_some(),
            }
    }

    /// Short stable name without the reading details: `text`, `number`, `date` or `boolean`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number { .. } => "number",
            Self::Date { .. } => "date",
            Self::Boolean => "boolean",
        }
    }
}

/// What a field means to an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Semantic {
    /// The address contacts are matched by.
    Email,
    /// Given name.
    FirstName,
    /// Family name.
    LastName,
    /// Unique per profile.
    Key,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_reads_back_from_its_json() {
        let field = Field {
            name: "Spend".into(),
            field_type: FieldType::Number {
                style: NumberStyle::Comma,
            },
            semantic: None,
        };
        let json = serde_json::to_string(&field).unwrap();
        assert_eq!(json, r#"{"name":"Spend","type":"number","style":"comma"}"#);
        assert_eq!(serde_json::from_str::<Field>(&json).unwrap(), field);
    }
}
