//! What is remembered, in memory: 33 bytes an address.

use super::entry::{Entry, Kind};

/// Filled slots of an index, of ten.
const LOAD_TENTHS: usize = 7;

/// Every address remembered, with its latest entry.
#[derive(Debug, Default)]
pub struct DeliveredSet {
    entries: Vec<Entry>,
    kinds: Vec<Kind>,
    by_address: Index,
    by_row: Index,
    counts: [usize; Kind::ALL.len()],
}

impl DeliveredSet {
    /// Room for the entries of all chunks together.
    pub(super) fn with_room_for(entries: usize) -> Self {
        Self {
            entries: Vec::with_capacity(entries),
            kinds: Vec::with_capacity(entries),
            by_address: Index::with_room_for(entries),
            ..Self::default()
        }
    }

    /// Takes in a chunk, after those that are newer than it: of an address the latest entry counts.
    pub(super) fn add_older(&mut self, kind: Kind, chunk: &[u8]) {
        for entry in Entry::read_all(chunk) {
            let entries = &self.entries;
            let is_same = |index: usize| entries[index].address == entry.address;
            if let Err(free) = self.by_address.find(entry.address, is_same) {
                self.by_address.slots[free] = slot_of(self.entries.len());
                self.entries.push(entry);
                self.kinds.push(kind);
                self.counts[kind as usize] += 1;
            }
        }
    }

    /// Makes rows findable, when every chunk has been taken in.
    pub(super) fn finish(mut self) -> Self {
        let entries = &self.entries;
        let mut by_row = Index::with_room_for(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            if self.kinds[index].is_delivered()
                && let Err(free) =
                    by_row.find(start_of(entry), |other| entries[other].row == entry.row)
            {
                by_row.slots[free] = slot_of(index);
            }
        }
        self.by_row = by_row;
        self
    }

    /// Addresses remembered.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many of a kind.
    pub fn count(&self, kind: Kind) -> usize {
        self.counts[kind as usize]
    }

    /// Where the row is that was delivered as it is now; `None` when it is new or has changed.
    pub fn find_row(&self, row: [u8; 12]) -> Option<usize> {
        let wanted = Entry {
            address: [0; 8],
            row,
        };
        let is_same = |index: usize| self.entries[index].row == row;
        self.by_row.find(start_of(&wanted), is_same).ok()
    }

    /// What is remembered of an address, and where.
    pub fn find_address(&self, address: [u8; 8]) -> Option<(usize, Kind)> {
        let is_same = |index: usize| self.entries[index].address == address;
        let index = self.by_address.find(address, is_same).ok()?;
        Some((index, self.kinds[index]))
    }

    /// Whether an address counts as delivered.
    pub fn is_delivered(&self, address: [u8; 8]) -> bool {
        self.find_address(address)
            .is_some_and(|(_, kind)| kind.is_delivered())
    }

    /// Every entry, in no order.
    pub fn entries(&self) -> impl Iterator<Item = (Entry, Kind)> + '_ {
        self.entries.iter().copied().zip(self.kinds.iter().copied())
    }
}

/// Where the search for a row begins.
fn start_of(entry: &Entry) -> [u8; 8] {
    entry.row[..8].try_into().expect("8 of 12 bytes")
}

/// What is kept of the position of an entry; zero is free.
fn slot_of(index: usize) -> u32 {
    u32::try_from(index + 1).expect("far fewer than 4,000,000,000 addresses")
}

/// Positions of entries by a hash, 4 bytes each.
#[derive(Debug, Default)]
struct Index {
    slots: Box<[u32]>,
}

impl Index {
    fn with_room_for(entries: usize) -> Self {
        Self {
            slots: vec![0; entries * 10 / LOAD_TENTHS + 1].into_boxed_slice(),
        }
    }

    /// The entry that `is_wanted`, or the free slot where it belongs.
    fn find(&self, hash: [u8; 8], is_wanted: impl Fn(usize) -> bool) -> Result<usize, usize> {
        if self.slots.is_empty() {
            return Err(0);
        }
        let hash = u64::from_le_bytes(hash);
        let scaled = (u128::from(hash) * self.slots.len() as u128) >> 64;
        let mut slot = usize::try_from(scaled).expect("smaller than the index");
        loop {
            match self.slots[slot] {
                0 => return Err(slot),
                taken if is_wanted(taken as usize - 1) => return Ok(taken as usize - 1),
                _ => {
                    slot += 1;
                    if slot == self.slots.len() {
                        slot = 0;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn entry(address: u32, row: u32) -> Entry {
        let mut entry = Entry {
            address: [0; 8],
            row: [0; 12],
        };
        // Spread like hashes, most of them in the same corner.
        entry.address[..4].copy_from_slice(&address.to_le_bytes());
        entry.row[..4].copy_from_slice(&row.to_le_bytes());
        entry
    }

    #[test]
    fn of_an_address_the_latest_entry_counts() {
        let mut random = fastrand::Rng::with_seed(11);
        for entries in [0, 10, 5_000] {
            let chunks: Vec<(Kind, Vec<Entry>)> = (0..5)
                .map(|_| {
                    let kind = Kind::ALL[random.usize(..Kind::ALL.len())];
                    let made = (0..entries).map(|_| entry(random.u32(..3_000), random.u32(..)));
                    // A run sends an address once.
                    let once: HashMap<[u8; 8], Entry> = made.map(|e| (e.address, e)).collect();
                    (kind, once.into_values().collect())
                })
                .collect();
            let mut expected = HashMap::new();
            for (kind, chunk) in &chunks {
                expected.extend(chunk.iter().map(|entry| (entry.address, (*entry, *kind))));
            }
            let mut set = DeliveredSet::with_room_for(chunks.iter().map(|c| c.1.len()).sum());
            for (kind, chunk) in chunks.iter().rev() {
                let bytes: Vec<u8> = chunk.iter().flat_map(|entry| entry.to_bytes()).collect();
                set.add_older(*kind, &bytes);
            }
            let set = set.finish();
            assert_eq!(set.len(), expected.len());
            for (entry, kind) in expected.values() {
                let found = set.find_address(entry.address).map(|(_, kind)| kind);
                assert_eq!(found, Some(*kind));
                assert_eq!(set.find_row(entry.row).is_some(), kind.is_delivered());
            }
            for (_, chunk) in &chunks {
                for entry in chunk {
                    let latest = expected[&entry.address].0;
                    assert!(latest.row == entry.row || set.find_row(entry.row).is_none());
                }
            }
            assert!(set.find_address(entry(5_000, 0).address).is_none());
        }
    }

    #[test]
    fn a_million_addresses_take_little_memory() {
        let set = DeliveredSet::with_room_for(1_000_000);
        let index = size_of_val(&*set.by_address.slots);
        let each = size_of::<Entry>() + size_of::<Kind>();
        assert!(2 * index + each * 1_000_000 <= 33_000_000);
    }
}
