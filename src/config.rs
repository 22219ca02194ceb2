//! Typed settings with their defaults and units.
//!
//! Read once at start from `listbridge.toml` in the working directory (optional) and from environment variables
//! `LISTBRIDGE_<KEY>`; the environment wins. The README's table lists the same keys. Nothing else reads the environment.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use config::{Config, Environment, File, FileFormat};
use secrecy::{ExposeSecret, SecretString};
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

    fn check(self) -> Result<Self, SettingsError> {
        if self.constant_contact_requests_per_second == 0
            || self.constant_contact_requests_per_day == 0
        {
            return Err(SettingsError(
                "Constant Contact request limits must be at least 1".into(),
            ));
        }
        if !(1..=60).contains(&self.constant_contact_timeout_seconds)
            || !(1..=130).contains(&self.constant_contact_upload_timeout_seconds)
        {
            return Err(SettingsError(
                "constant_contact_timeout_seconds must be 1 to 60, constant_contact_upload_timeout_seconds 1 to 130"
                    .into(),
            ));
        }
        let is_simulated = match self.constant_contact_api_url.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        };
        if self.engine_speed == 0 || self.engine_speed > 1 && !is_simulated {
            return Err(SettingsError(
                "engine_speed must be 1, unless constant_contact_api_url leads to this machine"
                    .into(),
            ));
        }
        if self.constant_contact_client_id.is_some()
            != self.constant_contact_client_secret.is_some()
        {
            return Err(SettingsError(
                "set both constant_contact_client_id and constant_contact_client_secret, or neither".into(),
            ));
        }
        self.check_sign_ins()?;
        if !matches!(self.public_url.scheme(), "http" | "https") {
            return Err(SettingsError(
                "public_url must start with http:// or https://".into(),
            ));
        }
        let store = self.session_store.expose_secret();
        let is_redis = || {
            Url::parse(store)
                .is_ok_and(|url| matches!(url.scheme(), "redis" | "rediss") && url.has_host())
        };
        if store != "cookie" && !is_redis() {
            return Err(SettingsError(
                "session_store must be \"cookie\" or an address such as redis://127.0.0.1:6379 or, over TLS, rediss://redis.example.com:6379"
                    .into(),
            ));
        }
        Ok(self)
    }

    /// What the settings of OpenID Connect providers must have in common with each other.
    fn check_sign_ins(&self) -> Result<(), SettingsError> {
        let refuse = |text: &str| Err(SettingsError(text.into()));
        if self.entra_client_id.is_some() != self.entra_client_secret.is_some() {
            return refuse("set both entra_client_id and entra_client_secret, or neither");
        }
        let named = [
            self.openid_issuer_url.is_some(),
            self.openid_client_id.is_some(),
            self.openid_client_secret.is_some(),
        ];
        if named.contains(&true) && named.contains(&false) {
            return refuse(
                "set openid_issuer_url, openid_client_id and openid_client_secret, or none of them",
            );
        }
        let issuer = self.openid_issuer_url.as_deref().map(Url::parse);
        let issuer = match issuer.transpose() {
            Ok(issuer) => issuer,
            Err(_) => return refuse("openid_issuer_url is not a URL"),
        };
        let entra = self
            .entra_client_id
            .is_some()
            .then_some(&self.entra_authority_url);
        for url in issuer.iter().chain(entra) {
            if !crate::openid::is_safe(url) {
                return refuse(
                    "openid_issuer_url and entra_authority_url must start with https://",
                );
            }
        }
        let is_tenant_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        if self.entra_tenant.is_empty() || !self.entra_tenant.chars().all(is_tenant_part) {
            return refuse("entra_tenant must be a tenant's id or domain, or organizations");
        }
        // Where every tenant may sign in, each decides about its own group names and application roles; object ids
        // belong to one tenant alone.
        let is_open = matches!(
            self.entra_tenant.as_str(),
            "organizations" | "common" | "consumers"
        );
        let is_id = |group: &String| uuid::Uuid::try_parse(group).is_ok();
        if self.entra_client_id.is_some()
            && is_open
            && (self.openid_groups_claim != "groups"
                || !self.groups().iter().all(|(_, group)| is_id(group)))
        {
            return refuse(
                "with an entra_tenant of many tenants, groups must be object ids in the claim `groups`; \
                 name your own tenant in entra_tenant",
            );
        }
        Ok(())
    }

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
mod tests {
    use super::*;

    fn from_environment(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
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
    fn half_a_client_registration_is_refused() {
        let error =
            from_environment(&[("LISTBRIDGE_CONSTANT_CONTACT_CLIENT_ID", "a")]).unwrap_err();
        assert!(error.to_string().contains("client_secret"), "{error}");
    }

    #[test]
    fn providers_of_sign_ins_are_named_whole_and_over_tls() {
        let entra = [
            ("LISTBRIDGE_ENTRA_CLIENT_ID", "a"),
            ("LISTBRIDGE_ENTRA_CLIENT_SECRET", "b"),
        ];
        let issuer = |url| {
            [
                ("LISTBRIDGE_OPENID_ISSUER_URL", url),
                ("LISTBRIDGE_OPENID_CLIENT_ID", "a"),
                ("LISTBRIDGE_OPENID_CLIENT_SECRET", "b"),
            ]
        };
        let group = ("LISTBRIDGE_OPENID_VIEWER_GROUPS", "Everybody");
        let tenant = ("LISTBRIDGE_ENTRA_TENANT", "contoso.example");
        for (pairs, problem) in [
            (entra[..1].to_vec(), "entra_client_secret"),
            (
                issuer("https://id.example")[..2].to_vec(),
                "openid_client_secret",
            ),
            (issuer("nonsense").to_vec(), "not a URL"),
            (issuer("http://id.example").to_vec(), "https://"),
            ([entra.to_vec(), vec![group]].concat(), "object ids"),
            (
                [
                    entra.to_vec(),
                    vec![("LISTBRIDGE_OPENID_GROUPS_CLAIM", "roles")],
                ]
                .concat(),
                "object ids",
            ),
            (vec![("LISTBRIDGE_ENTRA_TENANT", "a/b")], "entra_tenant"),
        ] {
            let error = from_environment(&pairs).unwrap_err().to_string();
            assert!(error.contains(problem), "{pairs:?}: {error}");
        }
        from_environment(&[entra.to_vec(), vec![group, tenant]].concat()).unwrap();
        let settings = from_environment(&issuer("http://127.0.0.1:9")).unwrap();
        assert!(settings.groups().is_empty());
    }

    #[test]
    fn sessions_are_kept_in_the_cookie_or_in_redis() {
        for (store, is_good) in [
            ("cookie", true),
            ("redis://:secret@127.0.0.1:6379/2", true),
            ("rediss://:secret@redis.example.com:6380", true),
            ("memory", false),
            ("redis:nonsense", false),
        ] {
            let settings = from_environment(&[("LISTBRIDGE_SESSION_STORE", store)]);
            assert_eq!(settings.is_ok(), is_good, "{store}");
            let said = format!("{settings:?}");
            assert!(!said.contains(":secret@"), "{said}");
        }
    }

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
