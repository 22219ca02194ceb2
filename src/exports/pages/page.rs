//! The page of the form "Set up export": everything its template shows.

use askama::Template;
use uuid::Uuid;

use super::schedule_view::ScheduleView;
use super::words::{account_problem_text, heading_label, problem_text, target_label};
use crate::connections::ConnectionKind;
use crate::constant_contact::limits::{StandardField, custom_heading};
use crate::constant_contact::parse_list_id;
use crate::exports::account::Account;
use crate::exports::form::{ATTRIBUTE_PREFIX, ExportForm, Problem};
use crate::exports::offers::{AccountOffer, Offers};
use crate::exports::{MAX_PROFILES, Target};
use crate::profiles::Field;
use crate::web::{FieldErrors, Page, paths};

#[derive(Template)]
#[template(path = "exports/edit.html")]
pub(super) struct ExportFormPage {
    page: Page,
    /// Where the form is posted to; also the export's own page.
    action: String,
    /// The export as it is saved; `None` while there is none.
    saved: Option<SavedExport>,
    is_administrator: bool,
    product_name: &'static str,
    errors: FieldErrors,
    conflict: Option<Conflict>,
    /// Something that went well, said over the form.
    note: String,
    has_account: bool,
    account_problem: Option<String>,
    lists: Vec<Choice>,
    source_id: String,
    email_options: Vec<Choice>,
    attributes: Vec<AttributeRow>,
    standard_targets: Vec<Choice>,
    custom_targets: Vec<Choice>,
    add_hint: String,
    segments: Vec<SegmentRow>,
    total_text: String,
    is_too_large: bool,
    max_profiles: u64,
    typed: ExportForm,
    offers: Offers,
}

/// A saved export, for the commands on its page.
pub(super) struct SavedExport {
    pub(super) id: Uuid,
    pub(super) has_connection: bool,
    pub(super) schedule: ScheduleView,
}

/// What somebody else did while the visitor was editing.
pub(super) struct Conflict {
    pub(super) title: String,
    /// What is saved now; `None` when the export was removed.
    pub(super) present: Option<Present>,
}

/// What is saved now.
pub(super) struct Present {
    /// Where it differs from what was typed.
    pub(super) lines: Vec<String>,
    /// Its page.
    pub(super) href: String,
}

/// What the form says besides the typed values.
#[derive(Default)]
pub(super) struct Remarks {
    pub(super) problems: Vec<Problem>,
    pub(super) conflict: Option<Conflict>,
    pub(super) note: String,
}

struct Choice {
    value: String,
    text: String,
    is_chosen: bool,
}

struct AttributeRow {
    id: String,
    heading: String,
    label: String,
    options: Vec<Choice>,
}

struct SegmentRow {
    id: Uuid,
    name: String,
    members: u64,
    members_text: String,
    is_chosen: bool,
}

impl ExportFormPage {
    pub(super) fn new(
        page: Page,
        saved: Option<SavedExport>,
        typed: ExportForm,
        offers: Offers,
        remarks: Remarks,
    ) -> Self {
        let action = match &saved {
            Some(export) => paths::export(export.id),
            None => paths::new_export(),
        };
        let lang = page.lang;
        let mut errors = FieldErrors::default();
        for problem in &remarks.problems {
            let field = problem.field.as_str();
            errors.add(field, problem_text(lang, problem, &offers));
        }
        let (account, account_problem) = match &offers.account {
            AccountOffer::NotChosen => (None, None),
            AccountOffer::Loaded(account) => (Some(account.clone()), None),
            AccountOffer::Failed(problem) => (None, Some(account_problem_text(lang, problem))),
        };
        let (total_text, is_too_large) = total(&page, &typed, &offers);
        Self {
            action,
            saved,
            is_administrator: page
                .user
                .as_ref()
                .is_some_and(|user| user.is_administrator()),
            product_name: ConnectionKind::ConstantContact.product_name(),
            errors,
            conflict: remarks.conflict,
            note: remarks.note,
            has_account: account.is_some(),
            account_problem,
            lists: account
                .as_deref()
                .map(|account| lists(&page, &typed, account))
                .unwrap_or_default(),
            source_id: typed.source.map(|id| id.to_string()).unwrap_or_default(),
            email_options: fields(&page, &offers.fields, &typed.email_field),
            attributes: typed
                .attributes
                .iter()
                .map(|(heading, field)| AttributeRow {
                    id: format!("{ATTRIBUTE_PREFIX}{heading}"),
                    heading: heading.clone(),
                    label: heading_label(lang, heading, &offers),
                    options: fields(&page, &offers.fields, field),
                })
                .collect(),
            standard_targets: standard_targets(&page, &typed),
            custom_targets: account
                .as_deref()
                .map(|account| custom_targets(&typed, account))
                .unwrap_or_default(),
            add_hint: match offers.account {
                AccountOffer::NotChosen => page.t("exports-attribute-after-connection"),
                AccountOffer::Loaded(_) | AccountOffer::Failed(_) => String::new(),
            },
            segments: segments(&page, &typed, &offers),
            total_text,
            is_too_large,
            max_profiles: MAX_PROFILES,
            page,
            typed,
            offers,
        }
    }
}

