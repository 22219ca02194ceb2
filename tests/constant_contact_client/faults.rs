//! Servers that hang up, stall, babble or are not there. What matters: was anything sent?

use bytes::Bytes;
use listbridge::constant_contact::{
    Activity, ClientError, ConstantContact, FaultKind, ListId, RefreshToken, RequestKind,
    TokenError,
};
use tokio::net::TcpSocket;
use uuid::Uuid;

use crate::support::{
    Counted, Manner, app, client_of, hasty_client_of, impatient_client_of, permits, raw_server,
    token,
};

const HEAD: &str = "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"activity_id\":";

/// What becomes of an upload.
async fn import(client: &ConstantContact, permits: &std::sync::Arc<Counted>) -> ClientError {
    let list = ListId::from(Uuid::nil());
    let csv = Bytes::from_static(b"email\nann@example.com\n");
    let api = client.api(permits.clone());
    api.import_contacts(&token(), "a.csv", &[list], csv)
        .await
        .unwrap_err()
}

#[tokio::test]
async fn a_refused_connection_means_nothing_was_sent() {
    // Taken, and nobody listens.
    let silent = TcpSocket::new_v4().unwrap();
    silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = silent.local_addr().unwrap();
    let client = client_of(&format!("http://{address}"));
    let permits = permits();
    let error = import(&client, &permits).await;
    let ClientError::Unreachable(fault) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(fault.kind, FaultKind::Unreachable);
    assert!(error.is_temporary() && !error.may_have_taken_effect());
    assert!(error.to_string().contains("refused"), "{error}");
    let kinds = permits.kinds();
    assert_eq!(
        kinds,
        [RequestKind::Upload],
        "the attempt counts all the same"
    );

    let oauth = client.oauth(permits);
    let refresh = oauth.refresh(&app(), &RefreshToken::new("old")).await;
    assert!(matches!(refresh, Err(TokenError::Unreachable(_))));
}

#[tokio::test]
async fn a_failed_tls_handshake_means_nothing_was_sent() {
    let other_protocol = Manner::Interrupt("SSH-2.0-OpenSSH_9.6\r\n");
    let silence = Manner::Stall("");
    for manner in [other_protocol, silence] {
        let base = raw_server(manner).await.base.replace("http:", "https:");
        let error = import(&hasty_client_of(&base), &permits()).await;
        assert!(matches!(error, ClientError::Unreachable(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_connection_lost_after_sending_leaves_the_outcome_unclear() {
    for manner in [
        Manner::Close(""),
        Manner::Reset(""),
        Manner::Stall(""),
        Manner::Close("garbage\r\n\r\n"),
        Manner::Close("HTTP/1.1 201 Crea"),
        Manner::Close(HEAD),
        Manner::Reset(HEAD),
        Manner::Stall(HEAD),
    ] {
        let server = raw_server(manner).await;
        let client = match manner {
            Manner::Stall(_) => impatient_client_of(&server.base),
            _ => client_of(&server.base),
        };
        let permits = permits();
        let error = import(&client, &permits).await;
        assert!(matches!(error, ClientError::Interrupted(_)), "{error:?}");
        assert!(error.is_temporary() && error.may_have_taken_effect());
        assert_eq!(server.received(), 1, "never sent twice");

        let oauth = client.oauth(permits.clone());
        let refresh = oauth.refresh(&app(), &RefreshToken::new("old")).await;
        assert!(
            matches!(refresh, Err(TokenError::OutcomeUnknown(_))),
            "{refresh:?}"
        );
        assert_eq!(server.received(), 2, "never sent twice");
    }
}

#[tokio::test]
async fn a_kept_connection_that_hangs_up_does_not_make_an_upload_go_twice() {
    let done = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    let server = raw_server(Manner::AnswerOnce(done)).await;
    let client = client_of(&server.base);
    let permits = permits();
    let api = client.api(permits.clone());
    api.account_summary(&token()).await.unwrap();
    let error = import(&client, &permits).await;
    assert!(matches!(error, ClientError::Interrupted(_)), "{error:?}");
    assert_eq!(server.received(), 2);
}

#[tokio::test]
async fn a_timeout_is_told_from_a_broken_connection() {
    for (manner, client_of, expected) in [
        (
            Manner::Stall(""),
            impatient_client_of as fn(&str) -> _,
            FaultKind::TimedOut,
        ),
        (
            Manner::Stall(HEAD),
            impatient_client_of,
            FaultKind::TimedOut,
        ),
        (Manner::Close(""), client_of, FaultKind::BrokenOff),
        (Manner::Close(HEAD), client_of, FaultKind::BrokenOff),
    ] {
        let client = client_of(&raw_server(manner).await.base);
        match import(&client, &permits()).await {
            ClientError::Interrupted(fault) => assert_eq!(fault.kind, expected),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn an_answer_without_end_is_given_up() {
    let endless = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
    let server = raw_server(Manner::Flood(endless)).await;
    let error = import(&client_of(&server.base), &permits()).await;
    assert!(
        matches!(&error, ClientError::Unreadable { status: 200, why, .. } if why.contains("longer")),
        "{error:?}"
    );
    assert!(error.may_have_taken_effect());
}

#[tokio::test]
async fn the_status_of_a_refusal_counts_although_its_body_is_cut() {
    let cut = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 500\r\n\r\n[{\"error_key\":\"quota_exceeded\",\"err";
    let server = raw_server(Manner::Close(cut)).await;
    let error = import(&client_of(&server.base), &permits()).await;
    assert!(matches!(error, ClientError::QuotaExceeded(_)), "{error:?}");

    let endless = Manner::Flood("HTTP/1.1 401 Unauthorized\r\n\r\n");
    let server = raw_server(endless).await;
    let error = import(&client_of(&server.base), &permits()).await;
    assert!(matches!(error, ClientError::SignInExpired(_)), "{error:?}");
}

/// A file and a refusal that come byte by byte would each last for ever: no silence is long enough to give up.
#[tokio::test]
async fn what_drips_is_given_up_in_the_end() {
    let activity = r#"{"activity_id":"e","state":"completed","_links":{"results":{"href":"/v3/contact_exports/e"}}}"#;
    let activity: Activity = serde_json::from_str(activity).unwrap();
    let file = "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n\r\n";
    let server = raw_server(Manner::Drip(file)).await;
    let api = impatient_client_of(&server.base).api(permits());
    let bearer = token();
    let opened = api.open_export_results(&bearer, &activity, 1_000_000);
    let mut results = opened.await.unwrap();
    let error = loop {
        match results.next_piece().await {
            Ok(piece) => assert!(piece.is_some()),
            Err(error) => break error,
        }
    };
    assert!(
        matches!(&error, ClientError::Interrupted(fault) if fault.kind == FaultKind::TimedOut),
        "{error:?}"
    );

    let refusal = Manner::Drip("HTTP/1.1 403 Forbidden\r\n\r\n");
    let server = raw_server(refusal).await;
    let api = impatient_client_of(&server.base).api(permits());
    let bearer = token();
    let opened = api.open_export_results(&bearer, &activity, 1_000_000);
    let error = opened.await.err().unwrap();
    assert!(matches!(error, ClientError::Forbidden(_)), "{error:?}");
}
