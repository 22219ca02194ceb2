//! Which e-mail addresses have been seen in a run, in 10 bytes each.
//!
//! Kept are 64 bits of one keyed hash at a place given by another, so two different addresses are taken for one only
//! when all 64 bits agree *and* their places lie in the same short run of slots: for 1,000,000 addresses that happens in
//! fewer than one of 10^12 runs. That is below the rate of undetected memory errors, and costs no second read of the
//! snapshot, which verification of every hit would (1 % of duplicates is 10,000 random reads). The keys are drawn at
//! random per set, so nobody can prepare addresses that collide.

use std::hash::{BuildHasher, RandomState};
use std::hint::black_box;

/// Filled slots per table, of ten.
const LOAD_TENTHS: usize = 8;
/// Slots of the smallest table.
const LEAST_SLOTS: usize = 1_024;

/// A set of addresses that grows by adding tables, so that nothing is ever rehashed (the addresses are gone by then).
pub(super) struct SeenEmails {
    place_hash: RandomState,
    value_hash: RandomState,
    /// The last one is being filled.
    tables: Vec<Table>,
    lowered: String,
}

/// An address as the set knows it.
#[derive(Clone, Copy)]
pub(super) struct Hashed {
    place: u64,
    value: u64,
}

struct Table {
    /// Zero is free.
    slots: Box<[u64]>,
    used: usize,
}

impl SeenEmails {
    /// Room for `expected` addresses in one table; more fit, at the cost of a look into each table.
    pub(super) fn with_capacity(expected: usize) -> Self {
        Self {
            place_hash: RandomState::new(),
            value_hash: RandomState::new(),
            tables: vec![Table::for_entries(expected)],
            lowered: String::new(),
        }
    }

    /// Hashes an address in Unicode lower case, and asks for the memory where it belongs: a miss of the processor's
    /// caches takes as long as looking at the rest of the profile, which the caller does before [`Self::insert`].
    pub(super) fn hash(&mut self, email: &str) -> Hashed {
        self.lowered.clear();
        if email.is_ascii() {
            self.lowered.push_str(email);
            self.lowered.make_ascii_lowercase();
        } else {
            self.lowered.push_str(&email.to_lowercase());
        }
        let place = self.place_hash.hash_one(self.lowered.as_bytes());
        let value = self.value_hash.hash_one(self.lowered.as_bytes()).max(1);
        if let Some(last) = self.tables.last() {
            black_box(last.slots[last.start(place)]);
        }
        Hashed { place, value }
    }

    /// Adds an address; false when it was there already.
    pub(super) fn insert(&mut self, Hashed { place, value }: Hashed) -> bool {
        let (last, full) = self
            .tables
            .split_last_mut()
            .expect("there is always a table");
        if full.iter().any(|table| table.contains(place, value)) {
            return false;
        }
        let is_new = last.insert(place, value);
        if is_new && last.is_full() {
            let bigger = Table::for_entries(last.used * 2);
            self.tables.push(bigger);
        }
        is_new
    }
}

impl Table {
    fn for_entries(entries: usize) -> Self {
        let slots = (entries * 10 / LOAD_TENTHS + 1).max(LEAST_SLOTS);
        Self {
            slots: vec![0; slots].into_boxed_slice(),
            used: 0,
        }
    }

    fn is_full(&self) -> bool {
        self.used >= self.slots.len() * LOAD_TENTHS / 10
    }

    /// Where the search for `place` begins: the upper bits scaled to the table, so that its length need not be a power
    /// of two.
    fn start(&self, place: u64) -> usize {
        let scaled = (u128::from(place) * self.slots.len() as u128) >> 64;
        usize::try_from(scaled).expect("smaller than the table")
    }

    fn contains(&self, place: u64, value: u64) -> bool {
        self.slots[self.find(place, value)] == value
    }

    fn insert(&mut self, place: u64, value: u64) -> bool {
        let slot = self.find(place, value);
        let is_new = self.slots[slot] != value;
        self.slots[slot] = value;
        self.used += usize::from(is_new);
        is_new
    }

    /// The slot that holds `value`, or the free one where it belongs. A table never fills up, so there is one.
    fn find(&self, place: u64, value: u64) -> usize {
        let mut slot = self.start(place);
        while self.slots[slot] != 0 && self.slots[slot] != value {
            slot += 1;
            if slot == self.slots.len() {
                slot = 0;
            }
        }
        slot
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn add(seen: &mut SeenEmails, email: &str) -> bool {
        let hashed = seen.hash(email);
        seen.insert(hashed)
    }

    #[test]
    fn case_does_not_make_an_address_new() {
        let mut seen = SeenEmails::with_capacity(10);
        assert!(add(&mut seen, "Ann@Example.com"));
        assert!(!add(&mut seen, "ann@example.COM"));
        assert!(add(&mut seen, "ZOË@example.com"));
        assert!(!add(&mut seen, "zoë@example.com"));
        assert!(add(&mut seen, "zoe@example.com"));
    }

    #[test]
    fn agrees_with_a_set_of_whole_addresses_while_it_grows() {
        let mut random = fastrand::Rng::with_seed(3);
        for expected in [0, 1_000, 200_000] {
            let mut seen = SeenEmails::with_capacity(expected);
            let mut exact = HashSet::new();
            for _ in 0..100_000 {
                let email = format!("user{}@example.com", random.u32(..60_000));
                assert_eq!(add(&mut seen, &email), exact.insert(email));
            }
        }
    }

    #[test]
    fn ten_bytes_for_each_address() {
        let table = Table::for_entries(1_000_000);
        assert!(size_of_val(&*table.slots) <= 10_000_010);
    }
}
