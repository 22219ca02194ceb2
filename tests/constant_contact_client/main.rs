//! The Constant Contact client against servers that behave and servers that do not. All on loopback.

#![allow(clippy::unwrap_used, reason = "tests")]

mod api;
mod faults;
mod imports;
mod logs;
mod oauth;
mod paging;
mod support;
