//! Waiting for something that happens elsewhere: the one place where tests ask again and again.

use std::time::Duration;

/// The longest a test waits for something that must happen.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until `is_so`, which must be within [`PATIENCE`].
pub(crate) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(waited.is_ok(), "never: {what}");
}
