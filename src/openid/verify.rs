//! From an id token to who somebody is. Everything the standard asks to be checked is (OpenID Connect Core, 3.1.3.7).

use chrono::DateTime;
use jiff::{SignedDuration, Timestamp};
use openidconnect::core::{
    CoreGenderClaim, CoreIdTokenVerifier, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AdditionalClaims, ClaimsVerificationError, ClientId, IdToken, IdTokenClaims, IdTokenVerifier,
    Nonce,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::discovery::{Known, TENANT_PLACEHOLDER, tenant_of};
use super::{IssuerRule, Problem, ProviderConfig};

/// How far the provider's clock may be from ours.
const SKEW: SignedDuration = SignedDuration::from_secs(60);
/// Groups looked at, at most; Entra ID lists 200 before it refers elsewhere.
const MOST_GROUPS: usize = 1_000;

/// Claims beside the standard ones.
#[derive(Serialize, Deserialize)]
pub(super) struct Extra {
    #[serde(flatten)]
    all: Map<String, Value>,
}

impl AdditionalClaims for Extra {}

// Says nothing: claims are personal data.
impl std::fmt::Debug for Extra {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Extra")
    }
}

pub(super) type Token =
    IdToken<Extra, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
type Claims = IdTokenClaims<Extra, CoreGenderClaim>;

/// Who somebody is, in the word of a provider.
#[derive(Clone)]
pub struct Identity {
    /// Who says so; for Entra ID it holds the tenant.
    pub issuer: String,
    /// The person there, for good: the subject, for Entra ID the object id.
    pub subject: String,
    /// Name, to show.
    pub name: Option<String>,
    /// Address, to show. Never decides anything.
    pub email: Option<String>,
    /// Groups.
    pub groups: Groups,
    /// When the person last proved there who they are, if the provider says so.
    pub authenticated_at: Option<Timestamp>,
}

// Says nothing: this is personal data.
impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}

/// Groups of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Groups {
    /// These.
    Named(Vec<String>),
    /// So many that the provider does not list them.
    TooMany,
}

/// Checks a token and says who it is about.
pub(super) fn verify(
    config: &ProviderConfig,
    known: &Known,
    token: &Token,
    nonce: &str,
    now: Timestamp,
) -> Result<Result<Identity, Problem>, ClaimsVerificationError> {
    let verifier = verifier(config, known, now);
    let claims = token.claims(&verifier, &Nonce::new(nonce.to_owned()))?;
    Ok(identity(config, known, claims, now))
}

fn verifier(
    config: &ProviderConfig,
    known: &Known,
    now: Timestamp,
) -> CoreIdTokenVerifier<'static> {
    use CoreJwsSigningAlgorithm as Algorithm;
    let instant = |at: Timestamp| DateTime::from_timestamp(at.as_second(), 0).unwrap_or_default();
    let (lately, soon) = (instant(now - SKEW), instant(now + SKEW));
    let verifier: IdTokenVerifier<'static, CoreJsonWebKey> = IdTokenVerifier::new_public_client(
        ClientId::new(config.client_id.clone()),
        known.metadata.issuer().clone(),
        known.metadata.jwks().clone(),
    );
    verifier
        // Keys the provider publishes, never a shared secret and never "none", whatever the token says.
        .set_allowed_algs([
            Algorithm::RsaSsaPkcs1V15Sha256,
            Algorithm::RsaSsaPkcs1V15Sha384,
            Algorithm::RsaSsaPkcs1V15Sha512,
            Algorithm::RsaSsaPssSha256,
            Algorithm::RsaSsaPssSha384,
            Algorithm::RsaSsaPssSha512,
            Algorithm::EcdsaP256Sha256,
            Algorithm::EcdsaP384Sha384,
            Algorithm::EdDsa,
        ])
        // A document that several tenants share names no issuer to compare with; `issuer` below does.
        .require_issuer_match(!known.metadata.issuer().contains(TENANT_PLACEHOLDER))
        .set_time_fn(move || lately)
        .set_issue_time_verifier_fn(move |issued| match issued <= soon {
            true => Ok(()),
            false => Err("issued in the future".to_owned()),
        })
}

fn identity(
    config: &ProviderConfig,
    known: &Known,
    claims: &Claims,
    now: Timestamp,
) -> Result<Identity, Problem> {
    let extra = &claims.additional_claims().all;
    let not_before = extra.get("nbf").and_then(Value::as_i64);
    if not_before.is_some_and(|second| second > (now + SKEW).as_second()) {
        return Err(Problem::Expired);
    }
    let subject = match &config.issuer {
        IssuerRule::Exact(_) => claims.subject().to_string(),
        IssuerRule::Tenant { authority, .. } => {
            let text = |name: &str| extra.get(name).and_then(Value::as_str);
            let tenant = text("tid").filter(|tenant| Uuid::try_parse(tenant).is_ok());
            let tenant = tenant.ok_or(Problem::WrongIssuer)?;
            let template = known.metadata.issuer().as_str();
            let expected = template.replace(TENANT_PLACEHOLDER, tenant);
            if claims.issuer().as_str() != expected
                || tenant_of(authority, &expected) != Some(tenant)
            {
                return Err(Problem::WrongIssuer);
            }
            text("oid").unwrap_or_default().to_owned()
        }
    };
    if subject.is_empty() || subject.len() > 255 {
        return Err(Problem::NoSubject);
    }
    let preferred = claims.preferred_username().map(|name| name.to_string());
    let email = claims.email().map(|email| email.to_string());
    let name = claims
        .name()
        .and_then(|name| name.get(None))
        .map(|name| name.to_string());
    Ok(Identity {
        issuer: claims.issuer().to_string(),
        subject,
        name,
        email: email.or(preferred).filter(|text| text.contains('@')),
        groups: groups(extra, &config.groups_claim),
        authenticated_at: claims
            .auth_time()
            .and_then(|at| Timestamp::from_second(at.timestamp()).ok()),
    })
}

/// What a claim lists: an array of texts, or one text.
fn groups(extra: &Map<String, Value>, claim: &str) -> Groups {
    // Entra ID, where a person is in more groups than fit: the claim's name is here instead.
    let elsewhere = extra.get("_claim_names").and_then(Value::as_object);
    if elsewhere.is_some_and(|names| names.contains_key(claim)) || extra.contains_key("hasgroups") {
        return Groups::TooMany;
    }
    Groups::Named(match extra.get(claim) {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => many
            .iter()
            .filter_map(|value| value.as_str().map(str::to_owned))
            .take(MOST_GROUPS)
            .collect(),
        _ => Vec::new(),
    })
}

/// Whether a person has proved again who they are since they were sent there.
pub(super) fn check_fresh(identity: &Identity, since: Timestamp) -> Result<(), Problem> {
    match identity.authenticated_at {
        None => Err(Problem::NoAuthTime),
        Some(at) if at < since - SKEW => Err(Problem::NotFresh),
        Some(_) => Ok(()),
    }
}
