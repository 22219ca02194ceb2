//! How far a job is.

use std::iter::Sum;

use crate::refresh::status::Status;

/// Tasks, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Went well.
    pub refreshed: u64,
    /// Were skipped or failed.
    pub left_out: u64,
    /// Are over, however they ended.
    pub finished: u64,
    /// All there are.
    pub all: u64,
}

impl Progress {
    pub(in crate::refresh) fn add(&mut self, status: Status, count: u64) {
        let counts = |is_so: bool| if is_so { count } else { 0 };
        self.refreshed += counts(status.is_good());
        self.left_out += counts(status.is_left_out());
        self.finished += counts(status.is_finished());
        self.all += count;
    }
}

impl Sum for Progress {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |sum, part| Self {
            refreshed: sum.refreshed + part.refreshed,
            left_out: sum.left_out + part.left_out,
            finished: sum.finished + part.finished,
            all: sum.all + part.all,
        })
    }
}
