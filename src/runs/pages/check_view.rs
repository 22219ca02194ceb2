//! A check as its page and its event stream show it.

use std::ops::ControlFlow;

use sea_orm::DatabaseConnection;
use uuid::Uuid;

use crate::constant_contact::limits::{CUSTOM_VALUE_CHARS, FieldKind, StandardField};
use crate::exports::{Target, target_label};
use crate::locale::Lang;
use crate::profiles::{Filter, Scan, SnapshotId};
use crate::runs::checks::{Check, ColumnReport, ExportReport, Missing, Reading, Sample, store};
use crate::runs::run::Ended;
use crate::runs::{Ending, RejectedCounts, Rejection, RunState};
use crate::sources::{self, Loads, SnapshotState};
use crate::web::{Page, PageError, Tone};

/// Longest value shown, in characters.
const MAX_SHOWN_CHARACTERS: usize = 100;

/// A check, and the values of its samples for those who may see them.
pub(super) struct CheckView {
    pub(super) check: Check,
    /// As many as there are samples, or none when they are not to be shown or not there any more.
    values: Vec<String>,
}

/// A sample as a row of the page.
pub(super) struct SampleRow {
    pub(super) row: u64,
    pub(super) field: String,
    pub(super) reason: String,
    pub(super) value: Option<String>,
}

impl CheckView {
    pub(super) async fn load(db: &DatabaseConnection, id: Uuid) -> Result<Self, PageError> {
        Ok(Self {
            check: store::get(db, id).await?,
            values: Vec::new(),
        })
    }

    /// Reads the values of the samples from the snapshot, while it is there.
    pub(super) async fn read_values(
        &mut self,
        db: &DatabaseConnection,
        loads: &Loads,
    ) -> Result<(), PageError> {
        let Some(reading) = self.reading() else {
            return Ok(());
        };
        let id = SnapshotId(reading.snapshot_id);
        let snapshot = match sources::store::get_snapshot(db, id).await {
            Ok(snapshot) if snapshot.state == SnapshotState::Ready => snapshot,
            Ok(_) | Err(sources::store::StoreError::NotFound) => return Ok(()),
            Err(error) => return Err(PageError::internal(error)),
        };
        let column = |sample: &Sample| {
            let name = &reading.columns.get(sample.column)?.field;
            let column = snapshot.fields.iter().position(|field| field.name == *name);
            Some((sample.row, column?))
        };
        let Some(places) = reading
            .samples
            .iter()
            .map(column)
            .collect::<Option<Vec<_>>>()
        else {
            return Ok(());
        };
        let snapshots = loads.snapshots().clone();
        let values = tokio::task::spawn_blocking(move || {
            let (mut values, everyone) = (Vec::new(), Filter::EVERYONE);
            for (row, column) in places {
                let columns = [column];
                let scan = Scan {
                    after_row: row - 1,
                    limit: Some(1),
                    ..Scan::new(&everyone, &columns)
                };
                let mut value = String::new();
                snapshots.scan(id, &scan, &mut |found| {
                    // The row itself is gone when the person has been erased since.
                    if found.number == row {
                        value = found.value(0).chars().take(MAX_SHOWN_CHARACTERS).collect();
                    }
                    ControlFlow::Continue(())
                })?;
                values.push(value);
            }
            Ok::<_, crate::profiles::SnapshotError>(values)
        });
        // A snapshot that was removed meanwhile has no values to show.
        self.values = values
            .await
            .map_err(PageError::internal)?
            .unwrap_or_default();
        Ok(())
    }

    pub(super) fn is_finished(&self) -> bool {
        self.check.state.is_finished()
    }

    pub(super) fn report(&self) -> Option<&ExportReport> {
        self.check.report.as_ref()
    }

    pub(super) fn reading(&self) -> Option<&Reading> {
        self.report()?.reading.as_ref()
    }

    /// What is happening, or what came out, in one sentence.
    pub(super) fn sentence(&self, page: &Page) -> String {
        let check = &self.check;
        if let Some(report) = &check.report {
            return page.t(if report.may_run() {
                "checks-may-run"
            } else {
                "checks-may-not-run"
            });
        }
        if let Some(delivery) = &check.delivery {
            return page.t(if delivery.missing_total() == 0 {
                "checks-delivery-all"
            } else {
                "checks-delivery-some"
            });
        }
        if let Some(failure) = &check.failure {
            return problem(page, failure);
        }
        match check.state {
            RunState::Canceled => page.t("checks-canceled"),
            _ if check.is_cancel_requested => page.t("checks-canceling"),
            _ => page.t(check.step.map_or("checks-waiting", |step| step.label_key())),
        }
    }

    pub(super) fn tone(&self) -> Tone {
        let report = self.check.report.as_ref();
        let delivery = self.check.delivery.as_ref();
        if report.is_some_and(|report| !report.may_run()) {
            Tone::Danger
        } else if delivery.is_some_and(|delivery| delivery.missing_total() > 0) {
            Tone::Warning
        } else {
            self.check.state.tone()
        }
    }

    /// What a run would stop at, with the vendor's own words.
    pub(super) fn problems(&self, page: &Page) -> Vec<(String, Option<String>)> {
        let problems = self.report().map(|report| report.problems.as_slice());
        problems
            .unwrap_or_default()
            .iter()
            .map(|ended| (problem(page, ended), ended.vendor_words.clone()))
            .collect()
    }

