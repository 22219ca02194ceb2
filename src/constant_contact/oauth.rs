//! OAuth 2.0: sending the browser to authorise, and buying tokens with codes and refresh tokens.
//!
//! Requests are made and answers read by the `oauth2` crate; sending, limits and the meaning of refusals are ours, since
//! the server answers in more shapes (Okta's, HTML, nothing) than the standard knows.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use oauth2::basic::{BasicClient, BasicTokenResponse};
use oauth2::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use oauth2::{
    AsyncHttpClient, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest,
    HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    TokenResponse, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::ClientConfig;
use super::error::TokenError;
use super::permits::{RequestKind, RequestPermits};
use super::refusal::Refusal;
use super::secrets::{AccessToken, PkceVerifier, RefreshToken};
use super::transport::{self, Incomplete, Pool};

/// The scopes Listbridge needs: lists, fields and imports; the account's name; a refresh token (guide, "scopes").
pub const SCOPES: [&str; 3] = ["contact_data", "account_read", "offline_access"];
/// The most that is read of a token answer, in bytes; tokens have some 1,200 characters.
const TOKEN_BYTES: usize = 256 * 1024;
/// What is assumed when the answer does not say how long its access token lives. Too short only costs a refresh.
const ASSUMED_LIFETIME: Duration = Duration::from_secs(3_600);
/// No lifetime beyond this is believed; tokens live a day.
const LONGEST_LIFETIME: Duration = Duration::from_secs(30 * 86_400);

/// An application registered at Constant Contact.
#[derive(Clone, Debug)]
pub struct AppCredentials {
    /// Client ID, also called API key; request limits count per this.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
}

/// What the browser is sent to the authorisation page with.
#[derive(Debug)]
pub struct AuthorizeRequest<'a> {
    /// The application's client ID.
    pub client_id: &'a str,
    /// Where the browser comes back to; must be registered, and the same text must be given to
    /// [`OauthClient::exchange_code`].
    pub redirect_uri: &'a Url,
    /// Comes back with the browser; bound to the session and used once.
    pub state: &'a str,
    /// Usually [`SCOPES`].
    pub scopes: &'a [&'a str],
    /// Asks for a fresh sign-in although the browser has a session (`prompt=login`).
    pub prompt_login: bool,
    /// Adds PKCE. Off by default: whether an application with a secret may use it is contradictory.
    pub pkce: Option<&'a PkceVerifier>,
}

/// What a code or a refresh token bought.
#[derive(Debug)]
pub struct TokenSet {
    /// For API calls.
    pub access_token: AccessToken,
    /// How long the access token lives from now; between nothing and 30 days.
    pub expires_in: Duration,
    /// Scopes granted; nothing means as asked for (RFC 6749, 5.1).
    pub scopes: Option<Vec<String>>,
    /// The refresh token to keep from now on. Nothing after an exchange: `offline_access` was not granted. Nothing after a
    /// refresh: keep the old one, never overwrite it with nothing.
    pub refresh_token: Option<RefreshToken>,
}

impl TokenSet {
    /// Which of the `needed` scopes were not granted. `offline_access` is judged by the refresh token, not by its name.
    pub fn missing_scopes<'a>(&self, needed: &[&'a str]) -> Vec<&'a str> {
        let is_granted = |scope: &str| match (&self.scopes, scope) {
            (_, "offline_access") => self.refresh_token.is_some(),
            (None, _) => true,
            (Some(granted), scope) => granted.iter().any(|granted| granted == scope),
        };
        needed
            .iter()
            .copied()
            .filter(|scope| !is_granted(scope))
            .collect()
    }
}

/// Talks to the OAuth 2.0 server. Cheap to clone. Never repeats a request by itself: a repeated rotating refresh token
/// may end the whole authorisation.
#[derive(Clone)]
pub struct OauthClient {
    config: Arc<ClientConfig>,
    pool: Pool,
    permits: Arc<dyn RequestPermits>,
}

impl OauthClient {
    pub(super) fn new(
        config: Arc<ClientConfig>,
        pool: Pool,
        permits: Arc<dyn RequestPermits>,
    ) -> Self {
        Self {
            config,
            pool,
            permits,
        }
    }

