//! The shapes in which the simulated vendor refuses a request.
//!
//! An array of errors by default; a bare object for 401, 403 and 429; `{"message"}` from the gateway; Okta's two
//! shapes from the authorization server (API guide "Response codes", captured answers, Okta documentation).

use std::fmt;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde_json::{Value, json};

/// A refused API request: a status and the exact JSON body.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    body: Value,
}

impl Refusal {
    fn array(status: StatusCode, key: &str, message: &str) -> Self {
        Self {
            status,
            body: json!([{ "error_key": key, "error_message": message }]),
        }
    }

    fn object(status: StatusCode, key: &str, message: &str) -> Self {
        Self {
            status,
            body: json!({ "error_key": key, "error_message": message }),
        }
    }

    /// 400: malformed JSON or a value the operation does not take.
    pub(super) fn invalid(message: impl AsRef<str>) -> Self {
        Self::array(
            StatusCode::BAD_REQUEST,
            "contacts.api.validation.error",
            message.as_ref(),
        )
    }

    /// 404: no such list, contact, field, activity or path.
    pub(super) fn not_found(message: impl AsRef<str>) -> Self {
        Self::array(
            StatusCode::NOT_FOUND,
            "contacts.api.not_found",
            message.as_ref(),
        )
    }

    /// 409: the name or address is taken.
    pub(super) fn conflict(message: impl AsRef<str>) -> Self {
        Self::array(
            StatusCode::CONFLICT,
            "contacts.api.conflict",
            message.as_ref(),
        )
    }

    /// 413: more than the sandbox is willing to hold in memory.
    pub(super) fn too_large() -> Self {
        Self::array(
            StatusCode::PAYLOAD_TOO_LARGE,
            "contacts.api.payload_too_large",
            "The request body is too large.",
        )
    }

    /// 415: the wrong content type or file extension.
    pub(super) fn unsupported_type(message: impl AsRef<str>) -> Self {
        Self::array(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "contacts.api.unsupported_media_type",
            message.as_ref(),
        )
    }

    /// 401 for an absent, malformed, expired or revoked token.
    pub(super) fn unauthorized() -> Self {
        Self::object(StatusCode::UNAUTHORIZED, "unauthorized", "Unauthorized")
    }

    /// 403 for a missing scope or user privilege.
    pub(super) fn access_denied() -> Self {
        Self::object(
            StatusCode::FORBIDDEN,
            "access_denied",
            "Request forbidden due to insufficient user privileges.",
        )
    }

    /// 429 that clears within a second.
    pub(super) fn throttled() -> Self {
        Self::object(
            StatusCode::TOO_MANY_REQUESTS,
            "throttled",
            "Too Many Requests",
        )
    }

    /// 429 that clears at midnight UTC.
    pub(super) fn quota_exceeded() -> Self {
        Self::object(
            StatusCode::TOO_MANY_REQUESTS,
            "quota_exceeded",
            "Limit Exceeded",
        )
    }

    /// 429 that clears when activities have finished. Its key is undocumented.
    pub(super) fn queue_full(limit: usize) -> Self {
        Self::object(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            &format!(
                "Too many requests. You exceeded {limit} queued activities for this user account."
            ),
        )
    }

    /// 403 from the gateway for a path outside the API.
    pub(super) fn gateway() -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            body: json!({ "message": "Forbidden" }),
        }
    }

    /// An answer with `status` in the shape that status has at the vendor.
    pub(super) fn with_status(status: u16) -> Self {
        match status {
            401 => Self::unauthorized(),
            403 => Self::access_denied(),
            404 => Self::not_found("The requested resource was not found."),
            429 => Self::throttled(),
            other => {
                let status =
                    StatusCode::from_u16(other).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Self::array(
                    status,
                    "contacts.api.service.error",
                    status.canonical_reason().unwrap_or("Error"),
                )
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused with {}", self.status)
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status).json(&self.body)
    }
}

/// A refused call of the token or revocation endpoint, in one of Okta's two shapes.
#[derive(Debug)]
pub(super) enum OAuthRefusal {
    /// 400 `invalid_grant`: a dead code or refresh token.
    InvalidGrant(&'static str),
    /// 401 `invalid_client`.
    InvalidClient,
    /// 400 `invalid_request`.
    InvalidRequest(&'static str),
    /// 400 `unsupported_grant_type`.
    UnsupportedGrantType,
    /// 400 in Okta's own envelope: the content type is not that of a form.
    NotAForm,
    /// 429 in Okta's own envelope: more than one call in a second.
    TooManyRequests,
}

impl OAuthRefusal {
    /// The text seen for a dead or already rotated refresh token.
    pub(super) const DEAD_REFRESH_TOKEN: Self =
        Self::InvalidGrant("The refresh token is invalid or expired.");
    /// A code that is unknown, used, too old or for another redirect URI.
    pub(super) const DEAD_CODE: Self =
        Self::InvalidGrant("The authorization code is invalid or has expired.");
}

impl fmt::Display for OAuthRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused with {}", self.status_code())
    }
}

impl ResponseError for OAuthRefusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::InvalidClient => StatusCode::UNAUTHORIZED,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let plain = |error: &str, description: &str| json!({ "error": error, "error_description": description });
        let envelope = |code: &str, summary: &str| {
            json!({
                "errorCode": code, "errorSummary": summary, "errorLink": code,
                "errorId": format!("oae{}", super::opaque::random_text(20)), "errorCauses": []
            })
        };
        let body = match self {
            Self::InvalidGrant(description) => plain("invalid_grant", description),
            Self::InvalidClient => plain(
                "invalid_client",
                "The client secret supplied for a confidential client is invalid.",
            ),
            Self::InvalidRequest(description) => plain("invalid_request", description),
            Self::UnsupportedGrantType => plain(
                "unsupported_grant_type",
                "The authorization grant type is not supported by the authorization server.",
            ),
            Self::NotAForm => envelope(
                "E0000021",
                "Bad request. Accept and/or Content-Type headers likely do not match supported values.",
            ),
            Self::TooManyRequests => envelope(
                "E0000047",
                "API call exceeded rate limit due to too many requests.",
            ),
        };
        HttpResponse::build(self.status_code())
            .insert_header(("Cache-Control", "no-cache, no-store"))
            .json(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_shape() {
        assert_eq!(
            Refusal::unauthorized().body.to_string().len(),
            59,
            "as long as the captured answer"
        );
        for status in [401, 403, 429] {
            assert!(Refusal::with_status(status).body.is_object(), "{status}");
        }
        for status in [400, 404, 409, 500, 503] {
            assert!(Refusal::with_status(status).body.is_array(), "{status}");
        }
    }
}
