//! What a provider says about itself, and the keys it signs with; kept for [`LIFETIME`].

use jiff::{SignedDuration, Timestamp};
use openidconnect::core::{CoreJsonWebKeySet, CoreProviderMetadata};
use openidconnect::http::Method;
use openidconnect::http::header::ACCEPT;
use openidconnect::{HttpRequest, IssuerUrl};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;
use uuid::Uuid;

use super::transport::Http;
use super::{Failure, IssuerRule, Problem, ProviderConfig, is_safe};

/// How long what was fetched is used without asking again.
const LIFETIME: SignedDuration = SignedDuration::from_hours(1);
/// Keys are fetched again for an unknown signature at most this often: anybody can send us one.
const KEYS_AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(1);
/// What Entra ID writes where several tenants share one document.
pub(super) const TENANT_PLACEHOLDER: &str = "{tenantid}";

/// What is known of a provider.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) metadata: CoreProviderMetadata,
    /// Every answer through the browser names its sender (RFC 9207).
    names_sender: bool,
    fetched_at: Timestamp,
    keys_fetched_at: Timestamp,
}

/// What the crate does not read of a discovery document.
#[derive(Default, Deserialize)]
struct Further {
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Known {
    /// Whether an answer through the browser comes from this provider, by the sender it names. Providers that promise to
    /// name it always do, and one that is named is always right.
    pub(super) fn is_sender(&self, rule: &IssuerRule, named: Option<&str>) -> bool {
        let issuer = self.metadata.issuer().as_str();
        match (named, rule) {
            (None, _) => !self.names_sender,
            (Some(named), IssuerRule::Tenant { authority, .. })
                if issuer.contains(TENANT_PLACEHOLDER) =>
            {
                tenant_of(authority, named).is_some_and(|tenant| Uuid::try_parse(tenant).is_ok())
            }
            (Some(named), _) => named == issuer,
        }
    }
}

/// Fetches and keeps; one request at a time, others wait for it.
#[derive(Default)]
pub(super) struct Discovery(Mutex<Option<Known>>);

impl Discovery {
    /// What is known, fetched when it is older than [`LIFETIME`].
    pub(super) async fn get(
        &self,
        http: &Http,
        config: &ProviderConfig,
        now: Timestamp,
    ) -> Result<Known, Failure> {
        let mut kept = self.0.lock().await;
        let is_recent = |at: Timestamp| at <= now && now.duration_since(at) < LIFETIME;
        if let Some(known) = kept.as_ref().filter(|known| is_recent(known.fetched_at)) {
            return Ok(known.clone());
        }
        let known = fetch(http, config, now).await?;
        *kept = Some(known.clone());
        Ok(known)
    }

