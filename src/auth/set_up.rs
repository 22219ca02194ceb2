//! The first start: until somebody exists, only a person who can read the console gets in.

use std::sync::atomic::{AtomicBool, Ordering};

use sea_orm::{ConnectionTrait, DbErr};
use secrecy::{ExposeSecret, SecretString};

use super::store;
use crate::storage::random_bytes;

/// Whether the first user exists, and the token that lets the first one in.
pub struct SetUpState {
    is_done: AtomicBool,
    token: SecretString,
}

impl SetUpState {
    /// A state with a fresh token.
    pub fn new() -> Self {
        let token: String = random_bytes::<16>()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            is_done: AtomicBool::new(false),
            token: token.into(),
        }
    }

    /// Whether a user exists; asks the database only until there is one.
    ///
    /// # Errors
    /// The database's.
    pub async fn is_done(&self, db: &impl ConnectionTrait) -> Result<bool, DbErr> {
        if self.is_done.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let is_done = store::has_users(db).await?;
        self.is_done.store(is_done, Ordering::Relaxed);
        Ok(is_done)
    }

    /// The token, to print on the console.
    pub fn token(&self) -> &str {
        self.token.expose_secret()
    }

    /// Whether the typed token is the one on the console.
    pub fn accepts(&self, typed: &str) -> bool {
        typed.trim().eq_ignore_ascii_case(self.token())
    }
}

impl Default for SetUpState {
    fn default() -> Self {
        Self::new()
    }
}
