//! Details of the audit log in words. The download has them as they were recorded.
//!
//! A detail that is missing in [`NAMES`] shows its raw name; `tests/audited` finds those that the application records.

use serde_json::{Map, Value};

use crate::auth::Role;
use crate::connections::Sharing;
use crate::locale::Lang;
use crate::refresh::{RefreshPlan, Status};
use crate::runs::{Rejection, Trigger};
use crate::schedules::Schedule;

/// Names of details, and the keys of what people read instead.
const NAMES: &[(&str, &str)] = &[
    ("above_percent", "audit-detail-above-percent"),
    ("added", "audit-detail-added"),
    ("after", "audit-detail-after"),
    ("asks", "audit-detail-asks"),
    ("attributes", "audit-detail-attributes"),
    ("before", "audit-detail-before"),
    ("below_percent", "audit-detail-below-percent"),
    ("brake", "audit-detail-brake"),
    ("broken", "audit-detail-broken"),
    ("by", "audit-detail-by"),
    ("by groups of", "audit-detail-by-groups-of"),
    ("client_id", "audit-detail-client-id"),
    ("connection", "audit-detail-connection"),
    ("connection_id", "audit-detail-connection"),
    ("connections", "audit-detail-connections"),
    ("copies", "audit-detail-copies"),
    ("deletions", "audit-detail-deletions"),
    ("deliveries", "audit-detail-deliveries"),
    ("delivery", "audit-detail-delivery"),
    ("details_days", "audit-detail-details-days"),
    ("duplicates", "audit-detail-duplicates"),
    ("email", "audit-detail-email"),
    ("email_field", "audit-detail-email-field"),
    ("erasure", "audit-detail-erasure"),
    ("events", "audit-detail-events"),
    ("export", "audit-detail-export"),
    ("export_user", "audit-detail-export-user"),
    ("failed", "audit-detail-failed"),
    ("failure", "audit-detail-failure"),
    ("field", "audit-detail-field"),
    ("file_bytes", "audit-detail-file-bytes"),
    ("file_name", "audit-detail-file-name"),
    ("for", "audit-detail-for"),
    ("format", "audit-detail-format"),
    ("from", "audit-detail-from"),
    ("has_password", "audit-detail-has-password"),
    ("host", "audit-detail-host"),
    ("is_new", "audit-detail-is-new"),
    ("is_on", "audit-detail-is-on"),
    ("is_password_new", "audit-detail-is-password-new"),
    ("issuer", "audit-detail-issuer"),
    ("kind", "audit-detail-kind"),
    ("known", "audit-detail-known"),
    ("label", "audit-detail-label"),
    ("lang", "audit-detail-lang"),
    ("last_sent", "audit-detail-last-sent"),
    ("leavers", "audit-detail-leavers"),
    ("list", "audit-detail-list"),
    ("list_id", "audit-detail-list"),
    ("list_name", "audit-detail-list-name"),
    ("members", "audit-detail-members"),
    ("mode", "audit-detail-mode"),
    ("name", "audit-detail-name"),
    ("notices_by_mail", "audit-detail-notices-by-mail"),
    ("organization_name", "audit-detail-organization-name"),
    ("outcome", "audit-detail-outcome"),
    ("parts_to_send", "audit-detail-parts-to-send"),
    ("people", "audit-detail-people"),
    ("plan", "audit-detail-plan"),
    ("port", "audit-detail-port"),
    ("problem", "audit-detail-problem"),
    ("read", "audit-detail-read"),
    ("refused", "audit-detail-refused"),
    ("rejected", "audit-detail-rejected"),
    ("rejected_by_reason", "audit-detail-rejected-by-reason"),
    ("rejected_percent", "audit-detail-rejected-percent"),
    ("removals", "audit-detail-removals"),
    ("removals_ask_above", "audit-detail-removals-ask-above"),
    ("removed", "audit-detail-removed"),
    ("removes_others", "audit-detail-removes-others"),
    ("role", "audit-detail-role"),
    ("rows", "audit-detail-rows"),
    ("rows_days", "audit-detail-rows-days"),
    ("rows_to_send", "audit-detail-rows-to-send"),
    ("rule", "audit-detail-rule"),
    ("search", "audit-detail-search"),
    ("security", "audit-detail-security"),
    ("segment_ids", "audit-detail-segments"),
    ("sent", "audit-detail-sent"),
    ("seq", "audit-detail-seq"),
    ("sessions", "audit-detail-sessions"),
    ("sharing", "audit-detail-sharing"),
    ("smtp", "audit-detail-smtp"),
    ("snapshot", "audit-detail-snapshot"),
    ("source_id", "audit-detail-source"),
    ("status", "audit-detail-status"),
    ("subject", "audit-detail-subject"),
    ("target", "audit-detail-target"),
    ("tasks", "audit-detail-tasks"),
    ("text_sha256", "audit-detail-text-sha256"),
    ("text_version", "audit-detail-text-version"),
    ("trigger", "audit-detail-trigger"),
    ("unchanged", "audit-detail-unchanged"),
    ("url", "audit-detail-url"),
    ("user", "audit-detail-user"),
    ("was_saved", "audit-detail-was-saved"),
    ("with", "audit-detail-with"),
    ("words", "audit-detail-words"),
    ("would_send", "audit-detail-would-send"),
];

