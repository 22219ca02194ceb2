//! The brake of an export: how many rows, compared with the last successful run, are taken for a mistake.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// When a run asks an administrator before it sends. Units: percent of the rows the last successful run sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brake {
    /// Asks when fewer would be sent; `None` never does.
    pub below_percent: Option<u32>,
    /// Asks when more would be sent; `None` never does.
    pub above_percent: Option<u32>,
}

impl Brake {
    /// Never asks.
    pub const OFF: Self = Self {
        below_percent: None,
        above_percent: None,
    };
    /// What [`Brake::below_percent`] may be.
    pub const BELOW: RangeInclusive<u32> = 1..=100;
    /// What [`Brake::above_percent`] may be.
    pub const ABOVE: RangeInclusive<u32> = 100..=10_000;

    /// Whether it ever asks.
    pub fn is_on(self) -> bool {
        self != Self::OFF
    }

    /// The fewest and the most rows that are sent without asking, after a run that sent `last`.
    pub fn bounds(self, last: u64) -> (u64, u64) {
        let percent = |percent: u32| u128::from(last) * u128::from(percent);
        let fewest = self
            .below_percent
            .map_or(0, |below| percent(below).div_ceil(100));
        let most = self
            .above_percent
            .map_or(u128::MAX, |above| percent(above) / 100);
        let rows = |rows: u128| u64::try_from(rows).unwrap_or(u64::MAX);
        (rows(fewest), rows(most))
    }
}

impl Default for Brake {
    /// Less than half or more than twice.
    fn default() -> Self {
        Self {
            below_percent: Some(50),
            above_percent: Some(200),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_what_is_sent_without_asking() {
        assert_eq!(Brake::default().bounds(1_001), (501, 2_002));
        assert_eq!(Brake::default().bounds(0), (0, 0));
        assert_eq!(Brake::OFF.bounds(7), (0, u64::MAX));
        assert_eq!(Brake::default().bounds(u64::MAX).1, u64::MAX);
        assert!(!Brake::OFF.is_on() && Brake::default().is_on());
    }
}
