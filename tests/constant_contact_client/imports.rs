//! The upload of an import file, byte for byte.

use bytes::Bytes;
use listbridge::constant_contact::limits::IMPORT_BODY_BYTES;
use listbridge::constant_contact::{
    ActivityState, ClientError, ListId, RequestKind, import_overhead_bytes, parse_list_id,
};
use uuid::Uuid;

use crate::support::{LIST, Stand, token};

const QUEUED: &str = r#"{"activity_id":"86b90820-cc52-11ea-9dad-fa163e3d9194","state":"initialized","created_at":"2026-01-23T13:48:44.108Z"}"#;

fn lists(count: u128) -> Vec<ListId> {
    (1..=count)
        .map(|n| ListId::from(Uuid::from_u128(n)))
        .collect()
}

#[tokio::test]
async fn an_import_is_one_multipart_request_of_the_documented_parts() {
    let stand = Stand::start().await;
    stand.always(201, QUEUED).await;
    let list = parse_list_id(LIST).unwrap();
    let csv = "email,first_name\nann@example.com,Änne\n";
    let activity = stand
        .api
        .import_contacts(
            &token(),
            "run-1-part-2.csv",
            &[list, list],
            Bytes::from(csv),
        )
        .await
        .unwrap();
    assert_eq!(activity.state, ActivityState::Initialized);
    assert_eq!(
        activity.activity_id.as_str(),
        "86b90820-cc52-11ea-9dad-fa163e3d9194"
    );

    let requests = stand.requests().await;
    assert_eq!(requests[0].method.as_str(), "POST");
    assert_eq!(
        requests[0].url.path(),
        "/v3/activities/contacts_file_import"
    );
    let content_type = requests[0].headers["content-type"].to_str().unwrap();
    let boundary = content_type
        .strip_prefix("multipart/form-data; boundary=")
        .unwrap();
    let expected = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"run-1-part-2.csv\"\r\n\
         Content-Type: text/csv\r\n\r\n{csv}\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"list_ids\"\r\n\r\n{LIST},{LIST}\r\n\
         --{boundary}--\r\n"
    );
    assert_eq!(String::from_utf8_lossy(&requests[0].body), expected);
    assert_eq!(stand.permits.kinds(), [RequestKind::Upload]);
}

#[tokio::test]
async fn the_planned_size_is_the_size_on_the_wire() {
    let stand = Stand::start().await;
    stand.always(201, QUEUED).await;
    for (name, lists, csv_bytes) in [
        ("a.csv", lists(1), 0),
        ("listbridge-0197f7aa-part-0001.csv", lists(7), 12_345),
        (
            "b.csv",
            lists(50),
            IMPORT_BODY_BYTES - import_overhead_bytes("b.csv", &lists(50)),
        ),
    ] {
        let csv = Bytes::from(vec![b'x'; csv_bytes]);
        stand
            .api
            .import_contacts(&token(), name, &lists, csv)
            .await
            .unwrap();
        let requests = stand.requests().await;
        let request = requests.last().unwrap();
        let planned = import_overhead_bytes(name, &lists) + csv_bytes;
        assert_eq!(request.body.len(), planned);
        assert_eq!(
            request.headers["content-length"].to_str().unwrap(),
            planned.to_string()
        );
        assert!(!request.headers.contains_key("transfer-encoding"));
        assert!(planned < 4_000_000);
    }
}

#[tokio::test]
async fn what_the_vendor_would_cut_or_refuse_is_not_sent() {
    let stand = Stand::start().await;
    stand.always(201, QUEUED).await;
    let room = IMPORT_BODY_BYTES - import_overhead_bytes("a.csv", &lists(1));
    for (name, lists, csv_bytes) in [
        ("a.csv", lists(1), room + 1),
        ("a.csv", lists(0), 10),
        ("a.csv", lists(51), 10),
        ("a.txt", lists(1), 10),
        ("a\".csv", lists(1), 10),
    ] {
        let csv = Bytes::from(vec![b'x'; csv_bytes]);
        let refused = stand.api.import_contacts(&token(), name, &lists, csv).await;
        assert!(
            matches!(refused, Err(ClientError::InvalidRequest(_))),
            "{name}"
        );
    }
    assert!(stand.requests().await.is_empty());
    assert!(stand.permits.kinds().is_empty());
}

#[tokio::test]
async fn a_full_queue_is_told_from_throttling() {
    let stand = Stand::start().await;
    let import = async || {
        let csv = Bytes::from_static(b"email\n");
        stand
            .api
            .import_contacts(&token(), "a.csv", &lists(1), csv)
            .await
            .unwrap_err()
    };
    stand
        .always(
            429,
            r#"[{"error_key":"x","error_message":"Too many requests. You exceeded 1,000 queued activities for this user account."}]"#,
        )
        .await;
    assert!(matches!(import().await, ClientError::QueueFull(_)));
    stand
        .always(
            429,
            r#"{"error_key":"throttled","error_message":"Too Many Requests"}"#,
        )
        .await;
    assert!(matches!(import().await, ClientError::Throttled(_)));
    stand.always(201, r#"{"activity_id":"86b9"#).await;
    assert!(
        import().await.may_have_taken_effect(),
        "queued, but its name is lost"
    );
}
