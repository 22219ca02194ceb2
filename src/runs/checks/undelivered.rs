//! Which rows of a run did not arrive, packed: row numbers and reasons, a few bytes each, and nobody's address.

use std::collections::BTreeMap;

/// Why somebody who was sent is not on the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Missing {
    /// A contact who has unsubscribed; such people are put on no list.
    Unsubscribed,
    /// A contact who is not on the list: left it, was taken off, or was not put on it.
    NotOnList,
    /// Not a contact of the account: the address was refused as invalid, or the contact was deleted.
    NotAContact,
}

impl Missing {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Unsubscribed, Self::NotOnList, Self::NotAContact];

    /// Name in the database and in JSON answers.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unsubscribed => "unsubscribed",
            Self::NotOnList => "not_on_list",
            Self::NotAContact => "not_a_contact",
        }
    }

    /// Message key of the reason people read.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::Unsubscribed => "checks-missing-unsubscribed",
            Self::NotOnList => "checks-missing-not-on-list",
            Self::NotAContact => "checks-missing-not-a-contact",
        }
    }
}

/// Packs rows in rising order: the distance to the row before, seven bits a byte, then the reason.
pub(super) fn pack(rows: &[(u64, Missing)]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut before = 0;
    for (row, missing) in rows {
        let mut distance = row - before;
        before = *row;
        while distance >= 0x80 {
            packed.push(u8::try_from(distance & 0x7f).expect("seven bits") | 0x80);
            distance >>= 7;
        }
        packed.push(u8::try_from(distance).expect("seven bits"));
        packed.push(*missing as u8);
    }
    packed
}

/// Unpacks rows; stops at what no version has packed.
pub(in crate::runs) fn unpack(packed: &[u8]) -> Vec<(u64, Missing)> {
    let mut bytes = packed.iter().copied();
    let mut rows = Vec::new();
    let mut row = 0_u64;
    loop {
        let (mut distance, mut shift) = (0_u64, 0);
        loop {
            let Some(byte) = bytes.next().filter(|_| shift < 63) else {
                return rows;
            };
            distance |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        row += distance;
        let reason = bytes.next().map(usize::from);
        let Some(missing) = reason.and_then(|reason| Missing::ALL.get(reason)) else {
            return rows;
        };
        rows.push((row, *missing));
    }
}

/// How many of each reason, by code.
pub(super) fn count(rows: &[(u64, Missing)]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for (_, missing) in rows {
        *counts.entry(missing.code().to_owned()).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_were_packed() {
        let mut random = fastrand::Rng::with_seed(4);
        let mut row = 0;
        let rows: Vec<(u64, Missing)> = (0..2_000)
            .map(|_| {
                let bits = random.u32(1..40);
                row += random.u64(1..1 << bits);
                (row, Missing::ALL[random.usize(..3)])
            })
            .collect();
        assert_eq!(unpack(&pack(&rows)), rows);
        assert_eq!(count(&rows).values().sum::<u64>(), 2_000);
        assert!(unpack(&[]).is_empty() && unpack(&[0x85]).is_empty() && unpack(&[1, 9]).is_empty());
    }
}
