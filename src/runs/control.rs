//! What may interrupt a run from outside: canceling, stopping the engine, losing the lease.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use sea_orm::DatabaseConnection;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::outcome::Outcome;
use super::pace::Pace;
use super::store::{Lease, Progress, StoreError};
use super::waiting::{Waiting, WaitingFor};
use crate::clock::Clock;

/// Waits shorter than this are not shown.
const SHOWN_WAIT: Duration = Duration::from_secs(2);
/// Of the lease: not having renewed it for this long counts as having lost it, while nobody else can have it yet.
const SAFE_LEASE_PERCENT: u32 = 70;

/// Why a run does not go on right now.
#[derive(Debug)]
pub(super) enum Interrupt {
    /// Somebody canceled it.
    Cancel,
    /// The engine stops; the run goes on later.
    Stop,
    /// Another engine has it.
    Lost,
    /// It pauses and goes on later.
    Pause(Waiting),
    /// It ends here.
    End(Outcome),
    /// The profiles cannot be read right now; the run tries again.
    Profiles,
    /// The database fails; the run goes on when it works again.
    Database(StoreError),
}

impl From<StoreError> for Interrupt {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::LeaseLost => Self::Lost,
            other => Self::Database(other),
        }
    }
}

impl From<sea_orm::DbErr> for Interrupt {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Database(error.into())
    }
}

