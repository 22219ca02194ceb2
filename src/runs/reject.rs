//! Who is not sent: what Constant Contact would refuse, and whoever is on the exclusion list.

use std::collections::BTreeMap;

use crate::constant_contact::limits::EMAIL_CHARS;
use crate::profiles::FieldType;
use crate::profiles::value::DateOrder;

/// Why a profile is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rejection {
    /// No e-mail address.
    EmailMissing,
    /// Not an e-mail address.
    EmailMalformed,
    /// More characters than an import takes ([`EMAIL_CHARS`]).
    EmailTooLong,
    /// The anniversary is not a date; the vendor would refuse the row as "correctable".
    AnniversaryNotADate,
    /// Birthday day or month is not one, or one is there without the other; refused as "correctable" as well.
    BirthdayIncomplete,
    /// The address or its domain is on the exclusion list.
    Excluded,
    /// They left the list by themselves, and the export respects that.
    LeftList,
    /// They have unsubscribed, and the export respects that.
    Unsubscribed,
    /// They were delivered just now and are not seen on the list yet: perhaps they have left it. The next run knows.
    NotSeenYet,
}

impl Rejection {
    /// Every reason, in the order they are shown.
    pub const ALL: [Self; 9] = [
        Self::EmailMissing,
        Self::EmailMalformed,
        Self::EmailTooLong,
        Self::AnniversaryNotADate,
        Self::BirthdayIncomplete,
        Self::Excluded,
        Self::LeftList,
        Self::Unsubscribed,
        Self::NotSeenYet,
    ];

    /// Those that a look at the list finds.
    const OF_LIST: [Self; 3] = [Self::LeftList, Self::Unsubscribed, Self::NotSeenYet];

    /// Name in the database and in JSON answers.
    pub fn code(self) -> &'static str {
        match self {
            Self::EmailMissing => "email_missing",
            Self::EmailMalformed => "email_malformed",
            Self::EmailTooLong => "email_too_long",
            Self::AnniversaryNotADate => "anniversary_not_a_date",
            Self::BirthdayIncomplete => "birthday_incomplete",
            Self::Excluded => "excluded",
            Self::LeftList => "left_list",
            Self::Unsubscribed => "unsubscribed",
            Self::NotSeenYet => "not_seen_yet",
        }
    }

    /// Message key of the reason people read.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::EmailMissing => "runs-rejected-email-missing",
            Self::EmailMalformed => "runs-rejected-email-malformed",
            Self::EmailTooLong => "runs-rejected-email-too-long",
            Self::AnniversaryNotADate => "runs-rejected-anniversary",
            Self::BirthdayIncomplete => "runs-rejected-birthday",
            Self::Excluded => "runs-rejected-excluded",
            Self::LeftList => "runs-rejected-left",
            Self::Unsubscribed => "runs-rejected-unsubscribed",
            Self::NotSeenYet => "runs-rejected-not-seen-yet",
        }
    }
}

/// Profiles rejected, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RejectedCounts([u64; Rejection::ALL.len()]);

impl RejectedCounts {
    pub(super) fn add(&mut self, reason: Rejection) {
        self.0[reason as usize] += 1;
    }

    /// Profiles rejected for one reason.
    pub fn of(&self, reason: Rejection) -> u64 {
        self.0[reason as usize]
    }

    /// Profiles rejected altogether.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Profiles left out for what a look at the list has found: no fault of the profiles.
    pub(super) fn of_list(&self) -> u64 {
        Rejection::OF_LIST
            .map(|reason| self.of(reason))
            .iter()
            .sum()
    }

    /// By code, reasons that occurred only; how the database and JSON answers hold them.
    pub fn to_map(&self) -> BTreeMap<String, u64> {
        Rejection::ALL
            .into_iter()
            .filter(|reason| self.of(*reason) > 0)
            .map(|reason| (reason.code().to_owned(), self.of(reason)))
            .collect()
    }

    /// The counts of a map; codes of another version are ignored.
    pub fn from_map(map: &BTreeMap<String, u64>) -> Self {
        Self(Rejection::ALL.map(|reason| map.get(reason.code()).copied().unwrap_or(0)))
    }
}

/// Judges an address that has been cleaned.
///
/// The vendor's rules are unpublished. Refused here is what no mailing service takes: no single `@`, nothing on one
/// side of it, blanks, quotes, dots at an end or doubled, a domain of one label or with labels that cannot exist.
/// Letters of any script pass; the vendor judges those.
pub(super) fn check_email(email: &str) -> Result<(), Rejection> {
    if email.is_empty() {
        return Err(Rejection::EmailMissing);
    }
    let (local, domain) = email.split_once('@').ok_or(Rejection::EmailMalformed)?;
    let is_local = !local.is_empty()
        && local.split('.').all(|atom| !atom.is_empty())
        && local.chars().all(is_local_char);
    let is_domain = domain.len() <= 253 && domain.contains('.') && domain.split('.').all(is_label);
    if !is_local || !is_domain {
        return Err(Rejection::EmailMalformed);
    }
    if email.len() > EMAIL_CHARS && email.chars().count() > EMAIL_CHARS {
        return Err(Rejection::EmailTooLong);
    }
    Ok(())
}

