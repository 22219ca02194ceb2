use std::time::Duration;

use listbridge::sandbox::{
    Application, Endpoint, Limits, RefreshTokens, Sandbox, SandboxOptions, TokenRules,
};
use reqwest::{StatusCode, header};
use serde_json::Value;
use url::Url;

use crate::support::{REDIRECT_URI, TestTime, browser, quick, read};

pub(crate) struct Client {
    pub(crate) sandbox: Sandbox,
    pub(crate) http: reqwest::Client,
}

impl Client {
    pub(crate) async fn new(options: SandboxOptions) -> Self {
        Self {
            sandbox: Sandbox::start(options).await.unwrap(),
            http: browser(),
        }
    }

    pub(crate) fn authorize_url(&self, changes: &[(&str, &str)]) -> Url {
        let client_id = self.sandbox.client_id();
        let mut parameters = vec![
            ("client_id", client_id.as_str()),
            ("redirect_uri", REDIRECT_URI),
            ("response_type", "code"),
            ("scope", "contact_data account_read offline_access"),
            ("state", "xyz&1"),
        ];
        for (name, value) in changes {
            parameters.retain(|(known, _)| known != name);
            parameters.push((name, value));
        }
        Url::parse_with_params(&self.sandbox.authorize_url(), parameters).unwrap()
    }

    /// Walks through the pages as a person would; gives the address the browser is sent to.
    async fn decide(&self, decision: &str) -> Url {
        let page = self.http.get(self.authorize_url(&[])).send().await.unwrap();
        assert_eq!(page.status(), 200);
        let sign_in_id = hidden_field(&page.text().await.unwrap());
        let answer = self
            .post("/oauth2/default/v1/authorize/sign-in")
            .form(&[
                ("sign_in_id", sign_in_id.as_str()),
                ("user_name", "owner"),
                ("password", "owner-password"),
            ])
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(
            policy.ends_with("form-action 'self' http://localhost:8080"),
            "{policy}"
        );
        let answer = self
            .post("/oauth2/default/v1/authorize/decision")
            .form(&[("sign_in_id", sign_in_id.as_str()), ("decision", decision)])
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 303);
        answer.headers()[header::LOCATION]
            .to_str()
            .unwrap()
            .parse()
            .unwrap()
    }

    fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.post(format!("{}{path}", self.sandbox.base_url()))
    }

    pub(crate) fn new_code(&self) -> String {
        let location = self
            .sandbox
            .allow(self.authorize_url(&[]).as_str(), "owner")
            .unwrap();
        parameter(&location.parse().unwrap(), "code").unwrap()
    }

    async fn token(&self, fields: &[(&str, &str)]) -> (StatusCode, Value) {
        let call = self.http.post(self.sandbox.token_url());
        let call = call.basic_auth(self.sandbox.client_id(), Some(self.sandbox.client_secret()));
        read(call.form(fields).send().await.unwrap()).await
    }

    pub(crate) async fn redeem(&self, code: &str) -> (StatusCode, Value) {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
        ];
        self.token(&fields).await
    }

    pub(crate) async fn refresh(&self, token: &Value) -> (StatusCode, Value) {
        let token = token.as_str().unwrap();
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)])
            .await
    }
}

fn hidden_field(html: &str) -> String {
    let page = scraper::Html::parse_document(html);
    let field = scraper::Selector::parse("input[name=sign_in_id]").unwrap();
    page.select(&field)
        .next()
        .unwrap()
        .value()
        .attr("value")
        .unwrap()
        .to_owned()
}

pub(crate) fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn a_person_signs_in_allows_and_the_code_becomes_tokens() {
    let client = Client::new(quick()).await;
    let back = client.decide("allow").await;
    assert!(back.as_str().starts_with(REDIRECT_URI));
    assert_eq!(parameter(&back, "state").as_deref(), Some("xyz&1"));
    let code = parameter(&back, "code").unwrap();
    let (status, tokens) = client.redeem(&code).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 86_400);
    assert_eq!(tokens["scope"], "contact_data account_read offline_access");
    assert!(tokens["access_token"].as_str().unwrap().len() >= 1_000);
    let (status, refused) = client.redeem(&code).await;
    assert_eq!(
        (status.as_u16(), &refused["error"]),
        (400, &"invalid_grant".into()),
        "a code works once"
    );
    assert_eq!(client.sandbox.requests(Endpoint::Token), 2);
}

#[tokio::test]
async fn a_denial_goes_back_with_the_state() {
    let client = Client::new(quick()).await;
    let back = client.decide("deny").await;
    assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&back, "state").as_deref(), Some("xyz&1"));
    assert_eq!(parameter(&back, "code"), None);
}

