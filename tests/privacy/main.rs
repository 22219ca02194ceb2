//! Privacy over real HTTP: who is never sent, finding and erasing one person, what is kept how long; on both databases.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod browser;
mod erase;
mod erase_contacts;
mod erase_deliveries;
mod exclusions;
mod find;
#[path = "../runs/pages.rs"]
mod pages;
mod retention;
mod stage;
#[allow(dead_code, reason = "shared with tests/runs, which uses all of it")]
#[path = "../runs/support/mod.rs"]
mod support;
#[path = "../support/mod.rs"]
mod web;

use web::postgres;
