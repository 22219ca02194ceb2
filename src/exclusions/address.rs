//! Addresses and domains as they are compared and kept.

use std::borrow::Cow;
use std::hash::Hasher;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::storage::MasterKey;

/// Longest address or domain taken, in bytes; RFC 5321 allows 254.
const MAX_BYTES: usize = 320;

/// An e-mail address without anything invisible around it.
pub fn clean_email(value: &str) -> &str {
    let is_plain = |byte: Option<&u8>| byte.is_none_or(|byte| (b'!'..=b'~').contains(byte));
    if is_plain(value.as_bytes().first()) && is_plain(value.as_bytes().last()) {
        value
    } else {
        value.trim_matches(is_invisible)
    }
}

/// White space, controls, and invisible characters that come along when an address is copied from a page or a file with
/// a byte order mark.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{2060}'
        )
}

/// The one spelling an address is compared in; what is in it already is not copied.
pub(super) fn lower(email: &str) -> Cow<'_, str> {
    if email
        .bytes()
        .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
    {
        Cow::Borrowed(email)
    } else {
        Cow::Owned(email.to_lowercase())
    }
}

/// What can be excluded.
#[derive(Clone, PartialEq, Eq)]
pub enum Entry {
    /// One address, cleaned and in lower case.
    Address(String),
    /// Everybody whose address is of this domain, not of those below it; in lower case.
    Domain(String),
}

// An address must not reach a log by accident.
impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(_) => f.write_str("Address(..)"),
            Self::Domain(domain) => f.debug_tuple("Domain").field(domain).finish(),
        }
    }
}

/// Why a text is no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryProblem {
    /// Nothing is there.
    Empty,
    /// Neither an address nor `@` and a domain.
    Malformed,
}

impl Entry {
    /// An address such as `ann@example.com`, or a domain with `@` before it.
    ///
    /// # Errors
    /// [`EntryProblem`].
    pub fn parse(text: &str) -> Result<Self, EntryProblem> {
        let text = clean_email(text);
        if text.is_empty() {
            return Err(EntryProblem::Empty);
        }
        let lowered = lower(text).into_owned();
        let (local, domain) = lowered.split_once('@').ok_or(EntryProblem::Malformed)?;
        let is_domain = domain.contains('.') && domain.split('.').all(is_label);
        let is_local = !local.chars().any(|c| c.is_whitespace() || c.is_control());
        if lowered.len() > MAX_BYTES || !is_domain || !is_local {
            return Err(EntryProblem::Malformed);
        }
        Ok(if local.is_empty() {
            Self::Domain(domain.to_owned())
        } else {
            Self::Address(lowered)
        })
    }

    /// Whether a value, cleaned, is this address; always false for a domain.
    pub fn is_address(&self, value: &str) -> bool {
        let value = clean_email(value);
        // Most values differ in length already; other scripts may change it with the case.
        self.address().is_some_and(|address| {
            (value.len() == address.len() || !value.is_ascii()) && lower(value) == *address
        })
    }

    /// The domain of an address, or the domain.
    pub fn domain(&self) -> &str {
        match self {
            Self::Address(address) => address.rsplit_once('@').map_or("", |(_, domain)| domain),
            Self::Domain(domain) => domain,
        }
    }

    /// The address, when it is one.
    pub fn address(&self) -> Option<&str> {
        match self {
            Self::Address(address) => Some(address),
            Self::Domain(_) => None,
        }
    }
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label
            .chars()
            .all(|c| c.is_alphanumeric() || c == '-' || c == '_' || !c.is_ascii())
        && !label.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// Makes the keyed hashes of addresses. Without the master key nobody can tell whose they are, or try addresses out.
#[derive(Clone)]
pub struct Keys {
    full: [u8; 32],
    quick: (u64, u64),
}

impl Keys {
    /// The keys of an installation.
    pub fn new(master: &MasterKey) -> Self {
        let quick = master.derive("excluded addresses, quick look");
        let half = |from: usize| {
            let bytes = quick[from..from + 8].try_into();
            u64::from_le_bytes(bytes.expect("8 bytes"))
        };
        Self {
            full: master.derive("excluded addresses"),
            quick: (half(0), half(8)),
        }
    }

    /// HMAC-SHA256 of an address, which is taken as it is.
    pub(super) fn full(&self, lowered: &str) -> [u8; 32] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.full).expect("HMAC takes keys of any length");
        mac.update(lowered.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// `SipHash`-2-4 of an address: kept in the database, so it must be the same in every version, which the hashers of
    /// the standard library that are not deprecated do not promise.
    #[expect(deprecated, reason = "the only one that names its algorithm")]
    pub(super) fn quick(&self, lowered: &str) -> u64 {
        let mut hasher = std::hash::SipHasher::new_with_keys(self.quick.0, self.quick.1);
        hasher.write(lowered.as_bytes());
        hasher.finish()
    }

    /// What stands for an address where it must not be told: its keyed hash in hexadecimal.
    pub fn hash(&self, email: &str) -> String {
        hex(&self.full(&lower(clean_email(email))))
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(..)")
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_domains_are_told_apart() {
        for (text, expected) in [
            (
                " Ann@Example.COM ",
                Entry::Address("ann@example.com".into()),
            ),
            (
                "\u{feff}ZOË@example.com",
                Entry::Address("zoë@example.com".into()),
            ),
            ("@Example.com", Entry::Domain("example.com".into())),
            ("@例子.香港", Entry::Domain("例子.香港".into())),
        ] {
            assert!(Entry::parse(text) == Ok(expected), "{text}");
        }
        assert_eq!(Entry::parse(" \u{200b}"), Err(EntryProblem::Empty));
        for bad in [
            "ann",
            "@",
            "@com",
            "ann@",
            "a n@example.com",
            "a@b@c.example",
            "a@b..c",
            "example.com",
        ] {
            assert_eq!(Entry::parse(bad), Err(EntryProblem::Malformed), "{bad}");
        }
        assert_eq!(
            format!("{:?}", Entry::parse("ann@example.com")),
            "Ok(Address(..))"
        );
    }

    #[test]
    fn the_quick_hash_is_the_published_one() {
        // Reference vector of SipHash-2-4: key 00..0f, input 00..0e.
        let keys = Keys {
            full: [0; 32],
            quick: (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908),
        };
        let input: String = (0..15_u8).map(char::from).collect();
        assert_eq!(keys.quick(&input), 0xa129_ca61_49be_45e5);
    }

    #[test]
    fn a_hash_depends_on_the_key_and_not_on_case() {
        let (keys, others) = (
            Keys::new(&MasterKey::random()),
            Keys::new(&MasterKey::random()),
        );
        assert_eq!(keys.hash(" Ann@Example.com"), keys.hash("ann@example.com"));
        assert_ne!(keys.hash("ann@example.com"), others.hash("ann@example.com"));
        assert_eq!(keys.hash("ann@example.com").len(), 64);
    }
}
