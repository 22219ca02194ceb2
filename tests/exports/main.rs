//! Exports over real HTTP, against the simulated Constant Contact: the form, the list, the rules of who may do what.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod actions;
mod browser;
mod detaching;
mod form;
mod list;
mod of_segment;
mod permissions;
mod schedule_conflicts;
mod schedule_list;
mod schedules;
mod stage;
#[path = "../support/mod.rs"]
mod support;
mod vendor;