    /// Reasons that occurred, with their counts.
    pub(super) fn rejections(&self) -> Vec<(Rejection, u64)> {
        let Some(reading) = self.reading() else {
            return Vec::new();
        };
        let counts = RejectedCounts::from_map(&reading.rejected);
        let all = Rejection::ALL.into_iter();
        all.map(|reason| (reason, counts.of(reason)))
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    /// Rejected altogether.
    pub(super) fn rejected(&self) -> u64 {
        self.rejections().iter().map(|(_, count)| count).sum()
    }

    /// Reasons for which somebody is not on the list, with their counts.
    pub(super) fn missing(&self) -> Vec<(Missing, u64)> {
        let counts = self
            .check
            .delivery
            .as_ref()
            .map(|delivery| &delivery.missing);
        let count = |missing: Missing| counts?.get(missing.code()).map(|count| (missing, *count));
        Missing::ALL.into_iter().filter_map(count).collect()
    }

    /// Label of the column at Constant Contact.
    pub(super) fn label(&self, page: &Page, column: &ColumnReport) -> String {
        self.target(column).map_or_else(
            || page.t("exports-email"),
            |target| target_label(page.lang, target),
        )
    }

    /// What the target takes in this column.
    pub(super) fn rule(&self, page: &Page, column: &ColumnReport) -> String {
        let characters = |max: usize| page.msg("checks-rule-text").num("max", max).to_string();
        let standard = |field: StandardField| match field.kind() {
            FieldKind::Email => page
                .msg("checks-rule-email")
                .num("max", field.max_chars())
                .to_string(),
            FieldKind::Text => characters(field.max_chars()),
            FieldKind::Date => page.t("checks-rule-date"),
            FieldKind::DayOfMonth => page.t("checks-rule-day"),
            FieldKind::Month => page.t("checks-rule-month"),
        };
        match self.target(column) {
            None => standard(StandardField::Email),
            Some(Target::Standard(field)) => standard(*field),
            Some(Target::Custom(custom)) if custom.is_date => page.t("checks-rule-custom-date"),
            Some(Target::Custom(_)) => characters(CUSTOM_VALUE_CHARS),
        }
    }

    /// The target of a column; `None` for the address.
    fn target(&self, column: &ColumnReport) -> Option<&Target> {
        let attributes = self.check.definition.attributes.iter();
        attributes
            .map(|attribute| &attribute.target)
            .find(|target| target.heading() == column.heading)
    }

    pub(super) fn samples(&self, page: &Page) -> Vec<SampleRow> {
        let Some(reading) = self.reading() else {
            return Vec::new();
        };
        let row = |(index, sample): (usize, &Sample)| {
            let column = reading.columns.get(sample.column)?;
            Some(SampleRow {
                row: sample.row,
                field: column.field.clone(),
                reason: self.reason(page, column, sample),
                value: self.values.get(index).cloned(),
            })
        };
        reading.samples.iter().enumerate().filter_map(row).collect()
    }

    fn reason(&self, page: &Page, column: &ColumnReport, sample: &Sample) -> String {
        let Some(code) = &sample.rejection else {
            let rule = self.rule(page, column);
            return page.msg("checks-cut").text("rule", rule).to_string();
        };
        rejection_text(page.lang, code)
    }

    /// How long a run is expected to take, and where that comes from.
    pub(super) fn duration(&self, page: &Page) -> String {
        let Some(reading) = self.reading() else {
            return page.t("checks-not-known");
        };
        let expected = reading.duration;
        match expected.seconds {
            Some(seconds) => page
                .msg("checks-duration-earlier")
                .text("time", page.duration(seconds))
                .num("runs", expected.runs)
                .to_string(),
            None => page
                .msg("checks-duration-least")
                .text("time", page.duration(expected.least_seconds))
                .to_string(),
        }
    }

    /// Contacts that would be new to the list, as far as that is known.
    pub(super) fn new_contacts(&self, page: &Page) -> String {
        let report = self.report();
        let members = report
            .and_then(|report| report.target.as_ref())
            .and_then(|target| target.list_members);
        let least = report.and_then(ExportReport::least_new_contacts);
        match (least, members) {
            (Some(least), Some(members)) => page
                .msg("checks-new-least")
                .num("least", least)
                .num("members", members)
                .to_string(),
            (None, Some(members)) => page
                .msg("checks-new-unknown")
                .num("members", members)
                .to_string(),
            _ => page.t("checks-not-known"),
        }
    }
}

/// The sentence of an ending, as a check says it.
fn problem(page: &Page, ended: &Ended) -> String {
    let key = match ended.ending() {
        Some(Ending::VendorUnavailable) => "checks-vendor-unavailable",
        Some(Ending::ActivityFailed) => "checks-job-failed",
        Some(Ending::ActivitiesTooSlow) => "checks-job-too-slow",
        Some(ending) => ending.message_key(),
        None => "runs-outcome-other",
    };
    page.msg(key)
        .text("names", ended.names.join(", "))
        .to_string()
}

/// The reason with a code, in words.
pub(super) fn rejection_text(lang: Lang, code: &str) -> String {
    Rejection::ALL
        .into_iter()
        .find(|reason| reason.code() == code)
        .map_or_else(|| code.to_owned(), |reason| lang.t(reason.label_key()))
}
