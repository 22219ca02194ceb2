use std::time::Duration;

use listbridge::sandbox::{Endpoint, Limits, Sandbox, SandboxOptions};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestTime, Visitor, browser, quick, read};

#[tokio::test]
async fn without_a_good_token_everything_is_401() {
    let visitor = Visitor::quick().await;
    let url = format!("{}/contact_lists", visitor.sandbox.api_url());
    let dead = visitor.token.clone();
    for (what, request) in [
        ("absent", visitor.http.get(&url)),
        ("malformed", visitor.http.get(&url).bearer_auth("x.y.z")),
        ("basic", visitor.http.get(&url).basic_auth("a", Some("b"))),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 401, "{what}");
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("www-authenticate"), "Bearer realm=api.cc.email");
        assert_eq!(header("x-amzn-errortype"), "UnauthorizedException");
        assert_eq!(header("x-cache"), "Error from cloudfront");
        for name in [
            "x-amzn-requestid",
            "x-amz-apigw-id",
            "x-eig-tracking-id",
            "via",
            "x-amz-cf-id",
        ] {
            assert!(!header(name).is_empty(), "{name}");
        }
        assert_eq!(header("content-length"), "59");
        let (_, body) = read(response).await;
        assert_eq!(
            body,
            json!({ "error_key": "unauthorized", "error_message": "Unauthorized" })
        );
    }
    visitor.sandbox.expire_access_tokens();
    assert_eq!(
        visitor
            .http
            .get(&url)
            .bearer_auth(dead)
            .send()
            .await
            .unwrap()
            .status(),
        401
    );
}

#[tokio::test]
async fn access_tokens_end_after_a_day_by_the_clock() {
    let time = TestTime::starting("2026-03-01T10:00:00Z");
    let visitor = Visitor::new(SandboxOptions {
        clock: time.clock(),
        ..quick()
    })
    .await;
    time.pass(Duration::from_secs(86_399));
    assert_eq!(visitor.get("/v3/account/summary").await.0, 200);
    time.pass(Duration::from_secs(1));
    assert_eq!(visitor.get("/v3/account/summary").await.0, 401);
}

#[tokio::test]
async fn scope_and_privilege_are_both_needed() {
    let visitor = Visitor::quick().await;
    let token = |user: &str, scopes: &[&str]| {
        visitor
            .sandbox
            .issue_tokens(user, scopes)
            .unwrap()
            .access_token
    };
    let no_scope = token("owner", &["offline_access"]);
    let account_only = token("owner", &["account_read"]);
    let creator = token("creator", &["contact_data", "account_read"]);
    for (token, method, path, expected) in [
        (&no_scope, Method::GET, "/account/user/privileges", 200),
        (&no_scope, Method::GET, "/account/summary", 403),
        (&no_scope, Method::GET, "/contact_lists", 403),
        (&account_only, Method::GET, "/account/summary", 200),
        (&account_only, Method::GET, "/activities", 403),
        (&creator, Method::GET, "/account/summary", 200),
        (&creator, Method::GET, "/contact_lists", 200),
        (&creator, Method::POST, "/contact_lists", 403),
        (&creator, Method::GET, "/contacts", 403),
        (&creator, Method::GET, "/activities", 403),
        (
            &creator,
            Method::POST,
            "/activities/contacts_file_import",
            403,
        ),
    ] {
        let url = format!("{}{path}", visitor.sandbox.api_url());
        let request = visitor.http.request(method.clone(), url).bearer_auth(token);
        let (status, body) = read(request.send().await.unwrap()).await;
        assert_eq!(status, expected, "{method} {path}");
        if expected == 403 {
            assert_eq!(body["error_key"], "access_denied", "a bare object");
        }
    }
}

#[tokio::test]
async fn account_and_privileges_are_told() {
    let visitor = Visitor::quick().await;
    let (_, summary) = visitor.get("/v3/account/summary").await;
    assert_eq!(summary["organization_name"], "Harbour Books");
    assert!(summary.get("physical_address").is_none());
    let (_, summary) = visitor
        .get("/v3/account/summary?extra_fields=company_logo,physical_address")
        .await;
    assert_eq!(summary["physical_address"]["city"], "Boston");
    let (_, privileges) = visitor.get("/v3/account/user/privileges").await;
    let names: Vec<&Value> = privileges
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["privilege_name"])
        .collect();
    assert!(names.contains(&&json!("contacts:write")));
}

