//! Response headers that tell browsers what to refuse and what not to keep.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use crate::config::Settings;

/// Values that depend on the settings, made once at start.
#[derive(Clone, Debug)]
pub struct SecurityHeaders {
    content_security_policy: HeaderValue,
    is_https: bool,
}

impl SecurityHeaders {
    /// Headers for this installation.
    pub fn new(settings: &Settings) -> Self {
        // Chromium applies form-action to redirects after a form is sent, and "Authenticate with Constant Contact" is
        // a form (it carries the CSRF token) that redirects to the authorization server.
        let authorize = settings
            .constant_contact_authorize_url
            .origin()
            .ascii_serialization();
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
             connect-src 'self'; manifest-src 'self'; form-action 'self' {authorize}; base-uri 'none'; \
             frame-ancestors 'none'"
        );
        Self {
            content_security_policy: HeaderValue::from_str(&policy)
                .expect("an origin is plain ASCII"),
            is_https: settings.is_public_https(),
        }
    }
}

const FIXED: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// Middleware: adds the headers to every answer; answers that say nothing about caching are not stored.
pub async fn add(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let headers = request
        .app_data::<web::Data<SecurityHeaders>>()
        .expect("startup registers the headers")
        .clone();
    let mut response = next.call(request).await?;
    let map = response.headers_mut();
    for (name, value) in FIXED {
        map.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    map.insert(
        HeaderName::from_static("content-security-policy"),
        headers.content_security_policy.clone(),
    );
    if headers.is_https {
        map.insert(
            HeaderName::from_static("strict-transport-security"),
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        );
    }
    if !map.contains_key(CACHE_CONTROL) {
        map.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(response)
}
