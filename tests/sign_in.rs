//! Set-up, sign-in, sessions, CSRF and the error pages, over real HTTP.

mod support;

use listbridge::auth::{Role, store};
use listbridge::clock::Clock;
use sea_orm::EntityTrait;
use support::{
    ALICE, BOB, CHARLIE, PASSWORD, spawn_app, spawn_app_with, spawn_app_with_clock, spawn_empty_app,
};

#[tokio::test]
async fn a_first_start_offers_only_the_set_up_page() {
    let app = spawn_empty_app(|_| ()).await;
    let browser = app.browser();
    for path in ["/", "/sign-in", "/exports", "/settings/people"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
    assert_eq!(browser.get("/healthz").await.status, 200);
    let token = app.services.set_up.token().to_owned();
    let fields = |token| {
        [
            ("token", token),
            ("name", "Ann"),
            ("email", "ann@example.com"),
            ("password", PASSWORD),
        ]
    };

    let refused = browser.submit("/set-up", "/set-up", &fields("0000")).await;
    assert_eq!(refused.status, 403);
    assert!(
        refused.says("This is not the token on the console"),
        "{}",
        refused.body
    );

    let done = browser.submit("/set-up", "/set-up", &fields(&token)).await;
    assert_eq!((done.status, done.location.as_deref()), (303, Some("/")));
    assert_eq!(
        browser.get("/").await.status,
        200,
        "the new administrator is signed in"
    );
    assert_eq!(browser.get("/set-up").await.status, 404, "the page is gone");
    let signed_in = app.audited("user.signed-in").await;
    assert_eq!(signed_in, [serde_json::json!({ "by": "set-up" })]);
}

#[tokio::test]
async fn a_short_password_or_bad_address_is_refused_with_the_typed_values_kept() {
    let app = spawn_empty_app(|_| ()).await;
    let token = app.services.set_up.token().to_owned();
    let browser = app.browser();
    let fields = [
        ("token", token.as_str()),
        ("name", "Ann"),
        ("email", "ann@example.com"),
        ("password", "short"),
    ];
    let answer = browser.submit("/set-up", "/set-up", &fields).await;
    assert_eq!(answer.status, 422);
    assert!(answer.says("at least 12 characters"), "{}", answer.body);
    assert_eq!(
        answer.attribute("#email", "value").as_deref(),
        Some("ann@example.com")
    );
}

#[tokio::test]
async fn nothing_typed_is_said_beside_each_field_and_is_no_failed_try() {
    let app = spawn_app().await;
    for (lang, email, password) in [
        ("en", "Enter your email address.", "Enter your password."),
        ("zh-HK", "請輸入您的電子郵件地址。", "請輸入您的密碼。"),
    ] {
        let browser = app.browser().speaking(lang);
        let fields = [("email", " "), ("password", "")];
        let answer = browser.submit("/sign-in", "/sign-in", &fields).await;
        assert_eq!(answer.status, 422);
        assert_eq!(answer.texts("#email-error"), [email]);
        assert_eq!(answer.texts("#password-error"), [password]);
    }
    let charlie = app.sign_in(CHARLIE).await;
    let fields = [("old_password", ""), ("password", "")];
    let answer = charlie
        .submit("/account", "/account/password", &fields)
        .await;
    assert_eq!(answer.status, 422);
    assert_eq!(
        answer.texts("#old_password-error"),
        ["This is not your present password."]
    );
    let events = listbridge::storage::entities::audit_event::Entity::find();
    let events = events.all(&**app.services.db).await.unwrap();
    let is_failure = |action: &str| action.ends_with("-failed");
    assert!(!events.iter().any(|event| is_failure(&event.action)));
}

#[tokio::test]
async fn signing_out_ends_the_session_even_for_a_copied_cookie() {
    let app = spawn_app().await;
    let browser = app.browser();
    let fields = [("email", ALICE.email), ("password", PASSWORD)];
    let signed_in = browser.submit("/sign-in", "/sign-in", &fields).await;
    let cookie = signed_in.headers["set-cookie"].clone();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    assert!(
        !cookie.contains("Secure"),
        "the public URL is http: {cookie}"
    );
    let with_the_copy = || async {
        let copy = cookie.split(';').next().unwrap();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        client
            .get(app.base_url.clone())
            .header("cookie", copy)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(with_the_copy().await, 200);

    let answer = browser.submit("/", "/sign-out", &[]).await;
    assert_eq!(
        (answer.status, answer.location.as_deref()),
        (303, Some("/sign-in"))
    );
    assert_eq!(with_the_copy().await, 303);
    let after = browser.get("/?tab=1").await;
    assert_eq!(
        after.location.as_deref(),
        Some("/sign-in?return_to=%2F%3Ftab%3D1")
    );
}

#[tokio::test]
async fn cookies_are_secure_when_the_public_url_is_https() {
    let app = spawn_app_with(|settings| {
        settings.public_url = "https://listbridge.example".parse().unwrap()
    })
    .await;
    let answer = app.browser().get("/sign-in").await;
    assert!(answer.headers["set-cookie"].contains("Secure"));
    assert!(answer.headers["strict-transport-security"].starts_with("max-age="));
}

#[tokio::test]
async fn a_session_ends_when_the_role_changes_or_the_account_is_disabled() {
    let app = spawn_app().await;
    let db = &**app.services.db;
    let now = app.services.clock.now();
    let users = store::list_users(db).await.unwrap();
    let id = |email: &str| users.iter().find(|user| user.email == email).unwrap().id;
    let (alice, bob) = (app.sign_in(ALICE).await, app.sign_in(BOB).await);

    store::set_role(db, id(BOB.email), Role::Viewer, now)
        .await
        .unwrap();
    assert_eq!(bob.get("/").await.status, 303);
    store::disable_user(db, id(ALICE.email), now).await.unwrap();
    assert_eq!(alice.get("/").await.status, 303);
    let fields = [("email", ALICE.email), ("password", PASSWORD)];
    assert_eq!(
        app.browser()
            .submit("/sign-in", "/sign-in", &fields)
            .await
            .status,
        422
    );
}

#[tokio::test]
async fn failed_sign_ins_are_slowed_down_but_not_told_apart() {
    // Time stands still: the wait is over sooner than a busy machine may answer.
    let now = Clock::system().now();
    let app = spawn_app_with_clock(Clock::from_fn(move || now), |_| ()).await;
    let browser = app.browser();
    let unknown = [("email", "nobody@example.com"), ("password", PASSWORD)];
    let wrong = [("email", ALICE.email), ("password", "wrong wrong wrong")];
    let said = |answer: &support::Answer| answer.texts("[role=alert]");
    let first = browser.submit("/sign-in", "/sign-in", &unknown).await;
    let mut last = browser.submit("/sign-in", "/sign-in", &wrong).await;
    assert_eq!(said(&first), said(&last));
    for _ in 0..5 {
        last = browser.submit("/sign-in", "/sign-in", &wrong).await;
    }
    assert_eq!(last.status, 422);
    let right = [("email", ALICE.email), ("password", PASSWORD)];
    let slowed = browser.submit("/sign-in", "/sign-in", &right).await;
    assert_eq!(slowed.status, 429, "even the right password waits");
    assert!(slowed.says("Too many failed tries"), "{}", slowed.body);
}

#[tokio::test]
async fn a_post_without_the_sessions_token_changes_nothing() {
    let app = spawn_app().await;
    let browser = app.sign_in(ALICE).await;
    let other = app.browser().csrf("/sign-in").await;
    for fields in [
        vec![],
        vec![("_csrf", "x")],
        vec![("_csrf", other.as_str())],
    ] {
        let answer = browser.post("/sign-out", &fields).await;
        assert_eq!(answer.status, 403, "{fields:?}");
        assert!(answer.says("This form has expired"), "{}", answer.body);
    }
    assert_eq!(browser.get("/").await.status, 200);
}

#[tokio::test]
async fn who_sends_a_form_after_they_were_signed_out_is_told() {
    let app = spawn_app().await;
    for (lang, said) in [
        ("en", "Sign in in another tab"),
        ("zh-HK", "請在另一個分頁登入"),
    ] {
        let browser = app.sign_in(ALICE).await.speaking(lang);
        let path = "/settings/people/new";
        let token = browser.csrf(path).await;
        let typed = [("_csrf", token.as_str()), ("name", "Dora")];
        browser.submit("/", "/sign-out", &[]).await;
        let answer = browser.post_from(path, path, &typed).await;
        assert_eq!(answer.status, 403);
        assert!(answer.says(said), "{}", answer.body);
        // The session may also have been ended from elsewhere, while the browser still has its token.
        let token = browser.csrf("/sign-in").await;
        let answer = browser.post_from(path, path, &[("_csrf", &token)]).await;
        assert_eq!(answer.status, 403);
        assert!(answer.says(said), "{}", answer.body);
        // Forms that everybody has are merely out of date.
        let answer = browser.post("/sign-in", &[("_csrf", "x")]).await;
        assert!(!answer.says(said) && answer.status == 403);
    }
}

#[tokio::test]
async fn the_language_follows_the_browser_and_the_switch() {
    let app = spawn_app().await;
    let browser = app.browser().speaking("zh-TW,zh;q=0.9");
    assert_eq!(browser.get("/sign-in").await.texts("h1"), ["登入"]);
    let fields = [("lang", "en"), ("return_to", "/sign-in")];
    let answer = browser.submit("/sign-in", "/language", &fields).await;
    assert_eq!(answer.location.as_deref(), Some("/sign-in"));
    assert_eq!(browser.get("/sign-in").await.texts("h1"), ["Sign in"]);
    let alice = app.sign_in(ALICE).await;
    alice
        .submit(
            "/",
            "/language",
            &[("lang", "zh-HK"), ("return_to", "//evil.example")],
        )
        .await;
    assert_eq!(
        app.sign_in(ALICE)
            .await
            .get("/")
            .await
            .attribute("html", "lang")
            .as_deref(),
        Some("zh-HK")
    );
}

#[tokio::test]
async fn metrics_count_requests_by_route() {
    let app = spawn_app().await;
    app.browser().get("/sign-in").await;
    let answer = app.browser().get("/metrics").await;
    let counted = "listbridge_http_request_duration_seconds_count{method=\"GET\",route=\"/sign-in\",status=\"200\"} 1";
    assert!(answer.body.contains(counted), "{}", answer.body);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let app = spawn_app().await;
    for path in ["/sign-in", "/nothing-here", "/healthz"] {
        let answer = app.browser().get(path).await;
        let header = |name: &str| answer.headers.get(name).cloned().unwrap_or_default();
        assert!(
            header("content-security-policy").starts_with("default-src 'none'; script-src 'self';"),
            "{path}"
        );
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
    }
}
