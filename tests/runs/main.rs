//! Runs against the simulated Constant Contact, over real HTTP: nothing is lost and nothing is sent twice.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod brake;
mod checks;
mod clock;
mod crashes;
mod delivery;
mod faults;
mod interruptions;
mod leavers;
mod limits;
mod logs;
mod mirror;
mod modes;
mod outcomes;
mod pages;
mod postgresql;
mod process;
mod removals;
mod replicas;
mod resume;
mod rows;
mod same_list;
mod sign_in;
mod support;
mod unknown;
#[path = "../support/mod.rs"]
mod web;

use web::postgres;
