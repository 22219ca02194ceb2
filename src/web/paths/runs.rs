//! Runs and checks of exports.

use uuid::Uuid;

/// Live progress of a run.
pub fn run_events(id: Uuid) -> String {
    format!("/runs/{id}/events")
}

/// Where a POST resumes a run that failed or was canceled.
pub fn resume_run(id: Uuid) -> String {
    format!("/runs/{id}/resume")
}

/// Where a POST cancels a run.
pub fn cancel_run(id: Uuid) -> String {
    format!("/runs/{id}/cancel")
}

/// A run.
pub fn run(id: Uuid) -> String {
    format!("/runs/{id}")
}

/// Rows of a run that were rejected, as a file.
pub fn rejected_rows(id: Uuid) -> String {
    format!("/runs/{id}/rejected.csv")
}

/// Rows of a run of which something was cut, as a file.
pub fn adjusted_rows(id: Uuid) -> String {
    format!("/runs/{id}/adjusted.csv")
}

/// Rows of a run that did not arrive, as a file.
pub fn undelivered_rows(id: Uuid) -> String {
    format!("/runs/{id}/undelivered.csv")
}

/// Where a POST asks what became of a run at Constant Contact.
pub fn verify_run(id: Uuid) -> String {
    format!("/runs/{id}/verify")
}

/// Where a POST approves a run that asks.
pub fn approve_run(id: Uuid) -> String {
    format!("/runs/{id}/approve")
}

/// The latest check of an export; POST makes one.
pub fn check_export(id: Uuid) -> String {
    format!("/exports/{id}/check")
}

/// A check under way, or what it found.
pub fn check(id: Uuid) -> String {
    format!("/checks/{id}")
}

/// Live progress of a check.
pub fn check_events(id: Uuid) -> String {
    format!("/checks/{id}/events")
}

/// Where a POST cancels a check.
pub fn cancel_check(id: Uuid) -> String {
    format!("/checks/{id}/cancel")
}
