//! The hook through which request limits are enforced, implemented elsewhere with the shared ledger.
//!
//! Limits belong to an API key, not to a process or a token (guide, "rate limits"), so the client cannot count alone.

use futures_util::future::BoxFuture;
use jiff::Timestamp;

/// What kind of request is about to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestKind {
    /// An API call that changes nothing.
    Read,
    /// An API call that creates or starts something small.
    Write,
    /// The upload of an import file.
    Upload,
    /// A call of the token or revocation endpoint, which has a limit of its own ([`super::limits::TOKEN_REQUESTS_PER_SECOND`]).
    Token,
}

/// Decides when a request may be sent.
pub trait RequestPermits: Send + Sync {
    /// Resolves when one request may be sent now, and counts it; awaited once before every single request, each page
    /// of a listing included.
    ///
    /// # Errors
    /// [`PermitRefused`] when waiting would be pointless; then nothing is sent.
    fn acquire(&self, kind: RequestKind) -> BoxFuture<'_, Result<(), PermitRefused>>;
}

/// Why a request was not sent at all.
#[derive(Debug, thiserror::Error)]
pub enum PermitRefused {
    /// The day's requests are used up.
    #[error("today's requests to Constant Contact are used up until {resets_at}")]
    QuotaSpent {
        /// When the day's count starts again (00:00 UTC).
        resets_at: Timestamp,
    },
    /// Whoever wanted the request no longer does (canceled run, shutdown).
    #[error("the work was stopped before the request was sent")]
    Stopped,
    /// The ledger could not be asked.
    #[error("the request ledger is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
