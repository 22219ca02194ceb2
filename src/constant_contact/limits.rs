//! The vendor's numbers and the columns of an import file, as data.
//!
//! Source of each is named; "guide" is `developer.constantcontact.com/api_guide`. Where the vendor contradicts itself, the
//! stricter figure is used.

/// API requests per second and API key (guide, "rate limits").
pub const REQUESTS_PER_SECOND: u32 = 4;
/// API requests per UTC day and API key; the count starts again at 00:00 UTC (guide, "rate limits").
pub const REQUESTS_PER_DAY: u32 = 10_000;
/// Requests per second to the token endpoint, per application (vendor staff, developer forum).
pub const TOKEN_REQUESTS_PER_SECOND: u32 = 1;
/// Seconds an authorisation code lives; it works once (vendor staff, developer forum).
pub const CODE_LIFETIME_SECONDS: u32 = 300;
/// Days after which an unused refresh token dies (vendor staff, developer forum).
pub const REFRESH_TOKEN_IDLE_DAYS: u32 = 180;

/// Lines of an import file, the header included; the rest is dropped silently (`contactsCSVImport`).
pub const IMPORT_LINES: usize = 40_000;
/// Contacts in an import file: the lines without the header.
pub const IMPORT_CONTACTS: usize = IMPORT_LINES - 1;
/// Bytes of a whole import request body, multipart framing included.
///
/// "4 MB" is not defined any closer and the rest is dropped silently (`contactsCSVImport`), so it is read in the strictest
/// way: less than 4,000,000.
pub const IMPORT_BODY_BYTES: usize = 3_999_999;
/// Lists an import adds its contacts to (`contactsCSVImport`).
pub const LISTS_PER_IMPORT: usize = 50;
/// Activities that may be queued for an account; one more is answered with 429 (`contactsCSVImport`).
pub const QUEUED_ACTIVITIES: usize = 1_000;
/// Days an activity can be asked for (guide, `activity_status`).
pub const ACTIVITY_RETENTION_DAYS: u32 = 10;
/// Activities in one page (`getActivityStatusCollection`).
pub const ACTIVITIES_PER_PAGE: usize = 500;
/// Contacts in one removal from lists (`postListRemoveContact`).
pub const CONTACTS_PER_REMOVAL: usize = 500;

/// Lists in an account (guide, `lists_overview`).
pub const LISTS_PER_ACCOUNT: usize = 1_000;
/// Lists in one page: 500 by the text of `getLists`, 1,000 by its schema.
pub const LISTS_PER_PAGE: usize = 500;
/// Characters of a list's name (`ListInput`).
pub const LIST_NAME_CHARS: usize = 255;
/// Lists one contact may be on (guide, `lists_overview`).
pub const LISTS_PER_CONTACT: usize = 50;

/// Custom fields in an account (guide, `create_custom_fields`).
pub const CUSTOM_FIELDS_PER_ACCOUNT: usize = 100;
/// Custom fields in one page (`getCustomFields`).
pub const CUSTOM_FIELDS_PER_PAGE: usize = 100;
/// Custom fields one contact may have, hence `cf:` columns in a file (`contactsCSVImport`).
pub const CUSTOM_FIELDS_PER_CONTACT: usize = 25;
/// Characters of a custom field's value (`JsonImportContact`).
pub const CUSTOM_VALUE_CHARS: usize = 255;
/// What comes before a custom field's name in a heading (`contactsCSVImport`).
pub const CUSTOM_HEADING_PREFIX: &str = "cf:";

/// Characters of an e-mail address in an import (`JsonImportContact`).
pub const EMAIL_CHARS: usize = 50;
/// Characters of an e-mail address when one contact is written (`createContact`); longer ones are refused everywhere.
pub const EMAIL_CHARS_SINGLE_CONTACT: usize = 80;