#[tokio::test]
async fn four_requests_a_second_and_no_retry_after() {
    let time = TestTime::starting("2026-03-01T10:00:00Z");
    let visitor = Visitor::new(SandboxOptions {
        clock: time.clock(),
        limits: Limits::default(),
        ..quick()
    })
    .await;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(visitor.get("/v3/account/summary").await.0.as_u16());
    }
    assert_eq!(statuses, [200, 200, 200, 200, 429]);
    let response = visitor
        .request(Method::GET, "/v3/account/summary")
        .send()
        .await
        .unwrap();
    assert!(response.headers().get("retry-after").is_none());
    let (_, body) = read(response).await;
    assert_eq!(
        body,
        json!({ "error_key": "throttled", "error_message": "Too Many Requests" })
    );
    time.pass(Duration::from_secs(1));
    assert_eq!(visitor.get("/v3/account/summary").await.0, 200);
    let url = format!("{}/account/summary", visitor.sandbox.api_url());
    for _ in 0..10 {
        assert_eq!(
            visitor.http.get(&url).send().await.unwrap().status(),
            401,
            "counts against nobody"
        );
    }
    assert_eq!(visitor.sandbox.requests_today(), 7);
    assert_eq!(visitor.sandbox.requests(Endpoint::GetAccountSummary), 17);
}

#[tokio::test]
async fn the_quota_ends_at_midnight_utc() {
    let time = TestTime::starting("2026-03-01T23:59:00Z");
    let visitor = Visitor::new(SandboxOptions {
        clock: time.clock(),
        ..quick()
    })
    .await;
    visitor.sandbox.set_limits(Limits {
        requests_per_day: Some(2),
        ..Limits::unlimited()
    });
    for expected in [200, 200, 429, 429] {
        let (status, body) = visitor.get("/v3/account/summary").await;
        assert_eq!(status, expected);
        if expected == 429 {
            assert_eq!(
                body,
                json!({ "error_key": "quota_exceeded", "error_message": "Limit Exceeded" })
            );
        }
    }
    time.pass(Duration::from_secs(59));
    assert_eq!(visitor.get("/v3/account/summary").await.0, 429);
    time.pass(Duration::from_secs(1));
    assert_eq!(visitor.get("/v3/account/summary").await.0, 200);
}

#[tokio::test]
async fn paths_outside_the_api_belong_to_the_gateway() {
    let visitor = Visitor::quick().await;
    for path in [
        "/.well-known/oauth-authorization-server",
        "/v2/contacts",
        "/v3",
        "/oauth2/other",
    ] {
        let (status, body) = visitor.get(path).await;
        assert_eq!(
            (status.as_u16(), body),
            (403, json!({ "message": "Forbidden" })),
            "{path}"
        );
    }
    let (status, body) = visitor.get("/v3/nothing").await;
    assert_eq!(
        (status.as_u16(), &body[0]["error_key"]),
        (404, &json!("contacts.api.not_found"))
    );
}

#[tokio::test]
async fn it_listens_on_loopback_only_and_can_be_cut_off_for_a_while() {
    let mut options = quick();
    options.listen = "0.0.0.0:0".parse().unwrap();
    assert!(Sandbox::start(options).await.is_err());

    let mut visitor = Visitor::quick().await;
    assert_eq!(visitor.get("/v3/account/summary").await.0, 200);
    visitor.sandbox.disconnect().await;
    let refused = visitor
        .request(Method::GET, "/v3/account/summary")
        .send()
        .await
        .unwrap_err();
    assert!(refused.is_connect(), "{refused:?}");
    visitor.sandbox.reconnect().await.unwrap();
    assert_eq!(
        visitor.get("/v3/account/summary").await.0,
        200,
        "tokens are still good"
    );
    let address = visitor.sandbox.addr();
    visitor.sandbox.stop().await;
    assert!(
        browser()
            .get(format!("http://{address}/"))
            .send()
            .await
            .is_err()
    );
}
