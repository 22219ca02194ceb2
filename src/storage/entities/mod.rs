//! One file per table of the application database. Used by `store.rs` files only.

pub mod application_registration;
pub mod audit_event;
pub mod audit_head;
pub mod authorization_state;
pub mod check;
pub mod connection;
pub mod consent;
pub mod export;
pub mod export_segment;
pub mod oidc_state;
pub mod run;
pub mod run_approval;
pub mod run_part;
pub mod segment;
pub mod session;
pub mod sign_in_failure;
pub mod snapshot;
pub mod snapshot_hold;
pub mod source;
pub mod sweep;
pub mod upload;
pub mod user;
pub mod user_identity;
