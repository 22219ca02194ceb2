//! Browser sessions across processes, in the cookie and in Redis, and a Redis that is down.
#![allow(clippy::unwrap_used, reason = "a step that fails fails its test")]

mod support;

use support::process::Served;
use support::redis::Redis;
use support::tls::TestCa;
use support::{ALICE, BOB, Browser, PASSWORD, TestApp, spawn_app_with, spawn_replica};

async fn two_replicas(store: &str) -> (TestApp, TestApp) {
    let first = spawn_app_with(|settings| settings.session_store = store.to_owned().into()).await;
    let second = spawn_replica(&first).await;
    (first, second)
}

/// The same browser, sent to another process by the proxy.
fn at(browser: &Browser, app: &TestApp) -> Browser {
    Browser {
        base_url: app.base_url.clone(),
        ..browser.clone()
    }
}

async fn replicas_know_a_visitor(store: &str) {
    let (first, second) = two_replicas(store).await;
    // A form of one process is sent to the other.
    let browser = first.browser();
    let csrf = browser.csrf("/sign-in").await;
    let fields = [
        ("_csrf", csrf.as_str()),
        ("email", ALICE.email),
        ("password", PASSWORD),
    ];
    let answer = at(&browser, &second).post("/sign-in", &fields).await;
    assert_eq!(answer.status, 303, "{store}: {}", answer.body);
    assert_eq!(browser.get("/settings/people").await.status, 200, "{store}");
    // A message of one process is shown by the other, once.
    let new = "/settings/people/new";
    let fields = [
        ("name", "Dora"),
        ("email", "dora@example.com"),
        ("role", "viewer"),
        ("access", "invitation"),
    ];
    let person = browser.submit(new, new, &fields).await.location.unwrap();
    let shown = at(&browser, &second).get(&person).await;
    assert!(shown.says("Dora was added"), "{store}: {}", shown.body);
    assert!(
        !browser.get(&person).await.says("Dora was added"),
        "{store}"
    );
    // Signed out at one, signed out at both.
    let out = at(&browser, &second).submit("/", "/sign-out", &[]).await;
    assert_eq!(out.status, 303, "{store}");
    assert_eq!(browser.get("/").await.status, 303, "{store}");
}

#[tokio::test]
async fn replicas_know_a_visitor_by_the_cookie() {
    replicas_know_a_visitor("cookie").await;
}

#[tokio::test]
async fn replicas_know_a_visitor_by_redis() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    replicas_know_a_visitor(&redis.url()).await;
}

#[tokio::test]
async fn reading_redis_gives_nobody_a_cookie() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    let store = redis.url();
    let app = spawn_app_with(|settings| settings.session_store = store.into()).await;
    let browser = app.browser();
    let fields = [("email", BOB.email), ("password", PASSWORD)];
    let answer = browser.submit("/sign-in", "/sign-in", &fields).await;
    let cookie = answer.headers["set-cookie"].clone();
    let value = cookie.split(';').next().unwrap().split_once('=').unwrap().1;
    let content = redis.dump().await;
    assert!(content.contains("listbridge:session:"), "{content}");
    assert!(!content.contains(value));
    // The cookie is sealed: what lies in Redis does not make one.
    let key = content.split(' ').next().unwrap();
    let made = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let made = made
        .get(&app.base_url)
        .header("cookie", format!("listbridge_session={key}"));
    assert_eq!(made.send().await.unwrap().status(), 303);
}

