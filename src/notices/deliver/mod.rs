//! Telling people of notices by mail and machines by webhook.
//!
//! 1. A notice that has something to tell becomes deliveries, one for each recipient, in one transaction.
//! 2. A delivery is claimed by a conditional update, so that of several processes one sends it; a process that dies with
//!    it holds it back for [`LEASE`] only.
//! 3. What does not arrive is tried again with growing waits, [`MAX_TRIES`] times, and then says that it failed. A server
//!    that is down loses nothing.
//!
//! Between sending and recording it a process may die: then it is sent again, under the same id (`Message-ID`,
//! `Listbridge-Delivery`). Nothing is ever lost for the price of that.

mod mail;
pub mod outbox;
mod problem;
mod webhook;

pub use problem::Problem;
pub use webhook::sign;

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{DatabaseConnection, DbErr};
use tokio::sync::Notify;
use uuid::Uuid;

use super::settings;
use super::webhooks;
use crate::auth::CurrentUser;
use crate::clock::Clock;
use crate::config::Settings;
use crate::storage::MasterKey;
use crate::system::sweeper::Sweep;
use outbox::{Channel, Delivery, Event};

/// How often a process looks whether there is something to tell.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Deliveries on their way at the same time.
const AT_ONCE: usize = 4;
/// One try takes no longer.
const TRY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a process keeps a delivery to itself; longer than a try.
const LEASE: SignedDuration = SignedDuration::from_secs(120);
/// Tries before a delivery has failed; with the waits between them a little more than a day.
pub const MAX_TRIES: u32 = 12;
/// First and longest wait between two tries, give or take a fifth.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(60);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(6);
/// How long deliveries that are over are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Sends what there is to tell. Cheap to clone; clones are one worker.
#[derive(Clone)]
pub struct Courier {
    db: DatabaseConnection,
    key: MasterKey,
    clock: Clock,
    settings: Arc<Settings>,
    http: reqwest::Client,
    wake: Arc<Notify>,
}

impl Courier {
    /// A courier that does nothing yet.
    ///
    /// # Errors
    /// No HTTP client could be made.
    pub fn new(
        db: DatabaseConnection,
        key: MasterKey,
        clock: Clock,
        settings: &Settings,
    ) -> reqwest::Result<Self> {
        Ok(Self {
            db,
            key,
            clock,
            settings: Arc::new(settings.clone()),
            http: webhook::client()?,
            wake: Arc::default(),
        })
    }

    /// Makes it look at once.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Works until the task is aborted.
    pub async fn serve(self) {
        loop {
            if let Err(error) = self.tick().await {
                tracing::error!(%error, "notices were not told");
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = self.wake.notified() => {}
            }
        }
    }

    /// Tells what there is to tell and is due now; how many deliveries were tried.
    ///
    /// # Errors
    /// The database's. A delivery that fails is recorded and does not stop the others.
    pub async fn tick(&self) -> Result<u64, DbErr> {
        outbox::close_spent_days(&self.db, self.clock.now()).await?;
        outbox::fan_out(&self.db, self.clock.now()).await?;
        let tried = join_all((0..AT_ONCE).map(|_| self.work_off())).await;
        tried.into_iter().sum()
    }

    async fn work_off(&self) -> Result<u64, DbErr> {
        let mut tried = 0;
        while let Some(delivery) =
            outbox::claim(&self.db, self.clock.now(), LEASE, LONGEST_WAIT * 2).await?
        {
            tried += 1;
            let sent = match tokio::time::timeout(TRY_TIMEOUT, self.send(&delivery)).await {
                Ok(sent) => sent?,
                Err(_) => Sent::NotYet(Problem::TimedOut),
            };
            self.record(&delivery, sent).await?;
        }
        Ok(tried)
    }

    async fn record(&self, delivery: &Delivery, sent: Sent) -> Result<(), DbErr> {
        let now = self.clock.now();
        let channel = delivery.channel.name();
        match sent {
            Sent::Arrived => {
                outbox::finish(&self.db, delivery, outbox::State::Delivered, now).await
            }
            Sent::NobodyThere => {
                outbox::finish(&self.db, delivery, outbox::State::Dropped, now).await
            }
            Sent::NotYet(problem) if delivery.tries >= MAX_TRIES => {
                tracing::warn!(delivery = %delivery.id, channel, problem = problem.to_string(), "a notice was not delivered; no more tries");
                outbox::give_up(&self.db, delivery, problem, now).await
            }
            Sent::NotYet(problem) => {
                tracing::info!(delivery = %delivery.id, channel, problem = problem.to_string(), "a notice was not delivered yet");
                outbox::put_off(
                    &self.db,
                    delivery,
                    problem,
                    now + wait_after(delivery.tries),
                )
                .await
            }
        }
    }

