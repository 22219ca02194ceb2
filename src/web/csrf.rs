//! Refuses every POST that does not carry this browser session's token.

use actix_session::{Session, SessionExt};
use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::StreamExt;

use super::{PageError, Visit, paths};
use crate::storage::random_bytes;

/// Name of the hidden field.
pub const FIELD: &str = "_csrf";
/// Name of the header scripts use instead.
pub const HEADER: &str = "x-csrf-token";
const SESSION_KEY: &str = "csrf";
/// Bytes of a form. All of ours but one stay far below; uploads are multipart and streamed.
const FORM_LIMIT_BYTES: usize = 1024 * 1024;
/// Bytes of a segment's form, which may hold thousands of values; a character of them is sent as up to 12 bytes.
pub const LARGEST_FORM_BYTES: usize = 8 * 1024 * 1024;

/// This browser session's token, made on first use.
pub fn token(session: &Session) -> String {
    if let Ok(Some(token)) = session.get::<String>(SESSION_KEY) {
        return token;
    }
    renew(session)
}

/// Replaces the token, at sign-in.
pub fn renew(session: &Session) -> String {
    let token = URL_SAFE_NO_PAD.encode(random_bytes::<32>());
    if let Err(error) = session.insert(SESSION_KEY, &token) {
        tracing::warn!(%error, "token not kept in the session");
    }
    token
}

/// Compares a token a form sent with the session's.
///
/// # Errors
/// [`PageError::FormExpired`].
pub fn check(session: &Session, sent: &str) -> Result<(), PageError> {
    let expected: Option<String> = session.get(SESSION_KEY).ok().flatten();
    match expected {
        Some(expected) if constant_time_eq(expected.as_bytes(), sent.as_bytes()) => Ok(()),
        _ => Err(PageError::FormExpired),
    }
}

fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .fold(0, |differences, (x, y)| differences | (x ^ y))
            == 0
}

/// Middleware: lets GET and HEAD pass, and POST with the token. Handlers see the form as it was sent.
///
/// # Errors
/// None of its own; refusals are answers.
pub async fn guard(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    match inspect(&mut request).await {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(PageError::FormExpired) if was_signed_out(&request) => Ok(request
            .error_response(PageError::SignedOut)
            .map_into_right_body()),
        Err(refusal) => Ok(request.error_response(refusal).map_into_right_body()),
    }
}

/// Whether this is a form that only signed-in people have, and nobody is signed in.
fn was_signed_out(request: &ServiceRequest) -> bool {
    let path = request.path();
    let is_for_anybody = matches!(path, "/sign-in" | "/sign-out" | "/language" | "/set-up")
        || path.starts_with("/invitation/");
    !is_for_anybody && !is_signed_in(request)
}

async fn inspect(request: &mut ServiceRequest) -> Result<(), PageError> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(());
    }
    let session = request.get_session();
    if let Some(sent) = request.headers().get(HEADER) {
        return check(&session, sent.to_str().unwrap_or_default());
    }
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if content_type.starts_with("multipart/form-data") && request.path().ends_with("/upload") {
        return Ok(()); // streamed: the handler checks the first part
    }
    let is_segment = request.path().starts_with(&paths::segments());
    let limit = match is_segment && is_signed_in(request) {
        true => LARGEST_FORM_BYTES,
        false => FORM_LIMIT_BYTES,
    };
    let body = read_form(request.take_payload(), limit).await?;
    let sent = url::form_urlencoded::parse(&body)
        .find(|(name, _)| name == FIELD)
        .map(|(_, value)| value.into_owned());
    request.set_payload(Payload::from(body));
    check(&session, &sent.unwrap_or_default())
}

fn is_signed_in(request: &ServiceRequest) -> bool {
    let extensions = request.extensions();
    let visit = extensions.get::<Visit>();
    visit.is_some_and(|visit| visit.user.is_some())
}

async fn read_form(mut payload: Payload, limit: usize) -> Result<Bytes, PageError> {
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| PageError::BadRequest)?;
        if body.len() + chunk.len() > limit {
            return Err(PageError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}
