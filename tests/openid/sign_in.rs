//! Coming in, and what the browser is sent with.

use jiff::SignedDuration;
use serde_json::json;

use crate::stage::{START, dora, stage, stage_with};
use crate::support::ALICE;
use crate::support::openid::SigningKey;

#[tokio::test]
async fn a_person_comes_in_through_the_provider_and_goes_where_they_wanted() {
    let stage = stage().await;
    stage.provider.be(dora(&["staff", "marketing"]));
    let browser = stage.app.browser();
    let page = browser.get("/sign-in?return_to=%2Fexports%3Fq%3Dx").await;
    assert!(
        page.texts("main a")
            .contains(&"Sign in with Work account".to_owned()),
        "{}",
        page.body
    );
    let link = page.attribute("main a", "href").unwrap();
    let answer = stage.sign_in(&browser, &link).await;
    assert_eq!(answer.location.as_deref(), Some("/exports?q=x"));
    let account = browser.get("/account").await;
    for text in [
        "Dora Diaz",
        "dora@example.com",
        "Contributor",
        "Signs in with",
        "Work account",
    ] {
        assert!(account.says(text), "{text}: {}", account.body);
    }
    assert!(!account.says("Present password"), "one way in");

    let sent = &stage.provider.state().authorized[0];
    for (name, value) in [
        ("scope", "openid profile email"),
        ("code_challenge_method", "S256"),
        ("ui_locales", "en"),
        (
            "redirect_uri",
            "http://localhost:8080/oauth/openid/callback",
        ),
    ] {
        assert_eq!(sent[name], value, "{name}");
    }
    assert!(sent["state"].len() >= 43 && sent["nonce"].len() >= 43);
    assert!(!sent.contains_key("prompt") && !sent.contains_key("max_age"));
}

#[tokio::test]
async fn a_person_is_the_subject_whatever_address_they_have() {
    let stage = stage().await;
    stage.provider.be(dora(&["staff"]));
    stage.signed_in().await;
    // Dora marries; her old address goes to somebody new at the company.
    stage.provider.be(json!({ "sub": "dora-1", "name": "Dora Diaz", "email": "dora.evans@example.com", "groups": ["staff"] }));
    let dora = stage.signed_in().await;
    assert!(
        dora.get("/account").await.says("dora@example.com"),
        "still the same person"
    );
    stage.provider.be(json!({ "sub": "other-7", "name": "Dora Duval", "email": "dora@example.com", "groups": ["admins"] }));
    let told = stage.refused(&stage.app.browser()).await;
    assert!(
        told.contains("Somebody with your email address signs in to Listbridge in another way"),
        "{told}"
    );
    assert_eq!(stage.count("SELECT COUNT(*) FROM users").await, 4);
}

#[tokio::test]
async fn an_account_with_the_same_address_is_never_taken_over() {
    let stage = stage().await;
    let claims = json!({ "sub": "evil-1", "name": "Eve", "email": ALICE.email.to_uppercase(), "groups": ["admins"] });
    stage.provider.be(claims);
    let browser = stage.app.browser();
    let told = stage.refused(&browser).await;
    assert!(
        told.contains("link Work account under Your account"),
        "{told}"
    );
    assert_eq!(
        browser.get("/account").await.status,
        303,
        "nobody is signed in"
    );
    assert_eq!(stage.count("SELECT COUNT(*) FROM user_identities").await, 0);
}

#[tokio::test]
async fn keys_are_rotated_and_discovery_is_kept_for_an_hour() {
    let stage = stage().await;
    stage.provider.be(dora(&["staff"]));
    stage.signed_in().await;
    stage.signed_in().await;
    let fetched = || {
        let state = stage.provider.state();
        (state.discovered, state.keys_fetched)
    };
    assert_eq!(fetched(), (1, 1));

    // Another kind of key, under another name.
    stage.provider.rotate(SigningKey::ec(), "second", true);
    stage.time.pass(SignedDuration::from_mins(2));
    stage.signed_in().await;
    assert_eq!(fetched(), (1, 2), "the unknown key was looked for");
    // A key that is not published is looked for at most once a minute.
    stage.provider.rotate(SigningKey::ec(), "third", false);
    for _ in 0..3 {
        let told = stage.refused(&stage.app.browser()).await;
        assert!(told.contains("not signed by Work account"), "{told}");
    }
    assert_eq!(fetched(), (1, 2));
    stage.time.pass(SignedDuration::from_mins(2));
    stage.refused(&stage.app.browser()).await;
    assert_eq!(fetched(), (1, 3));

    stage.provider.rotate(SigningKey::ec(), "fourth", true);
    stage.time.pass(SignedDuration::from_mins(61));
    stage.signed_in().await;
    assert_eq!(fetched(), (2, 4));
}

