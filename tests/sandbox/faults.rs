use std::time::{Duration, Instant};

use listbridge::sandbox::{Endpoint, Fault, FaultKind, When};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Visitor, read};
use crate::waiting::until;

/// A visitor whose next attempt to create a list goes wrong.
async fn struck(kind: FaultKind) -> Visitor {
    let visitor = Visitor::quick().await;
    visitor.sandbox.set_fault(Fault {
        endpoint: Endpoint::CreateList,
        when: When::Nth(1),
        kind,
    });
    visitor
}

fn create(visitor: &Visitor) -> reqwest::RequestBuilder {
    visitor
        .request(Method::POST, "/v3/contact_lists")
        .json(&json!({ "name": "Hit" }))
}

fn was_created(visitor: &Visitor) -> bool {
    visitor.sandbox.find_list("Hit").is_some()
}

#[tokio::test]
async fn statuses_have_their_shape_and_no_effect_unless_accepted() {
    for (kind, status, key, accepted) in [
        (FaultKind::Status(500), 500, "", false),
        (FaultKind::Status(503), 503, "", false),
        (FaultKind::Status(401), 401, "unauthorized", false),
        (FaultKind::Status(403), 403, "access_denied", false),
        (FaultKind::Throttled, 429, "throttled", false),
        (FaultKind::QuotaExceeded, 429, "quota_exceeded", false),
        (FaultKind::QueueFull, 429, "too_many_requests", false),
        (FaultKind::StatusAfterAccepted(502), 502, "", true),
    ] {
        let visitor = struck(kind.clone()).await;
        let (found, body) = read(create(&visitor).send().await.unwrap()).await;
        assert_eq!(found, status, "{kind:?}");
        if key.is_empty() {
            assert!(body.is_array(), "{kind:?}");
        } else {
            assert_eq!(body["error_key"], key, "{kind:?}");
        }
        assert_eq!(was_created(&visitor), accepted, "{kind:?}");
        let again = create(&visitor).send().await.unwrap().status();
        assert_eq!(
            again,
            if accepted { 409 } else { 201 },
            "only the first was hit"
        );
    }
}

#[tokio::test]
async fn html_and_broken_json_are_complete_answers() {
    let visitor = struck(FaultKind::HtmlErrorPage(504)).await;
    let response = create(&visitor).send().await.unwrap();
    assert_eq!(response.status(), 504);
    assert!(response.text().await.unwrap().starts_with("<html>"));
    assert!(!was_created(&visitor));

    let visitor = struck(FaultKind::MalformedJson).await;
    let response = create(&visitor).send().await.unwrap();
    assert_eq!(response.status(), 201);
    let body = response.bytes().await.unwrap();
    assert!(body.starts_with(b"{") && serde_json::from_slice::<Value>(&body).is_err());
    assert!(was_created(&visitor));
}

#[tokio::test]
async fn a_truncated_answer_ends_in_the_middle() {
    let visitor = struck(FaultKind::TruncatedJson).await;
    let response = create(&visitor).send().await.unwrap();
    assert_eq!(response.status(), 201);
    assert!(response.content_length().unwrap() > 10);
    assert!(
        response.bytes().await.is_err(),
        "the connection closed early"
    );
    assert!(was_created(&visitor));
}

#[tokio::test]
async fn connections_break_without_an_answer() {
    for (kind, accepted) in [
        (FaultKind::ResetBeforeRequest, false),
        (FaultKind::ResetAfterAccepted, true),
    ] {
        let visitor = struck(kind.clone()).await;
        let error = create(&visitor).send().await.unwrap_err();
        assert!(
            error.is_request() && !error.is_connect() && !error.is_timeout(),
            "{kind:?}: {error:?}"
        );
        assert_eq!(was_created(&visitor), accepted, "{kind:?}");
    }
}

