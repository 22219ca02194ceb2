//! Settings > System and Settings > Audit.

use uuid::Uuid;

/// Settings > System > Schedule.
pub fn refresh_schedule() -> String {
    "/settings/system/schedule".into()
}

/// Where a POST refreshes the whole system.
pub fn refresh_all() -> String {
    "/settings/system/refresh".into()
}

/// Progress details of a refresh job.
pub fn refresh_job(id: Uuid) -> String {
    format!("/settings/system/jobs/{id}")
}

/// Live progress of what is shown at a path of [`refresh_job`], with the same query.
pub fn refresh_job_events(id: Uuid, query: &str) -> String {
    format!("/settings/system/jobs/{id}/events?{query}")
}

/// The same for one source, segment or export and what it depends on.
pub fn refresh_job_of(id: Uuid, subject: Uuid) -> String {
    format!("/settings/system/jobs/{id}?task={subject}")
}

/// The same for tasks after a position.
pub fn refresh_job_after(id: Uuid, position: i32) -> String {
    format!("/settings/system/jobs/{id}?after={position}")
}

/// Where a POST cancels a refresh job.
pub fn cancel_refresh_job(id: Uuid) -> String {
    format!("/settings/system/jobs/{id}/cancel")
}

/// The latest refreshes of a `source`, `segment` or `export`.
pub fn refresh_history(kind: &str, id: Uuid) -> String {
    format!("/settings/system/tasks/{kind}/{id}")
}

/// Settings > System > General.
pub fn general() -> String {
    "/settings/system/general".into()
}

/// Settings > System > About.
pub fn about() -> String {
    "/settings/system/about".into()
}

/// Settings > System > Status.
pub fn system() -> String {
    "/settings/system".into()
}

/// Settings > System > API usage.
pub fn api_usage() -> String {
    "/settings/system/api-usage".into()
}

/// Settings > Audit.
pub fn audit() -> String {
    "/settings/audit".into()
}

/// The audit log as a file.
pub fn audit_download() -> String {
    "/settings/audit/download".into()
}

/// Where a POST verifies the audit log.
pub fn audit_verify() -> String {
    "/settings/audit/verify".into()
}