#[tokio::test]
async fn a_redis_that_is_down_is_said_in_plain_words_and_comes_back() {
    let Some(mut redis) = Redis::start().await else {
        return;
    };
    let store = redis.url();
    let app = spawn_app_with(|settings| settings.session_store = store.into()).await;
    let browser = app.sign_in(ALICE).await;
    assert_eq!(browser.get("/readyz").await.status, 200);

    redis.kill();
    for (lang, text) in [("en", "recognize you"), ("zh-HK", "辨認您")] {
        for browser in [browser.clone().speaking(lang), app.browser().speaking(lang)] {
            let answer = browser.get("/exports").await;
            assert_eq!(answer.status, 503, "{lang}: {}", answer.body);
            assert!(answer.says(text), "{lang}: {}", answer.body);
            assert!(answer.headers.contains_key("content-security-policy"));
            assert!(answer.headers.contains_key("retry-after"));
        }
    }
    let ready = browser.get("/readyz").await;
    assert_eq!(ready.status, 503);
    assert!(
        ready.body.contains("session store not reachable"),
        "{}",
        ready.body
    );
    assert_eq!(
        browser.get("/healthz").await.status,
        200,
        "the process is up"
    );

    redis.start_again().await;
    assert_eq!(browser.get("/readyz").await.status, 200);
    // What Redis kept is gone with it, so people sign in again.
    assert_eq!(browser.get("/").await.status, 303);
    let browser = app.sign_in(ALICE).await;
    redis.freeze();
    let answer = browser.get("/").await;
    redis.thaw();
    assert_eq!(answer.status, 503, "a Redis that hangs is given up on");
    assert_eq!(
        browser.get("/").await.status,
        200,
        "and used again when it answers"
    );
}

#[tokio::test]
async fn a_redis_that_keeps_nothing_more_is_said_in_plain_words() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    let store = redis.url();
    let app = spawn_app_with(|settings| settings.session_store = store.into()).await;
    let alice = app.sign_in(ALICE).await;
    let csrf = alice.csrf("/settings/people/new").await;
    redis.fill_up().await;
    let signs_in = [("email", BOB.email), ("password", PASSWORD)];
    for (lang, text) in [
        ("en", "could not remember this step"),
        ("zh-HK", "未能記住這一步"),
    ] {
        // A page with a form for somebody new, a sign-in, and a message after something that was done.
        let stranger = app.browser().speaking(lang);
        let fields = [
            ("_csrf", csrf.as_str()),
            ("name", lang),
            ("email", &format!("{lang}@example.com")),
            ("role", "viewer"),
            ("access", "invitation"),
        ];
        let alice = alice.clone().speaking(lang);
        for answer in [
            stranger.get("/sign-in").await,
            alice.post("/settings/people/new", &fields).await,
        ] {
            assert_eq!(answer.status, 503, "{lang}: {}", answer.body);
            assert!(answer.says(text), "{lang}: {}", answer.body);
            assert!(answer.headers.contains_key("content-security-policy"));
            assert!(answer.headers.contains_key("retry-after"));
            assert!(
                !answer.headers.contains_key("set-cookie"),
                "nothing that is not kept"
            );
        }
        // What needs nothing kept goes on.
        assert_eq!(alice.get("/exports").await.status, 200, "{lang}");
    }
    redis.make_room().await;
    let page = alice.get("/settings/people").await;
    assert!(
        page.says("zh-hk@example.com"),
        "what was asked for was done: {}",
        page.body
    );
    let answer = app
        .browser()
        .submit("/sign-in", "/sign-in", &signs_in)
        .await;
    assert_eq!(answer.status, 303, "{}", answer.body);
}

#[tokio::test]
async fn redis_over_tls_keeps_sessions_where_its_certificate_is_trusted() {
    let ca = TestCa::new();
    let Some(redis) = Redis::start_with_tls(&ca).await else {
        return;
    };
    let app = spawn_app_with(|_| ()).await;
    let mut settings = (**app.services.settings).clone();
    settings.session_store = redis.url().into();
    let authority = ca.authority_file();
    let served = Served::start(&settings, &[("SSL_CERT_FILE", authority.as_os_str())]).await;
    let mut browser = app.browser();
    browser.base_url.clone_from(&served.base_url);
    let fields = [("email", BOB.email), ("password", PASSWORD)];
    let answer = browser.submit("/sign-in", "/sign-in", &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!(browser.get("/exports").await.status, 200);

    // This process does not know the authority.
    let wary = spawn_app_with(|settings| settings.session_store = redis.url().into()).await;
    let answer = wary.browser().get("/sign-in").await;
    assert_eq!(answer.status, 503, "{}", answer.body);
}
