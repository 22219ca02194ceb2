//! Where settings come from: the built-in defaults, the file, the environment.

use std::collections::HashMap;
use std::path::Path;

use config::{Config, Environment, File, FileFormat};

use super::{Settings, SettingsError};

/// Built-in values of every setting that has one.
const DEFAULTS: &str = r#"
listen = "127.0.0.1:8080"
public_url = "http://localhost:8080"
data_dir = "./data"
constant_contact_authorize_url = "https://authz.constantcontact.com/oauth2/default/v1/authorize"
constant_contact_token_url = "https://authz.constantcontact.com/oauth2/default/v1/token"
constant_contact_api_url = "https://api.cc.email/v3"
constant_contact_requests_per_second = 4
constant_contact_requests_per_day = 10000
constant_contact_timeout_seconds = 30
constant_contact_upload_timeout_seconds = 120
engine_speed = 1
sign_in_wait_hours = 24
outcome_wait_hours = 24
entra_authority_url = "https://login.microsoftonline.com"
entra_tenant = "organizations"
openid_display_name = "OpenID Connect"
openid_groups_claim = "groups"
openid_administrator_groups = ""
openid_contributor_groups = ""
openid_viewer_groups = ""
rows_kept_days = 30
session_store = "cookie"
"#;

impl Settings {
    /// Settings from `listbridge.toml` and the environment, over the defaults.
    ///
    /// # Errors
    /// A value of the wrong form, an unknown key, or limits of zero.
    pub fn load() -> Result<Self, SettingsError> {
        Self::from_sources(
            Path::new("listbridge.toml"),
            Environment::with_prefix("LISTBRIDGE"),
        )
    }

    /// The defaults alone; demo and tests change fields afterwards.
    pub fn defaults() -> Self {
        Config::builder()
            .add_source(File::from_str(DEFAULTS, FileFormat::Toml))
            .build()
            .and_then(Config::try_deserialize)
            .expect("the built-in defaults are complete and well-formed")
    }

    fn from_sources(file: &Path, environment: Environment) -> Result<Self, SettingsError> {
        let all = Config::builder()
            .add_source(File::from_str(DEFAULTS, FileFormat::Toml))
            .add_source(File::from(file).format(FileFormat::Toml).required(false))
            .add_source(environment.ignore_empty(true))
            .build()?;
        for key in unknown_keys(&all)? {
            // Not refused: a newer version's setting, or a variable of somebody else's, must not keep this one down.
            tracing::warn!(key, "unknown setting; is it misspelt?");
        }
        let settings: Self = all.try_deserialize()?;
        settings.check()
    }
}

/// Settings without a default.
const OPTIONAL: [&str; 9] = [
    "database_url",
    "master_key_file",
    "constant_contact_client_id",
    "constant_contact_client_secret",
    "entra_client_id",
    "entra_client_secret",
    "openid_issuer_url",
    "openid_client_id",
    "openid_client_secret",
];

/// Keys that are none of ours.
fn unknown_keys(all: &Config) -> Result<Vec<String>, config::ConfigError> {
    let set: HashMap<String, config::Value> = all.clone().try_deserialize()?;
    let is_known = |key: &String| {
        OPTIONAL.contains(&key.as_str())
            || DEFAULTS
                .lines()
                .any(|line| line.split(" =").next() == Some(key))
    };
    Ok(set.into_keys().filter(|key| !is_known(key)).collect())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::config) fn from_environment(
        pairs: &[(&str, &str)],
    ) -> Result<Settings, SettingsError> {
        let map = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let environment = Environment::with_prefix("LISTBRIDGE").source(Some(map));
        Settings::from_sources(Path::new("no-such-file.toml"), environment)
    }

    #[test]
    fn environment_wins_over_defaults() {
        let settings = from_environment(&[
            ("LISTBRIDGE_LISTEN", "127.0.0.1:9"),
            ("LISTBRIDGE_CONSTANT_CONTACT_REQUESTS_PER_SECOND", "10"),
        ])
        .unwrap();
        assert_eq!(settings.listen.port(), 9);
        assert_eq!(settings.constant_contact_requests_per_second, 10);
        assert_eq!(
            settings.constant_contact_api_url.as_str(),
            "https://api.cc.email/v3"
        );
    }

    #[test]
    fn numeric_client_ids_stay_text() {
        let settings = from_environment(&[
            ("LISTBRIDGE_CONSTANT_CONTACT_CLIENT_ID", "12345"),
            ("LISTBRIDGE_CONSTANT_CONTACT_CLIENT_SECRET", "007"),
        ])
        .unwrap();
        assert_eq!(
            settings.constant_contact_client_id.as_deref(),
            Some("12345")
        );
        assert_eq!(
            secrecy::ExposeSecret::expose_secret(&settings.constant_contact_client_secret.unwrap()),
            "007"
        );
    }

    #[test]
    fn an_unknown_key_is_noticed_and_does_no_harm() {
        let all = Config::builder()
            .add_source(File::from_str(DEFAULTS, FileFormat::Toml))
            .add_source(File::from_str(
                "listem = 1\nentra_client_id = \"x\"",
                FileFormat::Toml,
            ))
            .build()
            .unwrap();
        assert_eq!(unknown_keys(&all).unwrap(), ["listem"]);
        assert!(from_environment(&[("LISTBRIDGE_LISTEM", "127.0.0.1:9")]).is_ok());
    }
}
