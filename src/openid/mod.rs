//! A client of OpenID Connect providers: Microsoft Entra ID and any that follows the standard. Knows nothing of the rest.
//!
//! [`Provider`] sends the browser there and makes an [`Identity`] of what comes back. Requests and tokens are made and read
//! by the `openidconnect` crate; sending, time limits, what is kept of discovery and the meaning of refusals are ours. Who
//! may come in is decided by [`crate::auth::openid`].

mod discovery;
mod entra;
mod problem;
mod provider;
mod transport;
mod verify;

pub use problem::{Failure, Problem};
pub use provider::{AuthorizeRequest, ProofNeeded, Provider, Redeem, Secrets};
pub use verify::{Groups, Identity};

use secrecy::SecretString;
use url::Url;

use crate::config::Settings;

/// Which of the providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// Microsoft Entra ID.
    Entra,
    /// The provider of the `openid_` settings.
    OpenId,
}

impl ProviderKind {
    /// Name in paths and in the audit log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Entra => "entra",
            Self::OpenId => "openid",
        }
    }

    /// The kind with a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Entra, Self::OpenId]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// How a provider is reached and what it must say.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    /// Which.
    pub kind: ProviderKind,
    /// Where the discovery document is.
    pub discovery_url: Url,
    /// Who must have signed what it says.
    pub issuer: IssuerRule,
    /// The application's ID there.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// Where the browser comes back to; registered there, letter by letter.
    pub redirect_uri: Url,
    /// Claim that lists a person's groups.
    pub groups_claim: String,
}

/// Which issuer is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IssuerRule {
    /// This one.
    Exact(String),
    /// A tenant of Entra ID under this authority (without a slash at the end); the setting may name all of them.
    Tenant {
        /// Such as `https://login.microsoftonline.com`.
        authority: String,
        /// An id, a domain, or `organizations`, `common`, `consumers`.
        tenant: String,
    },
}

/// The providers that settings name. Their forms have been checked by [`Settings`].
pub fn configured(settings: &Settings) -> Vec<ProviderConfig> {
    let redirect_uri = |kind: ProviderKind| {
        let path = format!("/oauth/{}/callback", kind.name());
        settings.public(&path).parse::<Url>().ok()
    };
    let entra = || {
        let authority = settings.entra_authority_url.as_str().trim_end_matches('/');
        let tenant = &settings.entra_tenant;
        let discovery = format!("{authority}/{tenant}/v2.0/.well-known/openid-configuration");
        Some(ProviderConfig {
            kind: ProviderKind::Entra,
            discovery_url: discovery.parse().ok()?,
            issuer: IssuerRule::Tenant {
                authority: authority.to_owned(),
                tenant: tenant.clone(),
            },
            client_id: settings.entra_client_id.clone()?,
            client_secret: settings.entra_client_secret.clone()?,
            redirect_uri: redirect_uri(ProviderKind::Entra)?,
            groups_claim: settings.openid_groups_claim.clone(),
        })
    };
    let standard = || {
        let issuer = settings.openid_issuer_url.clone()?;
        let base = issuer.trim_end_matches('/');
        let discovery = format!("{base}/.well-known/openid-configuration");
        Some(ProviderConfig {
            kind: ProviderKind::OpenId,
            discovery_url: discovery.parse().ok()?,
            client_id: settings.openid_client_id.clone()?,
            client_secret: settings.openid_client_secret.clone()?,
            redirect_uri: redirect_uri(ProviderKind::OpenId)?,
            groups_claim: settings.openid_groups_claim.clone(),
            issuer: IssuerRule::Exact(issuer),
        })
    };
    entra().into_iter().chain(standard()).collect()
}

/// Whether an address may be used for sign-ins: over TLS, or not leaving this machine.
pub fn is_safe(url: &Url) -> bool {
    let is_loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback)
}
