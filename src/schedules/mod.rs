//! When something runs by itself: recurrences, time zones, and the moments they lead to.
//!
//! Owns the rules and their words, nothing stored and nothing that runs: exports keep a [`Schedule`] each, the system
//! refresh keeps one of its own, and `refresh` starts what is due.
//!
//! # Clock changes
//!
//! A time of day is a time on the wall clock of the schedule's zone. Where the clock is put forward, a time that is skipped
//! runs at the first moment after the gap. Where it is put back, a time that comes twice runs the first time only. An
//! hourly schedule counts hours that pass, so it runs in every one of them. A day a month does not have is its last day.
//!
//! Read next: `recurrence` (the rules), `form` (what was typed and what is wrong with it), `words`.

mod cron;
pub(crate) mod form;
mod recurrence;
pub(crate) mod words;

pub use form::{Problem, ScheduleForm};
pub use recurrence::{Kind, Recurrence, Schedule};