    /// The address to send the browser to. Sends nothing itself.
    pub fn authorize_url(&self, request: &AuthorizeRequest<'_>) -> Url {
        let client = BasicClient::new(ClientId::new(request.client_id.to_owned()))
            .set_auth_uri(AuthUrl::from_url(self.config.authorize_url.clone()))
            .set_redirect_uri(RedirectUrl::from_url(request.redirect_uri.clone()));
        let state = CsrfToken::new(request.state.to_owned());
        let mut authorize = client.authorize_url(|| state).add_scopes(
            request
                .scopes
                .iter()
                .map(|scope| Scope::new((*scope).to_owned())),
        );
        if request.prompt_login {
            authorize = authorize.add_extra_param("prompt", "login");
        }
        if let Some(verifier) = request.pkce {
            let verifier = PkceCodeVerifier::new(verifier.expose().to_owned());
            authorize = authorize
                .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        }
        let (mut url, _) = authorize.url();
        // Spaces between scopes were written as plus signs; a party that encodes once more would turn them into %2B,
        // which the server does not take for a separator. A real plus sign is %2B already.
        let query = url.query().unwrap_or_default().replace('+', "%20");
        url.set_query(Some(&query));
        url
    }

    /// Buys tokens with the code that came back with the browser. A code lives 5 minutes and works once.
    ///
    /// # Errors
    /// [`TokenError::InvalidGrant`] for a used, expired or wrong code; [`TokenError::OutcomeUnknown`] when the answer is lost,
    /// then the person must authorise again; and any other.
    pub async fn exchange_code(
        &self,
        app: &AppCredentials,
        redirect_uri: &Url,
        code: &SecretString,
        pkce: Option<&PkceVerifier>,
    ) -> Result<TokenSet, TokenError> {
        let code = code.expose_secret();
        let secrets = [code, app.client_secret.expose_secret()];
        let http = LentHttp {
            client: self,
            app,
            secrets: &secrets,
        };
        let client = self.token_client(app);
        let mut exchange = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_redirect_uri(Cow::Owned(RedirectUrl::from_url(redirect_uri.clone())));
        if let Some(verifier) = pkce {
            exchange =
                exchange.set_pkce_verifier(PkceCodeVerifier::new(verifier.expose().to_owned()));
        }
        token_set(exchange.request_async(&http).await)
    }

    /// Buys new tokens with a refresh token. With the rotating type the old one is void at once: store the new one before
    /// anything else, and let no two workers do this at the same time.
    ///
    /// # Errors
    /// [`TokenError::InvalidGrant`] when it is dead: final, unless another worker has stored a newer one meanwhile;
    /// [`TokenError::OutcomeUnknown`] when the answer is lost; and any other.
    pub async fn refresh(
        &self,
        app: &AppCredentials,
        refresh_token: &RefreshToken,
    ) -> Result<TokenSet, TokenError> {
        let old = refresh_token.expose();
        let secrets = [old, app.client_secret.expose_secret()];
        let http = LentHttp {
            client: self,
            app,
            secrets: &secrets,
        };
        let old_token = oauth2::RefreshToken::new(old.to_owned());
        let client = self.token_client(app);
        token_set(
            client
                .exchange_refresh_token(&old_token)
                .request_async(&http)
                .await,
        )
    }

    /// Asks the server to revoke a refresh token and what came of it. Best effort: the endpoint is not documented by the
    /// vendor, so forget the tokens whatever this says.
    ///
    /// # Errors
    /// Any [`TokenError`].
    pub async fn revoke(
        &self,
        app: &AppCredentials,
        refresh_token: &RefreshToken,
    ) -> Result<(), TokenError> {
        let token = refresh_token.expose();
        let secret = app.client_secret.expose_secret();
        // Made by hand: the crate refuses to revoke over plain http, as against a server on this machine.
        let request = self
            .pool
            .client()
            .post(revoke_url(&self.config.token_url))
            .basic_auth(&app.client_id, Some(secret))
            .form(&[("token", token), ("token_type_hint", "refresh_token")])
            .build()
            .map_err(|error| TokenError::Unreachable((&error).into()))?;
        self.send(request, "/revoke", &[token, secret]).await?;
        Ok(())
    }

    fn token_client(&self, app: &AppCredentials) -> TokenClient {
        BasicClient::new(ClientId::new(app.client_id.clone()))
            .set_client_secret(ClientSecret::new(
                app.client_secret.expose_secret().to_owned(),
            ))
            .set_token_uri(TokenUrl::from_url(self.config.token_url.clone()))
    }

    /// Sends a request of the `oauth2` crate, which only ever sees successes.
    async fn send_token_request(
        &self,
        request: HttpRequest,
        app: &AppCredentials,
        secrets: &[&str],
    ) -> Result<HttpResponse, TokenError> {
        let unsent = |error: reqwest::Error| TokenError::Unreachable((&error).into());
        let mut request = reqwest::Request::try_from(request).map_err(unsent)?;
        // The crate encodes both as forms (RFC 6749, 2.3.1); the vendor's guide takes them as they are.
        request.headers_mut().remove(AUTHORIZATION);
        let request = reqwest::RequestBuilder::from_parts(self.pool.client().clone(), request)
            .basic_auth(&app.client_id, Some(app.client_secret.expose_secret()))
            .build()
            .map_err(unsent)?;
        let body = self.send(request, "/token", secrets).await?;
        let mut response = HttpResponse::new(body);
        // Some servers mislabel their JSON; whether it is JSON is found out by reading it.
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        Ok(response)
    }

