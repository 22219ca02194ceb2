//! One contact: its address, permission and values, kept small because an account may hold a million.

use jiff::Timestamp;
use uuid::Uuid;

/// What a column may hold, beyond its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Anniversary,
    Month,
    Day,
    Phone(Place),
    /// A part of a street address.
    Address(Place),
    SmsNumber,
    SmsConsentDate,
}

/// Which of a contact's phones or addresses a property belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The headings without a kind: `phone`, `street`...
    Plain,
    Home,
    Work,
    Mobile,
    Other,
}

/// A standard property of flat rows, as in the vendor's import schema.
#[derive(Debug)]
pub(super) struct StandardField {
    pub(super) name: &'static str,
    /// Longest value, in characters.
    pub(super) max_chars: usize,
    pub(super) kind: Kind,
    /// Whether it may head a CSV column; all may be properties of a JSON import.
    pub(super) in_csv: bool,
}

const fn field(name: &'static str, max_chars: usize, kind: Kind, in_csv: bool) -> StandardField {
    StandardField {
        name,
        max_chars,
        kind,
        in_csv,
    }
}

/// Every standard property but the two that identify a contact; its position is its code in [`Values`].
pub(super) const STANDARD_FIELDS: [StandardField; 38] = [
    field("first_name", 50, Kind::Text, true),
    field("last_name", 50, Kind::Text, true),
    field("job_title", 50, Kind::Text, true),
    field("company_name", 50, Kind::Text, true),
    field("anniversary", 10, Kind::Anniversary, true),
    field("birthday_month", 2, Kind::Month, true),
    field("birthday_day", 2, Kind::Day, true),
    field("phone", 50, Kind::Phone(Place::Plain), true),
    field("street", 255, Kind::Address(Place::Plain), true),
    field("street2", 255, Kind::Address(Place::Plain), true),
    field("city", 50, Kind::Address(Place::Plain), true),
    field("state", 50, Kind::Address(Place::Plain), true),
    field("zip", 50, Kind::Address(Place::Plain), true),
    field("country", 50, Kind::Address(Place::Plain), true),
    field("sms_consent_date", 16, Kind::SmsConsentDate, true),
    field("home_phone", 50, Kind::Phone(Place::Home), false),
    field("work_phone", 50, Kind::Phone(Place::Work), false),
    field("mobile_phone", 50, Kind::Phone(Place::Mobile), false),
    field("other_phone", 50, Kind::Phone(Place::Other), false),
    field("home_street", 255, Kind::Address(Place::Home), false),
    field("home_street2", 255, Kind::Address(Place::Home), false),
    field("home_city", 50, Kind::Address(Place::Home), false),
    field("home_state", 50, Kind::Address(Place::Home), false),
    field("home_zip", 50, Kind::Address(Place::Home), false),
    field("home_country", 50, Kind::Address(Place::Home), false),
    field("work_street", 255, Kind::Address(Place::Work), false),
    field("work_street2", 255, Kind::Address(Place::Work), false),
    field("work_city", 50, Kind::Address(Place::Work), false),
    field("work_state", 50, Kind::Address(Place::Work), false),
    field("work_zip", 50, Kind::Address(Place::Work), false),
    field("work_country", 50, Kind::Address(Place::Work), false),
    field("other_street", 255, Kind::Address(Place::Other), false),
    field("other_street2", 255, Kind::Address(Place::Other), false),
    field("other_city", 50, Kind::Address(Place::Other), false),
    field("other_state", 50, Kind::Address(Place::Other), false),
    field("other_zip", 50, Kind::Address(Place::Other), false),
    field("other_country", 50, Kind::Address(Place::Other), false),
    field("sms_number", 16, Kind::SmsNumber, true),
];

/// Codes from here on are custom fields: this plus the field's position in the account.
pub(super) const FIRST_CUSTOM_CODE: u16 = 1_000;

/// The code of a standard property.
pub(super) fn standard_code(name: &str) -> Option<u16> {
    let position = STANDARD_FIELDS
        .iter()
        .position(|field| field.name == name)?;
    u16::try_from(position).ok()
}

/// Permission to send e-mail, in the vendor's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Inferred, as for every imported contact.
    Implicit,
    /// Given by the person.
    Explicit,
    /// Asked for, not yet confirmed.
    PendingConfirmation,
    /// The person has opted out.
    Unsubscribed,
    /// Nothing is known.
    NotSet,
    /// Held back by the vendor.
    TempHold,
}

