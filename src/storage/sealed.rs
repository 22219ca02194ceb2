//! Secrets at rest: XChaCha20-Poly1305 with a random nonce and the place of the value as associated data.
//!
//! A sealed value opens only in the table, column and row it was sealed for, so a value copied elsewhere is refused.
//! The key's id is kept in front of the nonce, so that a key can be replaced.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

const KEY_BYTES: usize = 32;
const KEY_ID_BYTES: usize = 4;
const NONCE_BYTES: usize = 24;

/// The installation's key. Everything sealed is lost without it: back it up apart from the database.
#[derive(Clone)]
pub struct MasterKey([u8; KEY_BYTES]);

/// Why a sealed value did not open, or the key could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Wrong key, changed bytes, or a value moved from another row.
    #[error("a sealed value does not open with this master key")]
    DoesNotOpen,
    /// The key file is there but does not hold 32 bytes in base64.
    #[error("the master key file does not hold 32 bytes in base64")]
    BadKeyFile,
    /// The key file cannot be read or created.
    #[error("the master key file cannot be read or created")]
    Io(#[from] io::Error),
}

/// The bytes of a sealed value as a column holds them: key id (4), nonce (24), ciphertext and tag.
pub type Sealed = Vec<u8>;

impl MasterKey {
    /// Reads the key file, or creates it with mode 0600 on first start.
    ///
    /// # Errors
    /// [`SealError::BadKeyFile`] or [`SealError::Io`].
    pub fn load_or_create(path: &Path) -> Result<Self, SealError> {
        match fs::read_to_string(path) {
            Ok(text) => {
                let bytes = BASE64
                    .decode(text.trim())
                    .map_err(|_| SealError::BadKeyFile)?;
                Ok(Self(bytes.try_into().map_err(|_| SealError::BadKeyFile)?))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = Self::random();
                let mut file = OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(path)?;
                writeln!(file, "{}", BASE64.encode(key.0))?;
                file.sync_all()?;
                Ok(key)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A fresh key, for tests and throw-away installations.
    pub fn random() -> Self {
        Self(random_bytes())
    }

    /// A key for another purpose (`cookie`, `sign-in failures`...), which tells nothing about this one.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(b"listbridge ");
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// Seals `secret` for one place, for example `("connections", "refresh_token", id)`.
    pub fn seal(&self, place: (&str, &str, &str), secret: &[u8]) -> Sealed {
        let nonce: [u8; NONCE_BYTES] = random_bytes();
        let aad = associated_data(place);
        let ciphertext = self
            .cipher()
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: secret,
                    aad: &aad,
                },
            )
            .expect("XChaCha20-Poly1305 encrypts any value that fits in memory");
        [&self.id()[..], &nonce[..], &ciphertext[..]].concat()
    }

    /// Whether a value was sealed with this key, as far as its first bytes tell.
    pub fn has_sealed(&self, sealed: &[u8]) -> bool {
        sealed.starts_with(&self.id())
    }

    /// Opens what [`MasterKey::seal`] made for the same place.
    ///
    /// # Errors
    /// [`SealError::DoesNotOpen`].
    pub fn open(
        &self,
        place: (&str, &str, &str),
        sealed: &[u8],
    ) -> Result<SecretString, SealError> {
        let (key_id, rest) = sealed
            .split_at_checked(KEY_ID_BYTES)
            .ok_or(SealError::DoesNotOpen)?;
        let (nonce, ciphertext) = rest
            .split_at_checked(NONCE_BYTES)
            .ok_or(SealError::DoesNotOpen)?;
        if key_id != self.id() {
            return Err(SealError::DoesNotOpen);
        }
        let nonce = XNonce::try_from(nonce).map_err(|_| SealError::DoesNotOpen)?;
        let plain = self
            .cipher()
            .decrypt(
                &nonce,
                Payload {
                    msg: ciphertext,
                    aad: &associated_data(place),
                },
            )
            .map_err(|_| SealError::DoesNotOpen)?;
        Ok(String::from_utf8(plain)
            .map_err(|_| SealError::DoesNotOpen)?
            .into())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.derive("seal").into())
    }

    fn id(&self) -> [u8; KEY_ID_BYTES] {
        let digest = Sha256::digest(self.derive("key id"));
        [digest[0], digest[1], digest[2], digest[3]]
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

/// Random bytes of the operating system.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has randomness");
    bytes
}

fn associated_data((table, column, row): (&str, &str, &str)) -> Vec<u8> {
    format!("{table}\u{1f}{column}\u{1f}{row}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    const PLACE: (&str, &str, &str) = ("connections", "refresh_token", "1");

    #[test]
    fn a_sealed_value_opens_in_its_place_only() {
        let key = MasterKey::random();
        let sealed = key.seal(PLACE, "s3cret".as_bytes());
        assert_eq!(key.open(PLACE, &sealed).unwrap().expose_secret(), "s3cret");
        assert!(
            key.open(("connections", "refresh_token", "2"), &sealed)
                .is_err()
        );
        assert!(
            key.open(("connections", "access_token", "1"), &sealed)
                .is_err()
        );
        let other = MasterKey::random();
        assert!(other.open(PLACE, &sealed).is_err());
        assert!(key.has_sealed(&sealed) && !other.has_sealed(&sealed));
    }

    #[test]
    fn every_changed_or_cut_byte_is_noticed() {
        let key = MasterKey::random();
        let sealed = key.seal(PLACE, b"value");
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(key.open(PLACE, &changed).is_err(), "byte {index}");
            assert!(key.open(PLACE, &sealed[..index]).is_err(), "cut at {index}");
        }
    }

    #[test]
    fn the_key_file_is_created_once_and_private() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        let sealed = MasterKey::load_or_create(&path).unwrap().seal(PLACE, b"v");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(
            MasterKey::load_or_create(&path)
                .unwrap()
                .open(PLACE, &sealed)
                .is_ok()
        );
    }
}