/// Details as lines: what changed as "field: before → after", everything else as "field: value".
pub(super) fn describe(lang: Lang, detail: &Value) -> Vec<String> {
    let Some(fields) = detail.as_object() else {
        return vec![value(lang, "", detail)];
    };
    let (before, after) = (fields.get("before"), fields.get("after"));
    let mut lines = match (side(before), side(after)) {
        (Some(before), Some(after)) => changes(lang, before, after),
        (Some(only), None) => one_side(lang, "before", only),
        (None, Some(only)) => one_side(lang, "after", only),
        (None, None) => Vec::new(),
    };
    let is_told = |name: &str, it: &Value| matches!(name, "before" | "after") && it.is_object();
    let others = fields.iter().filter(|(name, it)| !is_told(name, it));
    lines.extend(others.map(|(name, it)| line(lang, &label(lang, name), &value(lang, name, it))));
    lines
}

fn side(it: Option<&Value>) -> Option<&Map<String, Value>> {
    it.and_then(Value::as_object)
}

fn changes(lang: Lang, before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<String> {
    if let (Some(old), Some(new)) = (schedule(lang, before), schedule(lang, after)) {
        let name = lang.t("audit-detail-plan");
        return vec![line(lang, &name, &format!("{old} → {new}"))];
    }
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let show = |it: Option<&Value>, name: &str| value(lang, name, it.unwrap_or(&Value::Null));
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| {
            let (old, new) = (show(before.get(name), name), show(after.get(name), name));
            line(lang, &label(lang, name), &format!("{old} → {new}"))
        })
        .collect()
}

fn one_side(lang: Lang, side: &str, fields: &Map<String, Value>) -> Vec<String> {
    let of_side = |name: &str| {
        let words = lang.msg("audit-detail-of-side");
        let words = words.text("name", label(lang, name));
        words.text("side", label(lang, side)).to_string()
    };
    let show = |(name, it): (&String, &Value)| line(lang, &of_side(name), &value(lang, name, it));
    fields.iter().map(show).collect()
}

fn line(lang: Lang, name: &str, text: &str) -> String {
    let words = lang.msg("audit-detail-line").text("name", name.to_owned());
    words.text("value", text.to_owned()).to_string()
}

fn label(lang: Lang, name: &str) -> String {
    let known = NAMES.iter().find(|(known, _)| *known == name);
    known.map_or_else(|| name.to_owned(), |(_, key)| lang.t(key))
}

