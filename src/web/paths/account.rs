//! The signed-in person's own account.

use uuid::Uuid;

/// The signed-in person's own account.
pub fn account() -> String {
    "/account".into()
}

/// Where a POST chooses the time zone times are shown in.
pub fn account_time_zone() -> String {
    "/account/time-zone".into()
}

/// Where a POST changes one's own password.
pub fn account_password() -> String {
    "/account/password".into()
}

/// Where a POST begins to link one's own account with one at a provider.
pub fn link_account(provider: &str) -> String {
    format!("/account/link/{provider}")
}

/// Where a POST decides whether a person is told of notices by mail.
pub fn own_notices() -> String {
    "/account/notices".into()
}

/// Where a POST ends one of one's own sessions.
pub fn end_session(id: Uuid) -> String {
    format!("/account/sessions/{id}/end")
}

/// Where a POST ends all of one's own sessions but this one.
pub fn end_other_sessions() -> String {
    "/account/sessions/end-others".into()
}
