//! An export: which segments go to which contact list, through which connection, and what each profile brings along.
//!
//! Owns the definition ([`ExportDefinition`]), its rules, its pages and its history in the audit log. Saving an
//! export runs nothing; runs are the business of `runs`, which reads a definition and keeps its own copy at start.
//!
//! Must never: send anything to a contact list, hold profile data, or call Constant Contact inside a transaction.
//!
//! Fields of profiles are named, not numbered: the next snapshot may have its columns in another order, or lack one,
//! and then a run must say so instead of sending another column.
//!
//! Read next: [`ExportDefinition`] (the rules), [`store`] (queries, and how two editors are told apart), [`Access`] (who
//! may do what), `form` (what was typed and what is wrong with it).

mod access;
mod account;
mod brake;
mod definition;
mod form;
mod mode;
mod offers;
pub(crate) mod pages;
pub mod store;

pub use access::Access;
pub use account::Accounts;
pub use brake::Brake;
pub use definition::{
    Attribute, CustomTarget, ExportDefinition, MAX_CUSTOM_ATTRIBUTES, MAX_PROFILES, MAX_SEGMENTS,
    Target, UnknownTarget,
};
pub use mode::{Delivery, Leavers, Mode};
pub(crate) use pages::target_label;
pub use store::{Author, Export, StoreError};
