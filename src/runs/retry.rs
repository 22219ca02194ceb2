//! What is done about each class of failure, how long is waited and when it is given up: one table.
//!
//! | what happened | sent? | what the run does | first wait | longest wait | given up after |
//! |---|---|---|---|---|---|
//! | `throttled` | no | waits, everybody with this key a second | 1 s | 8 s | 1 h |
//! | day's requests used up | no | pauses until 00:00 UTC, gives its place to others | to midnight | - | never |
//! | queue of activities full | no | waits for the queue | 15 s | 2 min | 6 h |
//! | not reachable; token not renewed | no | tries again | 1 s | 1 min | 2 h |
//! | a read failed half-way or with 5xx | - | reads again | 1 s | 1 min | 2 h |
//! | an upload timed out, or was answered with 5xx or unreadably | perhaps | searches the activities ([`LOOKS_SECONDS`], over two minutes), then sends again | 1 s | 30 s | [`MAX_SENDS`] sends |
//! | an upload's connection was reset | perhaps | the same, for half a minute ([`LOOKS_AFTER_RESET_SECONDS`]) | 1 s | 15 s | [`MAX_SENDS`] sends |
//! | the activities cannot be searched | perhaps | asks again for a minute, then gives its place to others and asks later | 1 s; 30 s | 15 s; 15 min | setting `outcome_wait_hours` |
//! | the profiles cannot be read | - | reads them again from the start; what has arrived is not sent again | 1 s | 1 min | 2 h without a further part |
//! | the database fails | - | gives its place to others and goes on where it is recorded | 5 s | 5 s | never |
//! | sign-in lost | no | pauses until somebody signs in again, gives its place to others | 1 min | 1 min | setting `sign_in_wait_hours` |
//! | 401 | no | renews the token once, then the sign-in counts as lost | - | - | second 401 |
//! | renewal of the token refused for no known reason | no | tries again, then stops with the vendor's words | 1 s | 4 s | [`TOKEN_REFUSALS`] more |
//! | a contact export or a removal answered with 5xx or not at all | perhaps | asks for another, which changes nothing but takes a place in the queue | 5 s | 15 min | 2 h |
//! | 403, 404, 409, other 4xx | no | stops with the vendor's words | - | - | at once |
//!
//! A request that fails in another way than before is tried as long as that way says, and [`LONGEST_PATIENCE`] altogether.
//!
//! Sources: `throttled` clears within a second and `quota_exceeded` at 00:00 UTC (guide, "rate limits"; no answer carries
//! Retry-After); at most 1,000 queued activities (`contactsCSVImport`); no operation has an idempotency key, hence
//! the searches; activities are kept for 10 days (guide, "activity status"), so that a file that is not listed after that may
//! have arrived all the same. The times are ours: long enough for a deployment or an outage at the vendor, short enough that somebody
//! hears of it the same day.

use std::time::Duration;

use jiff::SignedDuration;

use crate::constant_contact::{ClientError, FaultKind, PermitRefused};

use super::waiting::WaitingFor;

/// Seconds waited before each search for a part that may still be on its way: behind a gateway that has answered in the
/// vendor's place, at a vendor that was not waited for any longer, or in a request of a previous owner. Together longer
/// than an upload may take, so that it has ended before anything is sent again.
pub(super) const LOOKS_SECONDS: [u64; 9] = [1, 2, 4, 8, 15, 20, 30, 30, 30];
/// The same when the connection is gone, so that nothing is on its way any more. The vendor documents no delay between
/// accepting a file and listing its activity; half a minute is ours.
pub(super) const LOOKS_AFTER_RESET_SECONDS: [u64; 5] = [1, 2, 4, 8, 15];
/// Sends of one part: each but the first after it was established that the one before had not arrived.
pub(super) const MAX_SENDS: u32 = 5;
/// Times a token is asked for again after a refusal that names no known reason.
pub(super) const TOKEN_REFUSALS: u32 = 3;
/// Longest wait for the activities of a run. The reference product names up to an hour for 1,000,000 profiles; six
/// times that is not slowness any more.
pub(super) const MAX_FOLLOWING: Duration = Duration::from_hours(6);
/// Longest time that one request is tried again, when it fails now in one way and now in another.
pub(super) const LONGEST_PATIENCE: Duration = Duration::from_hours(9);
/// Longest wait before a run asks again what has arrived.
pub(super) const LONGEST_ASKING: SignedDuration = SignedDuration::from_mins(15);
/// How long a run waits for an administrator: over a weekend. Its snapshot is kept as long.
pub(super) const APPROVAL_PATIENCE: SignedDuration = SignedDuration::from_hours(72);

/// A schedule of waits: doubling from `first` to `longest`, given up after `give_up_after` altogether.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Backoff {
    pub(super) first: Duration,
    pub(super) longest: Duration,
    pub(super) give_up_after: Duration,
}

