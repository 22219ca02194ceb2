//! One HTTP request out, one bounded answer in. Logs host, status and duration; never queries, bodies or headers.

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use openidconnect::http::header::CONTENT_TYPE;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::StatusCode;
use serde::Deserialize;

use super::{Failure, Problem, entra};

/// Longest time for an answer, from connecting to its last byte.
const TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The most that is read of an answer, in bytes; discovery documents and key sets have some 10,000.
const MOST_BYTES: usize = 512 * 1024;

/// Talks to one provider.
#[derive(Clone)]
pub(super) struct Http(reqwest::Client);

impl Http {
    pub(super) fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("Listbridge/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            // Following one would let an answer choose which machine we ask next.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .build()?;
        Ok(Self(client))
    }

    /// The answer to a request, whatever its status.
    pub(super) async fn send(
        &self,
        request: HttpRequest,
    ) -> Result<(StatusCode, Vec<u8>), Failure> {
        let unreachable = |error: &reqwest::Error| {
            // reqwest's own text names the URL with its query; only the innermost cause is kept.
            let mut cause = std::error::Error::source(error);
            while let Some(inner) = cause.and_then(std::error::Error::source) {
                cause = Some(inner);
            }
            let words = match cause {
                _ if error.is_timeout() => "no answer in the time allowed".to_owned(),
                Some(cause) => cause.to_string(),
                None => String::new(),
            };
            Failure::new(Problem::Unreachable, &words)
        };
        let request = reqwest::Request::try_from(request).map_err(|error| unreachable(&error))?;
        let host = request.url().host_str().unwrap_or_default().to_owned();
        let started = Instant::now();
        let sent = self.0.execute(request).await;
        let mut response = sent.map_err(|error| {
            tracing::warn!(host, fault = %unreachable(&error).words, "OpenID Connect provider did not answer");
            unreachable(&error)
        })?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| unreachable(&error))?
        {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(Failure::new(Problem::Unreadable, "the answer is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(
            host,
            status = status.as_u16(),
            duration_ms,
            "OpenID Connect provider answered"
        );
        Ok((status, body))
    }
}

/// The client lent to the crate for the token request; the crate only ever sees successes.
pub(super) struct TokenHttp<'a>(pub(super) &'a Http);

impl<'c> AsyncHttpClient<'c> for TokenHttp<'_> {
    type Error = Failure;
    type Future = BoxFuture<'c, Result<HttpResponse, Failure>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let (status, body) = self.0.send(request).await?;
            if !status.is_success() {
                return Err(refusal(status, &body));
            }
            let mut response = HttpResponse::new(body);
            // Some servers mislabel their JSON; whether it is JSON is found out by reading it.
            let json = openidconnect::http::HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
            Ok(response)
        })
    }
}

/// What a token endpoint says when it refuses (RFC 6749, 5.2), with what Entra ID adds.
#[derive(Default, Deserialize)]
struct Refused {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
    #[serde(default)]
    error_codes: Vec<u64>,
    #[serde(default)]
    trace_id: String,
    #[serde(default)]
    correlation_id: String,
}

fn refusal(status: StatusCode, body: &[u8]) -> Failure {
    let said: Refused = serde_json::from_slice(body).unwrap_or_default();
    let problem = entra::problem_of(&said.error_codes).unwrap_or_else(|| match () {
        () if !said.error.is_empty() => Problem::of_error(&said.error),
        () if status.is_server_error() => Problem::Unreachable,
        () => Problem::Refused,
    });
    let (trace_id, correlation_id) = (id(&said.trace_id), id(&said.correlation_id));
    tracing::warn!(
        problem = problem.name(),
        status = status.as_u16(),
        error_codes = ?said.error_codes,
        trace_id,
        correlation_id,
        "OpenID Connect provider refused a code"
    );
    let words = match (said.error.as_str(), said.error_description.as_str()) {
        ("", "") => status.to_string(),
        (error, "") => error.to_owned(),
        (_, description) => description.to_owned(),
    };
    Failure::new(problem, &words)
}

/// An id of the provider's, for its support; anything else stays out of the log.
fn id(text: &str) -> &str {
    let is_id = text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if is_id { text } else { "" }
}
