//! Webhooks: a signed POST of JSON.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use super::outbox::Delivery;
use super::{Problem, headline};
use crate::config::Settings;
use crate::locale::Lang;
use crate::notices::webhooks::Webhook;
use crate::storage::MasterKey;

/// Header with the time and the signature.
const SIGNATURE: &str = "listbridge-signature";
/// Header with the id of the delivery, the same at every try.
const DELIVERY: &str = "listbridge-delivery";

/// What is sent.
pub(super) struct Body {
    delivery: Uuid,
    text: String,
}

/// A client that follows nothing and waits for nobody long.
pub(super) fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_secs(20))
        .redirect(Policy::none())
        .user_agent(concat!("Listbridge/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// The body about a delivery. Texts are in English: machines read it.
pub(super) fn body_of_notice(settings: &Settings, delivery: &Delivery) -> Body {
    let notice = &delivery.notice;
    let details = &notice.details;
    let body = json!({
        "id": delivery.id,
        "event": delivery.event.name(),
        "kind": notice.kind.name(),
        "notice": notice.id,
        "subject": { "id": notice.subject, "name": details.name },
        "title": headline(delivery, Lang::En),
        "reason": notice.reason(Lang::En, &jiff::tz::TimeZone::UTC),
        "run": details.run,
        "rejected": details.rejected,
        "of": details.of,
        "opened_at": notice.opened_at,
        "resolved_at": notice.resolved_at,
        "url": settings.public(&notice.path()),
    });
    with_text(delivery.id, &body)
}

/// The body that shows whether webhooks arrive.
pub(super) fn body_for_a_test() -> Body {
    let id = Uuid::now_v7();
    with_text(id, &json!({ "id": id, "event": "test" }))
}

fn with_text(delivery: Uuid, body: &Value) -> Body {
    Body {
        delivery,
        text: body.to_string(),
    }
}

/// The value of the header `Listbridge-Signature`: HMAC-SHA256 with the webhook's secret over the time in seconds, a dot
/// and the body.
pub fn sign(secret: &str, at: Timestamp, body: &str) -> String {
    let seconds = at.as_second();
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{seconds}.{body}").as_bytes());
    let bytes = mac.finalize().into_bytes();
    let signature: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={seconds},v1={signature}")
}

/// Sends it; anything but 2xx counts as not arrived.
pub(super) async fn send(
    http: &reqwest::Client,
    key: &MasterKey,
    hook: &Webhook,
    body: &Body,
    now: Timestamp,
) -> Result<(), Problem> {
    let secret = hook.secret(key).map_err(|_| Problem::Secret)?;
    let answer = http
        .post(hook.url.clone())
        .header(CONTENT_TYPE, "application/json")
        .header(DELIVERY, body.delivery.to_string())
        .header(SIGNATURE, sign(secret.expose_secret(), now, &body.text))
        .body(body.text.clone())
        .send()
        .await;
    match answer {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(Problem::Answered(answer.status().as_u16())),
        Err(error) if error.is_timeout() => Err(Problem::TimedOut),
        Err(_) => Err(Problem::Unreachable),
    }
}
