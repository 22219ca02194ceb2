//! What the client writes to the log.

use std::cell::RefCell;
use std::io::Write;

use listbridge::constant_contact::MembershipCount;

use crate::support::{Stand, TOKEN, app, redirect_uri, token};

thread_local! {
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Keeps the lines of each thread apart, hence those of each test: a test and its client share one thread.
struct ThisThread;

impl Write for ThisThread {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn nothing_secret_or_personal_is_logged() {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(|| ThisThread)
        .finish();
    // Global, since interest in an event is cached across threads and the other tests of this binary have none.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let stand = Stand::start().await;
    stand
        .always(
            400,
            r#"[{"error_key":"k","error_message":"ann@example.com"}]"#,
        )
        .await;
    let count = Some(MembershipCount::All);
    stand
        .api
        .list_contact_lists(&token(), count)
        .await
        .unwrap_err();
    let (app, redirect_uri) = (app(), redirect_uri());
    let code = "the-code".into();
    let exchange = stand.oauth.exchange_code(&app, &redirect_uri, &code, None);
    exchange.await.unwrap_err();

    let log = LOG.with_borrow(|log| String::from_utf8(log.clone()).unwrap());
    let ours: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("listbridge::constant_contact"))
        .collect();
    assert_eq!(ours.len(), 2, "{log}");
    let first = r#"method=GET path="/contact_lists" status=400 duration_ms="#;
    assert!(ours[0].contains(first), "{log}");
    assert!(
        ours[1].contains(r#"method=POST path="/token" status=400"#),
        "{log}"
    );
    for secret in ["ann@example.com", "include_membership"] {
        assert!(
            !ours.iter().any(|line| line.contains(secret)),
            "{secret} in {log}"
        );
    }
    // Nor do the libraries below log a token, at any level.
    for secret in [TOKEN, "the-code", "s3cret_Value-42"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
