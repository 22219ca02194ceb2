//! Everything that can go wrong, classified by what a caller may do next.
//!
//! The caller decides on the variant alone; the provider's own words are carried along to be stored and shown. No error
//! contains a token, a code, a request body or an e-mail address.

use super::permits::PermitRefused;
use super::refusal::{Fault, FaultKind, Refusal, SupportIds};

/// Why an API call did not give its result.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The request limits forbade it; nothing was sent.
    #[error(transparent)]
    NotPermitted(#[from] PermitRefused),
    /// The request is one the vendor would refuse or cut silently; nothing was sent.
    #[error("the request was not sent: {0}")]
    InvalidRequest(&'static str),
    /// No connection (name, network, TLS); nothing was sent. Temporary.
    #[error("Constant Contact cannot be reached: {0}")]
    Unreachable(Fault),
    /// The request was sent, the answer did not arrive whole. Temporary, and it may have taken effect.
    #[error("the connection to Constant Contact broke: {0}")]
    Interrupted(Fault),
    /// 5xx (or 408). Temporary, and it may have taken effect.
    #[error("Constant Contact has a problem: {0}")]
    ServerProblem(Refusal),
    /// 429, too many requests this second; clears within a second (guide, "rate limits").
    #[error("Constant Contact asks to slow down: {0}")]
    Throttled(Refusal),
    /// 429, the day's requests are used up; clears at 00:00 UTC (guide, "rate limits").
    #[error("today's requests to Constant Contact are used up: {0}")]
    QuotaExceeded(Refusal),
    /// 429, more than 1,000 activities are queued for the account (`contactsCSVImport`).
    #[error("Constant Contact's queue for this account is full: {0}")]
    QueueFull(Refusal),
    /// 401: the access token is bad or expired. Refresh once, then give up.
    #[error("the sign-in at Constant Contact has expired: {0}")]
    SignInExpired(Refusal),
    /// 403: missing scope or privilege, or a deactivated application; a person must act.
    #[error("Constant Contact does not allow it: {0}")]
    Forbidden(Refusal),
    /// 404: unknown ID, or an activity past its retention.
    #[error("Constant Contact does not know it: {0}")]
    NotFound(Refusal),
    /// 409: the name is taken.
    #[error("it already exists at Constant Contact: {0}")]
    Conflict(Refusal),
    /// Any other 4xx; do not send the same again.
    #[error("Constant Contact refused: {0}")]
    Rejected(Refusal),
    /// An answer this client does not understand; a request that changes something may have taken effect.
    #[error("Constant Contact's answer cannot be read (status {status}): {why} {support}")]
    Unreadable {
        /// HTTP status of the answer.
        status: u16,
        /// What is wrong with it; never quotes it.
        why: String,
        /// Ids for a support case.
        support: SupportIds,
    },
}

impl ClientError {
    /// Whether the same call may succeed later without anyone doing anything.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_)
                | Self::Interrupted(_)
                | Self::ServerProblem(_)
                | Self::Throttled(_)
        )
    }

    /// Whether a request that changes something may have been carried out. Then look before sending it again.
    pub fn may_have_taken_effect(&self) -> bool {
        matches!(
            self,
            Self::Interrupted(_) | Self::ServerProblem(_) | Self::Unreadable { .. }
        )
    }

    /// The provider's answer, when there was one that said no.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::ServerProblem(refusal)
            | Self::Throttled(refusal)
            | Self::QuotaExceeded(refusal)
            | Self::QueueFull(refusal)
            | Self::SignInExpired(refusal)
            | Self::Forbidden(refusal)
            | Self::NotFound(refusal)
            | Self::Conflict(refusal)
            | Self::Rejected(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Classifies an answer that is not a success.
    pub(super) fn from_refusal(refusal: Refusal) -> Self {
        match refusal.status {
            401 => Self::SignInExpired(refusal),
            403 => Self::Forbidden(refusal),
            404 => Self::NotFound(refusal),
            408 | 500.. => Self::ServerProblem(refusal),
            409 => Self::Conflict(refusal),
            429 => match Limit::of(&refusal) {
                Limit::PerSecond => Self::Throttled(refusal),
                Limit::PerDay => Self::QuotaExceeded(refusal),
                Limit::Queue => Self::QueueFull(refusal),
            },
            400..=499 => Self::Rejected(refusal),
            status => Self::Unreadable {
                status,
                why: "a status that no operation answers with".to_owned(),
                support: refusal.support().clone(),
            },
        }
    }
}

impl From<Fault> for ClientError {
    fn from(fault: Fault) -> Self {
        match fault.kind {
            FaultKind::Unreachable => Self::Unreachable(fault),
            FaultKind::TimedOut | FaultKind::BrokenOff => Self::Interrupted(fault),
        }
    }
}

/// The three limits that share status 429.
enum Limit {
    PerSecond,
    PerDay,
    Queue,
}

impl Limit {
    /// The full queue has no documented key, so it may have either of those that are known: its text is looked at first.
    /// The keys `throttled` and `quota_exceeded` are known; the gateway says the same in its messages. A 429 without any
    /// hint is taken for the one that clears by itself.
    fn of(refusal: &Refusal) -> Self {
        let said = format!(
            "{} {}",
            refusal.key().unwrap_or_default(),
            refusal.message().unwrap_or_default()
        )
        .to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
        if says(&["queue", "activit"]) {
            return Self::Queue;
        }
        match refusal.key() {
            Some("throttled") => Self::PerSecond,
            Some("quota_exceeded") => Self::PerDay,
            _ if says(&["quota", "daily", "per day"]) || said.trim() == "limit exceeded" => {
                Self::PerDay
            }
            _ => Self::PerSecond,
        }
    }
}