/// Forms in which an import takes a date (`JsonImportContact`).
pub const DATE_FORMATS: [&str; 8] = [
    "MM/DD/YYYY",
    "M/D/YYYY",
    "YYYY/MM/DD",
    "YYYY/M/D",
    "YYYY-MM-DD",
    "YYYY-M-D",
    "M-D-YYYY",
    "M-DD-YYYY",
];
/// The form in which we send dates: the one of [`DATE_FORMATS`] that reads the same everywhere.
pub const SENT_DATE_FORMAT: &str = "%Y-%m-%d";

/// What kind of value a standard column takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// An e-mail address.
    Email,
    /// Any text.
    Text,
    /// A date in one of [`DATE_FORMATS`].
    Date,
    /// 1 to 31; needs the month.
    DayOfMonth,
    /// 1 to 12; needs the day.
    Month,
}

/// A column every account has (`contactsCSVImport`). Text messaging columns are left out: they need a consent of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the headings")]
pub enum StandardField {
    Email,
    FirstName,
    LastName,
    Phone,
    JobTitle,
    CompanyName,
    Anniversary,
    BirthdayDay,
    BirthdayMonth,
    Street,
    Street2,
    City,
    State,
    Zip,
    Country,
}

impl StandardField {
    /// Every standard column, in the order we offer and send them.
    pub const ALL: [Self; 15] = [
        Self::Email,
        Self::FirstName,
        Self::LastName,
        Self::Phone,
        Self::JobTitle,
        Self::CompanyName,
        Self::Anniversary,
        Self::BirthdayDay,
        Self::BirthdayMonth,
        Self::Street,
        Self::Street2,
        Self::City,
        Self::State,
        Self::Zip,
        Self::Country,
    ];

    /// The heading of its column, exactly as it must be sent.
    pub const fn heading(self) -> &'static str {
        self.row().0
    }

    /// Most characters of a value.
    pub const fn max_chars(self) -> usize {
        self.row().1
    }

    /// What it takes.
    pub const fn kind(self) -> FieldKind {
        self.row().2
    }

    /// The field with this heading.
    pub fn find_by_heading(heading: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|field| field.heading() == heading)
    }

    /// Heading, most characters and kind. Lengths are those of `JsonImportContact`; of dates, those of their forms.
    const fn row(self) -> (&'static str, usize, FieldKind) {
        use FieldKind::{Date, DayOfMonth, Email, Month, Text};
        match self {
            Self::Email => ("email", EMAIL_CHARS, Email),
            Self::FirstName => ("first_name", 50, Text),
            Self::LastName => ("last_name", 50, Text),
            Self::Phone => ("phone", 50, Text),
            Self::JobTitle => ("job_title", 50, Text),
            Self::CompanyName => ("company_name", 50, Text),
            Self::Anniversary => ("anniversary", 10, Date),
            Self::BirthdayDay => ("birthday_day", 2, DayOfMonth),
            Self::BirthdayMonth => ("birthday_month", 2, Month),
            Self::Street => ("street", 255, Text),
            Self::Street2 => ("street2", 255, Text),
            Self::City => ("city", 50, Text),
            Self::State => ("state", 50, Text),
            Self::Zip => ("zip", 50, Text),
            Self::Country => ("country", 50, Text),
        }
    }
}

/// The heading of a custom field's column, from its *name* (not its label).
pub fn custom_heading(field_name: &str) -> String {
    format!("{CUSTOM_HEADING_PREFIX}{field_name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_the_vendors_and_lead_back_to_their_field() {
        let headings: Vec<&str> = StandardField::ALL.iter().map(|f| f.heading()).collect();
        assert_eq!(
            headings.join(" "),
            "email first_name last_name phone job_title company_name anniversary birthday_day birthday_month \
             street street2 city state zip country"
        );
        for field in StandardField::ALL {
            assert_eq!(StandardField::find_by_heading(field.heading()), Some(field));
        }
        assert_eq!(StandardField::find_by_heading("Email"), None);
    }

    #[test]
    fn sent_dates_are_a_form_the_vendor_takes() {
        let date = jiff::civil::date(2026, 3, 7);
        assert_eq!(date.strftime(SENT_DATE_FORMAT).to_string(), "2026-03-07");
        assert!(DATE_FORMATS.contains(&"YYYY-MM-DD"));
    }
}
