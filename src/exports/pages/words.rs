//! What the pages call things, in the visitor's language.

use crate::constant_contact::ListIdError;
use crate::constant_contact::limits::{LIST_NAME_CHARS, StandardField};
use crate::exports::account::{AccountProblem, AccountProblemKind};
use crate::exports::form::{ATTRIBUTE_PREFIX, Problem, ProblemKind};
use crate::exports::offers::Offers;
use crate::exports::{CustomTarget, MAX_CUSTOM_ATTRIBUTES, MAX_SEGMENTS, Target};
use crate::locale::Lang;
use crate::names::{MAX_NAME_CHARACTERS, NameProblem};

/// Name of a standard column.
pub(super) fn standard_label(lang: Lang, field: StandardField) -> String {
    lang.t(match field {
        StandardField::Email => "exports-email",
        StandardField::FirstName => "exports-target-first-name",
        StandardField::LastName => "exports-target-last-name",
        StandardField::Phone => "exports-target-phone",
        StandardField::JobTitle => "exports-target-job-title",
        StandardField::CompanyName => "exports-target-company-name",
        StandardField::Anniversary => "exports-target-anniversary",
        StandardField::BirthdayDay => "exports-target-birthday-day",
        StandardField::BirthdayMonth => "exports-target-birthday-month",
        StandardField::Street => "exports-target-street",
        StandardField::Street2 => "exports-target-street2",
        StandardField::City => "exports-target-city",
        StandardField::State => "exports-target-state",
        StandardField::Zip => "exports-target-zip",
        StandardField::Country => "exports-target-country",
    })
}

/// Name of a column: ours for standard ones, the account's label for custom fields.
pub(crate) fn target_label(lang: Lang, target: &Target) -> String {
    match target {
        Target::Standard(field) => standard_label(lang, *field),
        Target::Custom(custom) => custom.label.clone(),
    }
}

/// Name of the column with a heading, as the form offers it.
pub(super) fn heading_label(lang: Lang, heading: &str, offers: &Offers) -> String {
    match heading.parse::<Target>() {
        Ok(Target::Custom(CustomTarget { name, .. })) => {
            let custom = offers.custom_field(&name);
            custom
                .unwrap_or_else(|| offers.known_custom_field(&name))
                .label
        }
        Ok(target) => target_label(lang, &target),
        Err(_) => heading.to_owned(),
    }
}

/// What is wrong with a field and what to do about it.
pub(super) fn problem_text(lang: Lang, problem: &Problem, offers: &Offers) -> String {
    let heading = problem.field.strip_prefix(ATTRIBUTE_PREFIX);
    let name = || heading_label(lang, heading.unwrap_or_default(), offers);
    let at_most = |key: &'static str, max: usize| lang.msg(key).num("max", max).to_string();
    let named = |key: &'static str, name: String| lang.msg(key).text("name", name).to_string();
    match &problem.kind {
        ProblemKind::ConnectionMissing => lang.t("exports-problem-connection-missing"),
        ProblemKind::ConnectionNotUsable => lang.t("exports-problem-connection"),
        ProblemKind::Name(NameProblem::Empty) => lang.t("exports-problem-name-empty"),
        ProblemKind::Name(NameProblem::TooLong) => {
            at_most("exports-problem-name-long", MAX_NAME_CHARACTERS)
        }
        ProblemKind::Name(NameProblem::ControlCharacter) => lang.t("exports-problem-name-control"),
        ProblemKind::NameTaken => lang.t("exports-problem-name-taken"),
        ProblemKind::List(ListIdError::Empty) => lang.t("exports-problem-list-empty"),
        ProblemKind::List(ListIdError::V2) => lang.t("exports-problem-list-v2"),
        ProblemKind::List(ListIdError::Several) => lang.t("exports-problem-list-several"),
        ProblemKind::List(ListIdError::Missing) => lang.t("exports-problem-list-missing"),
        ProblemKind::NewListNotCreated => lang.t("exports-problem-list-new"),
        ProblemKind::NewListName => at_most("exports-problem-list-name", LIST_NAME_CHARS),
        ProblemKind::SourceMissing => lang.t("exports-problem-source"),
        ProblemKind::EmailMissing => lang.t("exports-problem-email"),
        ProblemKind::FieldGone(field) => lang
            .msg("exports-problem-field-gone")
            .text("field", field.as_str())
            .to_string(),
        ProblemKind::AttributeFieldMissing => named("exports-problem-attribute-field", name()),
        ProblemKind::TargetUnknown(heading) => {
            named("exports-problem-target-unknown", heading.clone())
        }
        ProblemKind::TargetTwice => named("exports-problem-target-twice", name()),
        ProblemKind::CustomFieldGone(_) => named("exports-problem-custom-gone", name()),
        ProblemKind::TooManyCustomFields => {
            at_most("exports-problem-custom-many", MAX_CUSTOM_ATTRIBUTES)
        }
        ProblemKind::BirthdayHalf => lang.t("exports-problem-birthday"),
        ProblemKind::SegmentsMissing => lang.t("exports-problem-segments"),
        ProblemKind::SegmentGone => lang.t("exports-problem-segment-gone"),
        ProblemKind::TooManySegments => at_most("exports-problem-segments-many", MAX_SEGMENTS),
        ProblemKind::BrakeBelow => lang.t("exports-problem-brake-below"),
        ProblemKind::BrakeAbove => lang.t("exports-problem-brake-above"),
        ProblemKind::RemovalsAskAbove => lang.t("exports-problem-removals"),
        ProblemKind::Account(problem) => account_problem_text(lang, problem),
    }
}

/// What stands between us and the account, with the vendor's own words after ours.
pub(super) fn account_problem_text(lang: Lang, problem: &AccountProblem) -> String {
    let text = lang.t(match problem.kind {
        AccountProblemKind::NotReady => "exports-account-not-ready",
        AccountProblemKind::SignInAgain => "exports-account-sign-in",
        AccountProblemKind::NotAllowed => "exports-account-not-allowed",
        AccountProblemKind::QuotaUsedUp => "exports-account-quota",
        AccountProblemKind::Unavailable | AccountProblemKind::AnswerLost => {
            "exports-account-unavailable"
        }
        AccountProblemKind::Refused => "exports-account-refused",
        AccountProblemKind::ListNotFound => "exports-problem-list-not-found",
        AccountProblemKind::ListDeleted => "exports-problem-list-deleted",
        AccountProblemKind::ListNameTaken => "exports-problem-list-name-taken",
        AccountProblemKind::OutcomeUnknown => "exports-problem-list-unclear",
    });
    if problem.words.is_empty() {
        return text;
    }
    let words = lang
        .msg("exports-account-words")
        .text("words", problem.words.as_str())
        .to_string();
    format!("{text} {words}")
}
