//! Privacy: what an administrator does for one person, and what is kept how long.
//!
//! Owns finding a person by e-mail ([`find`]), erasing one ([`erase`]), the pages of the exclusion list and of retention,
//! and the consent record of a connection. Reads any concept; changes others through their own functions only.
//!
//! Must never: put an address into a URL, a log or the audit log. What stands for an address there is its keyed hash.

pub mod erase;
pub mod find;
mod listing;
pub(crate) mod pages;
mod store;

pub use listing::{Taken, add_entry, remove_entry, take_file};