    /// Sends one request and returns the body of a success.
    async fn send(
        &self,
        mut request: reqwest::Request,
        template: &'static str,
        secrets: &[&str],
    ) -> Result<Vec<u8>, TokenError> {
        *request.timeout_mut() = Some(self.config.json_timeout);
        self.permits.acquire(RequestKind::Token).await?;
        let response = transport::send(&self.pool, request, template).await?;
        let until = tokio::time::Instant::now() + self.config.json_timeout;
        let answer = transport::read(response, TOKEN_BYTES, until).await;
        if !answer.status.is_success() {
            let refusal = Refusal::read(answer.status, answer.support, &answer.body, secrets);
            return Err(TokenError::from_refusal(refusal));
        }
        match answer.incomplete {
            None => Ok(answer.body),
            Some(Incomplete::Fault(fault)) => Err(fault.into()),
            Some(Incomplete::TooLong) => Err(TokenError::OutcomeUnknown(format!(
                "the answer is longer than {TOKEN_BYTES} bytes"
            ))),
        }
    }
}

/// The HTTP client we lend to the `oauth2` crate. Its futures are boxed as `Send`: with a closure the compiler does not
/// see that a token request may move between threads.
struct LentHttp<'a> {
    client: &'a OauthClient,
    app: &'a AppCredentials,
    secrets: &'a [&'a str],
}

impl<'c> AsyncHttpClient<'c> for LentHttp<'_> {
    type Error = TokenError;
    type Future = BoxFuture<'c, Result<HttpResponse, TokenError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(
            self.client
                .send_token_request(request, self.app, self.secrets),
        )
    }
}

type TokenClient = BasicClient<
    oauth2::EndpointNotSet,
    oauth2::EndpointNotSet,
    oauth2::EndpointNotSet,
    oauth2::EndpointNotSet,
    oauth2::EndpointSet,
>;

fn token_set<E>(
    answer: Result<BasicTokenResponse, RequestTokenError<TokenError, E>>,
) -> Result<TokenSet, TokenError>
where
    E: oauth2::ErrorResponse + 'static,
{
    let unreadable = || TokenError::OutcomeUnknown("the answer cannot be read".to_owned());
    let answer = match answer {
        Ok(answer) => answer,
        Err(RequestTokenError::Request(error)) => return Err(error),
        // These may hold the answer, hence tokens: not kept.
        Err(_) => return Err(unreadable()),
    };
    let access_token = answer.access_token().secret();
    if access_token.is_empty() {
        return Err(unreadable());
    }
    let refresh_token = answer
        .refresh_token()
        .filter(|token| !token.secret().is_empty());
    let scopes = answer
        .scopes()
        .map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect());
    Ok(TokenSet {
        access_token: AccessToken::new(access_token.as_str()),
        expires_in: answer
            .expires_in()
            .unwrap_or(ASSUMED_LIFETIME)
            .min(LONGEST_LIFETIME),
        scopes,
        refresh_token: refresh_token.map(|token| RefreshToken::new(token.secret().as_str())),
    })
}

/// The revocation endpoint: beside the token endpoint, `revoke` instead of `token`.
fn revoke_url(token_url: &Url) -> Url {
    let mut url = token_url.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().pop().push("revoke");
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revocation_is_beside_the_token_endpoint() {
        for (token, revoke) in [
            (
                "https://authz.example/oauth2/default/v1/token",
                "https://authz.example/oauth2/default/v1/revoke",
            ),
            ("http://127.0.0.1:9/token/", "http://127.0.0.1:9/revoke"),
        ] {
            assert_eq!(revoke_url(&token.parse().unwrap()).as_str(), revoke);
        }
    }

    #[test]
    fn missing_scopes_are_told() {
        let set = |scopes: Option<&str>, refresh: Option<&str>| TokenSet {
            access_token: AccessToken::new("a"),
            expires_in: ASSUMED_LIFETIME,
            scopes: scopes.map(|text| text.split(' ').map(str::to_owned).collect()),
            refresh_token: refresh.map(RefreshToken::new),
        };
        assert!(set(None, Some("r")).missing_scopes(&SCOPES).is_empty());
        assert_eq!(set(None, None).missing_scopes(&SCOPES), ["offline_access"]);
        assert!(
            set(Some("account_read contact_data"), Some("r"))
                .missing_scopes(&SCOPES)
                .is_empty()
        );
        assert_eq!(
            set(Some("contact_data"), None).missing_scopes(&SCOPES),
            ["account_read", "offline_access"]
        );
    }
}
