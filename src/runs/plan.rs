//! The plan of a run: which profiles are sent, in which files.
//!
//! A pure function of the snapshot's rows in order and the layout (with the exclusion list as it was frozen), so that a run that was interrupted can be planned
//! again and every part comes out byte for byte the same. Nothing here waits, sends or stores.
//!
//! Per profile: the address is cleaned, judged and looked up among the excluded ones, attributes are cleaned, cut and judged, and only then is the
//! address compared with those before; so a profile that is rejected never stands in the way of a later one with the
//! same address. Where the export remembers its deliveries, rows that were delivered as they are now are left out last.
//! Always: read = sent + duplicates + rejected + unchanged.

use std::borrow::Cow;
use std::sync::Arc;

use crate::constant_contact::limits::{
    CUSTOM_VALUE_CHARS, FieldKind, SENT_DATE_FORMAT, StandardField,
};
use crate::exclusions::ExcludedSet;
use crate::exports::{ExportDefinition, Target};
use crate::profiles::{Field, FieldType};

use super::dedupe::SeenEmails;
use super::normalise::{clean, clean_email, cut};
use super::part_writer::{PartLimits, PartWriter, PlannedPart, push_value};
use super::reject::{
    DatePart, RejectedCounts, Rejection, check_email, parse_day, parse_day_or_month,
};
use super::remembered::{Compared, Remembered};

/// What a run has counted so far. Units: profiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Members of the segments read.
    pub read: u64,
    /// Rows put into parts.
    pub sent: u64,
    /// Left out because an earlier row has the same address.
    pub duplicates: u64,
    /// Left out because the target would refuse them.
    pub rejected: RejectedCounts,
    /// Left out because they were delivered as they are.
    pub unchanged: u64,
    /// Read with at least one value longer than the target takes; it is cut. Says nothing about whether they are sent.
    pub adjusted: u64,
}

impl Totals {
    /// Rows that are on the list when everything goes well: sent, or delivered before.
    pub fn delivered_or_sent(&self) -> u64 {
        self.sent + self.unchanged
    }
}

/// What became of one profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is sent.
    Sent,
    /// An earlier row has the same address.
    Duplicate,
    /// It was delivered as it is.
    Unchanged,
    /// The target would refuse it.
    Rejected(Flaw),
}

/// Why a profile is rejected, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Why.
    pub reason: Rejection,
    /// Which of the columns of [`Layout::columns`].
    pub column: usize,
}

/// Profile fields that an export needs and the snapshot does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the source has no field named {}", .0.join(", "))]
pub struct MissingFields(pub Vec<String>);

/// Which columns are read, how they are treated and under which headings they are sent.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Columns of the snapshot; the e-mail address first.
    columns: Vec<usize>,
    /// How each column after the first is treated.
    rules: Vec<ValueRule>,
    /// Heading line.
    header: Vec<u8>,
    /// Who is left out.
    excluded: Arc<ExcludedSet>,
    /// What had been delivered before, where that counts.
    remembered: Option<Arc<Remembered>>,
    /// Whether rows are compared with what had been delivered.
    compares: bool,
}

#[derive(Clone, Copy, Debug)]
enum ValueRule {
    /// Text; one that reads as a date, where that is what both sides hold, is sent as the vendor writes dates.
    Text {
        max_chars: usize,
        date: Option<FieldType>,
    },
    Date(FieldType),
    Birthday(DatePart, FieldType),
}

impl Layout {
    /// The layout of an export over a snapshot with these fields.
    ///
    /// # Errors
    /// [`MissingFields`], naming each once.
    pub fn new(definition: &ExportDefinition, fields: &[Field]) -> Result<Self, MissingFields> {
        let mut missing = Vec::new();
        let mut columns = Vec::new();
        let mut types = Vec::new();
        let wanted = definition
            .attributes
            .iter()
            .map(|attribute| &attribute.field);
        for name in std::iter::once(&definition.email_field).chain(wanted) {
            match fields.iter().position(|field| field.name == *name) {
                Some(column) => {
                    columns.push(column);
                    types.push(fields[column].field_type);
                }
                None if missing.contains(name) => {}
                None => missing.push(name.clone()),
            }
        }
        if !missing.is_empty() {
            return Err(MissingFields(missing));
        }
        let targets = definition
            .attributes
            .iter()
            .map(|attribute| &attribute.target);
        let rules = targets
            .zip(&types[1..])
            .map(|(target, field_type)| rule(target, *field_type));
        let mut header = StandardField::Email.heading().as_bytes().to_vec();
        for attribute in &definition.attributes {
            header.push(b',');
            push_value(&mut header, &attribute.target.heading());
        }
        header.push(b'\n');
        Ok(Self {
            rules: rules.collect(),
            columns,
            header,
            excluded: Arc::default(),
            remembered: None,
            compares: true,
        })
    }

