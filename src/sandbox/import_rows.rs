//! The rows of an import: which contacts they make or change, and which counters they end in.
//!
//! A row is an update of only the values it has. New contacts get permission `implicit`; the permission of known ones
//! is never changed, and people who have opted out are counted, not put on a list (vendor's API description,
//! `contactsCSVImport`).

use std::{borrow::Cow, ops::ControlFlow};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    activities::Report,
    address,
    book::{Book, Joined},
    contact::{Kind, Permission, STANDARD_FIELDS, standard_code},
    import_limits,
    members::Members,
    server::Core,
};

/// Counters of an import's `status` (vendor's API description, `ActivityImport`).
pub(super) const COUNTERS: &[&str] = &[
    "items_total_count",
    "person_count",
    "error_count",
    "correctable_count",
    "cannot_add_to_list_count",
];
/// Custom values a contact may have (same source).
const MAX_CUSTOM_VALUES: usize = 25;
/// Longest custom value, in characters (same source).
const MAX_CUSTOM_CHARS: usize = 255;
/// Rows handled before others get at the account again.
const ROWS_PER_TURN: usize = 1_000;
/// Complaints kept in `activity_errors`.
const MAX_COMPLAINTS: usize = 100;

/// What a column or property holds.
#[derive(Clone, Copy)]
enum Column {
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
    fn named(book: &Book, name: &str, is_csv: bool) -> Self {
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
}

/// Counters while an import runs.
#[derive(Default)]
struct Tally {
    items: usize,
    errors: usize,
    correctable: usize,
    unsubscribed: Members,
    persons: Members,
    complaints: Vec<String>,
}

impl Tally {
    fn complain(&mut self, line: usize, what: &str) {
        if self.complaints.len() < MAX_COMPLAINTS {
            self.complaints.push(format!("Line {line}: {what}"));
        }
    }