#[tokio::test]
async fn a_wrong_password_is_told_on_the_page() {
    let client = Client::new(quick()).await;
    let page = client
        .http
        .get(client.authorize_url(&[]))
        .send()
        .await
        .unwrap();
    let sign_in_id = hidden_field(&page.text().await.unwrap());
    let answer = client
        .post("/oauth2/default/v1/authorize/sign-in")
        .form(&[
            ("sign_in_id", sign_in_id.as_str()),
            ("user_name", "owner"),
            ("password", "guess"),
        ])
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 422);
    assert!(
        answer
            .text()
            .await
            .unwrap()
            .contains("The user name or the password is wrong.")
    );
    let answer = client
        .post("/oauth2/default/v1/authorize/decision")
        .form(&[("sign_in_id", sign_in_id.as_str()), ("decision", "allow")])
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 400, "nobody has signed in");
}

#[tokio::test]
async fn what_cannot_be_authorized_is_told_where_it_belongs() {
    let client = Client::new(quick()).await;
    for (changes, on_page, error) in [
        (("client_id", "other"), true, ""),
        (
            (
                "redirect_uri",
                "http://localhost:8080/oauth/constant-contact/callback/",
            ),
            true,
            "",
        ),
        (("redirect_uri", "http://evil.example/"), true, ""),
        (
            ("response_type", "token"),
            false,
            "unsupported_response_type",
        ),
        (("scope", "contact_data everything"), false, "invalid_scope"),
        (
            ("scope", "contact_data+offline_access"),
            false,
            "invalid_scope",
        ),
        (("scope", "openid contact_data"), false, "invalid_scope"),
    ] {
        let answer = client
            .http
            .get(client.authorize_url(&[changes]))
            .send()
            .await
            .unwrap();
        if on_page {
            assert_eq!(answer.status(), 400, "{changes:?}");
            assert!(
                answer.headers().get(header::LOCATION).is_none(),
                "{changes:?}"
            );
            assert!(answer.text().await.unwrap().contains("<h1>"), "{changes:?}");
        } else {
            let back: Url = answer.headers()[header::LOCATION]
                .to_str()
                .unwrap()
                .parse()
                .unwrap();
            assert_eq!(
                parameter(&back, "error").as_deref(),
                Some(error),
                "{changes:?}"
            );
            assert_eq!(parameter(&back, "state").as_deref(), Some("xyz&1"));
        }
    }
}