#[tokio::test]
async fn a_large_import_can_be_cut_off_before_or_after_it_was_accepted() {
    for (kind, expected) in [
        (FaultKind::ResetBeforeRequest, 0),
        (FaultKind::ResetAfterAccepted, 1),
    ] {
        let visitor = Visitor::quick().await;
        visitor.sandbox.set_fault(Fault {
            endpoint: Endpoint::ImportFile,
            when: When::Nth(1),
            kind,
        });
        let csv = format!("email,street\nann@x.example,{}\n", "x".repeat(2_000_000));
        let form = crate::support::import_form(csv, &[visitor.list("Events")], "part.csv");
        let request = visitor.request(Method::POST, "/v3/activities/contacts_file_import");
        assert!(request.multipart(form).send().await.is_err());
        assert_eq!(visitor.sandbox.activities().len(), expected);
    }
}

#[tokio::test]
async fn answers_come_late_or_never_end() {
    let delay = Duration::from_millis(300);
    let visitor = struck(FaultKind::Slow(delay)).await;
    let begun = Instant::now();
    assert_eq!(create(&visitor).send().await.unwrap().status(), 201);
    assert!(begun.elapsed() >= delay);

    let visitor = struck(FaultKind::NeverEnds).await;
    let response = create(&visitor)
        .timeout(Duration::from_secs(2))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 201);
    assert!(response.bytes().await.unwrap_err().is_timeout());
    assert!(was_created(&visitor));
    visitor.sandbox.stop().await;
}

#[tokio::test]
async fn an_answer_is_held_until_its_rule_is_lifted() {
    let visitor = Visitor::quick().await;
    let fault = visitor.sandbox.set_fault(Fault {
        endpoint: Endpoint::CreateList,
        when: When::Always,
        kind: FaultKind::Held,
    });
    let answer = tokio::spawn(create(&visitor).send());
    until("the effect", async || was_created(&visitor)).await;
    assert_eq!(visitor.get("/v3/contact_lists").await.0, 200, "another one");
    assert!(!answer.is_finished(), "it is held");
    visitor.sandbox.lift_fault(fault);
    assert_eq!(answer.await.unwrap().unwrap().status(), 201);
}

#[tokio::test]
async fn the_answer_of_a_token_refresh_can_be_lost() {
    let visitor = Visitor::quick().await;
    let tokens = visitor
        .sandbox
        .issue_tokens("owner", crate::support::ALL_SCOPES)
        .unwrap();
    let refresh_token = tokens.refresh_token.unwrap();
    visitor.sandbox.set_fault(Fault {
        endpoint: Endpoint::Token,
        when: When::Nth(1),
        kind: FaultKind::ResetAfterAccepted,
    });
    let refresh = || {
        let call = visitor.http.post(visitor.sandbox.token_url());
        let call = call.basic_auth(
            visitor.sandbox.client_id(),
            Some(visitor.sandbox.client_secret()),
        );
        call.form(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.as_str()),
        ])
        .send()
    };
    assert!(refresh().await.is_err());
    let (status, body) = read(refresh().await.unwrap()).await;
    assert_eq!(
        (status.as_u16(), &body["error"]),
        (400, &json!("invalid_grant")),
        "it was rotated away"
    );
}

#[tokio::test]
async fn faults_can_be_lifted() {
    let visitor = Visitor::quick().await;
    let fault = |endpoint| Fault {
        endpoint,
        when: When::Always,
        kind: FaultKind::Status(500),
    };
    let first = visitor.sandbox.set_fault(fault(Endpoint::ListLists));
    visitor.sandbox.set_fault(fault(Endpoint::ListContacts));
    assert_eq!(visitor.get("/v3/contact_lists").await.0, 500);
    visitor.sandbox.lift_fault(first);
    assert_eq!(visitor.get("/v3/contact_lists").await.0, 200);
    assert_eq!(visitor.get("/v3/contacts").await.0, 500);
    visitor.sandbox.lift_faults();
    assert_eq!(visitor.get("/v3/contacts").await.0, 200);
}
