//! Authorisation addresses, and what tokens are bought with.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use listbridge::constant_contact::{
    AppCredentials, AuthorizeRequest, PkceVerifier, RefreshToken, RequestKind, SCOPES, TokenError,
};
use secrecy::SecretString;
use url::Url;

use crate::support::{Stand, app, redirect_uri};

const TOKENS: &str = r#"{"token_type":"Bearer","expires_in":86400,"access_token":"new.jwt",
    "scope":"contact_data account_read offline_access","refresh_token":"next"}"#;

fn code() -> SecretString {
    "the-code".into()
}

fn form(request: &wiremock::Request) -> Vec<(String, String)> {
    url::form_urlencoded::parse(&request.body)
        .into_owned()
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

#[tokio::test]
async fn the_browser_is_sent_off_with_spaces_that_no_one_can_misread() {
    let stand = Stand::start().await;
    let request = AuthorizeRequest {
        client_id: "id-1",
        redirect_uri: &redirect_uri(),
        state: "a+b /=&",
        scopes: &SCOPES,
        prompt_login: false,
        pkce: None,
    };
    let url = stand.oauth.authorize_url(&request);
    assert_eq!(
        url.as_str(),
        "https://authz.constantcontact.com/oauth2/default/v1/authorize?response_type=code&client_id=id-1\
         &state=a%2Bb%20%2F%3D%26&redirect_uri=http%3A%2F%2Flocalhost%3A8080%2Foauth%2Fconstant-contact%2Fcallback\
         &scope=contact_data%20account_read%20offline_access"
    );

    let verifier = PkceVerifier::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    let url = stand.oauth.authorize_url(&AuthorizeRequest {
        prompt_login: true,
        pkce: Some(&verifier),
        ..request
    });
    let value = |name: &str| {
        url.query_pairs()
            .find(|(n, _)| n == name)
            .unwrap()
            .1
            .into_owned()
    };
    assert_eq!(value("prompt"), "login");
    assert_eq!(
        value("code_challenge"),
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "RFC 7636, appendix B"
    );
    assert_eq!(value("code_challenge_method"), "S256");
    assert_eq!(value("state"), "a+b /=&");
}

#[tokio::test]
async fn a_code_is_exchanged_with_basic_credentials_and_a_form() {
    let stand = Stand::start().await;
    stand.always(200, TOKENS).await;
    let tokens = stand
        .oauth
        .exchange_code(&app(), &redirect_uri(), &code(), None)
        .await
        .unwrap();
    assert_eq!(tokens.access_token.expose(), "new.jwt");
    assert_eq!(tokens.expires_in, Duration::from_secs(86_400));
    assert_eq!(tokens.refresh_token.as_ref().unwrap().expose(), "next");
    assert!(tokens.missing_scopes(&SCOPES).is_empty());
    assert!(!format!("{tokens:?}").contains("new.jwt") && !format!("{tokens:?}").contains("next"));

    let requests = stand.requests().await;
    let basic = STANDARD.encode("5b7f1f2e-0000-4000-8000-1c2d3e4f5a6b:s3cret_Value-42");
    assert_eq!(requests[0].url.path(), "/oauth2/default/v1/token");
    assert_eq!(
        requests[0].headers["authorization"],
        format!("Basic {basic}")
    );
    assert_eq!(
        requests[0].headers["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(requests[0].headers["accept"], "application/json");
    assert_eq!(
        form(&requests[0]),
        pairs(&[
            ("grant_type", "authorization_code"),
            ("code", "the-code"),
            ("redirect_uri", redirect_uri().as_str()),
        ])
    );
    assert_eq!(stand.permits.kinds(), [RequestKind::Token]);
}

#[tokio::test]
async fn a_secret_is_sent_as_it_is() {
    let stand = Stand::start().await;
    stand.always(200, TOKENS).await;
    let app = AppCredentials {
        client_secret: "a+b/c=d %e".into(),
        ..app()
    };
    let old = RefreshToken::new("old");
    stand.oauth.refresh(&app, &old).await.unwrap();
    stand.oauth.revoke(&app, &old).await.unwrap();
    let basic = STANDARD.encode("5b7f1f2e-0000-4000-8000-1c2d3e4f5a6b:a+b/c=d %e");
    for request in stand.requests().await {
        let sent: Vec<_> = request.headers.get_all("authorization").iter().collect();
        assert_eq!(sent, [&format!("Basic {basic}")]);
    }
}

#[tokio::test]
async fn pkce_adds_the_verifier() {
    let stand = Stand::start().await;
    stand.always(200, TOKENS).await;
    let verifier = PkceVerifier::random();
    stand
        .oauth
        .exchange_code(&app(), &redirect_uri(), &code(), Some(&verifier))
        .await
        .unwrap();
    let sent = form(&stand.requests().await[0]);
    assert!(sent.contains(&("code_verifier".to_owned(), verifier.expose().to_owned())));
}

#[tokio::test]
async fn a_refresh_sends_the_old_token_and_brings_the_new_one() {
    let stand = Stand::start().await;
    stand.always(200, TOKENS).await;
    let tokens = stand
        .oauth
        .refresh(&app(), &RefreshToken::new("old"))
        .await
        .unwrap();
    assert_eq!(tokens.refresh_token.unwrap().expose(), "next");
    assert_eq!(
        form(&stand.requests().await[0]),
        pairs(&[("grant_type", "refresh_token"), ("refresh_token", "old")])
    );
}

#[tokio::test]
async fn odd_but_usable_answers_are_used() {
    let stand = Stand::start().await;
    let long = "j".repeat(1_200);
    for (body, seconds, refresh) in [
        (
            format!(r#"{{"token_type":"bearer","expires_in":28800,"access_token":"{long}"}}"#),
            28_800,
            None,
        ),
        (
            format!(
                r#"{{"token_type":"Bearer","access_token":"{long}","refresh_token":"","id_token":"x"}}"#
            ),
            3_600,
            None,
        ),
        (
            format!(
                r#"{{"token_type":"Bearer","expires_in":99999999999,"access_token":"{long}","refresh_token":"r","scope":null}}"#
            ),
            30 * 86_400,
            Some("r"),
        ),
    ] {
        stand
            .answer(wiremock::ResponseTemplate::new(200).set_body_raw(body, "text/html"))
            .await;
        let tokens = stand
            .oauth
            .refresh(&app(), &RefreshToken::new("old"))
            .await
            .unwrap();
        assert_eq!(tokens.access_token.expose(), long);
        assert_eq!(tokens.expires_in.as_secs(), seconds);
        assert_eq!(
            tokens.refresh_token.as_ref().map(RefreshToken::expose),
            refresh
        );
        assert_eq!(
            tokens.missing_scopes(&["offline_access"]).is_empty(),
            refresh.is_some()
        );
    }
}

#[tokio::test]
async fn each_refusal_has_its_class() {
    let stand = Stand::start().await;
    for (status, body, expected) in [
        (
            400,
            r#"{"error":"invalid_grant","error_description":"The refresh token is invalid or expired."}"#,
            "InvalidGrant",
        ),
        (
            401,
            r#"{"error":"invalid_client","error_description":"The client secret supplied for a confidential client is invalid."}"#,
            "InvalidClient",
        ),
        (
            401,
            r#"{"errorCode":"E0000011","errorSummary":"Invalid token provided"}"#,
            "InvalidClient",
        ),
        (
            400,
            r#"{"errorCode":"E0000021","errorSummary":"The media type is not supported.","errorLink":"E0000021"}"#,
            "Rejected",
        ),
        (400, r#"{"error":"unauthorized_client"}"#, "Rejected"),
        (400, "", "Rejected"),
        (
            429,
            r#"{"errorCode":"E0000047","errorSummary":"API call exceeded rate limit"}"#,
            "Throttled",
        ),
        (500, "", "ServerProblem"),
        (
            503,
            "<html><body>Maintenance</body></html>",
            "ServerProblem",
        ),
        (504, "", "OutcomeUnknown"),
        (200, "<html></html>", "OutcomeUnknown"),
        (
            200,
            r#"{"token_type":"Bearer","access_tok"#,
            "OutcomeUnknown",
        ),
        (
            200,
            r#"{"token_type":"Bearer","access_token":""}"#,
            "OutcomeUnknown",
        ),
        (200, "", "OutcomeUnknown"),
        (302, "", "OutcomeUnknown"),
    ] {
        stand.always(status, body).await;
        let error = stand
            .oauth
            .refresh(&app(), &RefreshToken::new("old-secret"))
            .await
            .unwrap_err();
        let class = format!("{error:?}");
        assert!(class.starts_with(expected), "{status} {body}: {class}");
    }
}

#[tokio::test]
async fn what_was_sent_does_not_come_back_in_an_error() {
    let stand = Stand::start().await;
    stand
        .always(400, r#"{"error":"invalid_grant","error_description":"the-code of s3cret_Value-42 is used"}"#)
        .await;
    let error = stand
        .oauth
        .exchange_code(&app(), &redirect_uri(), &code(), None)
        .await
        .unwrap_err();
    let TokenError::InvalidGrant(refusal) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(refusal.message(), Some("[hidden] of [hidden] is used"));

    // An unreadable success may hold tokens; they are not kept either.
    stand
        .always(200, r#"{"access_token":"leaked.jwt","token_type":7}"#)
        .await;
    let error = stand
        .oauth
        .refresh(&app(), &RefreshToken::new("old"))
        .await
        .unwrap_err();
    assert!(!format!("{error} {error:?}").contains("leaked"));
}

#[tokio::test]
async fn tokens_are_revoked_beside_the_token_endpoint() {
    let stand = Stand::start().await;
    stand.always(200, "").await;
    stand
        .oauth
        .revoke(&app(), &RefreshToken::new("old"))
        .await
        .unwrap();
    let requests = stand.requests().await;
    assert_eq!(requests[0].url.path(), "/oauth2/default/v1/revoke");
    assert!(
        requests[0].headers["authorization"]
            .to_str()
            .unwrap()
            .starts_with("Basic ")
    );
    assert_eq!(
        form(&requests[0]),
        pairs(&[("token", "old"), ("token_type_hint", "refresh_token")])
    );
    stand.always(404, "").await;
    assert!(
        stand
            .oauth
            .revoke(&app(), &RefreshToken::new("old"))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_redirect_of_the_token_endpoint_is_not_followed() {
    let (stand, elsewhere) = (Stand::start().await, Stand::start().await);
    elsewhere.always(200, TOKENS).await;
    let location: Url = elsewhere.server.uri().parse().unwrap();
    stand
        .answer(wiremock::ResponseTemplate::new(307).insert_header("location", location.as_str()))
        .await;
    assert!(
        stand
            .oauth
            .refresh(&app(), &RefreshToken::new("old"))
            .await
            .is_err()
    );
    assert!(elsewhere.requests().await.is_empty());
}
