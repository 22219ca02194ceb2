//! Signed-in sessions: a secret in the browser's cookie, its hash and everything else in the table `sessions`.

use actix_session::Session;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{CurrentUser, store};
use crate::storage::audit::{self, AuditEvent};
use crate::storage::random_bytes;
use crate::web::{Visit, csrf};

/// A session ends this long after sign-in, whatever happens.
pub(super) const LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A session ends after this long without a request.
pub(super) const IDLE: SignedDuration = SignedDuration::from_hours(12);
/// How exactly the last request is remembered; keeps most requests free of writes.
const LAST_SEEN_STEP: SignedDuration = SignedDuration::from_mins(5);

const SECRET_KEY: &str = "sid";

/// Starts a session for a person who has just proved who they are, and records the sign-in with `how` they did.
///
/// Whatever the browser's cookie held before is gone, so that a cookie planted earlier is worth nothing.
///
/// # Errors
/// The database's.
pub async fn start_session(
    db: &impl ConnectionTrait,
    visit: &Visit,
    user: &CurrentUser,
    how: Value,
) -> Result<(), DbErr> {
    let (cookie, now) = (visit.session(), visit.now);
    end_session(db, cookie, now).await?;
    cookie.clear();
    cookie.renew();
    csrf::renew(cookie);
    let secret = secret();
    store::insert_session(db, &hash(&secret), user.id, &visit.ip, &visit.device, now).await?;
    if let Err(error) = cookie.insert(SECRET_KEY, secret) {
        tracing::error!(%error, "session cookie not written");
    }
    let event = AuditEvent {
        at: now,
        user_id: Some(user.id),
        ip: Some(&visit.ip),
        action: "user.signed-in",
        object_id: String::new(),
        detail: how,
    };
    audit::record(db, event).await
}

/// Records that somebody did not get in. `whose` is the account they tried, if one is known; `how` they did and why not.
///
/// # Errors
/// The database's.
pub async fn record_failed_sign_in(
    db: &impl ConnectionTrait,
    visit: &Visit,
    whose: Option<Uuid>,
    how: Value,
) -> Result<(), DbErr> {
    let event = AuditEvent {
        at: visit.now,
        user_id: visit.user.as_ref().map(|user| user.id),
        ip: Some(&visit.ip),
        action: "user.sign-in-failed",
        object_id: whose.map(|id| id.to_string()).unwrap_or_default(),
        detail: how,
    };
    audit::record(db, event).await
}

/// The session and person behind the browser's cookie; `None` when signed out, expired, disabled or ended elsewhere.
///
/// # Errors
/// The database's.
pub async fn resume_session(
    db: &impl ConnectionTrait,
    cookie: &Session,
    now: Timestamp,
) -> Result<Option<(Uuid, CurrentUser)>, DbErr> {
    let Ok(Some(secret)) = cookie.get::<String>(SECRET_KEY) else {
        return Ok(None);
    };
    let Some(found) = store::find_session(db, &hash(&secret)).await? else {
        return Ok(None);
    };
    let is_over = now.duration_since(found.created_at) > LIFETIME
        || now.duration_since(found.last_seen_at) > IDLE;
    if is_over {
        return Ok(None);
    }
    if now.duration_since(found.last_seen_at) > LAST_SEEN_STEP {
        store::touch_session(db, found.id, now).await?;
    }
    Ok(Some((found.id, found.user)))
}

/// Ends the browser's session, if there is one, in the database: a copy of the cookie is worth nothing afterwards.
///
/// # Errors
/// The database's.
pub async fn end_session(
    db: &impl ConnectionTrait,
    cookie: &Session,
    now: Timestamp,
) -> Result<(), DbErr> {
    if let Ok(Some(secret)) = cookie.get::<String>(SECRET_KEY) {
        store::end_session(db, &hash(&secret), now).await?;
    }
    Ok(())
}

/// A secret nobody can guess, safe in URLs.
pub(super) fn secret() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes::<32>())
}

pub(super) fn hash(secret: &str) -> String {
    Sha256::digest(secret.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
