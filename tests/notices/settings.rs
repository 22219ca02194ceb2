//! Settings > System > Notices and the choice on the account page.

use listbridge::notices::deliver::outbox;
use listbridge::storage::entities::{audit_event, notice_setting, notice_webhook};
use sea_orm::EntityTrait;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::receivers::MailServer;
use crate::support::port::Port;
use crate::support::webdriver::ChromeDriver;
use crate::support::{ALICE, Answer, BOB, Browser, spawn_app};

const PAGE: &str = "/settings/system/notices";

/// Saves settings for a server on this machine; `changes` win.
async fn save(browser: &Browser, port: u16, changes: &[(&str, &str)]) -> Answer {
    let port = port.to_string();
    let mut fields = vec![
        ("rejected_percent", "5"),
        ("host", "127.0.0.1"),
        ("port", port.as_str()),
        ("security", "none"),
        ("user", ""),
        ("password", ""),
        ("from", "listbridge@example.com"),
    ];
    fields.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    fields.extend_from_slice(changes);
    browser.submit(PAGE, PAGE, &fields).await
}

#[tokio::test]
async fn bad_settings_are_told_at_their_fields_and_change_nothing() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    for (field, typed, said) in [
        (
            "rejected_percent",
            "101",
            "Enter a whole number from 0 to 100.",
        ),
        (
            "host",
            "https://mail.example.com",
            "Enter the name of the server alone",
        ),
        ("port", "70000", "Enter a number from 1 to 65535"),
        ("security", "ssl", "Choose how the connection is protected."),
        ("from", "nobody", "Enter one e-mail address"),
        (
            "password",
            "s3cret-word",
            "User name and password go together",
        ),
    ] {
        let answer = save(&alice, 25, &[(field, typed)]).await;
        assert_eq!(answer.status, 422, "{field}");
        let error = answer.texts(&format!("#{field}-error")).concat();
        assert!(error.starts_with(said), "{field}: {error}");
        assert!(
            !answer.body.contains("s3cret-word"),
            "a password never comes back"
        );
        if field == "host" {
            assert_eq!(answer.attribute("#host", "value").as_deref(), Some(typed));
        }
    }
    let unprotected = [
        ("host", "mail.example.com"),
        ("user", "me"),
        ("password", "s3cret-word"),
    ];
    let answer = save(&alice, 25, &unprotected).await;
    assert!(
        answer.says("A password would travel in clear."),
        "{}",
        answer.body
    );
    let row = notice_setting::Entity::find_by_id(1)
        .one(&**app.services.db)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((row.smtp_host, row.rejected_percent), (None, 5));
}

#[tokio::test]
async fn a_password_is_sealed_used_and_never_shown() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    let server = MailServer::start().await;
    let credentials = [
        ("user", "me"),
        ("password", "s3cret-word"),
        ("rejected_percent", "0"),
    ];
    let answer = save(&alice, server.port, &credentials).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let page = alice.get(PAGE).await;
    assert!(page.says("A password is kept."), "{}", page.body);
    assert!(page.says(ALICE.name), "who is told is named");
    assert!(!page.body.contains("s3cret-word"));
    // Saved again without typing it: still the same one.
    assert_eq!(
        save(&alice, server.port, &[("user", "me")]).await.status,
        303
    );
    let test = alice.submit(PAGE, &format!("{PAGE}/test"), &[]).await;
    assert_eq!(test.status, 303);
    let page = alice.get(PAGE).await;
    assert!(
        page.says("has taken a test mail for alice@example.com"),
        "{}",
        page.body
    );
    assert_eq!(server.mails().len(), 1);
    assert_eq!(server.sign_ins(), ["\0me\0s3cret-word"]);
    let db = &**app.services.db;
    let row = notice_setting::Entity::find_by_id(1)
        .one(db)
        .await
        .unwrap()
        .unwrap();
    let sealed = row.smtp_password.unwrap();
    assert!(!sealed.windows(6).any(|bytes| bytes == b"s3cret"));
    let events = audit_event::Entity::find().all(db).await.unwrap();
    let changed: Vec<_> = events
        .iter()
        .filter(|event| event.action == "notice.settings-changed")
        .collect();
    assert_eq!(changed.len(), 2);
    let detail = changed[0].detail.to_string();
    assert!(detail.contains("\"has_password\":true"), "{detail}");
    assert!(!detail.contains("s3cret-word"), "{detail}");
}

#[tokio::test]
async fn a_test_mail_that_does_not_arrive_says_what_to_do() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    let test = async || {
        alice.submit(PAGE, &format!("{PAGE}/test"), &[]).await;
        alice.get(PAGE).await
    };
    assert!(test().await.says("No mail server is set."));
    let refusing = MailServer::refusing(554).await;
    save(&alice, refusing.port, &[]).await;
    let page = test().await;
    assert!(
        page.says("The mail server refused the mail (code 554)."),
        "{}",
        page.body
    );
    assert!(!page.says("is not known here"), "servers repeat addresses");
    let nobody = Port::new();
    save(&alice, nobody.number(), &[]).await;
    assert!(test().await.says("No connection: check address and port"));
    // It speaks, but not TLS.
    let plain = MailServer::start().await;
    save(&alice, plain.port, &[("security", "starttls")]).await;
    assert!(test().await.says("does not offer the protection"));
}

