//! The JSON shapes Constant Contact sends, read tolerantly: unknown fields are ignored, documented ones may be absent
//! or null, states and types we do not know are kept as they came.
//!
//! What decides whether something is sent again is read strictly instead: a page without its array is unreadable,
//! not empty, and a deletion date that cannot be read is an error, not "not deleted".

mod activity;

pub use activity::{Activity, ActivityCounts, ActivityId, ActivityState};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use super::lenient::{lenient_count, lenient_time, null_is_default, strict_time};
use super::lists::ListId;

/// The account that a connection speaks for (`getAccountById`).
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct AccountSummary {
    /// Name of the organisation.
    pub organization_name: Option<String>,
    /// E-mail address of the account owner.
    pub contact_email: Option<String>,
    /// The account's own opaque ID.
    pub encoded_account_id: Option<String>,
    /// IANA time zone of the account.
    pub time_zone_id: Option<String>,
    /// Two-letter country code.
    pub country_code: Option<String>,
    /// Web site of the organisation.
    pub website: Option<String>,
}

/// One thing the authorising user may do (`getUserPrivileges`).
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Privilege {
    /// Such as `contacts:write` or `contacts:lists:read`.
    #[serde(default, deserialize_with = "null_is_default")]
    pub privilege_name: String,
}

/// Which members a list's membership count covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MembershipCount {
    /// Only those that can be mailed.
    Active,
    /// Every member.
    All,
}

impl MembershipCount {
    pub(super) fn as_parameter(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::All => "all",
        }
    }
}

/// A contact list (`getList`).
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct ContactList {
    /// Its ID.
    pub list_id: ListId,
    /// Its name, unique in the account.
    #[serde(default, deserialize_with = "null_is_default")]
    pub name: String,
    /// Its description.
    #[serde(default)]
    pub description: Option<String>,
    /// Members, when the count was asked for.
    #[serde(default, deserialize_with = "lenient_count")]
    pub membership_count: Option<u64>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient_time")]
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient_time")]
    pub updated_at: Option<Timestamp>,
    /// When it was deleted; a deleted list must not be exported to.
    #[serde(default, deserialize_with = "strict_time")]
    pub deleted_at: Option<Timestamp>,
}

/// A custom field of the account (`getCustomFields`).
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct CustomField {
    /// Its ID.
    pub custom_field_id: String,
    /// What people see.
    #[serde(default, deserialize_with = "null_is_default")]
    pub label: String,
    /// What the import heading is made of: `cf:` and this name (`contactsCSVImport`).
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// For dates: 1 is text, 2 a real date (guide, `create_custom_fields`).
    #[serde(default, deserialize_with = "lenient_count")]
    pub version: Option<u64>,
    /// Labels of the choices of a select field; empty for others.
    #[serde(default, deserialize_with = "choice_labels")]
    pub choices: Vec<String>,
}

/// What a custom field holds.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(from = "String")]
#[expect(missing_docs, reason = "the names are the vendor's own")]
pub enum FieldType {
    String,
    Date,
    Datetime,
    TextArea,
    Number,
    Currency,
    Boolean,
    SingleSelect,
    MultiSelect,
    /// One this client does not know, as it came.
    Other(String),
}

impl From<String> for FieldType {
    fn from(text: String) -> Self {
        match text.as_str() {
            "string" => Self::String,
            "date" => Self::Date,
            "datetime" => Self::Datetime,
            "text_area" => Self::TextArea,
            "number" => Self::Number,
            "currency" => Self::Currency,
            "boolean" => Self::Boolean,
            "single_select" => Self::SingleSelect,
            "multi_select" => Self::MultiSelect,
            _ => Self::Other(text),
        }
    }
}

/// The `_links` of a page or an activity.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Links {
    next: Option<Link>,
    results: Option<Link>,
}

#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    href: Option<String>,
}

/// The items of one page and the link to the next.
pub(super) type PageParts<T> = (Vec<T>, Option<String>);

macro_rules! page {
    ($read:ident, $items:ident: $item:ty, $how:literal) => {
        /// Reads one page of the listing.
        pub(super) fn $read(body: &[u8]) -> serde_json::Result<PageParts<$item>> {
            #[derive(Deserialize)]
            struct Page {
                #[serde(deserialize_with = $how)]
                $items: Vec<$item>,
                #[serde(default, rename = "_links", deserialize_with = "null_is_default")]
                links: Links,
            }
            let page: Page = serde_json::from_slice(body)?;
            let next = page.links.next.and_then(|link| link.href);
            Ok((page.$items, next.filter(|href| !href.is_empty())))
        }
    };
}

page!(read_lists_page, lists: ContactList, "null_is_default");
page!(read_custom_fields_page, custom_fields: CustomField, "null_is_default");
// "No such activity" sends a part again, so nothing but an empty array says it.
page!(read_activities_page, activities: Activity, "Vec::deserialize");

fn choice_labels<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    struct Choice {
        #[serde(default)]
        choice_label: Option<String>,
    }
    let choices = Option::<Vec<Choice>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(choices
        .into_iter()
        .filter_map(|choice| choice.choice_label)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_without_its_array_is_not_an_empty_page() {
        assert!(read_activities_page(br#"{"error_key":"x"}"#).is_err());
        assert!(read_activities_page(br#"{"activities":null}"#).is_err());
        let (none, next) = read_lists_page(br#"{"lists":null}"#).unwrap();
        assert!(none.is_empty() && next.is_none());
    }

    #[test]
    fn a_deletion_date_counts_in_any_form_or_fails() {
        let list = |deleted: &str| {
            serde_json::from_str::<ContactList>(&format!(
                r#"{{"list_id":"06526938-56dd-11e9-932a-fa163ea075fa","name":"n","deleted_at":{deleted}}}"#
            ))
        };
        assert!(list("null").unwrap().deleted_at.is_none());
        for deleted in [
            "\"2016-03-03T10:56:29-05:00\"",
            "\"2023-12-18\"",
            "\"2023-12-18T01:02:03\"",
        ] {
            assert!(list(deleted).unwrap().deleted_at.is_some(), "{deleted}");
        }
        assert!(list("\"soon\"").is_err());
        assert!(list("true").is_err());
    }

    #[test]
    fn custom_fields_carry_type_and_choices() {
        let (fields, _) = read_custom_fields_page(
            br#"{"custom_fields":[
              {"custom_field_id":"1","label":"Favourite fruit","name":"Favourite_fruit","type":"single_select",
               "choices":[{"choice_id":1,"choice_label":"Apple"},{"choice_id":"9A63BC"}]},
              {"custom_field_id":"2","label":null,"name":"x","type":"hologram","version":2,"choices":null}]}"#,
        )
        .unwrap();
        assert_eq!(fields[0].field_type, FieldType::SingleSelect);
        assert_eq!(fields[0].choices, ["Apple"]);
        assert_eq!(
            fields[1].field_type,
            FieldType::Other("hologram".to_owned())
        );
    }
}
