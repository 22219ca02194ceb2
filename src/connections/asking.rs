//! Questions to Constant Contact while a person waits for the page: asked a few times, within seconds. Runs are far more
//! patient.

use std::time::Duration;

use super::RequestLedger;
use crate::constant_contact::ClientError;

/// How often one thing is asked.
const MOST_TRIES: u32 = 3;
/// Between two tries: `throttled` clears within a second (guide, "rate limits").
const WAIT: Duration = Duration::from_secs(1);

/// Asks, and asks again while the error is one that passes. Only for calls that do no harm when they are made twice.
/// Tells the ledger what was said about limits.
///
/// # Errors
/// The last try's.
pub(crate) async fn ask<T>(
    ledger: &RequestLedger,
    client_id: &str,
    call: impl AsyncFn() -> Result<T, ClientError>,
) -> Result<T, ClientError> {
    let call = async || heeding(ledger, client_id, &call).await;
    repeat(call, ClientError::is_temporary).await
}

/// The same for calls that change something: made again only when nothing was done.
///
/// # Errors
/// The last try's.
pub(crate) async fn tell<T>(
    ledger: &RequestLedger,
    client_id: &str,
    call: impl AsyncFn() -> Result<T, ClientError>,
) -> Result<T, ClientError> {
    let is_harmless = |error: &ClientError| error.is_temporary() && !error.may_have_taken_effect();
    let call = async || heeding(ledger, client_id, &call).await;
    repeat(call, is_harmless).await
}

async fn heeding<T>(
    ledger: &RequestLedger,
    client_id: &str,
    call: &impl AsyncFn() -> Result<T, ClientError>,
) -> Result<T, ClientError> {
    let answer = call().await;
    if let Err(error) = &answer
        && let Err(problem) = ledger.heed(client_id, error).await
    {
        tracing::error!(error = %problem, "the ledger was not told of a limit");
    }
    answer
}

/// Makes a call until it succeeds or the error is not one to repeat it for, [`MOST_TRIES`] times at most.
///
/// # Errors
/// The last try's.
pub(super) async fn repeat<T, E>(
    call: impl AsyncFn() -> Result<T, E>,
    may_repeat: impl Fn(&E) -> bool,
) -> Result<T, E> {
    let mut tries = 1;
    loop {
        match call().await {
            Err(error) if tries < MOST_TRIES && may_repeat(&error) => {
                tries += 1;
                tokio::time::sleep(WAIT).await;
            }
            answer => return answer,
        }
    }
}
