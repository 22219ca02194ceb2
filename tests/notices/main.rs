//! Notices over real HTTP: what opens and closes them, who sees them, and how they leave by mail and webhook.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod deliver;
#[path = "../runs/support/mod.rs"]
#[allow(dead_code, reason = "made for the tests of runs")]
mod engine;
mod open;
mod receivers;
mod settings;
#[path = "../support/mod.rs"]
mod support;
mod tls;

use support::postgres;