#[tokio::test]
async fn fields_and_credentials_may_come_in_several_ways() {
    let client = Client::new(quick()).await;
    let (id, secret) = (client.sandbox.client_id(), client.sandbox.client_secret());
    let form = "application/x-www-form-urlencoded";

    let code = client.new_code();
    let query = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", REDIRECT_URI),
    ];
    let url = Url::parse_with_params(&client.sandbox.token_url(), query).unwrap();
    let in_query = client
        .http
        .post(url)
        .basic_auth(&id, Some(&secret))
        .header("content-type", form);
    assert_eq!(in_query.send().await.unwrap().status(), 200);

    let code = client.new_code();
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", REDIRECT_URI),
        ("client_id", &id),
        ("client_secret", &secret),
    ];
    let in_body = client.http.post(client.sandbox.token_url()).form(&fields);
    assert_eq!(in_body.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn each_token_error_has_its_shape() {
    let client = Client::new(quick()).await;
    let url = client.sandbox.token_url();
    let id = client.sandbox.client_id();
    let call = || client.http.post(&url);
    let dead = [("grant_type", "refresh_token"), ("refresh_token", "dead")];
    let secret = client.sandbox.client_secret();
    for (call, status, key, value) in [
        (
            call().basic_auth(&id, Some("wrong")).form(&dead),
            401,
            "error",
            "invalid_client",
        ),
        (call().form(&dead), 401, "error", "invalid_client"),
        (
            call().basic_auth(&id, Some(&secret)).form(&dead),
            400,
            "error",
            "invalid_grant",
        ),
        (
            call()
                .basic_auth(&id, Some(&secret))
                .form(&[("grant_type", "password")]),
            400,
            "error",
            "unsupported_grant_type",
        ),
        (
            call().basic_auth(&id, Some(&secret)).form(&[("x", "y")]),
            400,
            "error",
            "invalid_request",
        ),
        (
            call().basic_auth(&id, Some(&secret)).json(&"x"),
            400,
            "errorCode",
            "E0000021",
        ),
    ] {
        let (found, body) = read(call.send().await.unwrap()).await;
        assert_eq!(found, status, "{body}");
        assert_eq!(body[key], value, "{body}");
    }
    let (_, body) = client.token(&dead).await;
    assert_eq!(
        body["error_description"],
        "The refresh token is invalid or expired."
    );
}

#[tokio::test]
async fn refresh_tokens_rotate_or_stay() {
    let client = Client::new(quick()).await;
    let (_, first) = client.redeem(&client.new_code()).await;
    let (status, second) = client.refresh(&first["refresh_token"]).await;
    assert_eq!(status, 200);
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!(
        client.refresh(&first["refresh_token"]).await.0,
        400,
        "single use, no grace"
    );
    assert_eq!(
        client.refresh(&second["refresh_token"]).await.0,
        200,
        "no family kill"
    );
    assert_eq!(client.sandbox.live_refresh_tokens(), 1);

    let mut options = quick();
    options.application = Application {
        refresh_tokens: RefreshTokens::LongLived,
        ..Application::default()
    };
    let client = Client::new(options).await;
    let (_, first) = client.redeem(&client.new_code()).await;
    let (_, second) = client.refresh(&first["refresh_token"]).await;
    assert_eq!(first["refresh_token"], second["refresh_token"]);
}

#[tokio::test]
async fn without_offline_access_there_is_no_refresh_token() {
    let client = Client::new(quick()).await;
    let url = client.authorize_url(&[("scope", "contact_data")]);
    let location: Url = client
        .sandbox
        .allow(url.as_str(), "owner")
        .unwrap()
        .parse()
        .unwrap();
    let (status, tokens) = client.redeem(&parameter(&location, "code").unwrap()).await;
    assert_eq!(status, 200);
    assert!(tokens.get("refresh_token").is_none());
}

#[tokio::test]
async fn codes_and_tokens_age_by_the_sandbox_clock() {
    let time = TestTime::starting("2026-03-01T10:00:00Z");
    let client = Client::new(SandboxOptions {
        clock: time.clock(),
        tokens: TokenRules::default(),
        ..quick()
    })
    .await;
    let (early, late) = (client.new_code(), client.new_code());
    time.pass(Duration::from_secs(299));
    let (status, tokens) = client.redeem(&early).await;
    assert_eq!(status, 200);
    time.pass(Duration::from_secs(1));
    assert_eq!(client.redeem(&late).await.0, 400);
    time.pass(Duration::from_secs(180 * 86_400));
    assert_eq!(
        client.refresh(&tokens["refresh_token"]).await.0,
        400,
        "unused for 180 days"
    );
}

#[tokio::test]
async fn the_token_endpoint_takes_one_call_a_second() {
    let time = TestTime::starting("2026-03-01T10:00:00Z");
    let client = Client::new(SandboxOptions {
        clock: time.clock(),
        limits: Limits::default(),
        ..quick()
    })
    .await;
    let (_, tokens) = client.redeem(&client.new_code()).await;
    let (status, refused) = client.refresh(&tokens["refresh_token"]).await;
    assert_eq!(
        (status.as_u16(), &refused["errorCode"]),
        (429, &"E0000047".into())
    );
    time.pass(Duration::from_secs(1));
    assert_eq!(
        client.refresh(&tokens["refresh_token"]).await.0,
        200,
        "the refused call used nothing up"
    );
}

#[tokio::test]
async fn revoking_a_refresh_token_ends_its_access_tokens() {
    let client = Client::new(quick()).await;
    let (_, tokens) = client.redeem(&client.new_code()).await;
    let summary = || {
        let url = format!("{}/account/summary", client.sandbox.api_url());
        client
            .http
            .get(url)
            .bearer_auth(tokens["access_token"].as_str().unwrap())
            .send()
    };
    assert_eq!(summary().await.unwrap().status(), 200);
    let fields = [
        ("token", tokens["refresh_token"].as_str().unwrap()),
        ("token_type_hint", "refresh_token"),
    ];
    let call = client.http.post(client.sandbox.revoke_url());
    let call = call.basic_auth(
        client.sandbox.client_id(),
        Some(client.sandbox.client_secret()),
    );
    assert_eq!(call.form(&fields).send().await.unwrap().status(), 200);
    assert_eq!(summary().await.unwrap().status(), 401);
    assert_eq!(client.refresh(&tokens["refresh_token"]).await.0, 400);
}

#[tokio::test]
async fn a_new_client_secret_kills_the_old_one() {
    let client = Client::new(quick()).await;
    let code = client.new_code();
    let old = client.sandbox.client_secret();
    client.sandbox.set_client_secret("another");
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", REDIRECT_URI),
    ];
    let call = client
        .http
        .post(client.sandbox.token_url())
        .basic_auth(client.sandbox.client_id(), Some(old));
    assert_eq!(call.form(&fields).send().await.unwrap().status(), 401);
    assert_eq!(client.redeem(&code).await.0, 200);
}