fn lists(page: &Page, typed: &ExportForm, account: &Account) -> Vec<Choice> {
    let chosen = parse_list_id(&typed.list).ok();
    let choice = |list: &crate::constant_contact::ContactList| Choice {
        value: list.list_id.to_string(),
        text: page
            .msg("exports-list-option")
            .text("name", list.name.as_str())
            .num("count", list.membership_count.unwrap_or_default())
            .to_string(),
        is_chosen: chosen == Some(list.list_id),
    };
    account.lists.iter().map(choice).collect()
}

/// Options of a drop-down of profile fields. A chosen field that is gone stays chosen, and says so.
fn fields(page: &Page, fields: &[Field], chosen: &str) -> Vec<Choice> {
    let nothing = Choice {
        value: String::new(),
        text: page.t("exports-field-choose"),
        is_chosen: chosen.is_empty(),
    };
    let is_gone = !chosen.is_empty() && fields.iter().all(|field| field.name != chosen);
    let gone = is_gone.then(|| Choice {
        value: chosen.to_owned(),
        text: page
            .msg("exports-field-gone-option")
            .text("field", chosen)
            .to_string(),
        is_chosen: true,
    });
    let there = fields.iter().map(|field| Choice {
        value: field.name.clone(),
        text: field.name.clone(),
        is_chosen: field.name == chosen,
    });
    std::iter::once(nothing).chain(gone).chain(there).collect()
}

/// Standard columns that have no row yet.
fn standard_targets(page: &Page, typed: &ExportForm) -> Vec<Choice> {
    StandardField::ALL
        .into_iter()
        .filter(|field| *field != StandardField::Email && !has_row(typed, field.heading()))
        .map(|field| Choice {
            value: field.heading().to_owned(),
            text: target_label(page.lang, &Target::Standard(field)),
            is_chosen: false,
        })
        .collect()
}

/// Custom fields of the account that have no row yet.
fn custom_targets(typed: &ExportForm, account: &Account) -> Vec<Choice> {
    account
        .custom_fields
        .iter()
        .map(|field| Choice {
            value: custom_heading(&field.name),
            text: field.label.clone(),
            is_chosen: false,
        })
        .filter(|choice| !has_row(typed, &choice.value))
        .collect()
}

fn has_row(typed: &ExportForm, heading: &str) -> bool {
    typed.attributes.iter().any(|(other, _)| other == heading)
}

/// The source's segments, and those chosen that are gone.
fn segments(page: &Page, typed: &ExportForm, offers: &Offers) -> Vec<SegmentRow> {
    let offered = offers.segments.iter().map(|offer| SegmentRow {
        id: offer.id,
        name: offer.name.clone(),
        members: offer.member_count.unwrap_or_default(),
        members_text: match offer.member_count {
            Some(count) => page
                .msg("exports-segment-members")
                .num("count", count)
                .to_string(),
            None => page.t("exports-segment-not-counted"),
        },
        is_chosen: typed.segments.contains(&offer.id),
    });
    let is_gone = |id: &&Uuid| offers.segments.iter().all(|offer| offer.id != **id);
    let gone = typed.segments.iter().filter(is_gone).map(|id| SegmentRow {
        id: *id,
        name: page.t("exports-segment-gone"),
        members: 0,
        members_text: String::new(),
        is_chosen: true,
    });
    offered.chain(gone).collect()
}

/// What the chosen segments have in total, and whether that is more than an export should send. Segments may overlap,
/// so the sum of several is an upper bound.
fn total(page: &Page, typed: &ExportForm, offers: &Offers) -> (String, bool) {
    let total = offers.total_members(&typed.segments);
    let key = if typed.segments.len() > 1 {
        "exports-total-up-to"
    } else {
        "exports-total"
    };
    let text = page.msg(key).text("total", page.number(total)).to_string();
    (text, total > MAX_PROFILES)
}
