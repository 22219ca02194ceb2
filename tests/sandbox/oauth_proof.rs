//! What a client must show at the token endpoint: its secret, or only its id where PKCE stands in for the secret.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use listbridge::sandbox::{Application, SandboxOptions};
use reqwest::StatusCode;
use serde_json::Value;
use url::Url;

use crate::{
    oauth::{Client, parameter},
    support::{REDIRECT_URI, quick, read},
};

/// Verifier and challenge of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Calls of a client that has no secret.
impl Client {
    fn pkce_code(&self) -> String {
        let url = self.authorize_url(&[
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        let location: Url = self
            .sandbox
            .allow(url.as_str(), "owner")
            .unwrap()
            .parse()
            .unwrap();
        parameter(&location, "code").unwrap()
    }

    async fn bare(&self, url: String, fields: &[(&str, &str)]) -> (StatusCode, Value) {
        read(self.http.post(url).form(fields).send().await.unwrap()).await
    }

    async fn redeem_bare(
        &self,
        client_id: &str,
        code: &str,
        verifier: &str,
    ) -> (StatusCode, Value) {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("client_id", client_id),
            ("code_verifier", verifier),
        ];
        self.bare(self.sandbox.token_url(), &fields).await
    }

    async fn refresh_bare(&self, token: &Value) -> (StatusCode, Value) {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token.as_str().unwrap()),
            ("client_id", &self.sandbox.client_id()),
        ];
        self.bare(self.sandbox.token_url(), &fields).await
    }

    async fn revoke_bare(&self, token: &Value) -> StatusCode {
        let fields = [
            ("token", token.as_str().unwrap()),
            ("client_id", &self.sandbox.client_id()),
        ];
        self.bare(self.sandbox.revoke_url(), &fields).await.0
    }
}

fn refusal((status, body): (StatusCode, Value)) -> (u16, String) {
    (
        status.as_u16(),
        body["error"].as_str().unwrap_or_default().to_owned(),
    )
}

#[tokio::test]
async fn a_pkce_client_redeems_refreshes_and_revokes_without_a_secret() {
    let client = Client::new(quick()).await;
    let id = client.sandbox.client_id();
    let (status, first) = client.redeem_bare(&id, &client.pkce_code(), VERIFIER).await;
    assert_eq!(status, 200, "{first}");
    let (status, second) = client.refresh_bare(&first["refresh_token"]).await;
    assert_eq!(status, 200, "{second}");
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    let replayed = client.refresh_bare(&first["refresh_token"]).await;
    assert_eq!(refusal(replayed), (400, "invalid_grant".to_owned()));
    assert_eq!(client.revoke_bare(&second["refresh_token"]).await, 200);
    let revoked = client.refresh_bare(&second["refresh_token"]).await;
    assert_eq!(refusal(revoked), (400, "invalid_grant".to_owned()));
}

#[tokio::test]
async fn without_a_secret_nothing_but_the_right_verifier_and_id_help() {
    let client = Client::new(quick()).await;
    let id = client.sandbox.client_id();
    let wrong = client
        .redeem_bare(&id, &client.pkce_code(), "guessed")
        .await;
    assert_eq!(refusal(wrong), (400, "invalid_grant".to_owned()));
    let stranger = client
        .redeem_bare("other", &client.pkce_code(), VERIFIER)
        .await;
    assert_eq!(refusal(stranger), (401, "invalid_client".to_owned()));

    let code = client.new_code();
    let without_challenge = client.redeem_bare(&id, &code, VERIFIER).await;
    assert_eq!(
        refusal(without_challenge),
        (401, "invalid_client".to_owned())
    );
    let (status, tokens) = client.redeem(&code).await;
    assert_eq!(status, 200, "the refused call used nothing up");
    let refreshed = client.refresh_bare(&tokens["refresh_token"]).await;
    assert_eq!(refusal(refreshed), (401, "invalid_client".to_owned()));
    assert_eq!(client.revoke_bare(&tokens["access_token"]).await, 401);
    assert_eq!(client.refresh(&tokens["refresh_token"]).await.0, 200);
}

#[tokio::test]
async fn a_basic_header_may_hold_the_secret_as_it_is_or_form_encoded() {
    let client = Client::new(SandboxOptions {
        application: Application {
            client_secret: "a+b%c 100%25:d".to_owned(),
            ..Application::default()
        },
        ..quick()
    })
    .await;
    let id = client.sandbox.client_id();
    for (secret, expected) in [
        ("a+b%c 100%25:d", 200),
        ("a%2Bb%25c+100%2525%3Ad", 200),
        ("a%2Bb%25c%20100%2525%3Ad", 200),
        ("a b%c 100%:d", 401),
    ] {
        let code = client.new_code();
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", REDIRECT_URI),
        ];
        let header = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        let call = client.http.post(client.sandbox.token_url());
        let answer = call.header("authorization", header).form(&fields).send();
        assert_eq!(answer.await.unwrap().status(), expected, "{secret}");
    }
}