impl Backoff {
    pub(super) const THROTTLED: Self = Self::new(1, 8, 3_600);
    pub(super) const QUEUE_FULL: Self = Self::new(15, 120, 6 * 3_600);
    pub(super) const UNAVAILABLE: Self = Self::new(1, 60, 2 * 3_600);
    pub(super) const ASKING: Self = Self::new(1, 15, 60);
    pub(super) const JOBS: Self = Self::new(5, 900, 2 * 3_600);

    const fn new(first_seconds: u64, longest_seconds: u64, give_up_seconds: u64) -> Self {
        Self {
            first: Duration::from_secs(first_seconds),
            longest: Duration::from_secs(longest_seconds),
            give_up_after: Duration::from_secs(give_up_seconds),
        }
    }

    /// The wait before try number `tries` + 1, where `tries` failures have happened, without jitter.
    pub(super) fn wait(&self, tries: u32) -> Duration {
        let doubled = self
            .first
            .saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1)));
        doubled.min(self.longest)
    }
}

/// When a run asks again that could not find out whether a part has arrived, and asks since `elapsed` ago: after a quarter
/// of that time, so that a short outage costs little time and a long one few requests.
pub(super) fn ask_again_in(elapsed: SignedDuration) -> SignedDuration {
    (elapsed / 4).clamp(SignedDuration::from_secs(30), LONGEST_ASKING)
}

/// The searches for a part whose upload failed so that it may have arrived.
pub(super) fn looks_after(error: &ClientError) -> &'static [u64] {
    match error {
        ClientError::Interrupted(fault) if fault.kind == FaultKind::BrokenOff => {
            &LOOKS_AFTER_RESET_SECONDS
        }
        _ => &LOOKS_SECONDS,
    }
}

/// What to do about a failed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Nothing was sent; wait and send it again.
    Again(Backoff, Option<WaitingFor>),
    /// Nothing was sent; pause until the day's count starts again.
    PauseUntilMidnight,
    /// Nothing was done; renew the token once.
    RenewToken,
    /// It may have been done; find out first. For a read: read again.
    FindOut,
    /// Whoever wanted the request no longer does.
    Stop,
    /// The same request would fail again.
    GiveUp,
}

impl Remedy {
    /// The remedy for an error; the only place that decides on classes of errors.
    pub(super) fn of(error: &ClientError) -> Self {
        match error {
            ClientError::Throttled(_) => Self::Again(Backoff::THROTTLED, None),
            ClientError::NotPermitted(PermitRefused::QuotaSpent { .. })
            | ClientError::QuotaExceeded(_) => Self::PauseUntilMidnight,
            ClientError::NotPermitted(PermitRefused::Stopped) => Self::Stop,
            ClientError::NotPermitted(PermitRefused::Unavailable(_)) => {
                Self::Again(Backoff::UNAVAILABLE, None)
            }
            ClientError::QueueFull(_) => Self::Again(Backoff::QUEUE_FULL, Some(WaitingFor::Queue)),
            ClientError::Unreachable(_) => {
                Self::Again(Backoff::UNAVAILABLE, Some(WaitingFor::Vendor))
            }
            ClientError::SignInExpired(_) => Self::RenewToken,
            ClientError::Interrupted(_)
            | ClientError::ServerProblem(_)
            | ClientError::Unreadable { .. } => Self::FindOut,
            ClientError::InvalidRequest(_)
            | ClientError::Forbidden(_)
            | ClientError::NotFound(_)
            | ClientError::Conflict(_)
            | ClientError::Rejected(_) => Self::GiveUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constant_contact::{Fault, SupportIds};

    #[test]
    fn waits_double_up_to_the_longest() {
        let waits: Vec<u64> = (1..=9)
            .map(|tries| Backoff::UNAVAILABLE.wait(tries).as_secs())
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(Backoff::QUEUE_FULL.wait(u32::MAX).as_secs(), 120);
    }

    #[test]
    fn asking_again_grows_rarer() {
        let waits = [0, 60, 600, 3_600, 86_400]
            .map(|seconds| ask_again_in(SignedDuration::from_secs(seconds)).as_secs());
        assert_eq!(waits, [30, 30, 150, 900, 900]);
    }

    #[test]
    fn looks_outlast_an_upload() {
        let settings = crate::config::Settings {
            // The most that is allowed.
            constant_contact_upload_timeout_seconds: 130,
            ..crate::config::Settings::defaults()
        };
        let upload = crate::constant_contact::ClientConfig::from_settings(&settings).upload_timeout;
        assert!(Duration::from_secs(LOOKS_SECONDS.iter().sum()) > upload);
    }

    #[test]
    fn only_after_a_reset_is_searched_for_short() {
        let broke = |kind| {
            let detail = String::new();
            looks_after(&ClientError::Interrupted(Fault { kind, detail }))
        };
        assert_eq!(broke(FaultKind::BrokenOff), LOOKS_AFTER_RESET_SECONDS);
        assert_eq!(broke(FaultKind::TimedOut), LOOKS_SECONDS);
        let unreadable = ClientError::Unreadable {
            status: 201,
            why: String::new(),
            support: SupportIds::default(),
        };
        assert_eq!(looks_after(&unreadable), LOOKS_SECONDS);
    }
}
