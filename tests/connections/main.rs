//! Settings > Connections over real HTTP, against the simulated Constant Contact: the wizard, the list, editing, removal.
#![allow(clippy::unwrap_used, reason = "a step that fails fails its test")]
#![cfg(feature = "sandbox")]

mod browser;
mod failures;
mod list;
mod moved;
mod people;
mod postgresql;
mod removal;
mod secrets;
mod stage;
#[path = "../support/mod.rs"]
mod support;
mod wizard;
