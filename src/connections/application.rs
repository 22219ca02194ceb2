//! Applications registered at Constant Contact: the one of the settings, and those an administrator typed in.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use secrecy::{ExposeSecret, SecretString};

use super::{Author, store};
use crate::config::Settings;
use crate::constant_contact::AppCredentials;
use crate::storage::MasterKey;

/// Longest client ID and secret accepted, in characters. The vendor's have 36 and 22.
pub(super) const MAX_CREDENTIAL_CHARACTERS: usize = 200;

/// Finds the secret of a client ID.
#[derive(Clone)]
pub struct Applications {
    db: DatabaseConnection,
    key: MasterKey,
    configured: Option<AppCredentials>,
}

/// Why typed credentials are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialsProblem {
    /// Empty, longer than [`MAX_CREDENTIAL_CHARACTERS`], or with blanks or control characters inside.
    ClientId,
    /// The same for the secret.
    ClientSecret,
}

impl Applications {
    pub(super) fn new(db: DatabaseConnection, key: MasterKey, settings: &Settings) -> Self {
        let configured = settings
            .constant_contact_client_id
            .clone()
            .zip(settings.constant_contact_client_secret.clone())
            .map(|(client_id, client_secret)| AppCredentials {
                client_id,
                client_secret,
            });
        Self {
            db,
            key,
            configured,
        }
    }

    /// Whether the settings name an application; then nobody types one.
    pub fn is_configured(&self) -> bool {
        self.configured.is_some()
    }

    /// The client ID for a new connection: that of the settings, else the one typed in last.
    ///
    /// # Errors
    /// The database's.
    pub async fn default_client_id(&self) -> Result<Option<String>, DbErr> {
        match &self.configured {
            Some(app) => Ok(Some(app.client_id.clone())),
            None => store::latest_client_id(&self.db).await,
        }
    }

    /// Client ID and secret; `None` when no secret is known for it, or only one that another master key sealed: then it
    /// has to be typed again.
    ///
    /// # Errors
    /// The database's.
    pub async fn find(&self, client_id: &str) -> Result<Option<AppCredentials>, DbErr> {
        if let Some(app) = &self.configured
            && app.client_id == client_id
        {
            return Ok(Some(app.clone()));
        }
        let Some(sealed) = store::find_secret(&self.db, client_id).await? else {
            return Ok(None);
        };
        let opened = self.key.open(place(client_id), &sealed);
        let opened = opened.inspect_err(|error| tracing::warn!(%error, "client secret not usable"));
        Ok(opened.ok().map(|client_secret| AppCredentials {
            client_id: client_id.to_owned(),
            client_secret,
        }))
    }

    /// Keeps a typed secret, sealed, over the one that was there.
    pub(super) async fn register(
        &self,
        transaction: &impl ConnectionTrait,
        app: &AppCredentials,
        author: Author<'_>,
    ) -> Result<(), DbErr> {
        let secret = app.client_secret.expose_secret().as_bytes();
        let sealed = self.key.seal(place(&app.client_id), secret);
        store::save_registration(transaction, &app.client_id, sealed, author).await
    }
}

/// Checks what an administrator typed.
///
/// # Errors
/// [`CredentialsProblem`].
pub(super) fn parse_credentials(
    client_id: &str,
    client_secret: &SecretString,
) -> Result<AppCredentials, CredentialsProblem> {
    let is_fine = |text: &str| {
        let is_plain = |c: char| !c.is_whitespace() && !c.is_control();
        (1..=MAX_CREDENTIAL_CHARACTERS).contains(&text.chars().count())
            && text.chars().all(is_plain)
    };
    let (id, secret) = (client_id.trim(), client_secret.expose_secret().trim());
    if !is_fine(id) {
        Err(CredentialsProblem::ClientId)
    } else if !is_fine(secret) {
        Err(CredentialsProblem::ClientSecret)
    } else {
        Ok(AppCredentials {
            client_id: id.to_owned(),
            client_secret: secret.into(),
        })
    }
}

fn place(client_id: &str) -> (&str, &str, &str) {
    ("application_registrations", "client_secret", client_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_trimmed_and_checked() {
        let parse = |id: &str, secret: &str| parse_credentials(id, &secret.into());
        let app = parse(" id \n", "\tsecret ").unwrap();
        assert_eq!(app.client_id, "id");
        assert_eq!(app.client_secret.expose_secret(), "secret");
        let long = "x".repeat(1000);
        for bad in ["", "  ", "two words", "nul\0", long.as_str()] {
            assert_eq!(parse(bad, "s").unwrap_err(), CredentialsProblem::ClientId);
            assert_eq!(
                parse("id", bad).unwrap_err(),
                CredentialsProblem::ClientSecret
            );
        }
    }
}
