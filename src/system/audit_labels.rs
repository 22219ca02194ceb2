//! What the actions of the audit log are called, so that nobody has to know their names in the code.
//!
//! Whoever records a new action adds it here; `tests/audit.rs` fails otherwise. An action of an older or newer version
//! that is missing shows its raw name alone.

/// Action and the key of its label, by the object it is about.
pub const LABELS: &[(&str, &str)] = &[
    ("audit.downloaded", "audit-action-audit-downloaded"),
    ("audit.verified", "audit-action-audit-verified"),
    (
        "check.cancel-requested",
        "audit-action-check-cancel-requested",
    ),
    ("check.requested", "audit-action-check-requested"),
    (
        "connection.authenticated",
        "audit-action-connection-authenticated",
    ),
    (
        "connection.authentication-failed",
        "audit-action-connection-authentication-failed",
    ),
    ("connection.changed", "audit-action-connection-changed"),
    ("connection.consented", "audit-action-connection-consented"),
    ("connection.created", "audit-action-connection-created"),
    (
        "connection.export-user-added",
        "audit-action-connection-export-user-added",
    ),
    ("connection.removed", "audit-action-connection-removed"),
    ("connection.saved", "audit-action-connection-saved"),
    (
        "connection.secret-typed",
        "audit-action-connection-secret-typed",
    ),
    (
        "connection.sign-in-lost",
        "audit-action-connection-sign-in-lost",
    ),
    (
        "connection.sign-in-found",
        "audit-action-connection-sign-in-found",
    ),
    ("exclusion.added", "audit-action-exclusion-added"),
    ("exclusion.downloaded", "audit-action-exclusion-downloaded"),
    ("exclusion.removed", "audit-action-exclusion-removed"),
    ("exclusion.uploaded", "audit-action-exclusion-uploaded"),
    ("export.changed", "audit-action-export-changed"),
    ("export.created", "audit-action-export-created"),
    ("export.list-created", "audit-action-export-list-created"),
    ("export.removed", "audit-action-export-removed"),
    ("export.scheduled", "audit-action-export-scheduled"),
    ("installation.changed", "audit-action-installation-changed"),
    (
        "notice.delivery-retried",
        "audit-action-notice-delivery-retried",
    ),
    ("notice.mail-tested", "audit-action-notice-mail-tested"),
    (
        "notice.settings-changed",
        "audit-action-notice-settings-changed",
    ),
    ("notice.webhook-added", "audit-action-notice-webhook-added"),
    (
        "notice.webhook-removed",
        "audit-action-notice-webhook-removed",
    ),
    (
        "notice.webhook-tested",
        "audit-action-notice-webhook-tested",
    ),
    (
        "person.deletion-failed",
        "audit-action-person-deletion-failed",
    ),
    (
        "person.deletion-given-up",
        "audit-action-person-deletion-given-up",
    ),
    (
        "person.deletion-retried",
        "audit-action-person-deletion-retried",
    ),
    ("person.erased", "audit-action-person-erased"),
    (
        "person.erasure-requested",
        "audit-action-person-erasure-requested",
    ),
    ("person.looked-up", "audit-action-person-looked-up"),
    (
        "refresh.cancel-requested",
        "audit-action-refresh-cancel-requested",
    ),
    ("refresh.finished", "audit-action-refresh-finished"),
    ("refresh.requested", "audit-action-refresh-requested"),
    ("refresh.scheduled", "audit-action-refresh-scheduled"),
    ("retention.changed", "audit-action-retention-changed"),
    ("run.approval-asked", "audit-action-run-approval-asked"),
    ("run.approved", "audit-action-run-approved"),
    (
        "run.removals-approved",
        "audit-action-run-removals-approved",
    ),
    (
        "run.removals-recorded",
        "audit-action-run-removals-recorded",
    ),
    ("run.cancel-requested", "audit-action-run-cancel-requested"),
    ("run.finished", "audit-action-run-finished"),
    ("run.requested", "audit-action-run-requested"),
    ("run.resumed", "audit-action-run-resumed"),
    ("run.rows-downloaded", "audit-action-run-rows-downloaded"),
    ("segment.changed", "audit-action-segment-changed"),
    ("segment.created", "audit-action-segment-created"),
    ("segment.refreshed", "audit-action-segment-refreshed"),
    ("segment.removed", "audit-action-segment-removed"),
    ("source.created", "audit-action-source-created"),
    (
        "source.load-cancel-requested",
        "audit-action-source-load-cancel-requested",
    ),
    ("source.load-failed", "audit-action-source-load-failed"),
    ("source.load-started", "audit-action-source-load-started"),
    ("source.loaded", "audit-action-source-loaded"),
    ("source.removed", "audit-action-source-removed"),
    ("user.added", "audit-action-user-added"),
    ("user.disabled", "audit-action-user-disabled"),
    ("user.enabled", "audit-action-user-enabled"),
    ("user.link-issued", "audit-action-user-link-issued"),
    ("user.link-used", "audit-action-user-link-used"),
    ("user.proof-failed", "audit-action-user-proof-failed"),
    ("user.linked", "audit-action-user-linked"),
    ("user.notices-changed", "audit-action-user-notices-changed"),
    (
        "user.password-changed",
        "audit-action-user-password-changed",
    ),
    ("user.removed", "audit-action-user-removed"),
    ("user.role-changed", "audit-action-user-role-changed"),
    ("user.sessions-ended", "audit-action-user-sessions-ended"),
    ("user.sign-in-failed", "audit-action-user-sign-in-failed"),
    ("user.signed-in", "audit-action-user-signed-in"),
    ("user.signed-out", "audit-action-user-signed-out"),
];

/// What an action is about (the part before its dot) and the key of that group's label.
pub const GROUPS: &[(&str, &str)] = &[
    ("user", "audit-group-user"),
    ("connection", "audit-group-connection"),
    ("export", "audit-group-export"),
    ("exclusion", "audit-group-exclusion"),
    ("person", "audit-group-person"),
    ("notice", "audit-group-notice"),
    ("installation", "audit-group-installation"),
    ("refresh", "audit-group-refresh"),
    ("retention", "audit-group-retention"),
    ("check", "audit-group-check"),
    ("run", "audit-group-run"),
    ("segment", "audit-group-segment"),
    ("source", "audit-group-source"),
    ("audit", "audit-group-audit"),
];

/// Key of an action's label.
pub fn label_key(action: &str) -> Option<&'static str> {
    let found = LABELS.iter().find(|(name, _)| *name == action);
    found.map(|(_, key)| *key)
}
