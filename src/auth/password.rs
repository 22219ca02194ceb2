//! Passwords: argon2id with the crate's defaults (19 MiB, 2 passes: the OWASP minimum), off the async executor.

use std::fmt;
use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Semaphore;

/// Shortest password accepted, in characters (NIST SP 800-63B asks for at least 8; we hold personal data).
pub const MIN_CHARACTERS: usize = 12;
/// Longest password accepted, in characters.
pub const MAX_CHARACTERS: usize = 256;

/// Each hash takes 19 MiB and a core; more at once would only make everybody wait.
static HASHING: Semaphore = Semaphore::const_new(2);

/// A password as typed. Shows nothing in Debug.
#[derive(Clone, Deserialize)]
pub struct Password(SecretString);

/// Why a new password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordProblem {
    /// Fewer than [`MIN_CHARACTERS`].
    #[error("the password needs at least {MIN_CHARACTERS} characters")]
    TooShort,
    /// More than [`MAX_CHARACTERS`].
    #[error("the password may have at most {MAX_CHARACTERS} characters")]
    TooLong,
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

impl Password {
    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.0.expose_secret().is_empty()
    }

    /// Whether the password may be chosen.
    ///
    /// # Errors
    /// [`PasswordProblem`].
    pub fn check(&self) -> Result<(), PasswordProblem> {
        match self.0.expose_secret().chars().count() {
            0..MIN_CHARACTERS => Err(PasswordProblem::TooShort),
            MIN_CHARACTERS..=MAX_CHARACTERS => Ok(()),
            _ => Err(PasswordProblem::TooLong),
        }
    }

    /// Hash in PHC form, with a fresh salt.
    pub(super) async fn hash(self) -> String {
        on_a_blocking_thread(move || {
            Argon2::default()
                .hash_password(self.0.expose_secret().as_bytes())
                .expect("argon2 hashes any password with its default parameters")
                .to_string()
        })
        .await
    }
}

/// Whether the password belongs to the hash; takes as long for an account that does not exist.
pub(super) async fn verify(hash: Option<String>, password: Password) -> bool {
    static NOBODY: LazyLock<String> = LazyLock::new(|| {
        Argon2::default()
            .hash_password(b"nobody")
            .expect("argon2 hashes any password")
            .to_string()
    });
    on_a_blocking_thread(move || {
        let is_somebody = hash.is_some();
        let text = hash.unwrap_or_else(|| NOBODY.clone());
        let is_right = PasswordHash::new(&text).is_ok_and(|parsed| {
            Argon2::default()
                .verify_password(password.0.expose_secret().as_bytes(), &parsed)
                .is_ok()
        });
        is_right && is_somebody
    })
    .await
}

async fn on_a_blocking_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let _permit = HASHING
        .acquire()
        .await
        .expect("the semaphore is never closed");
    tokio::task::spawn_blocking(work)
        .await
        .expect("hashing does not panic")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_verifies() {
        let hash = Password::from("correct horse battery".to_owned())
            .hash()
            .await;
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(
            verify(
                Some(hash.clone()),
                "correct horse battery".to_owned().into()
            )
            .await
        );
        assert!(!verify(Some(hash), "Correct horse battery".to_owned().into()).await);
        assert!(!verify(None, "nobody".to_owned().into()).await);
    }
}
