//! What an export remembers of its deliveries, so that it can send what is new or changed alone.
//!
//! For every address: 8 bytes of a keyed hash of the address in lower case, and 12 bytes of a keyed hash of the row as it
//! was sent. Both are HMAC-SHA256 under keys derived from the master key: without it nobody can tell whose they are, and no
//! second copy of anybody's data is kept. Two addresses that share 8 bytes take turns in being sent again; a changed row
//! is missed with a probability of 2^-96 per row and row remembered.
//!
//! # Versions
//!
//! What is remembered is a log: each part that was sent is a *chunk* of entries, and of an address the latest entry
//! counts. Chunks come into force together, with a number, the *version*, when the work on their run ends: as delivered
//! when their activity completed, as unknown when it may have worked. A run freezes the version when it starts, so that
//! planned again after an interruption it leaves out the very same rows. When the log has grown long it is folded at the
//! start of a run; versions before that cannot be told any more, which is why such a run can no longer be resumed.
//!
//! Whatever is remembered counts for one target: account, list and mapping. When one of them changes everything is
//! forgotten, and the next run sends everybody.
//!
//! Must never: keep an address or a value in clear, or know runs, exports or pages.
//!
//! Read next: [`Entry`], [`DeliveredSet`] (what a plan asks), [`store`] (queries).

mod chunks;
mod entry;
mod fold;
mod forget;
mod set;
pub mod store;

pub use entry::{ENTRY_BYTES, Entry, Keys, Kind};
pub use set::DeliveredSet;
