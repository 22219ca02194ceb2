//! What starts by itself, with time moved by the tests, against the simulated Constant Contact.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    dead_code,
    reason = "the stage of the tests of runs has more than is used here"
)]

mod browser;
mod due;
mod jobs;
mod live;
mod pages;
mod replicas;
#[path = "../runs/support/mod.rs"]
mod support;
#[path = "../support/mod.rs"]
mod web;

use web::postgres;
