//! Typed settings with their defaults and units.
//!
//! Read once at start from `listbridge.toml` in the working directory (optional) and from environment variables
//! `LISTBRIDGE_<KEY>`; the environment wins. The README's table lists the same keys. Nothing else reads the environment.

mod checks;
mod loading;

use std::net::SocketAddr;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

/// Everything an installation can set.
#[derive(Clone, Debug, Deserialize)]
pub struct Settings {
    /// Address the web server listens on. Default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// Address people type into the browser; redirect URIs are built from it. Default `http://localhost:8080`.
    pub public_url: Url,
    /// Folder for the SQLite database, snapshots, uploads and the master key. Default `./data`.
    pub data_dir: PathBuf,
    /// `sqlite:` or `postgres:` URL of the application database. Default: `listbridge.sqlite` in the data directory.
    pub database_url: Option<SecretString>,
    /// File that holds the master key. Default: `master.key` in the data directory, created on first start.
    pub master_key_file: Option<PathBuf>,
    /// Constant Contact application ID (API key). Default: none, an administrator types it in.
    pub constant_contact_client_id: Option<String>,
    /// Secret of that application. Default: none.
    pub constant_contact_client_secret: Option<SecretString>,
    /// Where the browser is sent to authorise. Default: the vendor's (V3 guide, "server flow").
    pub constant_contact_authorize_url: Url,
    /// Where codes and refresh tokens are exchanged. Default: the vendor's.
    pub constant_contact_token_url: Url,
    /// Base of the V3 API, without a trailing slash. Default `https://api.cc.email/v3`.
    pub constant_contact_api_url: Url,
    /// Requests per second and API key. Default 4 (V3 guide, "rate limits").
    pub constant_contact_requests_per_second: u32,
    /// Requests per UTC day and API key. Default 10,000 (V3 guide, "rate limits").
    pub constant_contact_requests_per_day: u32,
    /// Seconds that a question to Constant Contact may take, its answer included; 1 to 60. Default 30.
    pub constant_contact_timeout_seconds: u32,
    /// Seconds that an upload may take, its answer included; 1 to 130, since a run whose process was killed searches that
    /// long before it sends again. Default 120.
    pub constant_contact_upload_timeout_seconds: u32,
    /// Divides the waits of the engine, for rehearsals against a simulated Constant Contact on this machine; refused with
    /// any other. Default 1.
    pub engine_speed: u32,
    /// Hours that runs wait for somebody to sign in again at Constant Contact before they fail; 0 fails at once.
    /// Default 24.
    pub sign_in_wait_hours: u32,
    /// Hours that a run asks again whether a part has arrived, when Constant Contact cannot tell, before it fails as "outcome
    /// unknown"; 0 fails after the first minute. Default 24.
    pub outcome_wait_hours: u32,
    /// Authority of Microsoft Entra ID. Default `https://login.microsoftonline.com`.
    pub entra_authority_url: Url,
    /// Tenant whose accounts may sign in. Default `organizations`.
    pub entra_tenant: String,
    /// Application (client) ID at Entra ID. Default: none.
    pub entra_client_id: Option<String>,
    /// Secret of that application. Default: none.
    pub entra_client_secret: Option<SecretString>,
    /// Issuer of another OpenID Connect provider, letter by letter as it calls itself. Default: none.
    pub openid_issuer_url: Option<String>,
    /// Application ID at that provider. Default: none.
    pub openid_client_id: Option<String>,
    /// Secret of that application. Default: none.
    pub openid_client_secret: Option<SecretString>,
    /// What that provider is called on the sign-in page. Default `OpenID Connect`.
    pub openid_display_name: String,
    /// Claim that lists a person's groups, for every provider. Default `groups`.
    pub openid_groups_claim: String,
    /// Groups whose members are administrators, separated by commas (or by semicolons, where names have commas).
    pub openid_administrator_groups: String,
    /// Groups whose members are contributors.
    pub openid_contributor_groups: String,
    /// Groups whose members are viewers.
    pub openid_viewer_groups: String,
    /// Days for which the snapshots of finished runs are held, so that rejected, cut and undelivered rows can be
    /// downloaded. Default 30.
    pub rows_kept_days: u32,
    /// Where browser sessions keep their content: `cookie` (sealed in the cookie itself), or a `redis://` address.
    pub session_store: SecretString,
}

/// A setting that is missing, misspelt or of the wrong form; the text names the key and what is expected.
#[derive(Debug, thiserror::Error)]
#[error("settings: {0}")]
pub struct SettingsError(String);

impl From<config::ConfigError> for SettingsError {
    fn from(error: config::ConfigError) -> Self {
        Self(error.to_string())
    }
}

impl Settings {
    /// Each group that gives a role, the most powerful role first.
    pub fn groups(&self) -> Vec<(crate::auth::Role, String)> {
        use crate::auth::Role;
        let of = |role: Role, text: &str| {
            let separator = if text.contains(';') { ';' } else { ',' };
            let names = text.split(separator).map(str::trim);
            let names = names.filter(|name| !name.is_empty());
            names
                .map(|name| (role, name.to_owned()))
                .collect::<Vec<_>>()
        };
        [
            of(Role::Administrator, &self.openid_administrator_groups),
            of(Role::Contributor, &self.openid_contributor_groups),
            of(Role::Viewer, &self.openid_viewer_groups),
        ]
        .concat()
    }

    /// Database URL, or the SQLite file in the data directory (created when missing).
    pub fn database_url(&self) -> SecretString {
        self.database_url.clone().unwrap_or_else(|| {
            format!(
                "sqlite://{}?mode=rwc",
                self.data_dir.join("listbridge.sqlite").display()
            )
            .into()
        })
    }

    /// Path of the master key.
    pub fn master_key_file(&self) -> PathBuf {
        self.master_key_file
            .clone()
            .unwrap_or_else(|| self.data_dir.join("master.key"))
    }

    /// Absolute public address of a path such as `/oauth/constant-contact/callback`.
    pub fn public(&self, path: &str) -> String {
        format!("{}{path}", self.public_url.as_str().trim_end_matches('/'))
    }

    /// Whether browsers reach us over https, so cookies must be `Secure`.
    pub fn is_public_https(&self) -> bool {
        self.public_url.scheme() == "https"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_separated_by_commas_or_where_they_have_commas_by_semicolons() {
        let mut settings = Settings::defaults();
        settings.openid_administrator_groups = " admins,,owners ".into();
        settings.openid_viewer_groups = "cn=all,dc=example;cn=rest,dc=example;".into();
        let names: Vec<_> = settings
            .groups()
            .into_iter()
            .map(|(_, name)| name)
            .collect();
        let expected = [
            "admins",
            "owners",
            "cn=all,dc=example",
            "cn=rest,dc=example",
        ];
        assert_eq!(names, expected);
    }
}