#[tokio::test]
async fn a_long_path_to_come_back_to_and_many_open_windows_fit() {
    let stage = stage().await;
    stage.provider.be(dora(&["staff"]));
    let browser = stage.app.browser();
    let long = format!("{START}?return_to=/exports?q={}", "x".repeat(2_000));
    let first = stage.to_provider(&browser, &long).await;
    let second = stage.to_provider(&browser, START).await;
    let third = stage
        .to_provider(&browser, &format!("{START}?return_to=//evil.example"))
        .await;
    // The two latest windows work, the oldest has been forgotten.
    let answer = browser.get(&first).await;
    assert!(
        stage
            .told(&browser, &answer)
            .await
            .contains("does not belong to a sign-in of this browser")
    );
    let answer = browser.get(&third).await;
    assert_eq!(answer.location.as_deref(), Some("/"), "never another site");
    let _ = second;
}

#[tokio::test]
async fn without_a_provider_nothing_is_offered() {
    let stage = stage_with(|settings, _| settings.openid_issuer_url = None).await;
    let browser = stage.app.browser();
    assert!(browser.get("/sign-in").await.texts("main a").is_empty());
    for path in [
        START,
        "/sign-in/entra",
        "/oauth/openid/callback?state=x&code=y",
    ] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn what_happened_is_in_the_audit_log() {
    let stage = stage().await;
    stage.provider.be(dora(&["nothing"]));
    stage.refused(&stage.app.browser()).await;
    stage.provider.be(dora(&["staff"]));
    stage.signed_in().await;
    stage.provider.be(dora(&["editors"]));
    stage.signed_in().await;
    let alice = stage.app.sign_in(ALICE).await;
    let log = alice.get("/settings/audit?group=user").await;
    for text in [
        "Problem: no-group",
        "Account linked with a provider",
        "With: openid",
        "Role: Viewer → Contributor",
        "By groups of: openid",
    ] {
        assert!(log.says(text), "{text}: {:?}", log.texts("tbody tr"));
    }
    let page = alice.get("/settings/people?q=dora").await;
    let person = page.attribute("tbody th a", "href").unwrap();
    let person = alice.get(&person).await;
    for text in [
        "Signs in with",
        "Work account",
        "groups decide about the role again",
    ] {
        assert!(person.says(text), "{text}: {}", person.body);
    }
    assert!(!log.says("dora-1"), "the subject is nobody's business");
}

#[tokio::test]
async fn failures_with_passwords_are_recorded_with_whose_they_were() {
    let stage = stage().await;
    let fields = |email| [("email", email), ("password", "not the password")];
    for email in [ALICE.email, "nobody@example.com"] {
        let browser = stage.app.browser();
        let answer = browser.submit("/sign-in", "/sign-in", &fields(email)).await;
        assert_eq!(answer.status, 422);
    }
    let failed = "SELECT COUNT(*) FROM audit_events WHERE action = 'user.sign-in-failed'";
    assert_eq!(stage.count(failed).await, 2);
    let of_somebody = format!("{failed} AND object_id <> ''");
    assert_eq!(
        stage.count(&of_somebody).await,
        1,
        "what nobody is called is not kept"
    );

    let alice = stage.app.sign_in(ALICE).await;
    let change = [
        ("old_password", "not the password"),
        ("password", "a new and longer password"),
    ];
    let refused = alice.submit("/account", "/account/password", &change).await;
    assert_eq!(refused.status, 422);
    let link = [("link_password", "not the password")];
    alice
        .submit("/account", "/account/link/openid", &link)
        .await;
    let proofs = "SELECT COUNT(*) FROM audit_events WHERE action = 'user.proof-failed' AND user_id IS NOT NULL";
    assert_eq!(stage.count(proofs).await, 2);
    let log = alice.get("/settings/audit?group=user").await;
    assert!(
        log.says("For: change of password") && log.says("For: linking"),
        "{}",
        log.body
    );
}
