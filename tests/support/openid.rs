//! A real OpenID Connect provider on a free port: discovery, keys, authorisation with PKCE, tokens it signs itself.
//!
//! Written against the standards alone; shares nothing with the application's client. It also plays Entra ID: the same
//! pages lie under `/{tenant}/v2.0`.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard};

use actix_web::dev::ServerHandle;
use actix_web::http::header::{AUTHORIZATION, LOCATION};
use actix_web::web::{self, Data, Form, Query};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

pub(crate) const CLIENT_ID: &str = "listbridge at work";
pub(crate) const CLIENT_SECRET: &str = "s3cret/with+signs";

/// A key to sign with.
pub(crate) enum SigningKey {
    Rsa(Box<RsaKeyPair>),
    Ec(EcdsaKeyPair),
}

impl SigningKey {
    pub(crate) fn rsa() -> Self {
        Self::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()))
    }

    pub(crate) fn ec() -> Self {
        Self::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn alg(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::Ec(_) => "ES256",
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .unwrap();
                signature
            }
            Self::Ec(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
        }
    }

    fn jwk(&self, kid: &str) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Rsa(key) => {
                // RSAPublicKey in DER ends in the 256 bytes of the modulus and the exponent 65537 (02 03 01 00 01).
                let der = key.public_key().as_ref();
                let (rest, exponent) = der.split_at(der.len() - 5);
                assert_eq!(exponent, [2, 3, 1, 0, 1]);
                let modulus = &rest[rest.len() - 256..];
                json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid,
                    "n": encode(modulus), "e": "AQAB" })
            }
            Self::Ec(key) => {
                let point = key.public_key().as_ref();
                json!({ "kty": "EC", "use": "sig", "alg": "ES256", "kid": kid, "crv": "P-256",
                    "x": encode(&point[1..33]), "y": encode(&point[33..65]) })
            }
        }
    }
}

/// What the provider does wrong.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Fault {
    #[default]
    None,
    /// Every page answers 503.
    Down,
    /// The discovery document is this text.
    Discovery(String),
    /// The authorisation page says no: `error`, `error_description`.
    Authorize(&'static str, &'static str),
    /// The token endpoint answers this status and text.
    Token(u16, String),
    /// The signature is of something else.
    Signature,
    /// The token is not signed at all (`alg: none`).
    Unsigned,
    /// The token is signed with the client's secret, in the name of the published key.
    SharedSecret,
}

/// What a person was sent with, until the code is redeemed.
struct Issued {
    nonce: String,
    challenge: String,
    redirect_uri: String,
    prompt: Option<String>,
}

pub(crate) struct State {
    pub(crate) fault: Fault,
    key: SigningKey,
    kid: String,
    /// Keys that are published; signing uses `key`.
    published: Vec<Value>,
    /// Claims of whoever signs in next, over the ones every token has; `null` takes one away.
    pub(crate) claims: Map<String, Value>,
    /// The sender the answer through the browser names, and whether discovery promises that there is one.
    pub(crate) sender: Option<String>,
    pub(crate) promises_sender: bool,
    /// Whether the provider signs people in again when asked to.
    pub(crate) signs_in_again: bool,
    codes: HashMap<String, Issued>,
    /// Queries of the authorisation page.
    pub(crate) authorized: Vec<HashMap<String, String>>,
    pub(crate) discovered: usize,
    pub(crate) keys_fetched: usize,
    redirect_uris: Vec<String>,
}

/// The running provider; stops when dropped.
pub(crate) struct TestProvider {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
    handle: ServerHandle,
}

impl Drop for TestProvider {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

struct Shared {
    url: String,
    state: Arc<Mutex<State>>,
    now: Box<dyn Fn() -> i64 + Send + Sync>,
}

impl TestProvider {
    /// Starts it; `now` tells the second it is.
    pub(crate) fn start(now: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        let key = SigningKey::rsa();
        let state = Arc::new(Mutex::new(State {
            fault: Fault::None,
            published: vec![key.jwk("first")],
            key,
            kid: "first".into(),
            claims: Map::new(),
            sender: None,
            promises_sender: false,
            signs_in_again: true,
            codes: HashMap::new(),
            authorized: Vec::new(),
            discovered: 0,
            keys_fetched: 0,
            redirect_uris: ["entra", "openid"]
                .map(|kind| format!("http://localhost:8080/oauth/{kind}/callback"))
                .to_vec(),
        }));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Data::new(Shared {
            url: url.clone(),
            state: state.clone(),
            now: Box::new(now),
        });
        let server = HttpServer::new(move || {
            let mut app = App::new().app_data(shared.clone());
            for base in ["", "/{tenant}/v2.0"] {
                app = app
                    .route(
                        &format!("{base}/.well-known/openid-configuration"),
                        web::get().to(discovery),
                    )
                    .route(&format!("{base}/keys"), web::get().to(keys));
            }
            app.route("/authorize", web::get().to(authorize))
                .route("/token", web::post().to(token))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, state, handle }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Who signs in from now on.
    pub(crate) fn be(&self, claims: Value) {
        let Value::Object(claims) = claims else {
            panic!("claims are an object")
        };
        self.state().claims = claims;
    }

    /// Lets browsers be sent back to another address, too.
    pub(crate) fn register_redirect_uri(&self, address: String) {
        self.state().redirect_uris.push(address);
    }

    pub(crate) fn fail(&self, fault: Fault) {
        self.state().fault = fault;
    }

    /// Signs with another key from now on, and publishes it if asked to.
    pub(crate) fn rotate(&self, key: SigningKey, kid: &str, is_published: bool) {
        let mut state = self.state();
        if is_published {
            state.published = vec![key.jwk(kid)];
        }
        state.key = key;
        state.kid = kid.to_owned();
    }
}

fn down() -> HttpResponse {
    HttpResponse::ServiceUnavailable().body("<h1>Sorry</h1>")
}

async fn discovery(request: HttpRequest, shared: Data<Shared>) -> HttpResponse {
    let mut state = shared.state.lock().unwrap();
    state.discovered += 1;
    match &state.fault {
        Fault::Down => return down(),
        Fault::Discovery(text) => return HttpResponse::Ok().body(text.clone()),
        _ => {}
    }
    let url = &shared.url;
    let (issuer, keys) = match request.match_info().get("tenant") {
        None => (url.clone(), format!("{url}/keys")),
        Some(tenant) => {
            let named = if tenant == "organizations" {
                "{tenantid}"
            } else {
                tenant
            };
            (
                format!("{url}/{named}/v2.0"),
                format!("{url}/{tenant}/v2.0/keys"),
            )
        }
    };
    HttpResponse::Ok().json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": keys,
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "authorization_response_iss_parameter_supported": state.promises_sender,
        "claims_supported": ["sub", "iss", "a claim nobody knows"],
    }))
}

