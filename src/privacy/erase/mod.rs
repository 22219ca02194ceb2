//! Erasing one person, for ever.
//!
//! From profiles, from what exports remember of deliveries, and, where it is wished, at Constant Contact; and a keyed hash
//! blocks the address, also when the next import brings the person back.
//!
//! The block counts at once, with the request. The rest is work that may be interrupted anywhere and done again: rows are
//! looked for anew each time, and deleting a contact twice is harmless. A snapshot that an unfinished run reads does not
//! change under it, because its parts are made again byte for byte after an interruption: then the erasure waits for the
//! run to end, and says so. The contacts are deleted last, so that such a run cannot bring them back. A run that has begun
//! before may still send the person; whoever wants to prevent that cancels it.
//!
//! The address is kept sealed as long as there is something to do, and forgotten then.

mod deletions;
pub mod store;
mod vendor;
mod work;

pub use deletions::{Decision, decide};
pub use work::Erasures;

use jiff::Timestamp;
use uuid::Uuid;

use crate::web::Tone;

/// Where an erasure stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErasureState {
    /// Profiles are still to be removed; perhaps a run must end first.
    Waiting,
    /// Nothing is left here; contacts at Constant Contact are still to be deleted.
    Deleting,
    /// Somebody must look at a contact that could not be deleted.
    Failed,
    /// Done.
    Done,
}

impl ErasureState {
    const ALL: [Self; 4] = [Self::Waiting, Self::Deleting, Self::Failed, Self::Done];

    /// Name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Deleting => "deleting",
            Self::Failed => "failed",
            Self::Done => "done",
        }
    }

    fn from_name(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == name)
            .unwrap_or(Self::Waiting)
    }

    /// Message key of the words people read.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::Waiting => "privacy-erasure-waiting",
            Self::Deleting => "privacy-erasure-deleting",
            Self::Failed => "privacy-erasure-failed",
            Self::Done => "privacy-erasure-done",
        }
    }

    /// Colour and icon.
    pub fn tone(self) -> Tone {
        match self {
            Self::Waiting => Tone::Waiting,
            Self::Deleting => Tone::Progress,
            Self::Failed => Tone::Danger,
            Self::Done => Tone::Success,
        }
    }
}

/// Where the deletion of a contact stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionState {
    /// To be done, perhaps again.
    Pending,
    /// The contact was deleted.
    Deleted,
    /// There was no contact with this address.
    NotFound,
    /// It did not work; somebody must look.
    Failed,
    /// Somebody has decided to leave it.
    GivenUp,
}

impl DeletionState {
    const ALL: [Self; 5] = [
        Self::Pending,
        Self::Deleted,
        Self::NotFound,
        Self::Failed,
        Self::GivenUp,
    ];

    /// Name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Deleted => "deleted",
            Self::NotFound => "not_found",
            Self::Failed => "failed",
            Self::GivenUp => "given_up",
        }
    }

    fn from_name(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == name)
            .unwrap_or(Self::Failed)
    }

    /// Message key of the words people read.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::Pending => "privacy-deletion-pending",
            Self::Deleted => "privacy-deletion-deleted",
            Self::NotFound => "privacy-deletion-not-found",
            Self::Failed => "privacy-deletion-failed",
            Self::GivenUp => "privacy-deletion-given-up",
        }
    }

    /// Colour and icon.
    pub fn tone(self) -> Tone {
        match self {
            Self::Pending => Tone::Waiting,
            Self::Deleted | Self::NotFound => Tone::Success,
            Self::Failed => Tone::Danger,
            Self::GivenUp => Tone::Neutral,
        }
    }
}

/// An erasure. Nothing in it says whose.
#[derive(Clone, Debug)]
pub struct PersonErasure {
    /// Id.
    pub id: Uuid,
    /// Keyed hash of the address.
    pub hash: String,
    /// Where it stands.
    pub state: ErasureState,
    /// Snapshots rows were taken out of.
    pub copies: u64,
    /// Rows taken out.
    pub rows: u64,
    /// Exports that had delivered the address and have forgotten it.
    pub deliveries: u64,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// By whom.
    pub requested_by: Option<Uuid>,
    /// When it was done.
    pub finished_at: Option<Timestamp>,
    /// Contacts to be deleted.
    pub deletions: Vec<Deletion>,
}

impl PersonErasure {
    /// The first characters of the hash, to tell erasures apart.
    pub fn mark(&self) -> &str {
        self.hash.get(..12).unwrap_or(&self.hash)
    }
}

/// A contact to be deleted.
#[derive(Clone, Debug)]
pub struct Deletion {
    /// Id.
    pub id: Uuid,
    /// Connection whose account holds it.
    pub connection_id: Uuid,
    /// As the connection was called.
    pub connection_name: String,
    /// Where it stands.
    pub state: DeletionState,
    /// Tries so far.
    pub tries: u32,
    /// Why the latest failed, in the vendor's words.
    pub problem: Option<String>,
    /// When it is tried next, while pending.
    pub next_try_at: Timestamp,
}