/// `atext` of RFC 5322, the dot, and letters beyond ASCII (RFC 6531).
fn is_local_char(c: char) -> bool {
    match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() => {
            byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte)
        }
        _ => is_word_beyond_ascii(c),
    }
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || is_word_beyond_ascii(c))
}

/// Letters, digits and the marks that belong to them (combining accents are not "alphanumeric" in every script).
fn is_word_beyond_ascii(c: char) -> bool {
    !c.is_ascii()
        && !c.is_whitespace()
        && !c.is_control()
        && !matches!(c, '\u{80}'..='\u{a9}' | '\u{ab}'..='\u{b4}' | '\u{b6}'..='\u{b9}' | '\u{bb}'..='\u{bf}'
            | '\u{2000}'..='\u{2bff}' | '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{3020}' | '\u{fe00}'..='\u{fe6f}'
            | '\u{feff}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{fff0}'..='\u{ffff}' | '\u{1f000}'..)
}

/// A day as a field of this type writes it. Text is read in the orders the vendor itself takes (`JsonImportContact`).
pub(super) fn parse_day(value: &str, field_type: FieldType) -> Option<jiff::civil::Date> {
    match field_type {
        FieldType::Date { order } => order.parse(value),
        _ => DateOrder::YearMonthDay
            .parse(value)
            .or_else(|| DateOrder::MonthDayYear.parse(value)),
    }
}

/// Day (1-31) or month (1-12) of a birthday: a number, or taken from a whole date.
pub(super) fn parse_day_or_month(value: &str, field_type: FieldType, part: DatePart) -> Option<i8> {
    if !value.is_empty() && value.len() <= 2 && value.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: i8 = value.parse().ok()?;
        return (1..=part.highest()).contains(&number).then_some(number);
    }
    let day = parse_day(value, field_type)?;
    Some(match part {
        DatePart::Day => day.day(),
        DatePart::Month => day.month(),
    })
}

/// Which part of a birthday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DatePart {
    Day,
    Month,
}

impl DatePart {
    fn highest(self) -> i8 {
        match self {
            Self::Day => 31,
            Self::Month => 12,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_judged() {
        for good in [
            "a@b.co",
            "o'hara+x@mail.example.com",
            "x_y-z@sub-domain.example",
            "zoë@example.com",
            "e\u{301}@example.com",
            "a@bücher.example",
            "用戶@例子.香港",
        ] {
            assert_eq!(check_email(good), Ok(()), "{good}");
        }
        for bad in [
            "user1",
            "user1@",
            "@example.com",
            "us er1@example.com",
            "user1@@example.com",
            "user1@example..com",
            "a@b@c.co",
            "a@b",
            ".a@b.co",
            "a.@b.co",
            "a..b@c.co",
            "a@-b.co",
            "a@b.co,",
            "<a@b.co>",
            "\"a\"@b.co",
            "a\n@b.co",
            "a\0@b.co",
            "a\u{a0}@b.co",
            "a@b.co.",
            "a\u{200b}@b.co",
            "a@[127.0.0.1]",
            "a；b@c.co",
        ] {
            assert_eq!(check_email(bad), Err(Rejection::EmailMalformed), "{bad:?}");
        }
        assert_eq!(check_email(""), Err(Rejection::EmailMissing));
        let local = |length: usize| format!("{}@b.example", "a".repeat(length));
        assert_eq!(check_email(&local(40)), Ok(()));
        assert_eq!(check_email(&local(41)), Err(Rejection::EmailTooLong));
    }

    #[test]
    fn days_and_months_are_taken_from_numbers_and_dates() {
        let order = DateOrder::DayMonthYear;
        let date = FieldType::Date { order };
        for (value, field_type, day, month) in [
            ("7", FieldType::Text, Some(7), Some(7)),
            ("31", FieldType::Text, Some(31), None),
            ("0", FieldType::Text, None, None),
            ("05/11/1980", date, Some(5), Some(11)),
            ("05/11/1980", FieldType::Text, Some(11), Some(5)),
            ("1980-11-05", FieldType::Text, Some(5), Some(11)),
            ("May", FieldType::Text, None, None),
        ] {
            let part = |part| parse_day_or_month(value, field_type, part);
            assert_eq!(
                (part(DatePart::Day), part(DatePart::Month)),
                (day, month),
                "{value}"
            );
        }
    }

    #[test]
    fn counts_go_through_a_map() {
        let mut counts = RejectedCounts::default();
        counts.add(Rejection::EmailMissing);
        counts.add(Rejection::BirthdayIncomplete);
        counts.add(Rejection::BirthdayIncomplete);
        assert_eq!(counts.total(), 3);
        assert_eq!(counts.to_map().len(), 2);
        assert_eq!(RejectedCounts::from_map(&counts.to_map()), counts);
    }
}
