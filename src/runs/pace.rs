//! How fast the engine's clocks tick. Real in the application, quick in tests, so that no test waits for real.

use std::time::Duration;

/// Intervals of the engine.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// A run whose owner has not been heard of for this long may be taken over.
    pub lease: Duration,
    /// How often an owner renews its lease.
    pub renew_every: Duration,
    /// How often an owner looks whether its run is to be canceled.
    pub look_every: Duration,
    /// How often an idle engine looks for runs; in this process it is woken besides.
    pub idle: Duration,
    /// How long runs in progress get to come to a safe point when the engine stops.
    pub stop_grace: Duration,
    /// Runs worked on at once by one engine.
    pub runs_at_once: usize,
    /// How long a run asks again when nobody can tell whether a part has arrived; setting `outcome_wait_hours`. By the
    /// application's clock.
    pub outcome_wait: Duration,
    /// Every other wait (retries, searches, polls) is divided by this.
    pub quickening: u32,
}

impl Pace {
    /// The application's. A dead owner is replaced within `lease` + `idle`, 22 seconds.
    pub const REAL: Self = Self {
        lease: Duration::from_secs(20),
        renew_every: Duration::from_secs(5),
        look_every: Duration::from_secs(1),
        idle: Duration::from_secs(2),
        stop_grace: Duration::from_secs(8),
        runs_at_once: 4,
        outcome_wait: Duration::from_hours(24),
        quickening: 1,
    };

    /// For tests: waits that do not matter take a thousandth of their time. The lease and the grace stay long, so
    /// that a busy machine changes nothing; a test that wants a lease to run out moves its clock.
    pub const QUICK: Self = Self {
        lease: Duration::from_secs(15),
        renew_every: Duration::from_millis(300),
        look_every: Duration::from_millis(50),
        idle: Duration::from_millis(20),
        stop_grace: Duration::from_secs(30),
        runs_at_once: 4,
        outcome_wait: Duration::from_hours(24),
        quickening: 1_000,
    };

    /// The same with every interval divided, but no lease shorter than a busy machine may need to renew it.
    #[must_use]
    pub fn sped_up(self, by: u32) -> Self {
        let divided =
            |interval: Duration, least| (interval / by.max(1)).max(Duration::from_millis(least));
        Self {
            lease: divided(self.lease, 2_000),
            renew_every: divided(self.renew_every, 200),
            look_every: divided(self.look_every, 50),
            idle: divided(self.idle, 50),
            quickening: self.quickening.saturating_mul(by.max(1)),
            ..self
        }
    }

    pub(super) fn quickened(&self, wait: Duration) -> Duration {
        wait / self.quickening.max(1)
    }
}
