//! One provider: where to send the browser, and what its way back proves.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod,
    CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AuthType, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenFields, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, StandardErrorResponse,
    StandardTokenResponse, TokenResponse,
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::discovery::{Discovery, Known, tenant_of};
use super::entra;
use super::problem::may_be_rotation;
use super::transport::{Http, TokenHttp};
use super::verify::{self, Extra, Identity};
use super::{Failure, IssuerRule, Problem, ProviderConfig, ProviderKind};

/// What the browser takes with it, and what only we know of it.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// Comes back with the browser.
    pub state: String,
    /// Comes back in the token.
    pub nonce: String,
    /// Proves that who redeems the code is who asked for it.
    pub verifier: SecretString,
}

/// Whether the person must sign in at the provider again although they have a session there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofNeeded {
    /// A session there will do.
    No,
    /// They must.
    Yes,
}

/// What to send the browser with.
#[derive(Debug)]
pub struct AuthorizeRequest<'a> {
    /// Fresh ones.
    pub secrets: &'a Secrets,
    /// Whether a session at the provider will do.
    pub proof: ProofNeeded,
    /// Language of the provider's pages.
    pub lang: &'a str,
}

/// What to redeem.
#[derive(Debug)]
pub struct Redeem<'a> {
    /// The code that came back.
    pub code: SecretString,
    /// What the browser was sent with.
    pub secrets: &'a Secrets,
    /// Since when the person must have proved who they are, if they must.
    pub fresh_since: Option<Timestamp>,
    /// Now.
    pub now: Timestamp,
}

/// A provider. Cheap to clone.
#[derive(Clone)]
pub struct Provider(Arc<Inner>);

struct Inner {
    config: ProviderConfig,
    http: Http,
    discovery: Discovery,
}

type Answer = StandardTokenResponse<
    IdTokenFields<
        Extra,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;
type OpenIdClient = Client<
    Extra,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Answer,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

impl Provider {
    /// A provider; asks it nothing yet.
    ///
    /// # Errors
    /// TLS cannot be initialised.
    pub fn new(config: ProviderConfig) -> Result<Self, reqwest::Error> {
        Ok(Self(Arc::new(Inner {
            config,
            http: Http::new()?,
            discovery: Discovery::default(),
        })))
    }

    /// Which.
    pub fn kind(&self) -> ProviderKind {
        self.0.config.kind
    }

    /// Whether an issuer's people sign in through this provider.
    pub fn speaks_for(&self, issuer: &str) -> bool {
        match &self.0.config.issuer {
            IssuerRule::Exact(own) => own.trim_end_matches('/') == issuer.trim_end_matches('/'),
            IssuerRule::Tenant { authority, .. } => tenant_of(authority, issuer).is_some(),
        }
    }

    /// Finds out whether the provider answers and says what it must.
    ///
    /// # Errors
    /// What is wrong.
    pub async fn check(&self, now: Timestamp) -> Result<(), Failure> {
        self.known(now).await.map(drop)
    }

    /// The address to send the browser to.
    ///
    /// # Errors
    /// The provider's description of itself cannot be had.
    pub async fn authorize_url(
        &self,
        request: AuthorizeRequest<'_>,
        now: Timestamp,
    ) -> Result<Url, Failure> {
        let client = self.client(&self.known(now).await?);
        let state = CsrfToken::new(request.secrets.state.clone());
        let nonce = Nonce::new(request.secrets.nonce.clone());
        let verifier = PkceCodeVerifier::new(request.secrets.verifier.expose_secret().to_owned());
        let mut authorize = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                || state,
                || nonce,
            )
            .add_scope(Scope::new("profile".into()))
            .add_scope(Scope::new("email".into()))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_extra_param("ui_locales", request.lang.to_owned());
        if request.proof == ProofNeeded::Yes {
            authorize = authorize
                .add_prompt(CoreAuthPrompt::Login)
                .set_max_age(Duration::ZERO)
                // Entra ID says when only if it is asked to.
                .add_extra_param("claims", r#"{"id_token":{"auth_time":{"essential":true}}}"#);
        }
        Ok(authorize.url().0)
    }

