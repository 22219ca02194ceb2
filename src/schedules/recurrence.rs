//! Recurrences and the moments they come to.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::cron;
use crate::locale::{find_offered_zone, server_zone_name};

/// Days looked ahead for one that matches: more than two months.
const DAYS_AHEAD: usize = 70;
/// Wall-clock times tried until one lies ahead: more than the minutes of the longest time that ever came twice.
const MAX_TRIES: usize = 2_000;

/// How often something runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Recurrence {
    /// With every system refresh.
    SystemRefresh,
    /// Every hour that passes.
    Hourly {
        /// Minute of the hour, 0 to 59.
        minute: i8,
    },
    /// Every day.
    Daily {
        /// When.
        at: Time,
    },
    /// On some days of the week.
    Weekly {
        /// 1 is Monday, 7 is Sunday; at least one, in order.
        days: Vec<i8>,
        /// When.
        at: Time,
    },
    /// On some days of the month.
    Monthly {
        /// 1 to 31, in order. A day the month does not have is its last one.
        days: Vec<i8>,
        /// Also on the last day.
        is_last: bool,
        /// When.
        at: Time,
    },
    /// As a cron expression says.
    Cron {
        /// Five fields, or a nickname such as `@daily`.
        expression: String,
    },
}

/// A recurrence without its details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// With every system refresh.
    SystemRefresh,
    /// Every hour.
    Hourly,
    /// Every day.
    Daily,
    /// On days of the week.
    Weekly,
    /// On days of the month.
    Monthly,
    /// A cron expression.
    Cron,
}

impl Kind {
    /// Every kind, in the order shown.
    pub const ALL: [Self; 6] = [
        Self::SystemRefresh,
        Self::Hourly,
        Self::Daily,
        Self::Weekly,
        Self::Monthly,
        Self::Cron,
    ];

    /// Name in forms, addresses and the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::SystemRefresh => "system_refresh",
            Self::Hourly => "hourly",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Cron => "cron",
        }
    }

    /// The kind with a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Message key of its name for people.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::SystemRefresh => "schedules-kind-system-refresh",
            Self::Hourly => "schedules-kind-hourly",
            Self::Daily => "schedules-kind-daily",
            Self::Weekly => "schedules-kind-weekly",
            Self::Monthly => "schedules-kind-monthly",
            Self::Cron => "schedules-kind-cron",
        }
    }
}

/// When one thing runs by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Whether it runs by itself at all.
    pub is_on: bool,
    /// How often; kept while it is off.
    pub recurrence: Recurrence,
    /// Name of the time zone its times are in.
    pub zone: String,
}

impl Schedule {
    /// What an export has until somebody decides otherwise: it follows every system refresh.
    pub fn usual() -> Self {
        Self {
            is_on: true,
            recurrence: Recurrence::SystemRefresh,
            zone: server_zone_name(),
        }
    }

    /// The first moment after `after` at which it runs by itself; `None` when it is off, follows the system refresh, or
    /// never comes.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let zone = find_offered_zone(&self.zone).filter(|_| self.is_on)?;
        self.recurrence.next_after(after, &zone)
    }

    /// The next moments after `after`, at most `count`.
    pub fn upcoming(&self, after: Timestamp, count: usize) -> Vec<Timestamp> {
        let first = self.next_after(after);
        std::iter::successors(first, |last| self.next_after(*last))
            .take(count)
            .collect()
    }
}

impl Recurrence {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::SystemRefresh => Kind::SystemRefresh,
            Self::Hourly { .. } => Kind::Hourly,
            Self::Daily { .. } => Kind::Daily,
            Self::Weekly { .. } => Kind::Weekly,
            Self::Monthly { .. } => Kind::Monthly,
            Self::Cron { .. } => Kind::Cron,
        }
    }

    /// The first moment after `after` on the wall clock of a zone.
    pub fn next_after(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        if let Self::Hourly { minute } = self {
            return next_hour(after, *minute, zone);
        }
        let mut local = zone.to_datetime(after);
        for _ in 0..MAX_TRIES {
            local = self.next_on_clock(local)?;
            // Not ahead: the clock was put back, and this time has come before.
            if let Some(at) = moment_of(local, zone).filter(|at| *at > after) {
                return Some(at);
            }
        }
        None
    }

    /// The first time on the wall clock after one, as if no clock were ever changed.
    fn next_on_clock(&self, after: DateTime) -> Option<DateTime> {
        let (at, is_day): (Time, Box<dyn Fn(Date) -> bool + '_>) = match self {
            Self::SystemRefresh | Self::Hourly { .. } => return None,
            Self::Cron { expression } => return cron::next(expression, after),
            Self::Daily { at } => (*at, Box::new(|_| true)),
            Self::Weekly { days, at } => (
                *at,
                Box::new(|date| days.contains(&date.weekday().to_monday_one_offset())),
            ),
            Self::Monthly { days, is_last, at } => {
                (*at, Box::new(|date| is_day_of_month(date, days, *is_last)))
            }
        };
        let mut date = after.date();
        for _ in 0..DAYS_AHEAD {
            let candidate = date.to_datetime(at);
            if candidate > after && is_day(date) {
                return Some(candidate);
            }
            date = date.tomorrow().ok()?;
        }
        None
    }
}

fn is_day_of_month(date: Date, days: &[i8], is_last: bool) -> bool {
    let last = date.days_in_month();
    let is_missing = || days.iter().any(|day| *day > last);
    days.contains(&date.day()) || (date.day() == last && (is_last || is_missing()))
}

/// The moment a wall clock shows a time: the first of two, or the end of the gap when it never does.
fn moment_of(local: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    let AmbiguousOffset::Gap { .. } = ambiguous.offset() else {
        return ambiguous.earlier().ok();
    };
    // Read with the offset before the gap, a skipped time lies behind the change.
    let behind = ambiguous.later().ok()?;
    let change = zone.preceding(behind + 1.second()).next()?;
    Some(change.timestamp())
}

/// The next moment at which the wall clock shows a minute.
fn next_hour(after: Timestamp, minute: i8, zone: &TimeZone) -> Option<Timestamp> {
    let whole = Timestamp::from_second(after.as_second().div_euclid(60) * 60).ok()?;
    let mut at = whole.checked_add(SignedDuration::from_mins(1)).ok()?;
    // Again where the clock is changed by half an hour.
    for _ in 0..4 {
        let wait = i64::from(minute - zone.to_datetime(at).minute()).rem_euclid(60);
        if wait == 0 {
            return Some(at);
        }
        at = at.checked_add(SignedDuration::from_mins(wait)).ok()?;
    }
    None
}

/// Days of the week, Monday first, as numbers.
pub(super) fn weekdays() -> impl Iterator<Item = i8> {
    Weekday::Monday
        .cycle_forward()
        .take(7)
        .map(Weekday::to_monday_one_offset)
}

#[cfg(test)]
#[path = "recurrence_tests.rs"]
mod tests;
