//! The members of a list as a set of contact positions: one bit per contact of the account.

/// A growing set of contact positions. 1,000,000 contacts take 125 kB a list.
#[derive(Clone, Default)]
pub(super) struct Members(Vec<u64>);

impl Members {
    /// Adds `position`; `false` when it was there already.
    pub(super) fn insert(&mut self, position: u32) -> bool {
        let (word, bit) = place(position);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let is_new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        is_new
    }

    /// Takes `position` out; `false` when it was not there.
    pub(super) fn remove(&mut self, position: u32) -> bool {
        let was_there = self.contains(position);
        if was_there {
            let (word, bit) = place(position);
            self.0[word] &= !bit;
        }
        was_there
    }

    pub(super) fn contains(&self, position: u32) -> bool {
        let (word, bit) = place(position);
        self.0.get(word).is_some_and(|found| found & bit != 0)
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(super) fn clear(&mut self) {
        self.0 = Vec::new();
    }

    /// Positions in ascending order.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        (0u32..).zip(&self.0).flat_map(|(index, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                (rest != 0).then(|| {
                    let bit = rest.trailing_zeros();
                    rest &= rest - 1;
                    index * u64::BITS + bit
                })
            })
        })
    }
}

fn place(position: u32) -> (usize, u64) {
    ((position / u64::BITS) as usize, 1 << (position % u64::BITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_back_in_order() {
        let mut members = Members::default();
        for position in [200, 0, 63, 64, 65] {
            assert!(members.insert(position));
        }
        assert!(!members.insert(64));
        assert!(members.remove(65) && !members.remove(65) && !members.remove(9_999));
        assert_eq!(members.iter().collect::<Vec<_>>(), [0, 63, 64, 200]);
        assert_eq!(members.len(), 4);
    }
}
