//! The account of a run: what was sent, what Constant Contact counted, and every difference as it is.

use serde::{Deserialize, Serialize};

use super::outcome::{Ending, Outcome};
use super::part::{Part, PartState};
use super::plan::Totals;
use super::reject::RejectedCounts;
use super::run::Run;

/// Every profile accounted for. Units: profiles, unless said otherwise.
///
/// Always: `read` = `planned` + `duplicates` + `rejected` + `unchanged`, and `planned` = `delivered` + `under_way` + `lost` + `not_sent`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Members of the segments read.
    pub read: u64,
    /// Rows put into parts.
    pub planned: u64,
    /// Left out because an earlier row has the same address.
    pub duplicates: u64,
    /// Left out because the target would refuse them. Kept with the run itself.
    #[serde(skip)]
    pub rejected: RejectedCounts,
    /// Left out because they were delivered as they are, by an earlier run.
    #[serde(default)]
    pub unchanged: u64,
    /// Rows of parts whose activity completed.
    pub delivered: u64,
    /// Rows of parts that Constant Contact works on, or of which it is not known whether they arrived.
    pub under_way: u64,
    /// Rows of parts whose activity did not complete, or that were refused.
    pub lost: u64,
    /// Rows recorded and not sent.
    pub not_sent: u64,
    /// Of `delivered`: lines the activities read, the heading left out. `None` while no activity has said.
    pub rows_received: Option<u64>,
    /// Of `delivered`: contacts in the uploads, as the activities count.
    pub persons: Option<u64>,
    /// Of `delivered`: errors that cannot be corrected.
    pub errors: u64,
    /// Of `delivered`: errors that can be corrected at Constant Contact.
    pub correctable: u64,
    /// Of `delivered`: unsubscribed people, put on no list.
    pub unsubscribed: u64,
    /// Parts.
    pub parts: u64,
    /// Parts whose activity completed.
    pub parts_completed: u64,
}

impl Account {
    /// The account of a run as it stands.
    pub fn of(run: &Run, parts: &[Part]) -> Self {
        let Totals {
            read,
            sent,
            duplicates,
            rejected,
            unchanged,
            ..
        } = run.totals;
        let mut account = Self {
            read,
            planned: sent,
            duplicates,
            rejected,
            unchanged,
            parts: parts.len() as u64,
            ..Self::default()
        };
        for part in parts {
            match part.state {
                PartState::Completed => account.add_completed(part),
                PartState::Accepted | PartState::Sending | PartState::Unclear => {
                    account.under_way += part.rows;
                }
                PartState::Failed
                | PartState::Cancelled
                | PartState::TimedOut
                | PartState::Gone
                | PartState::Refused => account.lost += part.rows,
                PartState::Recorded => account.not_sent += part.rows,
            }
        }
        let in_parts = account.delivered + account.under_way + account.lost + account.not_sent;
        account.not_sent += account.planned.saturating_sub(in_parts);
        account
    }

    fn add_completed(&mut self, part: &Part) {
        self.delivered += part.rows;
        self.parts_completed += 1;
        let counts = &part.counts;
        if let Some(lines) = counts.items_total {
            *self.rows_received.get_or_insert(0) += lines.saturating_sub(1);
        }
        if let Some(persons) = counts.persons {
            *self.persons.get_or_insert(0) += persons;
        }
        self.errors += counts.errors.unwrap_or(0);
        self.correctable += counts.correctable.unwrap_or(0);
        self.unsubscribed += counts.cannot_add_to_list.unwrap_or(0);
    }

    /// Rows sent that the activities did not read; negative when they read more. `None` when they did not say.
    pub fn difference(&self) -> Option<i64> {
        let received = self.rows_received?;
        Some(self.delivered.cast_signed() - received.cast_signed())
    }

    /// Rows the activities read that are neither contacts nor among their other counts, as when two became one without a
    /// word. `None` when they did not say. How the counters relate is not documented, so only what is missing for certain
    /// counts.
    pub fn merged(&self) -> Option<u64> {
        let (received, persons) = (
            self.rows_received?,
            self.persons.filter(|persons| *persons > 0)?,
        );
        let counted = persons + self.errors + self.correctable + self.unsubscribed;
        Some(received.saturating_sub(counted))
    }

    /// Whether anything was counted by Constant Contact other than what was sent.
    pub fn has_differences(&self) -> bool {
        self.difference().is_some_and(|difference| difference != 0)
            || self.merged().is_some_and(|merged| merged > 0)
            || self.errors + self.correctable + self.unsubscribed > 0
    }

    /// Whether Constant Contact has taken none of the rows. A few bad addresses that come again and again, while everybody
    /// else is unchanged, are no failure.
    fn is_nobody_taken(&self) -> bool {
        let is_bad = self.errors > 0 || self.unchanged == 0;
        is_bad && self.errors + self.correctable >= self.delivered
    }

    /// How a run whose activities have all ended ends.
    pub(super) fn outcome(&self, parts: &[Part]) -> Outcome {
        if parts.is_empty() {
            return match self.unchanged {
                0 => Ending::AllRejected.into(),
                _ => Ending::NothingChanged.into(),
            };
        }
        let failed = parts.iter().find(|part| part.state != PartState::Completed);
        if let Some(part) = failed {
            return Outcome {
                vendor_words: part.vendor_words.clone(),
                ..Ending::ActivityFailed.into()
            };
        }
        if self.is_nobody_taken() {
            return Outcome {
                vendor_words: parts.iter().find_map(|part| part.vendor_words.clone()),
                ..Ending::NobodyTaken.into()
            };
        }
        if self.has_differences() {
            Ending::DeliveredWithDifferences.into()
        } else if parts.iter().any(|part| part.counts.are_silent()) {
            Ending::DeliveredUncounted.into()
        } else {
            Ending::Delivered.into()
        }
    }
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
