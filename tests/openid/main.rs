//! Signing in with OpenID Connect, over real HTTP against a real provider that the test starts.
#![allow(clippy::unwrap_used, reason = "a step that fails fails its test")]
#![cfg(feature = "sandbox")]

mod browser;
mod entra;
mod export_user;
mod failures;
mod linking;
mod roles;
mod sender;
mod sign_in;
mod stage;
#[path = "../support/mod.rs"]
mod support;
