//! What one row of an import says: which column a cell stands in, whether its value will do, and who the row is about.

use std::borrow::Cow;

use super::{
    address,
    book::Book,
    contact::{FIRST_CUSTOM_CODE, Kind, Place, STANDARD_FIELDS, standard_code},
};

/// Custom values a contact may have (vendor's API description, `contactsCSVImport`).
const MAX_CUSTOM_VALUES: usize = 25;
/// Longest custom value, in characters (same source).
const MAX_CUSTOM_CHARS: usize = 255;
/// Phone numbers, and street addresses, a row may bring (same source, `bulkImportContactsJSON`).
const MAX_PARTS: u32 = 3;

/// What a column or property holds.
#[derive(Clone, Copy)]
pub(super) enum Column {
    Email,
    Value {
        code: u16,
        max_chars: usize,
        kind: Kind,
    },
    /// An unknown heading: ignored without a word.
    Unknown,
}

impl Column {
    pub(super) fn named(book: &Book, name: &str, is_csv: bool) -> Self {
        if name == "email" {
            return Self::Email;
        }
        if let Some(custom) = name.strip_prefix("cf:") {
            return book
                .custom_code(custom)
                .map_or(Self::Unknown, |code| Self::Value {
                    code,
                    max_chars: MAX_CUSTOM_CHARS,
                    kind: Kind::Text,
                });
        }
        // The published schema spells this one with a blank.
        let name = if name == "home country" {
            "home_country"
        } else {
            name
        };
        match standard_code(name) {
            Some(code) if STANDARD_FIELDS[usize::from(code)].in_csv || !is_csv => {
                let field = &STANDARD_FIELDS[usize::from(code)];
                Self::Value {
                    code,
                    max_chars: field.max_chars,
                    kind: field.kind,
                }
            }
            _ => Self::Unknown,
        }
    }

    /// The code of a column that holds a value.
    pub(super) fn code(self) -> Option<u16> {
        match self {
            Self::Value { code, .. } => Some(code),
            Self::Email | Self::Unknown => None,
        }
    }
}

/// Whom a row is about, and what it says of them.
pub(super) struct Person<'c> {
    /// Empty for a contact known only by an SMS number.
    pub(super) email: &'c str,
    /// Ten digits, however they were written.
    pub(super) sms_number: Option<Cow<'c, str>>,
    /// Other values by code.
    values: Vec<(u16, &'c str)>,
}

impl Person<'_> {
    /// Everything to be written into the contact.
    pub(super) fn updates(&self) -> Vec<(u16, &str)> {
        let number = self.sms_number.as_deref();
        let sms_number = number.and_then(|number| Some((standard_code("sms_number")?, number)));
        self.values.iter().copied().chain(sms_number).collect()
    }
}

/// Why a row makes no contact.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// Fixable in the vendor's web interface: address, birthday, anniversary, or nobody named (vendor's API
    /// description, `ActivityImport`).
    Correctable(&'static str),
    Error(&'static str),
}

/// Address and values of a row. Blank cells change nothing.
pub(super) fn understand<'c>(
    cells: impl Iterator<Item = (Column, &'c str)>,
    max_email_chars: usize,
) -> Result<Person<'c>, Unfit> {
    let mut person = Person {
        email: "",
        sms_number: None,
        values: Vec::with_capacity(16),
    };
    let mut custom_values = 0;
    let (mut has_month, mut has_day) = (false, false);
    let (mut phones, mut addresses) = (Places::default(), Places::default());
    for (column, cell) in cells {
        let cell = cell.trim();
        if cell.is_empty() {
            continue;
        }
        let (code, max_chars, kind) = match column {
            Column::Unknown => continue,
            Column::Email => {
                person.email = cell;
                continue;
            }
            Column::Value {
                code,
                max_chars,
                kind,
            } => (code, max_chars, kind),
        };
        // Counting characters only where bytes leave a doubt.
        if cell.len() > max_chars && cell.chars().count() > max_chars {
            return Err(Unfit::Error("Value too long"));
        }
        match kind {
            Kind::Text => {}
            Kind::Phone(place) => phones.insert(place),
            Kind::Address(place) => addresses.insert(place),
            Kind::Anniversary if address::is_date(cell) => {}
            Kind::Anniversary => return Err(Unfit::Correctable("Invalid anniversary")),
            Kind::SmsConsentDate if address::is_date(cell) => {}
            Kind::SmsConsentDate => return Err(Unfit::Error("Invalid SMS consent date")),
            Kind::Month if is_between(cell, 12) => has_month = true,
            Kind::Day if is_between(cell, 31) => has_day = true,
            Kind::Month | Kind::Day => return Err(Unfit::Correctable("Invalid birthday")),
            Kind::SmsNumber => {
                let number = sms_digits(cell).ok_or(Unfit::Error("Invalid SMS number"))?;
                person.sms_number = Some(number);
                continue;
            }
        }
        if code >= FIRST_CUSTOM_CODE {
            custom_values += 1;
            if custom_values > MAX_CUSTOM_VALUES {
                continue;
            }
        }
        person.values.push((code, cell));
    }
    if has_month != has_day {
        return Err(Unfit::Correctable("Invalid birthday"));
    }
    if phones.count() > MAX_PARTS {
        return Err(Unfit::Error("More than three phone numbers"));
    }
    if addresses.count() > MAX_PARTS {
        return Err(Unfit::Error("More than three addresses"));
    }
    if !person.email.is_empty() {
        if !address::is_email(person.email) || person.email.len() > max_email_chars {
            return Err(Unfit::Correctable("Invalid email address"));
        }
    } else if person.sms_number.is_none() {
        return Err(Unfit::Correctable("No email address or SMS number"));
    }
    Ok(person)
}

/// The phones or addresses that a row has values for.
#[derive(Default)]
struct Places(u8);

impl Places {
    fn insert(&mut self, place: Place) {
        self.0 |= 1 << place as u8;
    }

    fn count(&self) -> u32 {
        self.0.count_ones()
    }
}

/// The digits of an SMS number in one of the two published forms, `1231231234` and `123-123-1234`.
fn sms_digits(text: &str) -> Option<Cow<'_, str>> {
    let is_number = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    if is_number(text, 10) {
        return Some(Cow::Borrowed(text));
    }
    let groups: Vec<&str> = text.split('-').collect();
    match groups[..] {
        [area, office, line]
            if is_number(area, 3) && is_number(office, 3) && is_number(line, 4) =>
        {
            Some(Cow::Owned(groups.concat()))
        }
        _ => None,
    }
}

fn is_between(text: &str, most: u8) -> bool {
    text.parse::<u8>()
        .is_ok_and(|number| (1..=most).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sms_numbers_have_ten_digits_in_one_of_two_forms() {
        for good in ["1231231234", "123-123-1234"] {
            assert_eq!(sms_digits(good).as_deref(), Some("1231231234"), "{good}");
        }
        for bad in [
            "",
            "123123123",
            "12312312345",
            "1-231231234",
            "123-1231-234",
            "(123)123-1234",
            "+11231231234",
            "123 123 1234",
            "123-123-1234-",
            "１２３-123-1234",
        ] {
            assert_eq!(sms_digits(bad), None, "{bad}");
        }
    }
}