    /// The same with keys fetched now, unless they just were.
    pub(super) async fn with_newer_keys(
        &self,
        http: &Http,
        known: Known,
        now: Timestamp,
    ) -> Result<Known, Failure> {
        let mut kept = self.0.lock().await;
        let present = kept.clone().unwrap_or(known);
        let age = now.duration_since(present.keys_fetched_at);
        if age >= SignedDuration::ZERO && age < KEYS_AGAIN_AFTER {
            return Ok(present);
        }
        let keys = fetch_keys(http, present.metadata.jwks_uri().url()).await?;
        let known = Known {
            metadata: present.metadata.set_jwks(keys),
            names_sender: present.names_sender,
            fetched_at: present.fetched_at,
            keys_fetched_at: now,
        };
        *kept = Some(known.clone());
        Ok(known)
    }
}

async fn fetch(http: &Http, config: &ProviderConfig, now: Timestamp) -> Result<Known, Failure> {
    let body = get(http, &config.discovery_url).await?;
    let metadata: CoreProviderMetadata = serde_json::from_slice(&body).map_err(|error| {
        let words = format!("discovery document: line {}", error.line());
        Failure::new(Problem::BadDiscovery, &words)
    })?;
    check(config, &metadata)?;
    let further: Further = serde_json::from_slice(&body).unwrap_or_default();
    let keys = fetch_keys(http, metadata.jwks_uri().url()).await?;
    Ok(Known {
        metadata: metadata.set_jwks(keys),
        names_sender: further.authorization_response_iss_parameter_supported,
        fetched_at: now,
        keys_fetched_at: now,
    })
}

async fn fetch_keys(http: &Http, url: &Url) -> Result<CoreJsonWebKeySet, Failure> {
    let body = get(http, url).await?;
    serde_json::from_slice(&body).map_err(|error| {
        Failure::new(
            Problem::BadDiscovery,
            &format!("keys: line {}", error.line()),
        )
    })
}

async fn get(http: &Http, url: &Url) -> Result<Vec<u8>, Failure> {
    let request = HttpRequest::builder_get(url)?;
    let (status, body) = http.send(request).await?;
    let words = || format!("{} answered {status}", url.path());
    match status {
        status if status.is_success() => Ok(body),
        status if status.is_server_error() || status.as_u16() == 429 => {
            Err(Failure::new(Problem::Unreachable, &words()))
        }
        _ => Err(Failure::new(Problem::BadDiscovery, &words())),
    }
}

trait BuildGet: Sized {
    fn builder_get(url: &Url) -> Result<Self, Failure>;
}

impl BuildGet for HttpRequest {
    fn builder_get(url: &Url) -> Result<Self, Failure> {
        openidconnect::http::Request::builder()
            .method(Method::GET)
            .uri(url.as_str())
            .header(ACCEPT, "application/json")
            .body(Vec::new())
            .map_err(|_| Problem::BadDiscovery.into())
    }
}

/// The document speaks for the issuer we asked, and sends nobody anywhere unsafe.
fn check(config: &ProviderConfig, metadata: &CoreProviderMetadata) -> Result<(), Failure> {
    let bad = |words: &str| Failure::new(Problem::BadDiscovery, words);
    if !is_expected(&config.issuer, metadata.issuer()) {
        return Err(bad("it speaks for another issuer"));
    }
    let token = metadata
        .token_endpoint()
        .ok_or_else(|| bad("it names no token endpoint"))?;
    for url in [
        metadata.authorization_endpoint().url(),
        token.url(),
        metadata.jwks_uri().url(),
    ] {
        if !is_safe(url) {
            return Err(bad("an address in it is not https"));
        }
    }
    Ok(())
}

fn is_expected(rule: &IssuerRule, issuer: &IssuerUrl) -> bool {
    match rule {
        IssuerRule::Exact(expected) => {
            issuer.trim_end_matches('/') == expected.trim_end_matches('/')
        }
        IssuerRule::Tenant { authority, tenant } => {
            let Some(named) = tenant_of(authority, issuer) else {
                return false;
            };
            match (Uuid::try_parse(tenant), Uuid::try_parse(named)) {
                (Ok(expected), Ok(named)) => expected == named,
                (Ok(_), Err(_)) => false,
                (Err(_), Ok(_)) => true,
                (Err(_), Err(_)) => named == TENANT_PLACEHOLDER,
            }
        }
    }
}

/// The tenant in an issuer of Entra ID.
pub(super) fn tenant_of<'a>(authority: &str, issuer: &'a str) -> Option<&'a str> {
    issuer
        .strip_prefix(authority)?
        .strip_prefix('/')?
        .strip_suffix("/v2.0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_issuer_asked_is_believed() {
        let entra = |tenant: &str| IssuerRule::Tenant {
            authority: "https://login.example".into(),
            tenant: tenant.into(),
        };
        let id = "11111111-2222-3333-4444-555555555555";
        let cases = [
            (
                entra("organizations"),
                "https://login.example/{tenantid}/v2.0",
                true,
            ),
            (
                entra("contoso.example"),
                &format!("https://login.example/{id}/v2.0"),
                true,
            ),
            (entra(id), &format!("https://login.example/{id}/v2.0"), true),
            (entra(id), "https://login.example/{tenantid}/v2.0", false),
            (
                entra(id),
                "https://login.example/99999999-2222-3333-4444-555555555555/v2.0",
                false,
            ),
            (
                entra("organizations"),
                "https://login.example.evil/{tenantid}/v2.0",
                false,
            ),
            (
                entra("organizations"),
                "https://login.example/evil/v2.0",
                false,
            ),
            (
                IssuerRule::Exact("https://a.example".into()),
                "https://a.example/",
                true,
            ),
            (
                IssuerRule::Exact("https://a.example/x".into()),
                "https://a.example/y",
                false,
            ),
        ];
        for (rule, issuer, expected) in cases {
            let issuer = IssuerUrl::new(issuer.to_string()).unwrap();
            assert_eq!(is_expected(&rule, &issuer), expected, "{rule:?} {issuer}");
        }
    }
}
