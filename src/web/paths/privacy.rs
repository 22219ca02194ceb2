//! Settings > Privacy: one person, erasures, retention, the exclusion list.

use uuid::Uuid;

/// Settings > Privacy: where one person is found.
pub fn privacy() -> String {
    "/settings/privacy".into()
}

/// Where a POST finds a person; the address must not be in the path.
pub fn find_person() -> String {
    "/settings/privacy/find".into()
}

/// Where a POST asks what erasing a person means.
pub fn erase_person() -> String {
    "/settings/privacy/erase".into()
}

/// Where a POST erases a person.
pub fn confirm_erasure() -> String {
    "/settings/privacy/erase/confirm".into()
}

/// Settings > Privacy > Erasures.
pub fn erasures() -> String {
    "/settings/privacy/erasures".into()
}

/// What became of an erasure.
pub fn erasure(id: Uuid) -> String {
    format!("/settings/privacy/erasures/{id}")
}

/// What is decided about contacts that could not be deleted: `retry`, `give-up`.
pub fn erasure_action(id: Uuid, action: &str) -> String {
    format!("/settings/privacy/erasures/{id}/{action}")
}

/// Settings > Privacy > Retention.
pub fn retention() -> String {
    "/settings/privacy/retention".into()
}

/// Settings > Privacy > Exclusion list.
pub fn exclusions() -> String {
    "/settings/privacy/exclusions".into()
}

/// Where a POST takes an entry off the exclusion list.
pub fn remove_exclusion() -> String {
    "/settings/privacy/exclusions/remove".into()
}

/// The exclusion list as a file.
pub fn exclusions_download() -> String {
    "/settings/privacy/exclusions/download".into()
}

/// Where a POST sends a file of people who must not be sent.
pub fn upload_exclusions() -> String {
    "/settings/privacy/exclusions/upload".into()
}

/// What a file added to the exclusion list.
pub fn exclusion_upload(id: Uuid) -> String {
    format!("/settings/privacy/exclusions/uploads/{id}")
}
