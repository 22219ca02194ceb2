//! The browser session's cookie.

use actix_session::SessionMiddleware;
use actix_session::config::{CookieContentSecurity, PersistentSession, SessionLifecycle};
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Key, SameSite};

use crate::storage::MasterKey;
use crate::web::BrowserSessions;

pub(super) fn key(master: &MasterKey) -> Key {
    Key::from(
        &[
            master.derive("cookie signing"),
            master.derive("cookie encryption"),
        ]
        .concat(),
    )
}

pub(super) fn sessions(
    store: &BrowserSessions,
    key: &Key,
    is_https: bool,
) -> SessionMiddleware<BrowserSessions> {
    SessionMiddleware::builder(store.clone(), key.clone())
        .cookie_name("listbridge_session".into())
        .cookie_secure(is_https)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_content_security(CookieContentSecurity::Private)
        .session_lifecycle(SessionLifecycle::PersistentSession(
            PersistentSession::default().session_ttl(Duration::days(7)),
        ))
        .build()
}
