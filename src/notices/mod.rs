//! Notices: what somebody should know about without looking for it. In the app, by mail and by webhook.
//!
//! A notice is open from the first time something happens until it is over: happening again only raises its counter, and
//! being over is told once. Whoever finds out that something happened calls [`raise`], whoever finds out that it is over
//! [`resolve`], both in the transaction in which they record it.
//!
//! [`deliver`] tells administrators by mail and machines by webhook.
//!
//! Owns the notices, who has read which, and their deliveries. Must never hold personal data of profiles: a notice
//! speaks of exports, connections and numbers. Knows no concept above it: what a notice is about hands over its words.

pub mod deliver;
pub mod kind;
pub(crate) mod pages;
pub mod settings;
pub mod store;
pub mod webhooks;
mod words;

pub use deliver::Courier;
pub use kind::{Details, Kind};
pub use pages::count_unread;
pub use store::{Notice, forget, raise, resolve};
