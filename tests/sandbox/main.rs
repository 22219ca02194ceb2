//! The simulated Constant Contact over real HTTP: every rule a client may rely on, one file per subject.
#![cfg(feature = "sandbox")]
#![allow(clippy::unwrap_used, reason = "a test that cannot ask has failed")]

mod activities;
mod bulk;
mod contacts;
mod custom_fields;
mod faults;
mod gate;
mod import_cells;
mod imports;
mod lists;
mod oauth;
mod oauth_proof;
mod pages;
mod support;
#[path = "../support/waiting.rs"]
mod waiting;