    /// The same, leaving out whoever is excluded.
    #[must_use]
    pub fn excluding(self, excluded: ExcludedSet) -> Self {
        Self {
            excluded: Arc::new(excluded),
            ..self
        }
    }

    /// The same, comparing with what had been delivered.
    #[must_use]
    pub fn remembering(self, remembered: Remembered) -> Self {
        Self {
            remembered: Some(Arc::new(remembered)),
            ..self
        }
    }

    /// Columns to read from the snapshot, in the order [`Planner::push`] asks for them.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// Whether a profile with this address may be sent, as far as the address decides.
    pub(super) fn may_be_sent(&self, email: &str) -> bool {
        check_email(email).is_ok() && !self.excluded.contains(email)
    }

    /// The same without the columns that decide nothing about who is sent: counts the same profiles in a fraction of
    /// the time. What was delivered before counts as sent.
    #[must_use]
    pub fn for_counting(&self) -> Self {
        let judged = self.rules.iter().zip(&self.columns[1..]);
        let judged: Vec<(ValueRule, usize)> = judged
            .filter(|(rule, _)| !matches!(rule, ValueRule::Text { .. }))
            .map(|(rule, column)| (*rule, *column))
            .collect();
        let columns = judged.iter().map(|(_, column)| *column);
        Self {
            columns: std::iter::once(self.columns[0]).chain(columns).collect(),
            rules: judged.iter().map(|(rule, _)| *rule).collect(),
            header: self.header.clone(),
            excluded: self.excluded.clone(),
            remembered: self.remembered.clone(),
            compares: false,
        }
    }

    /// What is sent of a value that is cut, and how many characters the target takes; `None` for a column that is not
    /// text.
    pub(super) fn shorten(&self, column: usize, value: &str) -> Option<(String, usize)> {
        match self.rules.get(column.checked_sub(1)?)? {
            ValueRule::Text { max_chars, .. } => {
                Some((cut(&clean(value), *max_chars).to_owned(), *max_chars))
            }
            _ => None,
        }
    }
}

fn rule(target: &Target, field_type: FieldType) -> ValueRule {
    match target {
        Target::Custom(custom) => ValueRule::Text {
            max_chars: CUSTOM_VALUE_CHARS,
            date: Some(field_type)
                .filter(|held| custom.is_date && matches!(held, FieldType::Date { .. })),
        },
        Target::Standard(field) => match field.kind() {
            FieldKind::Text | FieldKind::Email => ValueRule::Text {
                max_chars: field.max_chars(),
                date: None,
            },
            FieldKind::Date => ValueRule::Date(field_type),
            FieldKind::DayOfMonth => ValueRule::Birthday(DatePart::Day, field_type),
            FieldKind::Month => ValueRule::Birthday(DatePart::Month, field_type),
        },
    }
}

/// Takes profiles in snapshot order and hands out parts.
pub struct Planner {
    rules: Vec<ValueRule>,
    excluded: Arc<ExcludedSet>,
    remembered: Option<Arc<Remembered>>,
    compares: bool,
    seen: SeenEmails,
    writer: PartWriter,
    totals: Totals,
    row: Vec<u8>,
    fate: Fate,
    /// Columns of the last profile whose value was cut.
    cut: Vec<usize>,
}

impl Planner {
    /// A plan of about `expected` profiles.
    pub fn new(layout: &Layout, limits: PartLimits, expected: u64) -> Self {
        let expected = usize::try_from(expected).unwrap_or(usize::MAX / 64);
        Self {
            rules: layout.rules.clone(),
            excluded: layout.excluded.clone(),
            remembered: layout.remembered.clone(),
            compares: layout.compares,
            seen: SeenEmails::with_capacity(expected),
            writer: PartWriter::new(layout.header.clone(), limits),
            totals: Totals::default(),
            row: Vec::new(),
            fate: Fate::Sent,
            cut: Vec::new(),
        }
    }

