//! The token and revocation endpoints.
//!
//! The client proves itself with HTTP Basic or with `client_id` and `client_secret` among the fields; a PKCE client
//! has no secret and sends its `client_id` alone (API guide "PKCE flow"). The fields may come in the body, in the query
//! string or both (vendor samples use the query). A call without a form content type gets Okta's envelope.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{
    errors::OAuthRefusal,
    options::Application,
    server::Core,
    tokens::{IssuedTokens, Proof},
};

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/oauth2/default/v1/token", web::post().to(token))
        .route("/oauth2/default/v1/revoke", web::post().to(revoke));
}

/// Fields of a call, wherever they came from.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn read(request: &HttpRequest, body: &[u8]) -> Result<Self, OAuthRefusal> {
        let content_type = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let is_form = content_type.is_some_and(|value| {
            value
                .trim_start()
                .to_ascii_lowercase()
                .starts_with("application/x-www-form-urlencoded")
        });
        if !is_form {
            return Err(OAuthRefusal::NotAForm);
        }
        let query = request.query_string().as_bytes();
        let in_body = url::form_urlencoded::parse(body).into_owned();
        Ok(Self(
            in_body
                .chain(url::form_urlencoded::parse(query).into_owned())
                .collect(),
        ))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    fn require(&self, name: &str, complaint: &'static str) -> Result<&str, OAuthRefusal> {
        self.get(name)
            .filter(|value| !value.is_empty())
            .ok_or(OAuthRefusal::InvalidRequest(complaint))
    }
}

async fn token(
    core: web::Data<Core>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, OAuthRefusal> {
    let now = core.options.clock.now();
    if !core.state().take_token_request(now) {
        return Err(OAuthRefusal::TooManyRequests);
    }
    let fields = Fields::read(&request, &body)?;
    let application = core.application();
    let proof = authenticate(&application, &request, &fields)?;
    let rules = &core.options.tokens;
    let kind = application.refresh_tokens;
    let grant_type =
        fields.require("grant_type", "The token request must specify a grant type.")?;
    let issued = match grant_type {
        "authorization_code" => {
            let code = fields.require("code", "The 'code' parameter is required.")?;
            let redirect_uri =
                fields.require("redirect_uri", "The 'redirect_uri' parameter is required.")?;
            let code = (code, fields.get("code_verifier"));
            let tokens = &mut core.state().tokens;
            tokens.redeem_code(code, redirect_uri, proof, rules, now)?
        }
        "refresh_token" => {
            let token = fields.require(
                "refresh_token",
                "The 'refresh_token' parameter is required.",
            )?;
            let tokens = &mut core.state().tokens;
            tokens.refresh(token, proof, kind, rules, now)?
        }
        _ => return Err(OAuthRefusal::UnsupportedGrantType),
    };
    Ok(answer(&issued, rules.access_token_life.as_secs()))
}

fn answer(issued: &IssuedTokens, expires_in: u64) -> HttpResponse {
    let mut body = json!({
        "token_type": "Bearer",
        "expires_in": expires_in,
        "access_token": issued.access_token,
        "scope": issued.scopes.join(" "),
    });
    if let Some(refresh_token) = &issued.refresh_token {
        body["refresh_token"] = json!(refresh_token);
    }
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-cache, no-store"))
        .json(body)
}

async fn revoke(
    core: web::Data<Core>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, OAuthRefusal> {
    let fields = Fields::read(&request, &body)?;
    let proof = authenticate(&core.application(), &request, &fields)?;
    let token = fields.require("token", "The 'token' parameter is required.")?;
    core.state().tokens.revoke(token, proof)?;
    Ok(HttpResponse::Ok().finish())
}

/// What the caller has shown of itself.
///
/// # Errors
///
/// 401 for another id, a wrong secret, or a header that cannot be read.
fn authenticate(
    application: &Application,
    request: &HttpRequest,
    fields: &Fields,
) -> Result<Proof, OAuthRefusal> {
    let is_known =
        |id: &str, secret: &str| id == application.client_id && secret == application.client_secret;
    let proof = if let Some(header) = request.headers().get(header::AUTHORIZATION) {
        let credentials = basic_credentials(header.as_bytes());
        let (id, secret) = credentials.ok_or(OAuthRefusal::InvalidClient)?;
        // The vendor's guide joins the two as they are; RFC 6749, section 2.3.1, form-encodes them first.
        let is_known = is_known(&id, &secret) || is_known(&form_decode(&id), &form_decode(&secret));
        is_known.then_some(Proof::Secret)
    } else {
        let id = fields.get("client_id").unwrap_or_default();
        match fields.get("client_secret") {
            Some(secret) => is_known(id, secret).then_some(Proof::Secret),
            None => (id == application.client_id).then_some(Proof::IdAlone),
        }
    };
    proof.ok_or(OAuthRefusal::InvalidClient)
}

/// Name and password of a Basic header, as they were joined.
fn basic_credentials(header: &[u8]) -> Option<(String, String)> {
    let encoded = header.strip_prefix(b"Basic ")?;
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim_ascii()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

fn form_decode(text: &str) -> String {
    let field = format!("v={}", text.replace('&', "%26"));
    let decoded = url::form_urlencoded::parse(field.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned());
    decoded.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_read_as_they_were_joined() {
        let header = format!("Basic {}", STANDARD.encode("id:a%2Bb+c:d"));
        let expected = Some(("id".to_owned(), "a%2Bb+c:d".to_owned()));
        assert_eq!(basic_credentials(header.as_bytes()), expected);
        assert_eq!(basic_credentials(b"Bearer x"), None);
        assert_eq!(basic_credentials(b"Basic !"), None);
        assert_eq!(form_decode("a%2Bb+c"), "a+b c");
    }
}