async fn keys(shared: Data<Shared>) -> HttpResponse {
    let mut state = shared.state.lock().unwrap();
    state.keys_fetched += 1;
    if state.fault == Fault::Down {
        return down();
    }
    HttpResponse::Ok().json(json!({ "keys": state.published }))
}

async fn authorize(query: Query<HashMap<String, String>>, shared: Data<Shared>) -> HttpResponse {
    let query = query.into_inner();
    let mut state = shared.state.lock().unwrap();
    state.authorized.push(query.clone());
    let get = |name: &str| query.get(name).cloned().unwrap_or_default();
    let is_well_formed = get("client_id") == CLIENT_ID
        && get("response_type") == "code"
        && get("scope").split(' ').any(|scope| scope == "openid")
        && get("code_challenge_method") == "S256"
        && state.redirect_uris.contains(&get("redirect_uri"));
    if !is_well_formed {
        return HttpResponse::BadRequest().body("not an authorisation request");
    }
    let mut back: url::Url = get("redirect_uri").parse().unwrap();
    if let Fault::Authorize(error, description) = state.fault {
        back.query_pairs_mut()
            .append_pair("error", error)
            .append_pair("error_description", description);
    } else {
        let code = format!("code-{}", state.authorized.len());
        let issued = Issued {
            nonce: get("nonce"),
            challenge: get("code_challenge"),
            redirect_uri: get("redirect_uri"),
            prompt: query.get("prompt").cloned(),
        };
        state.codes.insert(code.clone(), issued);
        back.query_pairs_mut().append_pair("code", &code);
    }
    back.query_pairs_mut().append_pair("state", &get("state"));
    if let Some(sender) = &state.sender {
        back.query_pairs_mut().append_pair("iss", sender);
    }
    HttpResponse::Found()
        .insert_header((LOCATION, back.as_str()))
        .finish()
}

async fn token(
    request: HttpRequest,
    form: Form<HashMap<String, String>>,
    shared: Data<Shared>,
) -> HttpResponse {
    let mut state = shared.state.lock().unwrap();
    match &state.fault {
        Fault::Down => return down(),
        Fault::Token(status, text) => {
            let status = actix_web::http::StatusCode::from_u16(*status).unwrap();
            return HttpResponse::build(status).body(text.clone());
        }
        _ => {}
    }
    let refuse = |error: &str| HttpResponse::BadRequest().json(json!({ "error": error }));
    let encode =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let credentials = format!("{}:{}", encode(CLIENT_ID), encode(CLIENT_SECRET));
    let expected = format!("Basic {}", STANDARD.encode(credentials));
    let sent = request.headers().get(AUTHORIZATION);
    if sent.and_then(|value| value.to_str().ok()) != Some(expected.as_str()) {
        return refuse("invalid_client");
    }
    let get = |name: &str| form.get(name).cloned().unwrap_or_default();
    let Some(issued) = state.codes.remove(&get("code")) else {
        return refuse("invalid_grant");
    };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(get("code_verifier")));
    if get("grant_type") != "authorization_code"
        || issued.challenge != challenge
        || issued.redirect_uri != get("redirect_uri")
    {
        return refuse("invalid_grant");
    }
    let now = (shared.now)();
    let signed_in_at = match issued.prompt.as_deref() {
        Some("login") if state.signs_in_again => now,
        _ => now - 3_600,
    };
    let mut claims = json!({
        "iss": shared.url, "aud": CLIENT_ID, "exp": now + 300, "iat": now, "nonce": issued.nonce,
        "sub": "nobody", "auth_time": signed_in_at,
    });
    for (name, value) in &state.claims {
        claims[name] = value.clone();
    }
    if let Value::Object(map) = &mut claims {
        map.retain(|_, value| !value.is_null());
    }
    HttpResponse::Ok().json(json!({
        "access_token": "opaque", "token_type": "Bearer", "expires_in": 300,
        "id_token": sign(&state, &claims),
    }))
}

fn sign(state: &State, claims: &Value) -> String {
    let alg = match state.fault {
        Fault::Unsigned => "none",
        Fault::SharedSecret => "HS256",
        _ => state.key.alg(),
    };
    let header = json!({ "alg": alg, "kid": state.kid, "typ": "JWT" });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&header), part(claims));
    let signature = match state.fault {
        Fault::Unsigned => Vec::new(),
        Fault::SharedSecret => {
            let key =
                aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, CLIENT_SECRET.as_bytes());
            aws_lc_rs::hmac::sign(&key, message.as_bytes())
                .as_ref()
                .to_vec()
        }
        Fault::Signature => state.key.sign(b"something else"),
        _ => state.key.sign(message.as_bytes()),
    };
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}