    /// Takes the profile of row `row_number`, whose chosen columns `value` hands out; returns the part before it when that
    /// is complete, with what had been counted until then.
    pub fn push<'a>(
        &mut self,
        row_number: u64,
        value: impl Fn(usize) -> &'a str,
    ) -> Option<(PlannedPart, Totals)> {
        let before = self.totals;
        self.totals.read += 1;
        let email = clean_email(value(0));
        let hashed = self.seen.hash(email);
        self.row.clear();
        self.row.extend_from_slice(email.as_bytes());
        // Attributes of a profile without a good address are looked at as well: "adjusted" is about the values.
        let attributes = self.push_attributes(value);
        let remembered = self.remembered.as_deref();
        let checked = match check_email(email) {
            Ok(()) if self.excluded.contains(email) => Err(Rejection::Excluded),
            Ok(()) => remembered.map_or(Ok(()), |known| known.check_list(email)),
            checked => checked,
        };
        let checked = checked.map_err(|reason| Flaw { reason, column: 0 });
        if let Err(flaw) = checked.and(attributes) {
            self.totals.rejected.add(flaw.reason);
            self.fate = Fate::Rejected(flaw);
            return None;
        }
        if !self.seen.insert(hashed) {
            self.totals.duplicates += 1;
            self.fate = Fate::Duplicate;
            return None;
        }
        let entry = match remembered.filter(|_| self.compares) {
            None => None,
            Some(remembered) => match remembered.compare(email, &self.row) {
                Compared::News(entry) => Some(entry.to_bytes()),
                Compared::Unchanged => {
                    self.totals.unchanged += 1;
                    self.fate = Fate::Unchanged;
                    return None;
                }
            },
        };
        self.totals.sent += 1;
        self.fate = Fate::Sent;
        let part = self.writer.push(row_number, &self.row, entry)?;
        Some((part, before))
    }

    /// The last part and the final count.
    pub fn finish(mut self) -> (Option<PlannedPart>, Totals) {
        (self.writer.finish(), self.totals)
    }

    /// What has been counted so far.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// What became of the profile pushed last.
    pub fn fate(&self) -> Fate {
        self.fate
    }

    /// Which of the columns of the profile pushed last held more than the target takes, whether it is sent or not.
    pub fn cut_columns(&self) -> &[usize] {
        &self.cut
    }

    fn push_attributes<'a>(&mut self, value: impl Fn(usize) -> &'a str) -> Result<(), Flaw> {
        let mut outcome = Ok(());
        self.cut.clear();
        // Columns of day and month that hold something, and those there are.
        let (mut birthday, mut birthday_columns) = ([false; 2], [0; 2]);
        for (index, rule) in self.rules.iter().enumerate() {
            let column = index + 1;
            let value = clean(value(column));
            self.row.push(b',');
            if let ValueRule::Birthday(part, _) = rule {
                birthday_columns[*part as usize] = column;
            }
            if value.is_empty() {
                continue;
            }
            let sent = match *rule {
                ValueRule::Text { max_chars, date } => {
                    let day = date.and_then(|held| parse_day(&value, held));
                    let day = day.map(|day| day.strftime(SENT_DATE_FORMAT).to_string());
                    let value = day.map_or(value, Cow::Owned);
                    let kept = cut(&value, max_chars);
                    if kept.len() < value.len() {
                        self.cut.push(column);
                    }
                    push_value(&mut self.row, kept);
                    Ok(())
                }
                ValueRule::Date(field_type) => parse_day(&value, field_type)
                    .map(|day| {
                        push_value(&mut self.row, &day.strftime(SENT_DATE_FORMAT).to_string())
                    })
                    .ok_or(Rejection::AnniversaryNotADate),
                ValueRule::Birthday(part, field_type) => {
                    birthday[part as usize] = true;
                    parse_day_or_month(&value, field_type, part)
                        .map(|number| push_value(&mut self.row, &number.to_string()))
                        .ok_or(Rejection::BirthdayIncomplete)
                }
            };
            outcome = outcome.and(sent.map_err(|reason| Flaw { reason, column }));
        }
        self.row.push(b'\n');
        self.totals.adjusted += u64::from(!self.cut.is_empty());
        if birthday[0] != birthday[1] {
            let missing = usize::from(birthday[0]);
            outcome = outcome.and(Err(Flaw {
                reason: Rejection::BirthdayIncomplete,
                column: birthday_columns[missing],
            }));
        }
        outcome
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
