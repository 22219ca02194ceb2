//! Counts requests against the API key's limits: a token bucket per second and a quota per UTC day.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// Lets through `rate` requests a second on average and at most `rate` at once.
///
/// A token bucket, because the gateway's headers are those of Amazon's API Gateway, which throttles so; the vendor
/// does not say (an assumption of the module page). Refused requests take nothing.
#[derive(Default)]
pub(super) struct Bucket {
    filled: Option<(Timestamp, f64)>,
}

impl Bucket {
    /// Takes one request out of the bucket; `false` when it is empty. A clock that steps back adds nothing.
    pub(super) fn take(&mut self, rate: u32, now: Timestamp) -> bool {
        let capacity = f64::from(rate);
        let (level, counted_until) = match self.filled {
            None => (capacity, now),
            Some((at, level)) => {
                let seconds = now.duration_since(at).as_secs_f64().max(0.0);
                ((level + seconds * capacity).min(capacity), at.max(now))
            }
        };
        let allowed = level >= 1.0;
        self.filled = Some((counted_until, if allowed { level - 1.0 } else { level }));
        allowed
    }
}

/// Requests of one UTC day. All count, refused ones too (an assumption).
#[derive(Default)]
pub(super) struct DayQuota {
    day: Option<Date>,
    used: u64,
}

impl DayQuota {
    /// Counts one request; `false` when it is beyond `limit`.
    pub(super) fn take(&mut self, limit: u64, now: Timestamp) -> bool {
        self.turn_page(now);
        self.used = self.used.saturating_add(1);
        self.used <= limit
    }

    /// Requests counted since midnight UTC.
    pub(super) fn used(&mut self, now: Timestamp) -> u64 {
        self.turn_page(now);
        self.used
    }

    fn turn_page(&mut self, now: Timestamp) {
        let today = TimeZone::UTC.to_datetime(now).date();
        if self.day != Some(today) {
            self.day = Some(today);
            self.used = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_burst_of_four_passes_and_the_fifth_waits_a_quarter_second() {
        let mut bucket = Bucket::default();
        let start = at("2026-03-01T10:00:00Z");
        let burst: Vec<bool> = (0..5).map(|_| bucket.take(4, start)).collect();
        assert_eq!(burst, [true, true, true, true, false]);
        assert!(!bucket.take(4, start + 240.milliseconds()));
        assert!(bucket.take(4, start + 250.milliseconds()));
        assert!(
            !bucket.take(4, start - 1.hour()),
            "a clock set back adds nothing"
        );
    }

    #[test]
    fn the_quota_starts_again_at_midnight_utc() {
        let mut quota = DayQuota::default();
        let evening = at("2026-03-01T23:59:59Z");
        assert!(quota.take(2, evening) && quota.take(2, evening));
        assert!(!quota.take(2, evening));
        assert!(quota.take(2, at("2026-03-02T00:00:00Z")));
        assert_eq!(quota.used(at("2026-03-02T01:00:00Z")), 1);
    }
}
