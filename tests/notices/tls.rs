//! Mail over TLS to a real server: certificates that are trusted and those that are not, and nothing in clear instead.

use std::time::Duration;

use listbridge::auth::Role;
use listbridge::notices::Kind;
use listbridge::notices::deliver::Problem;
use listbridge::notices::deliver::outbox::{self, State};
use uuid::Uuid;

use crate::deliver::{Post, send_protected};
use crate::receivers::{MailServer, Protection};
use crate::support::process::{Served, eventually};
use crate::support::tls::TestCa;
use crate::support::{ALICE, spawn_app};

const PAGE: &str = "/settings/system/notices";

/// Whoever does not know the authority sends nothing and keeps the notice; a process that trusts it sends it.
async fn waits_for_trust(security: &str, protection: impl FnOnce(&TestCa) -> Protection) {
    let ca = TestCa::new();
    let server = MailServer::protected(protection(&ca)).await;
    let post = Post::open().await;
    post.add("Alice", Role::Administrator).await;
    send_protected(&post.services, server.port, security).await;
    post.raise(Kind::RunFailed, Uuid::now_v7()).await;
    for tries in 1..=2 {
        assert_eq!(post.tick().await, 1);
        let waiting = &post.latest().await[0];
        assert_eq!(
            (waiting.state, waiting.tries, waiting.problem),
            (State::Waiting, tries, Some(Problem::Certificate)),
            "{security}"
        );
        post.time.forward(Duration::from_secs(300));
    }
    let heard = server.heard();
    assert!(
        !heard.iter().any(|word| word.ends_with("MAIL")),
        "{heard:?}"
    );

    let authority = ca.authority_file();
    let trusting = [("SSL_CERT_FILE", authority.as_os_str())];
    // As saving the settings anew does.
    let now = listbridge::clock::Clock::system().now();
    outbox::hurry_mail(&**post.services.db, now).await.unwrap();
    let _served = Served::start(&post.services.settings, &trusting).await;
    eventually("mail", async || !server.mails().is_empty()).await;
    eventually("record of it", async || {
        post.latest().await[0].state == State::Delivered
    })
    .await;
    assert_eq!(server.mails()[0].to, ["alice@example.com"]);
    assert!(
        server.heard().contains(&"+MAIL".to_owned()),
        "{:?}",
        server.heard()
    );
    assert!(!server.heard().contains(&"MAIL".to_owned()));
}

#[tokio::test]
async fn over_tls_from_the_first_byte_a_certificate_must_be_trusted() {
    waits_for_trust("tls", |ca| Protection::Tls(ca.acceptor())).await;
}

#[tokio::test]
async fn after_starttls_a_certificate_must_be_trusted() {
    waits_for_trust("starttls", |ca| Protection::StartTls(ca.acceptor())).await;
}

/// Tries what is set from the settings page of a process that trusts the authority; what the page says then.
async fn tried_with_trust(ca: &TestCa, server: &MailServer, security: &str) -> String {
    let app = spawn_app().await;
    send_protected(&app.services, server.port, security).await;
    let authority = ca.authority_file();
    let trusting = [("SSL_CERT_FILE", authority.as_os_str())];
    let served = Served::start(&app.services.settings, &trusting).await;
    let browser = app.sign_in(ALICE).await;
    let mut browser = browser.speaking("en");
    browser.base_url.clone_from(&served.base_url);
    let answer = browser.submit(PAGE, &format!("{PAGE}/test"), &[]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    browser.get(PAGE).await.texts("main").concat()
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not_accepted() {
    let ca = TestCa::signing_for(&["mail.example.com"]);
    let server = MailServer::protected(Protection::Tls(ca.acceptor())).await;
    let said = tried_with_trust(&ca, &server, "tls").await;
    assert!(said.contains("is for another name"), "{said}");
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn a_protection_the_server_does_not_offer_is_never_left_out() {
    let server = MailServer::start().await;
    for (security, problem) in [("starttls", Problem::NotOffered), ("tls", Problem::Tls)] {
        let post = Post::open().await;
        post.add("Alice", Role::Administrator).await;
        send_protected(&post.services, server.port, security).await;
        post.raise(Kind::RunFailed, Uuid::now_v7()).await;
        assert_eq!(post.tick().await, 1);
        let waiting = post.latest().await.remove(0);
        assert_eq!(
            (waiting.state, waiting.problem),
            (State::Waiting, Some(problem)),
            "{security}"
        );
        let heard = server.heard();
        assert!(
            !heard.iter().any(|word| word == "AUTH" || word == "MAIL"),
            "{heard:?}"
        );
        assert!(server.mails().is_empty());
    }
}

#[tokio::test]
async fn the_settings_page_says_what_is_wrong_with_a_certificate_in_both_languages() {
    let ca = TestCa::new();
    let server = MailServer::protected(Protection::StartTls(ca.acceptor())).await;
    let app = spawn_app().await;
    send_protected(&app.services, server.port, "starttls").await;
    let alice = app.sign_in(ALICE).await;
    for (lang, said) in [
        ("en", "The certificate of the mail server is not accepted"),
        ("zh-HK", "郵件伺服器的憑證不獲接受"),
    ] {
        let alice = alice.clone().speaking(lang);
        let answer = alice.submit(PAGE, &format!("{PAGE}/test"), &[]).await;
        assert_eq!(answer.status, 303);
        let page = alice.get(PAGE).await;
        assert!(page.says(said), "{lang}: {}", page.body);
    }
}
