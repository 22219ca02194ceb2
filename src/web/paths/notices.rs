//! Notices, and Settings > System > Notices.

use url::form_urlencoded;
use uuid::Uuid;

/// Settings > System > Notices.
pub fn notice_settings() -> String {
    "/settings/system/notices".into()
}

/// Where a POST sends a test mail to whoever asks.
pub fn test_notice_mail() -> String {
    "/settings/system/notices/test".into()
}

/// Where a POST adds a webhook.
pub fn webhooks() -> String {
    "/settings/system/notices/webhooks".into()
}

/// Where a POST sends a webhook a test.
pub fn test_webhook(id: Uuid) -> String {
    format!("/settings/system/notices/webhooks/{id}/test")
}

/// Where a POST removes a webhook.
pub fn remove_webhook(id: Uuid) -> String {
    format!("/settings/system/notices/webhooks/{id}/remove")
}

/// Where a POST has a delivery that failed tried again.
pub fn retry_delivery(id: Uuid) -> String {
    format!("/settings/system/notices/deliveries/{id}/retry")
}

/// Notices.
pub fn notices() -> String {
    "/notices".into()
}

/// A page of the notices, those that are over included or not, counted from 1.
pub fn notices_page(is_all: bool, page: u64) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if is_all {
        query.append_pair("show", "all");
    }
    if page > 1 {
        query.append_pair("page", &page.to_string());
    }
    match query.finish() {
        query if query.is_empty() => notices(),
        query => format!("/notices?{query}"),
    }
}

/// Where a POST marks every notice as read.
pub fn read_notices() -> String {
    "/notices/read".into()
}

/// Where a POST marks a notice as read.
pub fn read_notice(id: Uuid) -> String {
    format!("/notices/{id}/read")
}
