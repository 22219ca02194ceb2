//! Work beside the pages that no concept does by itself: what follows when another one has done something, and what
//! must be done every few hours.

use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;

use super::Services;
use crate::runs;

/// Keeps member counts up with the profiles: a load does not know segments, so this is where the two meet.
pub(super) async fn recount_after_loads(services: Services) {
    let mut published = services.loads.published();
    loop {
        match published.recv().await {
            Ok(source_id) => {
                if let Err(error) = services.members.recount(source_id).await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "segments not counted"
                    );
                }
            }
            // Members of the sources missed are counted when somebody asks; their pages say how old the count is.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// Runs that wait for a sign-in go on as soon as there is one: connections do not know runs, so the two meet here.
pub(super) async fn resume_after_sign_in(services: Services) {
    let mut authenticated = services.connections.authenticated();
    // Behind or not, every waiting run looks again.
    while let Ok(_) | Err(RecvError::Lagged(_)) = authenticated.recv().await {
        match runs::store::wake_sign_in_waits(&services.db).await {
            Ok(()) => services.engine.wake(),
            Err(error) => tracing::warn!(%error, "waiting runs were not told of a sign-in"),
        }
    }
}

/// How often idle connections are looked after; a little less or more, so that replicas do not come together.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(6 * 3600);

/// Renews what would die of not being used.
pub(super) async fn keep_sign_ins_alive(services: Services) {
    loop {
        if let Err(error) = services.connections.keep_alive(services.clock.now()).await {
            tracing::warn!(%error, "idle connections were not looked after");
        }
        tokio::time::sleep(KEEP_ALIVE_EVERY.mul_f64(0.8 + 0.4 * fastrand::f64())).await;
    }
}
