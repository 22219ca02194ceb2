//! One HTTP request out, one bounded answer in; used for API and token calls alike.
//!
//! Logs method, path template, status, duration and support ids. Never URLs, bodies or headers of the request.

use std::fmt;
use std::time::Instant;

use reqwest::StatusCode;
use tokio::runtime::Handle;
use tokio::time::timeout_at;
use tokio_util::task::AbortOnDropHandle;

use super::refusal::{Fault, SupportIds};

/// The most that is read of a successful JSON answer, in bytes; 1,000 lists are well under 1 MiB.
pub(super) const JSON_BYTES: usize = 8 * 1024 * 1024;
/// The most that is read of a refusal, in bytes.
const REFUSAL_BYTES: usize = 64 * 1024;

/// The connections to Constant Contact. They live on the runtime they were set up on, whoever sends: a worker of the web
/// server takes down with it what was opened there, and an engine's upload may be travelling on it. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    client: reqwest::Client,
    runtime: Handle,
}

impl Pool {
    /// On the runtime this is called on.
    pub(super) fn new(client: reqwest::Client) -> Self {
        Self {
            client,
            runtime: Handle::current(),
        }
    }

    /// Builds requests; sends none.
    pub(super) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Whoever does not wait for the answer any more gives the request up.
    async fn execute(&self, request: reqwest::Request) -> Result<reqwest::Response, Fault> {
        let client = self.client.clone();
        let asked = self
            .runtime
            .spawn(async move { client.execute(request).await });
        match AbortOnDropHandle::new(asked).await {
            Ok(answer) => answer.map_err(|error| Fault::from(&error)),
            Err(_) => Err(Fault::stopped()),
        }
    }
}

/// An answer as far as it could be read.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) support: SupportIds,
    pub(super) body: Vec<u8>,
    /// Why the body is not whole.
    pub(super) incomplete: Option<Incomplete>,
}

/// Why a body ends early.
pub(super) enum Incomplete {
    /// The connection failed.
    Fault(Fault),
    /// It is longer than we are willing to read.
    TooLong,
}

/// Sends `request` and waits for the head of the answer. `template` is its path with placeholders, for the log.
pub(super) async fn send(
    pool: &Pool,
    request: reqwest::Request,
    template: &'static str,
) -> Result<reqwest::Response, Fault> {
    let started = Instant::now();
    let method = request.method().clone();
    let result = pool.execute(request).await;
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match result {
        Ok(response) => {
            let status = response.status().as_u16();
            let support = SupportIds::read(response.headers());
            tracing::debug!(%method, path = template, status, duration_ms, %support, "Constant Contact answered");
            Ok(response)
        }
        Err(fault) => {
            tracing::debug!(%method, path = template, duration_ms, %fault, "Constant Contact did not answer");
            Err(fault)
        }
    }
}

/// Reads the rest of an answer, at most `max_bytes` of a success and [`REFUSAL_BYTES`] of anything else, and what has come
/// by `until`.
pub(super) async fn read(
    mut response: reqwest::Response,
    max_bytes: usize,
    until: tokio::time::Instant,
) -> Answer {
    let status = response.status();
    let max_bytes = if status.is_success() {
        max_bytes
    } else {
        REFUSAL_BYTES
    };
    let support = SupportIds::read(response.headers());
    let mut body = Vec::new();
    let incomplete = loop {
        match timeout_at(until, response.chunk()).await {
            Err(_) => break Some(Incomplete::Fault(Fault::timed_out())),
            Ok(Ok(None)) => break None,
            Ok(Ok(Some(chunk))) => {
                let room = max_bytes - body.len();
                if chunk.len() > room {
                    body.extend_from_slice(&chunk[..room]);
                    break Some(Incomplete::TooLong);
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Err(error)) => break Some(Incomplete::Fault(Fault::from(&error))),
        }
    };
    Answer {
        status,
        support,
        body,
        incomplete,
    }
}

/// Where and how a JSON text is wrong, without quoting it as serde's own message would.
pub(super) struct JsonFlaw<'a>(pub(super) &'a serde_json::Error);

impl fmt::Display for JsonFlaw<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use serde_json::error::Category;
        let what = match self.0.classify() {
            Category::Eof => "JSON that ends too early",
            Category::Data => "JSON of another shape than documented",
            Category::Io | Category::Syntax => "not JSON",
        };
        write!(
            f,
            "{what} at line {} column {}",
            self.0.line(),
            self.0.column()
        )
    }
}
