//! The exclusion list: who must not be sent, whatever a source or a segment says.
//!
//! Owns the entries (addresses as keyed hashes, whole domains in clear), their history, and the set a plan asks. Every
//! change has a number; a run freezes the number of the latest change when it starts, so that planned again after a crash
//! it leaves out the very same people. Whoever is excluded while a run is under way is left out from the next run on.
//!
//! Must never: keep an address in clear, or know runs, exports or pages.
//!
//! Read next: [`Entry`] (what can be excluded), [`ExcludedSet`] (what a plan asks), [`store`] (queries), [`read_file`].

mod address;
mod file;
mod set;
pub mod store;

pub use address::{Entry, EntryProblem, Keys, clean_email};
pub use file::{BadLine, FileProblem, MAX_ENTRIES, MAX_LISTED_LINES, ReadFile, read_file};
pub use set::ExcludedSet;

/// Where an entry comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Somebody typed it.
    Typed,
    /// It was in a file.
    Upload,
    /// The person was erased; such an entry stays for ever.
    Erasure,
}

impl Origin {
    const ALL: [Self; 3] = [Self::Typed, Self::Upload, Self::Erasure];

    /// Name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Typed => "typed",
            Self::Upload => "upload",
            Self::Erasure => "erasure",
        }
    }

    /// Message key of the words people read.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::Typed => "privacy-origin-typed",
            Self::Upload => "privacy-origin-upload",
            Self::Erasure => "privacy-origin-erasure",
        }
    }

    fn from_name(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|origin| origin.name() == name)
            .unwrap_or(Self::Typed)
    }
}
