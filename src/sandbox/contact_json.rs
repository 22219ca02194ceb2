//! A contact as the API shows it, with the parts asked for by `include`.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    book::Book,
    contact::{Contact, FIRST_CUSTOM_CODE, standard_code},
    errors::Refusal,
    wire,
};

/// Kinds of phone numbers (vendor's API description, `PhoneNumber`).
pub(super) const PHONE_KINDS: [&str; 4] = ["home", "work", "mobile", "other"];
/// Kinds of street addresses (same source, `StreetAddress`).
pub(super) const ADDRESS_KINDS: [&str; 3] = ["home", "work", "other"];
/// Parts of an address: name in the API, end of the name in flat rows.
pub(super) const ADDRESS_PARTS: [(&str, &str); 5] = [
    ("street", "street"),
    ("city", "city"),
    ("state", "state"),
    ("postal_code", "zip"),
    ("country", "country"),
];

/// Sub-resources to show.
#[derive(Clone, Copy, Default)]
pub(super) struct Include {
    custom_fields: bool,
    list_memberships: bool,
    phone_numbers: bool,
    street_addresses: bool,
    taggings: bool,
    notes: bool,
}

impl Include {
    /// Everything but notes and tags, as after a write.
    pub(super) const WRITTEN: Self = Self {
        custom_fields: true,
        list_memberships: true,
        phone_numbers: true,
        street_addresses: true,
        taggings: false,
        notes: false,
    };

    /// # Errors
    ///
    /// 400 for an unknown name.
    pub(super) fn asked(query: &wire::Query) -> Result<Self, Refusal> {
        let mut include = Self::default();
        for name in query.list("include") {
            match name {
                "custom_fields" => include.custom_fields = true,
                "list_memberships" => include.list_memberships = true,
                "phone_numbers" => include.phone_numbers = true,
                "street_addresses" => include.street_addresses = true,
                "taggings" => include.taggings = true,
                "notes" => include.notes = true,
                _ => return Err(Refusal::invalid(format!("include does not know {name}."))),
            }
        }
        Ok(include)
    }
}

pub(super) fn contact(book: &Book, position: u32, include: Include) -> Value {
    let contact = book.contact(position);
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("contact_id", json!(contact.id));
    if !contact.email.is_empty() {
        put("email_address", email_address(contact));
    }
    for name in [
        "first_name",
        "last_name",
        "job_title",
        "company_name",
        "anniversary",
    ] {
        if let Some(text) = contact.values.standard(name) {
            put(name, json!(text));
        }
    }
    for name in ["birthday_month", "birthday_day"] {
        let number = contact
            .values
            .standard(name)
            .and_then(|text| text.parse::<u8>().ok());
        if let Some(number) = number {
            put(name, json!(number));
        }
    }
    put("create_source", json!("Account"));
    put("update_source", json!("Account"));
    put("created_at", wire::time(contact.created_at));
    put("updated_at", wire::time(contact.updated_at));
    if let Some(deleted_at) = contact.deleted_at() {
        put("deleted_at", wire::date(deleted_at));
    }
    if include.custom_fields {
        put("custom_fields", custom_fields(book, contact));
    }
    if include.list_memberships {
        put(
            "list_memberships",
            json!(book.lists_of(position).collect::<Vec<Uuid>>()),
        );
    }
    if include.phone_numbers {
        put("phone_numbers", phone_numbers(contact));
    }
    if include.street_addresses {
        put("street_addresses", street_addresses(contact));
    }
    // The sandbox keeps neither tags nor notes.
    if include.taggings {
        put("taggings", json!([]));
    }
    if include.notes {
        put("notes", json!([]));
    }
    Value::Object(body)
}

fn email_address(contact: &Contact) -> Value {
    let mut body = json!({
        "address": contact.email,
        "permission_to_send": contact.permission.as_str(),
        "created_at": wire::time(contact.created_at),
        "updated_at": wire::time(contact.updated_at),
        "opt_in_source": if contact.opted_in_by_contact { "Contact" } else { "Account" },
        "opt_in_date": wire::time(contact.created_at),
        "confirm_status": "off",
    });
    if let Some(at) = contact.opted_out_at() {
        body["opt_out_source"] = json!("Contact");
        body["opt_out_date"] = wire::time(at);
        body["opt_out_reason"] = json!("");
    }
    body
}

fn custom_fields(book: &Book, contact: &Contact) -> Value {
    let custom = contact
        .values
        .iter()
        .filter(|(code, _)| *code >= FIRST_CUSTOM_CODE);
    custom
        .filter_map(|(code, text)| {
            let field = book.custom_field(code)?;
            Some(json!({ "custom_field_id": field.id, "value": text }))
        })
        .collect()
}

/// The flat import heading `phone` has no kind; it is shown as `other` (an assumption).
fn phone_numbers(contact: &Contact) -> Value {
    let plain = contact.values.standard("phone").map(|text| ("other", text));
    let kinds = PHONE_KINDS.iter().filter_map(|kind| {
        let text = contact.values.standard(&format!("{kind}_phone"))?;
        Some((*kind, text))
    });
    let numbers = plain.into_iter().chain(kinds).take(3);
    numbers
        .map(|(kind, text)| json!({ "phone_number_id": part_id(contact, kind), "phone_number": text, "kind": kind }))
        .collect()
}

/// The flat import headings `street`, `city`... have no kind; they are shown as `other` (an assumption).
fn street_addresses(contact: &Contact) -> Value {
    let prefixes = [("other", String::new())].into_iter();
    let prefixes = prefixes.chain(ADDRESS_KINDS.map(|kind| (kind, format!("{kind}_"))));
    prefixes
        .filter_map(|(kind, prefix)| {
            let mut address = json!({ "street_address_id": part_id(contact, kind), "kind": kind });
            let mut is_empty = true;
            for (name, flat) in ADDRESS_PARTS {
                let code = standard_code(&format!("{prefix}{flat}"))?;
                if let Some(text) = contact.values.get(code) {
                    address[name] = json!(text);
                    is_empty = false;
                }
            }
            (!is_empty).then_some(address)
        })
        .take(3)
        .collect()
}

/// An id for a part of a contact that stays the same as long as the contact does.
fn part_id(contact: &Contact, kind: &str) -> Uuid {
    let salt = kind
        .bytes()
        .fold(1u128, |salt, byte| salt * 31 + u128::from(byte));
    Uuid::from_u128(contact.id.as_u128() ^ salt)
}
