//! The exclusion list as a plan asks it: once per profile.

use std::collections::HashSet;

use super::address::{Keys, lower};

/// Who is excluded, at one number of the list's changes.
///
/// A profile costs nothing while the list is empty. Otherwise a quick keyed hash is looked up first (some 30 ns); the
/// slow one, which decides, is made for those alone whose quick one is there.
#[derive(Clone, Debug, Default)]
pub struct ExcludedSet {
    keys: Option<Keys>,
    quick: hashbrown::HashSet<u64>,
    full: HashSet<[u8; 32]>,
    domains: HashSet<String>,
}

impl ExcludedSet {
    /// An empty set that knows the keys.
    pub(super) fn new(keys: Keys) -> Self {
        Self {
            keys: Some(keys),
            ..Self::default()
        }
    }

    pub(super) fn add_address(&mut self, quick: u64, full: [u8; 32]) {
        self.quick.insert(quick);
        self.full.insert(full);
    }

    pub(super) fn add_domain(&mut self, domain: String) {
        self.domains.insert(domain);
    }

    /// Whether nobody is excluded.
    pub fn is_empty(&self) -> bool {
        self.full.is_empty() && self.domains.is_empty()
    }

    /// Whether an address that has been cleaned is excluded, alone or with its domain.
    pub fn contains(&self, email: &str) -> bool {
        let Some(keys) = self.keys.as_ref().filter(|_| !self.is_empty()) else {
            return false;
        };
        let lowered = lower(email);
        let domain = lowered.rsplit_once('@').map(|(_, domain)| domain);
        if !self.domains.is_empty() && domain.is_some_and(|domain| self.domains.contains(domain)) {
            return true;
        }
        self.quick.contains(&keys.quick(&lowered)) && self.full.contains(&keys.full(&lowered))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::MasterKey;

    #[test]
    fn addresses_are_found_without_case_and_domains_exactly() {
        let keys = Keys::new(&MasterKey::random());
        let mut set = ExcludedSet::new(keys.clone());
        assert!(set.is_empty() && !set.contains("ann@example.com"));
        set.add_address(keys.quick("zoë@example.com"), keys.full("zoë@example.com"));
        set.add_domain("example.org".into());
        assert!(set.contains("ZOË@Example.com"));
        assert!(!set.contains("zoe@example.com"));
        assert!(set.contains("anybody@EXAMPLE.org"));
        assert!(!set.contains("anybody@mail.example.org"));
        assert!(!set.contains("example.org"));
        // A quick hash alone decides nothing.
        set.add_address(keys.quick("bob@example.com"), [0; 32]);
        assert!(!set.contains("bob@example.com"));
    }
}
