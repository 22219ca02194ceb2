//! Reads what a client wrote into a contact: single properties and sub-resources, turned into flat values.

use serde_json::Value;
use uuid::Uuid;

use super::{
    address,
    book::{Book, MAX_LISTS_PER_CONTACT},
    contact::{Permission, STANDARD_FIELDS, standard_code},
    contact_json::{ADDRESS_KINDS, ADDRESS_PARTS, PHONE_KINDS},
    errors::Refusal,
    wire,
};

/// Longest value of a custom field, in characters (vendor's API description, `ContactCustomField`).
const MAX_CUSTOM_CHARS: usize = 255;
/// Longest phone number, in characters (same source, `PhoneNumber`).
const MAX_PHONE_CHARS: usize = 25;
/// Phone numbers, and street addresses, a contact may have (same source).
const MAX_PARTS: usize = 3;

/// Values by code; an empty text takes a value away.
pub(super) type Updates = Vec<(u16, String)>;

/// Names and dates. With `replace`, what is left out or null is taken away.
pub(super) fn plain_values(body: &Value, replace: bool) -> Result<Updates, Refusal> {
    let mut updates = Updates::new();
    for name in [
        "first_name",
        "last_name",
        "job_title",
        "company_name",
        "anniversary",
    ] {
        let Some(code) = standard_code(name) else {
            continue;
        };
        let value = wire::text(body, name, STANDARD_FIELDS[usize::from(code)].max_chars)?;
        if name == "anniversary" && value.as_deref().is_some_and(|text| !address::is_date(text)) {
            return Err(Refusal::invalid("anniversary is not a date."));
        }
        if replace || value.is_some() {
            updates.push((code, value.unwrap_or_default()));
        }
    }
    let number = |name: &str, most: u64| match &body[name] {
        Value::Null => Ok(None),
        value => match value.as_u64().filter(|number| (1..=most).contains(number)) {
            Some(number) => Ok(Some(number.to_string())),
            None => Err(Refusal::invalid(format!(
                "{name} must be between 1 and {most}."
            ))),
        },
    };
    let (month, day) = (number("birthday_month", 12)?, number("birthday_day", 31)?);
    if month.is_some() != day.is_some() {
        return Err(Refusal::invalid(
            "birthday_month and birthday_day need each other.",
        ));
    }
    for (name, value) in [("birthday_month", month), ("birthday_day", day)] {
        if let Some(code) = standard_code(name).filter(|_| replace || value.is_some()) {
            updates.push((code, value.unwrap_or_default()));
        }
    }
    Ok(updates)
}

/// Custom fields, phone numbers and street addresses. A sub-resource that is left out is left alone; with `replace`
/// one that is sent replaces all values of its sort.
pub(super) fn sub_resources(
    book: &Book,
    body: &Value,
    max_custom: usize,
    replace: bool,
) -> Result<Updates, Refusal> {
    let mut updates = Updates::new();
    if let Some(fields) = array(body, "custom_fields", max_custom)? {
        if replace {
            let all = book
                .fields
                .iter()
                .filter_map(|field| book.custom_code_by_id(field.id));
            updates.extend(all.map(|code| (code, String::new())));
        }
        for field in fields {
            let id = field["custom_field_id"]
                .as_str()
                .and_then(|id| Uuid::parse_str(id).ok());
            let code = id.and_then(|id| book.custom_code_by_id(id));
            let code = code.ok_or_else(|| {
                Refusal::invalid("custom_fields names an unknown custom_field_id.")
            })?;
            updates.push((
                code,
                wire::text(field, "value", MAX_CUSTOM_CHARS)?.unwrap_or_default(),
            ));
        }
    }
    if let Some(phones) = array(body, "phone_numbers", MAX_PARTS)? {
        if replace {
            clear(&mut updates, "phone");
            PHONE_KINDS
                .iter()
                .for_each(|kind| clear(&mut updates, &format!("{kind}_phone")));
        }
        for phone in phones {
            let kind = kind_of(phone, &PHONE_KINDS)?;
            let number = wire::text(phone, "phone_number", MAX_PHONE_CHARS)?.unwrap_or_default();
            updates.extend(standard_code(&format!("{kind}_phone")).map(|code| (code, number)));
        }
    }
    if let Some(addresses) = array(body, "street_addresses", MAX_PARTS)? {
        if replace {
            for (_, flat) in ADDRESS_PARTS {
                clear(&mut updates, flat);
                ADDRESS_KINDS
                    .iter()
                    .for_each(|kind| clear(&mut updates, &format!("{kind}_{flat}")));
            }
        }
        for address in addresses {
            updates.extend(street_address(address)?);
        }
    }
    Ok(updates)
}

/// The parts of one street address.
pub(super) fn street_address(address: &Value) -> Result<Updates, Refusal> {
    let kind = kind_of(address, &ADDRESS_KINDS)?;
    let mut updates = Updates::new();
    for (name, flat) in ADDRESS_PARTS {
        let Some(code) = standard_code(&format!("{kind}_{flat}")) else {
            continue;
        };
        if let Some(text) = wire::text(address, name, STANDARD_FIELDS[usize::from(code)].max_chars)?
        {
            updates.push((code, text));
        }
    }
    Ok(updates)
}

fn clear(updates: &mut Updates, name: &str) {
    updates.extend(standard_code(name).map(|code| (code, String::new())));
}

fn kind_of<'k>(part: &Value, kinds: &[&'k str]) -> Result<&'k str, Refusal> {
    let asked = part["kind"].as_str();
    let found = kinds.iter().find(|kind| Some(**kind) == asked);
    found
        .copied()
        .ok_or_else(|| Refusal::invalid(format!("kind must be one of {}.", kinds.join(", "))))
}

fn array<'b>(body: &'b Value, name: &str, max: usize) -> Result<Option<&'b [Value]>, Refusal> {
    match &body[name] {
        Value::Null => Ok(None),
        Value::Array(items) if items.len() <= max => Ok(Some(items)),
        _ => Err(Refusal::invalid(format!(
            "{name} must be an array of {max} items at most."
        ))),
    }
}

/// Positions of the lists in `list_memberships`; `None` when it is absent.
pub(super) fn list_memberships(book: &Book, body: &Value) -> Result<Option<Vec<usize>>, Refusal> {
    let Some(ids) = wire::ids(body, "list_memberships", MAX_LISTS_PER_CONTACT)? else {
        return Ok(None);
    };
    let positions: Option<Vec<usize>> = ids.into_iter().map(|id| book.find_list(id)).collect();
    positions
        .map(Some)
        .ok_or_else(|| Refusal::invalid("list_memberships names an unknown list."))
}

/// An address, checked. `None` when the property is absent.
pub(super) fn email(body: &Value, name: &str, max_chars: usize) -> Result<Option<String>, Refusal> {
    let email = wire::text(body, name, max_chars)?;
    match &email {
        Some(text) if !address::is_email(text) => {
            Err(Refusal::invalid("The email address is not valid."))
        }
        _ => Ok(email),
    }
}

/// `permission_to_send` of an `email_address` object.
pub(super) fn permission(email_address: &Value) -> Result<Option<Permission>, Refusal> {
    match email_address["permission_to_send"].as_str() {
        None => Ok(None),
        Some(text) => Permission::parse(text)
            .map(Some)
            .ok_or_else(|| Refusal::invalid("permission_to_send is not a known permission.")),
    }
}