impl Permission {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Implicit => "implicit",
            Self::Explicit => "explicit",
            Self::PendingConfirmation => "pending_confirmation",
            Self::Unsubscribed => "unsubscribed",
            Self::NotSet => "not_set",
            Self::TempHold => "temp_hold",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [
            Self::Implicit,
            Self::Explicit,
            Self::PendingConfirmation,
            Self::Unsubscribed,
            Self::NotSet,
            Self::TempHold,
        ]
        .into_iter()
        .find(|permission| permission.as_str() == text)
    }
}

/// One contact. About 100 bytes plus address and values.
pub(super) struct Contact {
    pub(super) id: Uuid,
    /// Empty for a contact known only by an SMS number.
    pub(super) email: Box<str>,
    pub(super) values: Values,
    pub(super) permission: Permission,
    /// `opt_in_source` is `Contact`, not `Account`.
    pub(super) opted_in_by_contact: bool,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// Present only for the few who opted out or were deleted.
    pub(super) exit: Option<Box<Exit>>,
}

/// When a contact left.
#[derive(Clone, Default)]
pub(super) struct Exit {
    pub(super) opted_out_at: Option<Timestamp>,
    pub(super) deleted_at: Option<Timestamp>,
}

impl Contact {
    pub(super) fn deleted_at(&self) -> Option<Timestamp> {
        self.exit.as_ref().and_then(|exit| exit.deleted_at)
    }

    pub(super) fn opted_out_at(&self) -> Option<Timestamp> {
        self.exit.as_ref().and_then(|exit| exit.opted_out_at)
    }

    pub(super) fn is_deleted(&self) -> bool {
        self.deleted_at().is_some()
    }

    pub(super) fn is_unsubscribed(&self) -> bool {
        self.permission == Permission::Unsubscribed
    }

    /// Active as in `membership_count`: neither deleted nor unsubscribed.
    pub(super) fn is_active(&self) -> bool {
        !self.is_deleted() && !self.is_unsubscribed()
    }
}

/// A contact's values in one allocation: code, length in bytes and text, one after the other.
#[derive(Clone, Default)]
pub(super) struct Values(Box<[u8]>);

impl Values {
    /// Values by code, in no promised order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u16, &str)> {
        let mut rest = &self.0[..];
        std::iter::from_fn(move || {
            let (head, tail) = rest.split_at_checked(4)?;
            let code = u16::from_le_bytes([head[0], head[1]]);
            let length = u16::from_le_bytes([head[2], head[3]]);
            let (text, tail) = tail.split_at_checked(length.into())?;
            rest = tail;
            Some((code, std::str::from_utf8(text).unwrap_or_default()))
        })
    }

    pub(super) fn get(&self, code: u16) -> Option<&str> {
        self.iter()
            .find(|(found, _)| *found == code)
            .map(|(_, text)| text)
    }

    /// A standard property by name.
    pub(super) fn standard(&self, name: &str) -> Option<&str> {
        self.get(standard_code(name)?)
    }

    /// These values with `updates` in their place; an empty text takes a value away, a later update wins.
    pub(super) fn merged(&self, updates: &[(u16, &str)]) -> Self {
        let mut values: Vec<(u16, &str)> = Vec::with_capacity(updates.len() + 8);
        values.extend(self.iter());
        for (code, text) in updates {
            match values.iter_mut().find(|(found, _)| found == code) {
                Some(value) => value.1 = text,
                None => values.push((*code, text)),
            }
        }
        let size = values.iter().map(|(_, text)| text.len() + 4).sum();
        let mut packed = Vec::with_capacity(size);
        for (code, text) in values.into_iter().filter(|(_, text)| !text.is_empty()) {
            // Values are at most 255 characters, hence far below 65,535 bytes.
            let Ok(length) = u16::try_from(text.len()) else {
                continue;
            };
            packed.extend_from_slice(&code.to_le_bytes());
            packed.extend_from_slice(&length.to_le_bytes());
            packed.extend_from_slice(text.as_bytes());
        }
        Self(packed.into_boxed_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_replaced_added_and_taken_away() {
        let first = Values::default().merged(&[(0, "Zoë"), (7, "123"), (0, "Zoe")]);
        assert_eq!(first.get(0), Some("Zoe"));
        let second = first.merged(&[(7, ""), (1_000, "gold")]);
        assert_eq!(second.get(7), None);
        let mut all: Vec<_> = second.iter().collect();
        all.sort_unstable();
        assert_eq!(all, [(0, "Zoe"), (1_000, "gold")]);
        assert_eq!(Values::default().iter().count(), 0);
    }

    #[test]
    fn every_standard_field_has_its_own_code() {
        for (position, field) in STANDARD_FIELDS.iter().enumerate() {
            assert_eq!(standard_code(field.name).map(usize::from), Some(position));
        }
        assert_eq!(standard_code("email"), None);
    }
}