    fn counters(&self) -> Value {
        json!({
            "items_total_count": self.items,
            "person_count": self.persons.len(),
            "error_count": self.errors,
            "correctable_count": self.correctable,
            "cannot_add_to_list_count": self.unsubscribed.len(),
        })
    }
}

/// Imports a CSV file of which everything beyond the size limit has been cut off already.
pub(super) fn import_csv(core: &Core, content: &[u8], lists: &[Uuid]) -> Report {
    let content = import_limits::first_lines(content, core.options.imports.max_lines);
    // Decoded as a whole: what is not UTF-8 becomes U+FFFD.
    let text = String::from_utf8_lossy(content);
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut tally = Tally::default();
    if !matches!(reader.read_record(&mut record), Ok(true)) {
        return Report::failed(tally.counters(), "The file is empty.");
    }
    tally.items = 1;
    let mut columns: Vec<Column> = {
        let state = core.state();
        record
            .iter()
            .map(|heading| Column::named(&state.book, heading, true))
            .collect()
    };
    // The reader takes a byte order mark away, but it belongs to the first heading, which it makes unknown.
    if let Some(first) = columns.first_mut().filter(|_| text.starts_with('\u{feff}')) {
        *first = Column::Unknown;
    }
    let sms_number = standard_code("sms_number");
    let identifies = |column: &Column| match column {
        Column::Email => true,
        Column::Value { code, .. } => Some(*code) == sms_number,
        Column::Unknown => false,
    };
    if !columns.iter().any(identifies) {
        return Report::failed(
            tally.counters(),
            "The file has no column named email or sms_number.",
        );
    }
    in_turns(core, lists, &mut tally, |importer| {
        if !matches!(reader.read_record(&mut record), Ok(true)) {
            return ControlFlow::Break(());
        }
        let cells = columns.iter().copied().zip(record.iter());
        importer.import(cells);
        ControlFlow::Continue(())
    });
    finish(core, lists, tally)
}

/// Imports the items of a JSON import.
pub(super) fn import_json(core: &Core, contacts: &[Value], lists: &[Uuid]) -> Report {
    let mut tally = Tally::default();
    let mut contacts = contacts.iter();
    in_turns(core, lists, &mut tally, |importer| {
        let Some(contact) = contacts.next() else {
            return ControlFlow::Break(());
        };
        let properties: Vec<(Column, Cow<'_, str>)> = contact
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| {
                let text = match value {
                    Value::String(text) => Cow::Borrowed(text.as_str()),
                    Value::Number(number) => Cow::Owned(number.to_string()),
                    _ => return None,
                };
                Some((Column::named(importer.book, name, false), text))
            })
            .collect();
        importer.import(
            properties
                .iter()
                .map(|(column, text)| (*column, text.as_ref())),
        );
        ControlFlow::Continue(())
    });
    finish(core, lists, tally)
}

fn finish(core: &Core, lists: &[Uuid], tally: Tally) -> Report {
    let state = core.state();
    let gone = lists
        .iter()
        .filter(|id| state.book.find_list(**id).is_none())
        .count();
    drop(state);
    let mut errors = tally.complaints.clone();
    if gone == lists.len() {
        return Report::failed(tally.counters(), "None of the lists exists any more.");
    }
    if gone > 0 {
        errors.push(format!("{gone} of the lists no longer exist."));
    }
    Report::done(tally.counters()).with_errors(errors)
}

/// Calls `step` until it breaks, giving the account free for requests every now and then.
fn in_turns(
    core: &Core,
    lists: &[Uuid],
    tally: &mut Tally,
    mut step: impl FnMut(&mut Importer<'_>) -> ControlFlow<()>,
) {
    loop {
        let mut state = core.state();
        let state = &mut *state;
        let lists: Vec<usize> = lists
            .iter()
            .filter_map(|id| state.book.find_list(*id))
            .collect();
        if lists.is_empty() {
            return;
        }
        let rows_before = tally.items;
        let mut importer = Importer {
            core,
            book: &mut state.book,
            lists: &lists,
            tally,
        };
        for _ in 0..ROWS_PER_TURN {
            if step(&mut importer).is_break() {
                state.received.rows += (tally.items - rows_before) as u64;
                return;
            }
        }
        state.received.rows += ROWS_PER_TURN as u64;
    }
}

/// Address and values of a row; the address is empty for a contact known only by an SMS number.
type Person<'c> = (&'c str, Vec<(u16, &'c str)>);

/// Imports single rows while the account is held.
struct Importer<'a> {
    core: &'a Core,
    book: &'a mut Book,
    lists: &'a [usize],
    tally: &'a mut Tally,
}

impl Importer<'_> {
    fn import<'c>(&mut self, cells: impl Iterator<Item = (Column, &'c str)>) {
        self.tally.items += 1;
        let line = self.tally.items;
        match self.understand(cells) {
            Ok((email, updates)) => self.apply(email, &updates),
            Err(Unfit::Correctable(what)) => {
                self.tally.correctable += 1;
                self.tally.complain(line, what);
            }
            Err(Unfit::Error(what)) => {
                self.tally.errors += 1;
                self.tally.complain(line, what);
            }
        }
    }

    /// Address and values of a row. Blank cells change nothing.
    fn understand<'c>(
        &self,
        cells: impl Iterator<Item = (Column, &'c str)>,
    ) -> Result<Person<'c>, Unfit> {
        let mut email = "";
        let mut updates: Vec<(u16, &str)> = Vec::with_capacity(16);
        let mut custom_values = 0;
        let (mut has_month, mut has_day) = (false, false);
        for (column, cell) in cells {
            let cell = cell.trim();
            if cell.is_empty() {
                continue;
            }
            match column {
                Column::Unknown => {}
                Column::Email => email = cell,
                Column::Value {
                    code,
                    max_chars,
                    kind,
                } => {
                    // Counting characters only where bytes leave a doubt.
                    if cell.len() > max_chars && cell.chars().count() > max_chars {
                        return Err(Unfit::Error("Value too long"));
                    }
                    match kind {
                        Kind::Text => {}
                        Kind::Date if address::is_date(cell) => {}
                        Kind::Date => return Err(Unfit::Correctable("Invalid anniversary")),
                        Kind::Month if is_between(cell, 12) => has_month = true,
                        Kind::Day if is_between(cell, 31) => has_day = true,
                        Kind::Month | Kind::Day => {
                            return Err(Unfit::Correctable("Invalid birthday"));
                        }
                    }
                    if code >= super::contact::FIRST_CUSTOM_CODE {
                        custom_values += 1;
                        if custom_values > MAX_CUSTOM_VALUES {
                            continue;
                        }
                    }
                    updates.push((code, cell));
                }
            }
        }
        if has_month != has_day {
            return Err(Unfit::Correctable("Invalid birthday"));
        }
        if !email.is_empty() {
            if !address::is_email(email) || email.len() > self.core.options.imports.max_email_chars
            {
                return Err(Unfit::Correctable("Invalid email address"));
            }
        } else if sms_number_of(&updates).is_none() {
            return Err(Unfit::Correctable("No email address or SMS number"));
        }
        Ok((email, updates))
    }

    fn apply(&mut self, email: &str, updates: &[(u16, &str)]) {
        let now = self.core.options.clock.now();
        let known = if email.is_empty() {
            sms_number_of(updates).and_then(|number| self.book.find_by_sms_number(number))
        } else {
            self.book.find_by_email(email)
        };
        let position =
            known.unwrap_or_else(|| self.book.add_contact(email, Permission::Implicit, now));
        if !updates.is_empty() {
            self.book.update_values(position, updates, now);
        }
        self.tally.persons.insert(position);
        for list in self.lists {
            match self.book.join(position, *list, now) {
                Joined::Yes => {}
                Joined::Unsubscribed => {
                    self.tally.unsubscribed.insert(position);
                }
                Joined::TooManyLists => self.tally.errors += 1,
            }
        }
    }
}

/// Why a row makes no contact.
enum Unfit {
    /// Fixable in the vendor's web interface.
    Correctable(&'static str),
    Error(&'static str),
}

fn sms_number_of<'c>(updates: &[(u16, &'c str)]) -> Option<&'c str> {
    let sms_number = standard_code("sms_number");
    updates
        .iter()
        .find(|(code, _)| Some(*code) == sms_number)
        .map(|(_, number)| *number)
}

fn is_between(text: &str, most: u8) -> bool {
    text.parse::<u8>()
        .is_ok_and(|number| (1..=most).contains(&number))
}