impl From<Outcome> for Interrupt {
    fn from(outcome: Outcome) -> Self {
        Self::End(outcome)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signal {
    Go,
    Cancel,
    Stop,
}

/// The outside of one run, for the code that works on it.
pub(super) struct Control {
    pub(super) lease: Lease,
    pub(super) pace: Pace,
    pub(super) clock: Clock,
    db: DatabaseConnection,
    signal: watch::Sender<Signal>,
    /// Requests made and not yet recorded.
    requests: AtomicU64,
    is_wait_shown: AtomicBool,
    /// The run is ending; a last look at the vendor is allowed although it is interrupted.
    is_closing: AtomicBool,
}

impl Control {
    pub(super) fn new(lease: Lease, pace: Pace, clock: Clock, db: DatabaseConnection) -> Self {
        Self {
            lease,
            pace,
            clock,
            db,
            signal: watch::channel(Signal::Go).0,
            requests: AtomicU64::new(0),
            is_wait_shown: AtomicBool::new(false),
            is_closing: AtomicBool::new(false),
        }
    }

    /// Lets the run go on unless it is to be interrupted. Asked between requests.
    pub(super) fn check(&self) -> Result<(), Interrupt> {
        match *self.signal.borrow() {
            Signal::Go => Ok(()),
            Signal::Cancel => Err(Interrupt::Cancel),
            Signal::Stop => Err(Interrupt::Stop),
        }
    }

    /// From now on [`Control::may_request`] lets the last look pass.
    pub(super) fn close(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
    }

    /// Whether a request may be made for the run.
    pub(super) fn may_request(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed) || self.check().is_ok()
    }

    /// As [`Control::check`], after a look into the database, so that a cancel is obeyed before the very next request.
    pub(super) async fn check_now(&self) -> Result<(), Interrupt> {
        self.check()?;
        if self.lease.look(&self.db).await?.is_cancel_requested {
            self.signal.send_replace(Signal::Cancel);
        }
        self.check()
    }

    /// Waits, about as long as the table in [`super::retry`] says; shows longer waits to people.
    pub(super) async fn wait(
        &self,
        wait: Duration,
        reason: Option<WaitingFor>,
    ) -> Result<(), Interrupt> {
        if let Some(reason) = reason
            && wait >= SHOWN_WAIT
        {
            let until = self.clock.now() + SignedDuration::try_from(wait).unwrap_or_default();
            self.show_wait(Some(Waiting { reason, until })).await?;
        }
        self.sleep(jittered(wait)).await
    }

    /// Waits quietly.
    pub(super) async fn sleep(&self, wait: Duration) -> Result<(), Interrupt> {
        let mut signal = self.signal.subscribe();
        let interrupted = signal.wait_for(|signal| *signal != Signal::Go);
        // Elapsed is what was wanted.
        let _ = tokio::time::timeout(self.pace.quickened(wait), interrupted).await;
        self.check()
    }

    /// Does `work`, which may be dropped anywhere, until it is done or the run is to be interrupted.
    pub(super) async fn unless_interrupted<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Result<T, Interrupt> {
        let mut signal = self.signal.subscribe();
        tokio::select! {
            biased;
            done = work => Ok(done),
            // The sender is this control's.
            _ = signal.wait_for(|signal| *signal != Signal::Go) => {
                self.check()?;
                Err(Interrupt::Stop)
            }
        }
    }

    /// Nothing is waited for any more.
    pub(super) async fn stop_showing_wait(&self) -> Result<(), Interrupt> {
        if self.is_wait_shown.load(Ordering::Relaxed) {
            self.show_wait(None).await?;
        }
        Ok(())
    }

    async fn show_wait(&self, waiting: Option<Waiting>) -> Result<(), Interrupt> {
        self.is_wait_shown
            .store(waiting.is_some(), Ordering::Relaxed);
        let progress = Progress {
            waiting: Some(waiting),
            requests: self.take_requests(),
            ..Progress::default()
        };
        Ok(self.lease.progress(&self.db, progress).await?)
    }

    pub(super) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests made since the last call.
    pub(super) fn take_requests(&self) -> u64 {
        self.requests.swap(0, Ordering::Relaxed)
    }

    /// Does `work` while keeping the lease; ends early only when the lease is lost.
    pub(super) async fn guard<T>(
        &self,
        work: impl Future<Output = Result<T, Interrupt>>,
        stop: watch::Receiver<bool>,
        wake: &Notify,
    ) -> Result<T, Interrupt> {
        tokio::select! {
            // Work first: when it has just given the lease back, the lease is not lost.
            biased;
            done = work => done,
            lost = self.beat(stop, wake) => Err(lost),
        }
    }

    /// Renews the lease and listens for reasons to interrupt; returns when the lease is lost.
    async fn beat(&self, mut stop: watch::Receiver<bool>, wake: &Notify) -> Interrupt {
        let mut renewed = Instant::now();
        loop {
            let is_stopping = *stop.borrow();
            tokio::select! {
                () = tokio::time::sleep(self.pace.look_every) => {}
                () = wake.notified() => {}
                _ = stop.wait_for(|stop| *stop), if !is_stopping => {}
            }
            if *stop.borrow() {
                self.signal.send_if_modified(|signal| {
                    std::mem::replace(signal, Signal::Stop) != Signal::Stop
                });
            }
            let now = Instant::now();
            let heard = if now.duration_since(renewed) >= self.pace.renew_every {
                let lease = SignedDuration::try_from(self.pace.lease).unwrap_or_default();
                let until = self.clock.now() + lease;
                let heard = self.lease.renew(&self.db, until).await;
                if heard.is_ok() {
                    renewed = now;
                }
                heard
            } else {
                self.lease.look(&self.db).await
            };
            match heard {
                Ok(heartbeat) if heartbeat.is_cancel_requested => {
                    self.signal.send_if_modified(|signal| {
                        *signal == Signal::Go && {
                            *signal = Signal::Cancel;
                            true
                        }
                    });
                }
                Ok(_) => {}
                Err(StoreError::LeaseLost) => return Interrupt::Lost,
                Err(error) => {
                    tracing::warn!(run = %self.lease.run_id, %error, "the lease was not renewed");
                }
            }
            if renewed.elapsed() > self.pace.lease * SAFE_LEASE_PERCENT / 100 {
                return Interrupt::Lost;
            }
        }
    }
}

/// Between 80 and 120 percent, so that many runs do not come back at one moment.
fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(0.8 + 0.4 * fastrand::f64())
}
