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
    book::{Book, Joined},
    contact::{Permission, standard_code},
    import_cells::{Column, Person, Unfit, understand},
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
/// Rows handled before others get at the account again.
const ROWS_PER_TURN: usize = 1_000;
/// Complaints kept in `activity_errors`.
const MAX_COMPLAINTS: usize = 100;

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

/// What a request says about consent to be sent SMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SmsPermission {
    Explicit,
    NotSet,
}

/// What a file's headings lack; `sms_number` needs a word about consent, and with `explicit` its date, too (vendor's
/// API description, `contactsCSVImport`).
fn missing(columns: &[Column], sms: Option<SmsPermission>) -> Option<&'static str> {
    let has = |name: &str| {
        let code = standard_code(name);
        columns.iter().any(|column| column.code() == code)
    };
    let has_sms_number = has("sms_number");
    let has_email = columns.iter().any(|column| matches!(column, Column::Email));
    match sms {
        _ if !has_sms_number && !has_email => {
            Some("The file has no column named email or sms_number.")
        }
        None if has_sms_number => Some("sms_number needs sms_permission_to_send."),
        Some(SmsPermission::Explicit) if has_sms_number && !has("sms_consent_date") => {
            Some("Explicit SMS permission needs a column named sms_consent_date.")
        }
        _ => None,
    }
}

/// Imports a CSV file of which everything beyond the size limit has been cut off already.
pub(super) fn import_csv(
    core: &Core,
    content: &[u8],
    lists: &[Uuid],
    sms: Option<SmsPermission>,
) -> Report {
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
    if let Some(what) = missing(&columns, sms) {
        return Report::failed(tally.counters(), what);
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
        match understand(cells, self.core.options.imports.max_email_chars) {
            Ok(person) => self.apply(&person),
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

    fn apply(&mut self, person: &Person<'_>) {
        let now = self.core.options.clock.now();
        let known = match (person.email, &person.sms_number) {
            ("", Some(number)) => self.book.find_by_sms_number(number),
            (email, _) => self.book.find_by_email(email),
        };
        let position = known.unwrap_or_else(|| {
            self.book
                .add_contact(person.email, Permission::Implicit, now)
        });
        let updates = person.updates();
        if !updates.is_empty() {
            self.book.update_values(position, &updates, now);
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