    /// Checks who an answer through the browser says it comes from (RFC 9207), so that an answer of another provider is not
    /// taken for one of this.
    ///
    /// # Errors
    /// [`Problem::WrongIssuer`], and what stands in the way of knowing.
    pub async fn check_sender(&self, named: Option<&str>, now: Timestamp) -> Result<(), Failure> {
        match self
            .known(now)
            .await?
            .is_sender(&self.0.config.issuer, named)
        {
            true => Ok(()),
            false => Err(Problem::WrongIssuer.into()),
        }
    }

    /// Redeems the code and checks the token it buys.
    ///
    /// # Errors
    /// Whatever stands between the answer and knowing who somebody is.
    pub async fn redeem(&self, redeem: Redeem<'_>) -> Result<Identity, Failure> {
        let inner = &*self.0;
        let known = self.known(redeem.now).await?;
        let client = self.client(&known);
        let http = TokenHttp(&inner.http);
        let verifier = redeem.secrets.verifier.expose_secret().to_owned();
        let answer = client
            .exchange_code(AuthorizationCode::new(
                redeem.code.expose_secret().to_owned(),
            ))
            .map_err(|_| Problem::BadDiscovery)?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .request_async(&http)
            .await
            .map_err(|error| match error {
                RequestTokenError::Request(failure) => failure,
                // These may quote the answer, hence tokens: not kept.
                _ => Problem::Unreadable.into(),
            })?;
        let token = answer.id_token().ok_or(Problem::Unreadable)?;
        let (config, nonce, now) = (&inner.config, &redeem.secrets.nonce, redeem.now);
        let verified = match verify::verify(config, &known, token, nonce, now) {
            Err(error) if may_be_rotation(&error) => {
                let known = inner
                    .discovery
                    .with_newer_keys(&inner.http, known, now)
                    .await?;
                verify::verify(config, &known, token, nonce, now)
            }
            verified => verified,
        };
        let identity = verified.map_err(|error| Problem::from(&error))??;
        if let Some(since) = redeem.fresh_since {
            verify::check_fresh(&identity, since)?;
        }
        Ok(identity)
    }

    async fn known(&self, now: Timestamp) -> Result<Known, Failure> {
        let inner = &*self.0;
        inner.discovery.get(&inner.http, &inner.config, now).await
    }

    fn client(&self, known: &Known) -> OpenIdClient {
        let config = &self.0.config;
        let secret = ClientSecret::new(config.client_secret.expose_secret().to_owned());
        let id = ClientId::new(config.client_id.clone());
        let methods = known.metadata.token_endpoint_auth_methods_supported();
        let takes = |method| methods.is_some_and(|methods| methods.contains(&method));
        let is_in_body = takes(CoreClientAuthMethod::ClientSecretPost)
            && !takes(CoreClientAuthMethod::ClientSecretBasic);
        OpenIdClient::from_provider_metadata(known.metadata.clone(), id, Some(secret))
            .set_redirect_uri(RedirectUrl::from_url(config.redirect_uri.clone()))
            .set_auth_type(match is_in_body {
                true => AuthType::RequestBody,
                false => AuthType::BasicAuth,
            })
    }
}

impl Failure {
    /// What an authorisation answer with `error` means.
    ///
    /// Microsoft's own number, where its description begins with one, says more than the error's name.
    pub fn of_authorization(kind: ProviderKind, error: &str, description: &str) -> Self {
        let words = if description.is_empty() {
            error
        } else {
            description
        };
        let code = match kind {
            ProviderKind::Entra => entra::code_in(description),
            ProviderKind::OpenId => None,
        };
        let problem = code.and_then(|code| entra::problem_of(&[code]));
        Self::new(problem.unwrap_or_else(|| Problem::of_error(error)), words)
    }
}
