//! Runs against the simulated Constant Contact, over real HTTP: nothing is lost and nothing is sent twice.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod interruptions;
mod outcomes;
#[allow(dead_code, reason = "each test binary uses a part")]
#[path = "../support/postgres.rs"]
mod postgres;
mod postgresql;
mod support;