/// Why a code or refresh token did not buy new tokens.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The request limits forbade it; nothing was sent.
    #[error(transparent)]
    NotPermitted(#[from] PermitRefused),
    /// No connection; nothing was sent. Temporary.
    #[error("Constant Contact's sign-in service cannot be reached: {0}")]
    Unreachable(Fault),
    /// The request may have been carried out and its answer is lost; a rotating refresh token may be used up by it.
    #[error("it is not known whether Constant Contact's sign-in service did it: {0}")]
    OutcomeUnknown(String),
    /// 5xx before anything was decided. Temporary.
    #[error("Constant Contact's sign-in service has a problem: {0}")]
    ServerProblem(Refusal),
    /// 429: the token endpoint allows one request a second. Temporary.
    #[error("Constant Contact's sign-in service asks to slow down: {0}")]
    Throttled(Refusal),
    /// `invalid_grant`: the code or refresh token is used, expired or revoked. Final, unless another worker has stored a
    /// newer refresh token meanwhile.
    #[error("the authorisation is no longer valid: {0}")]
    InvalidGrant(Refusal),
    /// Wrong client ID or secret; an administrator must act.
    #[error("Constant Contact does not accept the client ID and secret: {0}")]
    InvalidClient(Refusal),
    /// Any other refusal.
    #[error("Constant Contact's sign-in service refused: {0}")]
    Rejected(Refusal),
}

impl TokenError {
    /// Whether the same call may succeed later without anyone doing anything.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::ServerProblem(_) | Self::Throttled(_)
        )
    }

    /// Classifies an answer that is not a success.
    pub(super) fn from_refusal(refusal: Refusal) -> Self {
        match (refusal.status, refusal.key()) {
            (429, _) => Self::Throttled(refusal),
            (_, Some("invalid_grant")) => Self::InvalidGrant(refusal),
            (_, Some("invalid_client")) | (401, _) => Self::InvalidClient(refusal),
            // A gateway that lost the service's answer: what the service did is not known.
            (502 | 504, _) => Self::OutcomeUnknown(refusal.to_string()),
            (408 | 500.., _) => Self::ServerProblem(refusal),
            (400..=499, _) => Self::Rejected(refusal),
            _ => Self::OutcomeUnknown(refusal.to_string()),
        }
    }
}

impl From<Fault> for TokenError {
    fn from(fault: Fault) -> Self {
        match fault.kind {
            FaultKind::Unreachable => Self::Unreachable(fault),
            FaultKind::TimedOut | FaultKind::BrokenOff => Self::OutcomeUnknown(fault.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;

    fn refusal(status: u16, body: &str) -> Refusal {
        let status = StatusCode::from_u16(status).unwrap();
        Refusal::read(status, SupportIds::default(), body.as_bytes(), &[])
    }

    #[test]
    fn the_three_limits_behind_429_are_told_apart() {
        let class = |body: &str| match ClientError::from_refusal(refusal(429, body)) {
            ClientError::Throttled(_) => "second",
            ClientError::QuotaExceeded(_) => "day",
            ClientError::QueueFull(_) => "queue",
            other => panic!("{other:?}"),
        };
        for (body, expected) in [
            (
                r#"{"error_key":"throttled","error_message":"Too Many Requests"}"#,
                "second",
            ),
            (
                r#"{"error_key":"quota_exceeded","error_message":"Limit Exceeded"}"#,
                "day",
            ),
            (r#"{"message":"Too Many Requests"}"#, "second"),
            (r#"{"message":"Limit Exceeded"}"#, "day"),
            (r#"{"message":"Rate limit exceeded"}"#, "second"),
            (
                r#"[{"error_key":"too_many","error_message":"You exceeded 1,000 queued activities for this user account."}]"#,
                "queue",
            ),
            (
                r#"[{"error_key":"quota_exceeded","error_message":"1,000 queued activities at most"}]"#,
                "queue",
            ),
            (
                r#"{"error_key":"throttled","error_message":"The activity queue is full"}"#,
                "queue",
            ),
            (r#"{"error_key":"quota_exceeded","error_mess"#, "day"),
            ("", "second"),
            ("<html><title>429</title></html>", "second"),
        ] {
            assert_eq!(class(body), expected, "{body}");
        }
    }

    #[test]
    fn what_may_have_taken_effect_follows_from_the_class() {
        assert!(ClientError::from_refusal(refusal(503, "")).may_have_taken_effect());
        assert!(ClientError::from_refusal(refusal(302, "")).may_have_taken_effect());
        for status in [400, 401, 403, 404, 409, 413, 415, 422, 429] {
            let error = ClientError::from_refusal(refusal(status, ""));
            assert!(!error.may_have_taken_effect(), "{status}");
            assert_eq!(error.refusal().map(|r| r.status), Some(status));
        }
    }

    #[test]
    fn token_refusals_are_classified() {
        let class = |status, body: &str| TokenError::from_refusal(refusal(status, body));
        assert!(matches!(
            class(400, r#"{"error":"invalid_grant"}"#),
            TokenError::InvalidGrant(_)
        ));
        assert!(matches!(
            class(401, r#"{"error":"invalid_client"}"#),
            TokenError::InvalidClient(_)
        ));
        assert!(matches!(class(401, ""), TokenError::InvalidClient(_)));
        assert!(matches!(
            class(429, r#"{"errorCode":"E0000047"}"#),
            TokenError::Throttled(_)
        ));
        assert!(matches!(
            class(400, r#"{"errorCode":"E0000021"}"#),
            TokenError::Rejected(_)
        ));
        assert!(matches!(class(500, ""), TokenError::ServerProblem(_)));
        assert!(matches!(class(504, ""), TokenError::OutcomeUnknown(_)));
        assert!(matches!(class(302, ""), TokenError::OutcomeUnknown(_)));
    }
}