/// A value in words; `name` says what it is.
fn value(lang: Lang, name: &str, it: &Value) -> String {
    match it {
        Value::Null => "–".to_owned(),
        Value::Bool(true) => lang.t("exports-yes"),
        Value::Bool(false) => lang.t("exports-no"),
        Value::Number(number) => number.to_string(),
        Value::String(text) => word(name, text).map_or_else(|| text.clone(), |key| lang.t(key)),
        Value::Array(all) => {
            let all = all.iter().map(|one| value(lang, name, one));
            all.collect::<Vec<_>>().join("; ")
        }
        Value::Object(fields) => schedule(lang, fields).unwrap_or_else(|| {
            let parts =
                fields
                    .iter()
                    .map(|(name, it)| match reason(name).or_else(|| status(name)) {
                        Some(key) => line(lang, &lang.t(key), &value(lang, name, it)),
                        None => line(lang, &label(lang, name), &value(lang, name, it)),
                    });
            parts.collect::<Vec<_>>().join(", ")
        }),
    }
}

/// What people read for a word of ours.
fn word(name: &str, text: &str) -> Option<&'static str> {
    match name {
        "role" => text.parse().ok().map(Role::label_key),
        "sharing" => Sharing::from_name(text).map(Sharing::label_key),
        "status" => status(text),
        "trigger" => {
            let mut named = Trigger::ALL.into_iter().filter(|it| it.name() == text);
            named.next().map(Trigger::label_key)
        }
        _ => None,
    }
}

fn reason(code: &str) -> Option<&'static str> {
    let known = Rejection::ALL.into_iter();
    let mut of_code = known.filter(|reason| reason.code() == code);
    of_code.next().map(Rejection::label_key)
}

fn status(name: &str) -> Option<&'static str> {
    let mut named = Status::ALL.into_iter().filter(|it| it.name() == name);
    named.next().map(Status::label_key)
}

/// A schedule of an export or of the whole system.
fn schedule(lang: Lang, fields: &Map<String, Value>) -> Option<String> {
    if !fields.contains_key("zone") {
        return None;
    }
    let it = Value::Object(fields.clone());
    let (words, zone) = if let Ok(schedule) = serde_json::from_value::<Schedule>(it.clone()) {
        (schedule.words(lang), schedule.zone)
    } else {
        let plan = serde_json::from_value::<RefreshPlan>(it).ok()?;
        (plan.words(lang), plan.zone)
    };
    let text = lang.msg("audit-detail-schedule").text("words", words);
    Some(text.text("zone", zone).to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn details_show_what_changed() {
        let detail = json!({
            "before": { "role": "viewer", "name": "A" }, "after": { "role": "administrator", "name": "A" }, "is_new": true,
        });
        assert_eq!(
            describe(Lang::En, &detail),
            ["Role: Viewer → Administrator", "New: Yes"]
        );
        assert_eq!(
            describe(Lang::ZhHk, &detail),
            ["角色：檢視者 → 系統管理員", "新的：是"]
        );
        assert_eq!(
            describe(Lang::En, &json!({ "after": { "name": "N" } })),
            ["Name (after): N"]
        );
        assert!(describe(Lang::En, &json!({})).is_empty());
    }

    #[test]
    fn nested_details_are_no_json() {
        let daily = json!({ "is_on": true, "recurrence": { "kind": "daily", "at": "06:00:00" }, "zone": "UTC" });
        let off =
            json!({ "is_on": false, "recurrence": { "kind": "system_refresh" }, "zone": "UTC" });
        let detail = json!({ "name": "N", "before": off, "after": daily });
        assert_eq!(
            describe(Lang::En, &detail),
            ["Schedule: Off (UTC) → Daily at 06:00 (UTC)", "Name: N"]
        );
        let plan = json!({ "days": [1], "times": ["06:00:00", "18:00:00"], "zone": "UTC" });
        assert_eq!(
            describe(Lang::ZhHk, &json!({ "plan": plan })),
            ["排程：每週星期一 06:00、18:00（UTC）"]
        );
        let detail = json!({ "rejected_by_reason": { "excluded": 2 }, "segment_ids": ["a", "b"] });
        let told = describe(Lang::En, &detail);
        assert_eq!(told[1], "Segments: a; b");
        assert!(told[0].starts_with("Rejected by reason: ") && told[0].ends_with(": 2"));
        assert!(!told.concat().contains(['{', '[']));
    }
}