#[tokio::test]
async fn a_webhook_shows_its_secret_once() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    let hooks = format!("{PAGE}/webhooks");
    for (typed, said) in [
        (
            "ftp://example.com",
            "Enter an address that begins with https:// or http://.",
        ),
        (
            "https://me:secret@example.com",
            "Enter the address without user name and password.",
        ),
    ] {
        let answer = alice.submit(PAGE, &hooks, &[("url", typed)]).await;
        assert_eq!(answer.status, 422, "{typed}");
        assert!(
            answer.texts("#url-error").concat().starts_with(said),
            "{typed}"
        );
    }
    let receiver = MockServer::start().await;
    let answer = ResponseTemplate::new(200);
    Mock::given(any())
        .respond_with(answer)
        .mount(&receiver)
        .await;
    let url = format!("{}/in?token=hidden-token", receiver.uri());
    let added = alice.submit(PAGE, &hooks, &[("url", &url)]).await;
    assert_eq!(added.status, 200);
    let secret = added.texts("#webhook-secret").concat();
    assert!(secret.starts_with("whsec_"), "{secret}");
    // What switches the language there leads to the page the form was on.
    let back = added.attribute("form[action='/language'] input[name=return_to]", "value");
    assert_eq!(back.as_deref(), Some(PAGE));
    let page = alice.get(PAGE).await;
    assert!(!page.body.contains(&secret) && !page.body.contains("hidden-token"));
    let again = alice.submit(PAGE, &hooks, &[("url", &url)]).await;
    assert!(again.says("There is a webhook with this address already."));

    let db = &**app.services.db;
    let row = notice_webhook::Entity::find()
        .one(db)
        .await
        .unwrap()
        .unwrap();
    assert!(
        !row.secret
            .windows(10)
            .any(|bytes| bytes == &secret.as_bytes()[..10])
    );
    let tested = alice
        .submit(PAGE, &format!("{hooks}/{}/test", row.id), &[])
        .await;
    assert_eq!(tested.status, 303);
    assert!(
        alice
            .get(PAGE)
            .await
            .says("The webhook has taken the test.")
    );
    let requests = receiver.received_requests().await.unwrap();
    assert!(String::from_utf8_lossy(&requests[0].body).contains("\"event\":\"test\""));
    let removed = alice
        .submit(PAGE, &format!("{hooks}/{}/remove", row.id), &[])
        .await;
    assert_eq!(removed.status, 303);
    assert!(
        notice_webhook::Entity::find()
            .one(db)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn administrators_decide_for_themselves_whether_they_get_mail() {
    let app = spawn_app().await;
    let (alice, bob) = (app.sign_in(ALICE).await, app.sign_in(BOB).await);
    assert!(
        alice
            .get("/account")
            .await
            .says("Tell me of notices by mail")
    );
    assert!(!bob.get("/account").await.says("Tell me of notices by mail"));
    let told = async || outbox::recipients(&**app.services.db).await.unwrap().len();
    assert_eq!(told().await, 1);
    assert_eq!(
        alice
            .submit("/account", "/account/notices", &[])
            .await
            .status,
        303
    );
    assert_eq!(told().await, 0);
    let on = [("by_mail", "true")];
    assert_eq!(
        alice
            .submit("/account", "/account/notices", &on)
            .await
            .status,
        303
    );
    assert_eq!(told().await, 1);
    // A contributor may choose, and is still not told.
    bob.submit("/account", "/account/notices", &on).await;
    assert_eq!(told().await, 1);
}

#[tokio::test]
async fn the_pages_can_be_used_by_everybody() {
    let Some(driver) = ChromeDriver::start() else {
        return;
    };
    for (lang, host, save, test, problem) in [
        (
            "en",
            "Server",
            "Save",
            "Send me a test mail",
            "No connection",
        ),
        ("zh-HK", "伺服器", "儲存", "傳送測試郵件給我", "無法連線"),
    ] {
        let app = spawn_app().await;
        let tab = driver.open(&app.base_url, lang).await;
        tab.goto(PAGE).await;
        tab.sign_in(ALICE.email).await;
        tab.wait_for("#host").await;
        tab.check_accessibility().await;
        tab.fill(host, "https://nowhere").await;
        tab.press(save).await;
        tab.wait_for("#host-error").await;
        tab.check_accessibility().await;
        let alice = app.sign_in(ALICE).await;
        let nobody = Port::new();
        let saved = self::save(&alice, nobody.number(), &[]).await;
        assert_eq!(saved.status, 303);
        let long = "W".repeat(300);
        let hook = format!("http://{}/{long}", nobody.address());
        alice
            .submit(PAGE, &format!("{PAGE}/webhooks"), &[("url", &hook)])
            .await;
        crate::open::raise_at(
            &app,
            listbridge::notices::Kind::RunFailed,
            uuid::Uuid::now_v7(),
            &"M".repeat(100),
        )
        .await;
        app.services.courier.tick().await.unwrap();
        tab.goto(PAGE).await;
        tab.press(test).await;
        tab.see(problem).await;
        tab.check_accessibility().await;
        tab.goto("/account").await;
        tab.wait_for("#by_mail").await;
        tab.check_accessibility().await;
    }
}
