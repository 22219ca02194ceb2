//! Request shapes and the meaning of refusals.

use listbridge::constant_contact::{
    ActivityId, ClientError, ContactExport, ContactId, ListId, MembershipCount, RequestKind,
    parse_list_id,
};
use uuid::Uuid;
use wiremock::ResponseTemplate;

use crate::support::{LIST, Stand, TOKEN, token};

fn list_id() -> ListId {
    parse_list_id(LIST).unwrap()
}

#[tokio::test]
async fn every_call_carries_the_token_and_says_who_it_is() {
    let stand = Stand::start().await;
    stand
        .always(
            200,
            r#"{"organization_name":"InstaPrinz","contact_email":"a@b.example","extra":1}"#,
        )
        .await;
    let account = stand.api.account_summary(&token()).await.unwrap();
    assert_eq!(account.organization_name.as_deref(), Some("InstaPrinz"));
    assert_eq!(account.time_zone_id, None);

    let requests = stand.requests().await;
    let header = |name: &str| requests[0].headers.get(name).unwrap().to_str().unwrap();
    assert_eq!(requests[0].url.path(), "/v3/account/summary");
    assert_eq!(header("authorization"), format!("Bearer {TOKEN}"));
    assert_eq!(header("accept"), "application/json");
    assert_eq!(
        header("user-agent"),
        concat!("Listbridge/", env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(stand.permits.kinds(), [RequestKind::Read]);
}

#[tokio::test]
async fn a_token_of_1200_characters_is_sent_whole_and_one_with_a_line_break_is_not_sent() {
    use listbridge::constant_contact::AccessToken;
    let stand = Stand::start().await;
    stand
        .always(
            200,
            r#"[{"privilege_id":30,"privilege_name":"contacts:write"}]"#,
        )
        .await;
    let long = "x".repeat(1_200);
    let privileges = stand
        .api
        .user_privileges(&AccessToken::new(long.clone()))
        .await
        .unwrap();
    assert_eq!(privileges[0].privilege_name, "contacts:write");
    let requests = stand.requests().await;
    assert_eq!(
        requests[0].headers["authorization"].to_str().unwrap(),
        format!("Bearer {long}")
    );

    let broken = stand.api.user_privileges(&AccessToken::new("a\nb")).await;
    assert!(matches!(broken, Err(ClientError::InvalidRequest(_))));
    assert_eq!(
        stand.permits.kinds().len(),
        1,
        "no permit is used for what is not sent"
    );
}

#[tokio::test]
async fn a_list_is_read_with_its_count_and_its_deletion() {
    let stand = Stand::start().await;
    stand
        .always(
            200,
            r#"{"list_id":"06526938-56dd-11e9-932a-fa163ea075fa","name":"Buyers","membership_count":327,
                "deleted_at":"2016-03-03T10:56:29-05:00"}"#,
        )
        .await;
    let list = stand
        .api
        .get_contact_list(&token(), list_id(), Some(MembershipCount::Active))
        .await
        .unwrap();
    assert_eq!(
        (list.name.as_str(), list.membership_count),
        ("Buyers", Some(327))
    );
    assert!(list.deleted_at.is_some());
    let requests = stand.requests().await;
    assert_eq!(
        requests[0].url[url::Position::BeforePath..],
        format!("/v3/contact_lists/{LIST}?include_membership_count=active")
    );
}

#[tokio::test]
async fn a_list_is_created_once_and_a_taken_name_is_a_conflict() {
    let stand = Stand::start().await;
    stand
        .always(201, &format!(r#"{{"list_id":"{LIST}","name":"新名單"}}"#))
        .await;
    let list = stand
        .api
        .create_contact_list(&token(), "  新名單 ", None)
        .await
        .unwrap();
    assert_eq!(list.list_id, list_id());
    let requests = stand.requests().await;
    assert_eq!(requests[0].method.as_str(), "POST");
    assert_eq!(requests[0].headers["content-type"], "application/json");
    assert_eq!(requests[0].body, r#"{"name":"新名單"}"#.as_bytes());
    assert_eq!(stand.permits.kinds(), [RequestKind::Write]);

    stand
        .always(
            409,
            r#"[{"error_key":"contacts.api.conflict","error_message":"List name already exists"}]"#,
        )
        .await;
    let taken = stand
        .api
        .create_contact_list(&token(), "x", Some("d"))
        .await
        .unwrap_err();
    assert!(
        matches!(&taken, ClientError::Conflict(refusal) if refusal.key() == Some("contacts.api.conflict"))
    );
    assert!(!taken.may_have_taken_effect());

    let too_long = stand
        .api
        .create_contact_list(&token(), &"n".repeat(256), None)
        .await;
    assert!(matches!(too_long, Err(ClientError::InvalidRequest(_))));
    assert!(
        stand
            .api
            .create_contact_list(&token(), " ", None)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn each_refusal_has_its_class_and_keeps_the_providers_words() {
    let stand = Stand::start().await;
    for (status, body, expected) in [
        (
            400,
            r#"[{"error_key":"contacts.api.validation.error","error_message":"Bad"}]"#,
            "Rejected",
        ),
        (
            401,
            r#"{"error_key":"unauthorized","error_message":"Unauthorized"}"#,
            "SignInExpired",
        ),
        (401, "", "SignInExpired"),
        (
            403,
            r#"{"error_key":"access_denied","error_message":"Request forbidden due to insufficient user privileges."}"#,
            "Forbidden",
        ),
        (403, r#"{"message":"Forbidden"}"#, "Forbidden"),
        (
            404,
            r#"[{"error_key":"contacts.api.not_found","error_message":"No"}]"#,
            "NotFound",
        ),
        (409, "[]", "Conflict"),
        (415, r#"{"message":"Unsupported Media Type"}"#, "Rejected"),
        (
            429,
            r#"{"error_key":"throttled","error_message":"Too Many Requests"}"#,
            "Throttled",
        ),
        (
            429,
            r#"{"error_key":"quota_exceeded","error_message":"Limit Exceeded"}"#,
            "QuotaExceeded",
        ),
        (
            429,
            r#"[{"error_key":"activities.api.limit","error_message":"Exceeded 1,000 queued activities"}]"#,
            "QueueFull",
        ),
        (500, "", "ServerProblem"),
        (
            502,
            "<html><head><title>502 Bad Gateway</title></head></html>",
            "ServerProblem",
        ),
        (503, r#"{"message":"Service Unavailable"}"#, "ServerProblem"),
        (302, "", "Unreadable"),
        (200, "<html><title>Sign in</title></html>", "Unreadable"),
        (200, r#"{"activity_id":"86b9"#, "Unreadable"),
        (200, "", "Unreadable"),
        (200, "[]", "Unreadable"),
        (204, "", "Unreadable"),
    ] {
        stand.always(status, body).await;
        let error = stand
            .api
            .get_activity(&token(), &ActivityId::new("a"))
            .await
            .unwrap_err();
        let class = format!("{error:?}");
        assert!(class.starts_with(expected), "{status} {body}: {class}");
        assert!(!format!("{error} {class}").contains(TOKEN));
        if let Some(refusal) = error.refusal() {
            assert_eq!(refusal.status, status);
        }
    }
}

#[tokio::test]
async fn support_ids_and_masked_words_are_in_the_error() {
    let stand = Stand::start().await;
    stand
        .answer(
            ResponseTemplate::new(400)
                .set_body_string(r#"[{"error_key":"k","error_message":"ann@example.com is bad"}]"#)
                .insert_header("x-amzn-RequestId", "req-1")
                .insert_header("x-amz-apigw-id", "gw-1")
                .insert_header("x-eig-tracking-id", "eig-1"),
        )
        .await;
    let error = stand.api.account_summary(&token()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Constant Contact refused: 400 k: [e-mail address] is bad \
         [x-amzn-RequestId req-1, x-amz-apigw-id gw-1, x-eig-tracking-id eig-1]"
    );
    let support = error.refusal().unwrap().support();
    assert_eq!(support.tracking_id.as_deref(), Some("eig-1"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (stand, elsewhere) = (Stand::start().await, Stand::start().await);
    elsewhere.always(200, "{}").await;
    stand
        .answer(ResponseTemplate::new(307).insert_header("location", elsewhere.server.uri()))
        .await;
    assert!(stand.api.account_summary(&token()).await.is_err());
    assert!(elsewhere.requests().await.is_empty());
}

#[tokio::test]
async fn contacts_are_removed_from_lists_by_id() {
    let stand = Stand::start().await;
    stand
        .always(201, r#"{"activity_id":"act","state":"initialized"}"#)
        .await;
    let contact = ContactId::from(Uuid::from_u128(7));
    let activity = stand
        .api
        .remove_from_lists(&token(), &[contact], &[list_id()])
        .await
        .unwrap();
    assert_eq!(activity.activity_id.as_str(), "act");
    let requests = stand.requests().await;
    assert_eq!(
        String::from_utf8_lossy(&requests[0].body),
        format!(r#"{{"source":{{"contact_ids":["{contact}"]}},"list_ids":["{LIST}"]}}"#)
    );
    let too_many = vec![contact; 501];
    let refused = stand
        .api
        .remove_from_lists(&token(), &too_many, &[list_id()])
        .await;
    assert!(matches!(refused, Err(ClientError::InvalidRequest(_))));
    assert!(
        stand
            .api
            .remove_from_lists(&token(), &[], &[list_id()])
            .await
            .is_err()
    );
    assert_eq!(stand.permits.kinds().len(), 1);
}

#[tokio::test]
async fn an_export_is_started_and_its_results_are_followed_piece_by_piece() {
    let stand = Stand::start().await;
    stand
        .always(
            201,
            r#"{"activity_id":"e","state":"completed","_links":{"results":{"href":"/v3/contact_exports/e"}}}"#,
        )
        .await;
    let export = ContactExport {
        list_ids: vec![list_id()],
        fields: vec!["email_address".to_owned()],
        ..ContactExport::default()
    };
    let activity = stand
        .api
        .start_contact_export(&token(), &export)
        .await
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&stand.requests().await[0].body),
        format!(r#"{{"list_ids":["{LIST}"],"fields":["email_address"]}}"#)
    );

    let csv = "email\nann@example.com\n".repeat(10_000);
    stand
        .answer(ResponseTemplate::new(200).set_body_raw(csv.clone(), "text/csv"))
        .await;
    let mut results = stand
        .api
        .open_export_results(&token(), &activity, csv.len() as u64)
        .await
        .unwrap();
    let mut read = Vec::new();
    while let Some(piece) = results.next_piece().await.unwrap() {
        read.extend_from_slice(&piece);
    }
    assert_eq!(read, csv.as_bytes());
    let requests = stand.requests().await;
    assert_eq!(requests[0].url.path(), "/v3/contact_exports/e");

    let mut short = stand
        .api
        .open_export_results(&token(), &activity, 10)
        .await
        .unwrap();
    assert!(matches!(
        short.next_piece().await,
        Err(ClientError::Unreadable { .. })
    ));
}

#[tokio::test]
async fn only_an_empty_answer_says_that_there_is_no_such_contact() {
    let stand = Stand::start().await;
    let email = "ann@example.com";
    for (body, is_unreadable) in [
        (r#"{"contacts":[]}"#, false),
        (
            r#"{"contacts":[{"contact_id":"06526938-56dd-11e9-932a-fa163ea075fa","email_address":{"address":null}}]}"#,
            false,
        ),
        ("{}", true),
        (r#"{"error_key":"odd"}"#, true),
    ] {
        stand.always(200, body).await;
        let found = stand.api.find_contact(&token(), email).await;
        match is_unreadable {
            true => assert!(
                matches!(found, Err(ClientError::Unreadable { .. })),
                "{body}"
            ),
            false => assert_eq!(found.unwrap(), None, "{body}"),
        }
    }
}