    async fn send(&self, delivery: &Delivery) -> Result<Sent, DbErr> {
        match delivery.channel {
            Channel::Mail => {
                let Some(smtp) = settings::load(&self.db).await?.smtp else {
                    return Ok(Sent::NobodyThere);
                };
                let Some(reader) = outbox::recipient(&self.db, delivery.target_id).await? else {
                    return Ok(Sent::NobodyThere);
                };
                let message =
                    mail::of_notice(&self.settings, &smtp, &reader, delivery, self.clock.now());
                Ok(Sent::of(match message {
                    Ok(message) => mail::send(&self.key, &smtp, message).await,
                    Err(problem) => Err(problem),
                }))
            }
            Channel::Webhook => {
                let Some(hook) = webhooks::find(&self.db, delivery.target_id).await? else {
                    return Ok(Sent::NobodyThere);
                };
                let body = webhook::body_of_notice(&self.settings, delivery);
                let sent = webhook::send(&self.http, &self.key, &hook, &body, self.clock.now());
                Ok(Sent::of(sent.await))
            }
        }
    }

    /// Sends a mail to somebody who wants to see whether it arrives; tried once.
    ///
    /// # Errors
    /// The database's outside, the mail's inside.
    pub async fn test_mail(&self, reader: &CurrentUser) -> Result<Result<(), Problem>, DbErr> {
        let Some(smtp) = settings::load(&self.db).await?.smtp else {
            return Ok(Err(Problem::NotSetUp));
        };
        let trying = async {
            let message = mail::for_a_test(&self.settings, &smtp, reader, self.clock.now())?;
            mail::send(&self.key, &smtp, message).await
        };
        let tried = tokio::time::timeout(TRY_TIMEOUT, trying).await;
        Ok(tried.unwrap_or(Err(Problem::TimedOut)))
    }

    /// Sends a webhook something to see whether it arrives; tried once. `None` when there is no such webhook.
    ///
    /// # Errors
    /// The database's outside, the webhook's inside.
    pub async fn test_webhook(&self, id: Uuid) -> Result<Option<Result<(), Problem>>, DbErr> {
        let Some(hook) = webhooks::find(&self.db, id).await? else {
            return Ok(None);
        };
        let body = webhook::body_for_a_test();
        let trying = webhook::send(&self.http, &self.key, &hook, &body, self.clock.now());
        let tried = tokio::time::timeout(TRY_TIMEOUT, trying).await;
        Ok(Some(tried.unwrap_or(Err(Problem::TimedOut))))
    }
}

/// What became of a try.
enum Sent {
    /// It has arrived.
    Arrived,
    /// Whom it was for does not want it or is not there any more.
    NobodyThere,
    /// Try again.
    NotYet(Problem),
}

impl Sent {
    fn of(result: Result<(), Problem>) -> Self {
        match result {
            Ok(()) => Self::Arrived,
            Err(problem) => Self::NotYet(problem),
        }
    }
}

/// Twice as long after each try, up to [`LONGEST_WAIT`], give or take a fifth so that many do not come together.
fn wait_after(tries: u32) -> SignedDuration {
    let doubled = FIRST_WAIT.saturating_mul(1 << tries.saturating_sub(1).min(20));
    doubled
        .min(LONGEST_WAIT)
        .mul_f64(0.8 + 0.4 * fastrand::f64())
}

/// Removes deliveries that have long been over.
pub struct OldDeliveries(pub DatabaseConnection);

impl Sweep for OldDeliveries {
    fn name(&self) -> &'static str {
        "old deliveries of notices"
    }

    fn sweep(&self, now: Timestamp) -> BoxFuture<'_, anyhow::Result<u64>> {
        async move { Ok(outbox::remove_old(&self.0, now - KEPT).await?) }.boxed()
    }
}

/// What a delivery speaks of, in its reader's words.
fn headline(delivery: &Delivery, lang: crate::locale::Lang) -> String {
    match delivery.event {
        Event::Opened => delivery.notice.what(lang),
        Event::Recovered => delivery.notice.over(lang),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_six_hours_and_the_tries_last_a_day() {
        let fifth = |wait: SignedDuration| (wait.mul_f64(0.8), wait.mul_f64(1.2));
        let (least, most) = fifth(FIRST_WAIT);
        assert!((least..=most).contains(&wait_after(1)));
        let (least, most) = fifth(LONGEST_WAIT);
        for tries in [10, 12, u32::MAX] {
            assert!((least..=most).contains(&wait_after(tries)), "{tries}");
        }
        let all: i64 = (1..MAX_TRIES)
            .map(|tries| wait_after(tries).as_secs())
            .sum();
        assert!(all > 12 * 3600, "{all} s");
    }
}
