//! What came instead of a result: an answer that says no, or a failure of the connection.

use std::fmt;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::provider_words::{MESSAGE_CHARS, ProviderWords, safe_text};

/// A failure of the connection rather than an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What failed.
    pub kind: FaultKind,
    /// The innermost cause in the network library's words, without addresses or URLs of ours.
    pub detail: String,
}

/// How a connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// It never came to be, so nothing was sent.
    Unreachable,
    /// Nothing more came in the time allowed.
    TimedOut,
    /// It was closed or garbled after the request had been started.
    BrokenOff,
}

impl Fault {
    pub(super) fn timed_out() -> Self {
        Self {
            kind: FaultKind::TimedOut,
            detail: "no answer in the time allowed".to_owned(),
        }
    }

    pub(super) fn stopped() -> Self {
        Self {
            kind: FaultKind::BrokenOff,
            detail: "the program is being stopped".to_owned(),
        }
    }
}

impl From<&reqwest::Error> for Fault {
    fn from(error: &reqwest::Error) -> Self {
        let kind = if error.is_connect() || error.is_builder() {
            FaultKind::Unreachable
        } else if error.is_timeout() {
            FaultKind::TimedOut
        } else {
            FaultKind::BrokenOff
        };
        // reqwest's own text names the URL with its query; only the innermost cause is kept.
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause.and_then(std::error::Error::source) {
            cause = Some(inner);
        }
        let detail = cause.map_or_else(
            || "the request could not be made".to_owned(),
            |cause| safe_text(&cause.to_string(), MESSAGE_CHARS),
        );
        Self { kind, detail }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            FaultKind::Unreachable => "no connection",
            FaultKind::TimedOut => "timed out",
            FaultKind::BrokenOff => "broken off",
        };
        write!(f, "{kind} ({})", self.detail)
    }
}

/// An answer that says no, with the provider's own words made safe to store and show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    // Boxed so that results stay small.
    said: Box<(ProviderWords, SupportIds)>,
}

impl Refusal {
    pub(super) fn read(
        status: StatusCode,
        support: SupportIds,
        body: &[u8],
        sent: &[&str],
    ) -> Self {
        Self {
            status: status.as_u16(),
            said: Box::new((ProviderWords::read(body, sent), support)),
        }
    }

    /// The provider's error key, such as `contacts.api.not_found` or `invalid_grant`.
    pub fn key(&self) -> Option<&str> {
        self.said.0.key.as_deref()
    }

    /// The provider's message; at most 500 characters, e-mail addresses masked.
    pub fn message(&self) -> Option<&str> {
        self.said.0.message.as_deref()
    }

    /// Ids for a support case.
    pub fn support(&self) -> &SupportIds {
        &self.said.1
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if let Some(key) = self.key() {
            write!(f, " {key}")?;
        }
        if let Some(message) = self.message() {
            write!(f, ": {message}")?;
        }
        if *self.support() != SupportIds::default() {
            write!(f, " {}", self.support())?;
        }
        Ok(())
    }
}

/// The ids that the vendor's support asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SupportIds {
    /// `x-amzn-RequestId`.
    pub request_id: Option<String>,
    /// `x-amz-apigw-id`.
    pub gateway_id: Option<String>,
    /// `x-eig-tracking-id`.
    pub tracking_id: Option<String>,
}

impl SupportIds {
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let id = |name| {
            let value = headers.get(name)?.to_str().ok()?;
            Some(safe_text(value, 100)).filter(|id| !id.is_empty())
        };
        Self {
            request_id: id("x-amzn-requestid"),
            gateway_id: id("x-amz-apigw-id"),
            tracking_id: id("x-eig-tracking-id"),
        }
    }
}

impl fmt::Display for SupportIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = [
            ("x-amzn-RequestId", &self.request_id),
            ("x-amz-apigw-id", &self.gateway_id),
            ("x-eig-tracking-id", &self.tracking_id),
        ];
        let known: Vec<String> = ids
            .iter()
            .filter_map(|(name, id)| Some(format!("{name} {}", id.as_ref()?)))
            .collect();
        if known.is_empty() {
            return Ok(());
        }
        write!(f, "[{}]", known.join(", "))
    }
}
