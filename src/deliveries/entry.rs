//! One remembered delivery, and the keyed hashes it is made of.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::storage::MasterKey;

const ADDRESS_BYTES: usize = 8;
const ROW_BYTES: usize = 12;
/// Bytes of an entry as it is stored.
pub const ENTRY_BYTES: usize = ADDRESS_BYTES + ROW_BYTES;

/// What stands for an address and for the row sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Of the address in lower case.
    pub address: [u8; ADDRESS_BYTES],
    /// Of the row, the address included.
    pub row: [u8; ROW_BYTES],
}

impl Entry {
    /// As it is stored.
    pub fn to_bytes(self) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        bytes[..ADDRESS_BYTES].copy_from_slice(&self.address);
        bytes[ADDRESS_BYTES..].copy_from_slice(&self.row);
        bytes
    }

    /// The entries of a chunk; an incomplete one at its end is passed over.
    pub fn read_all(bytes: &[u8]) -> impl DoubleEndedIterator<Item = Self> + '_ {
        let (entries, _) = bytes.as_chunks::<ENTRY_BYTES>();
        entries.iter().map(|bytes| {
            let (address, row) = bytes.split_at(ADDRESS_BYTES);
            Self {
                address: address.try_into().expect("as long as that"),
                row: row.try_into().expect("as long as that"),
            }
        })
    }
}

/// What is remembered of the entries of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// They were sent, and the activity completed without a complaint.
    Delivered,
    /// They were sent and the activity completed, but has some rows left to be corrected without saying which.
    Doubtful,
    /// They were sent, and nobody knows what became of them.
    Unknown,
    /// They were delivered before, and have left the list by themselves.
    Left,
    /// They were taken off the list.
    Removed,
    /// They may have been taken off the list.
    PerhapsRemoved,
    /// They were delivered before, and have unsubscribed.
    Unsubscribed,
    /// They were delivered just now, and are not seen on the list yet.
    Awaited,
}

impl Kind {
    pub(super) const ALL: [Self; 8] = [
        Self::Delivered,
        Self::Doubtful,
        Self::Unknown,
        Self::Left,
        Self::Removed,
        Self::PerhapsRemoved,
        Self::Unsubscribed,
        Self::Awaited,
    ];

    /// Name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Doubtful => "doubtful",
            Self::Unknown => "unknown",
            Self::Left => "left",
            Self::Removed => "removed",
            Self::PerhapsRemoved => "perhaps_removed",
            Self::Unsubscribed => "unsubscribed",
            Self::Awaited => "awaited",
        }
    }

    /// A word of a newer version reads as unknown: such rows are sent again.
    pub(super) fn from_name(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .unwrap_or(Self::Unknown)
    }

    /// Whether the same row need not be sent again.
    pub fn is_delivered(self) -> bool {
        matches!(self, Self::Delivered | Self::Doubtful | Self::Awaited)
    }
}

/// Makes the keyed hashes.
#[derive(Clone)]
pub struct Keys {
    // Prepared once: half the work of a short message is taking in the key.
    address: Hmac<Sha256>,
    row: Hmac<Sha256>,
}

impl Keys {
    /// The keys of an installation.
    pub fn new(master: &MasterKey) -> Self {
        let keyed = |purpose| {
            let key = master.derive(purpose);
            Hmac::new_from_slice(&key).expect("HMAC takes keys of any length")
        };
        Self {
            address: keyed("delivered addresses"),
            row: keyed("delivered rows"),
        }
    }

    /// Of an address that has been cleaned.
    pub fn address(&self, email: &str) -> [u8; ADDRESS_BYTES] {
        if email
            .bytes()
            .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
        {
            hash(&self.address, email.as_bytes())
        } else {
            hash(&self.address, email.to_lowercase().as_bytes())
        }
    }

    /// Of a row as it is sent.
    pub fn row(&self, row: &[u8]) -> [u8; ROW_BYTES] {
        hash(&self.row, row)
    }
}

fn hash<const N: usize>(keyed: &Hmac<Sha256>, message: &[u8]) -> [u8; N] {
    let mut mac = keyed.clone();
    mac.update(message);
    let whole = mac.finalize().into_bytes();
    whole[..N].try_into().expect("shorter than 32 bytes")
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_depends_on_the_key_and_an_address_not_on_case() {
        let (keys, others) = (
            Keys::new(&MasterKey::random()),
            Keys::new(&MasterKey::random()),
        );
        let ann = keys.address("ann@example.com");
        assert_eq!(ann, keys.address("Ann@Example.COM"));
        assert_eq!(
            keys.address("ZOË@example.com"),
            keys.address("zoë@example.com")
        );
        assert_ne!(ann, others.address("ann@example.com"));
        assert_ne!(ann, keys.address("bob@example.com"));
        assert_ne!(keys.row(b"a\n"), keys.row(b"A\n"));
        assert_ne!(keys.row(b"a\n")[..8], keys.address("a\n"));
    }

    #[test]
    fn entries_are_read_as_they_were_written() {
        let keys = Keys::new(&MasterKey::random());
        let entries = ["a", "b", "c"].map(|text| Entry {
            address: keys.address(text),
            row: keys.row(text.as_bytes()),
        });
        let bytes: Vec<u8> = entries.iter().flat_map(|entry| entry.to_bytes()).collect();
        assert_eq!(bytes.len(), 3 * ENTRY_BYTES);
        assert!(Entry::read_all(&bytes).eq(entries));
        assert_eq!(Entry::read_all(&bytes[..59]).count(), 2);
    }

    #[test]
    fn names_lead_back_to_their_kind() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), kind);
        }
    }
}
