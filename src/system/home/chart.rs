//! Contacts delivered over the last 30 days, as a bar chart drawn here and as a table. Days are the reader's.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::web::Page;

/// Days shown, today included.
const DAYS: i64 = 30;
/// Height of the drawing; the width is [`DAY_WIDTH`] for each day.
const HEIGHT: u64 = 1000;
const DAY_WIDTH: u64 = 100;
const BAR_WIDTH: u64 = 70;
/// Somebody was reached: the bar must be seen.
const LEAST_HEIGHT: u64 = 8;

/// One day in the reader's zone.
pub(super) struct Day {
    pub(super) date: Date,
    pub(super) from: Timestamp,
    /// When the next day begins.
    pub(super) until: Timestamp,
}

/// The last days of a zone, today last; 23 or 25 hours long where the clocks change.
pub(super) fn days(now: Timestamp, zone: &TimeZone) -> Vec<Day> {
    let today = now.to_zoned_datetime(zone.clone()).date();
    let begins = |date: Date| {
        date.to_zoned_datetime(zone.clone())
            .map(|start| start.timestamp())
    };
    let day = |ago: i64| {
        let date = today.checked_sub(ago.days()).ok()?;
        Some(Day {
            date,
            from: begins(date).ok()?,
            until: begins(date.tomorrow().ok()?).ok()?,
        })
    };
    (0..DAYS).rev().filter_map(day).collect()
}

/// What the template draws.
pub(super) struct Chart {
    /// The whole of it in a sentence, for those who cannot see it.
    pub(super) summary: String,
    pub(super) total: u64,
    pub(super) bars: Vec<Bar>,
    /// Labels of the horizontal lines, from the top.
    pub(super) scale: [String; 3],
    /// First, middle and last day.
    pub(super) ends: [String; 3],
    /// Width of the drawing.
    pub(super) width: u64,
    pub(super) height: u64,
}

/// One day of the chart.
pub(super) struct Bar {
    pub(super) day: String,
    /// Contacts, as the language writes it.
    pub(super) count: String,
    pub(super) x: u64,
    pub(super) y: u64,
    pub(super) width: u64,
    pub(super) height: u64,
}

impl Chart {
    pub(super) fn new(page: &Page, days: &[Day], counts: Vec<u64>) -> Self {
        let total = counts.iter().sum();
        let top = round_up(counts.iter().copied().max().unwrap_or(0));
        let words = |day: &Day| page.lang.date(day.date);
        let bar = |(number, (day, count)): (usize, (&Day, &u64))| {
            let height = u128::from(*count) * u128::from(HEIGHT) / u128::from(top);
            let height = match count {
                0 => 0,
                _ => u64::try_from(height).unwrap_or(HEIGHT).max(LEAST_HEIGHT),
            };
            Bar {
                day: words(day),
                count: page.number(count),
                x: number as u64 * DAY_WIDTH + (DAY_WIDTH - BAR_WIDTH) / 2,
                y: HEIGHT - height,
                width: BAR_WIDTH,
                height,
            }
        };
        let at = |number: usize| days.get(number).map_or_else(String::new, words);
        let most = counts.iter().zip(days).max_by_key(|(count, _)| **count);
        let summary = page
            .msg("home-delivered-summary")
            .num("total", total)
            .text("day", most.map_or_else(String::new, |(_, day)| words(day)))
            .num("most", most.map_or(0, |(count, _)| *count));
        Self {
            summary: summary.to_string(),
            total,
            bars: days.iter().zip(&counts).enumerate().map(bar).collect(),
            scale: [top, top / 2, 0].map(|count| page.number(count)),
            ends: [0, days.len() / 2, days.len().saturating_sub(1)].map(at),
            width: days.len() as u64 * DAY_WIDTH,
            height: HEIGHT,
        }
    }
}

/// The next 2, 4 or 10 times a power of ten: halves well.
fn round_up(count: u64) -> u64 {
    let mut unit: u64 = 1;
    loop {
        for steps in [2, 4, 10] {
            let top = unit.saturating_mul(steps);
            if top >= count {
                return top;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_the_readers_and_as_long_as_the_clocks_make_them() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        // 00:30 of the 26th in Berlin, where the clocks went back on the 25th.
        let days = days("2026-10-25T23:30:00Z".parse().unwrap(), &zone);
        assert_eq!(days.len(), 30);
        let hours: Vec<_> = days[27..]
            .iter()
            .map(|day| {
                (
                    day.date.day(),
                    day.until.duration_since(day.from).as_hours(),
                )
            })
            .collect();
        assert_eq!(hours, [(24, 24), (25, 25), (26, 24)]);
        for pair in days.windows(2) {
            assert_eq!(
                pair[0].until, pair[1].from,
                "no moment is lost between days"
            );
        }
    }

    #[test]
    fn the_scale_ends_in_a_round_number() {
        for (most, top) in [
            (0, 2),
            (2, 2),
            (3, 4),
            (5, 10),
            (11, 20),
            (974_896, 1_000_000),
        ] {
            assert_eq!(round_up(most), top);
        }
        assert_eq!(round_up(u64::MAX), u64::MAX);
    }
}
