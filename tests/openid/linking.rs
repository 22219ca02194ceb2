//! One person, one way in: linking takes the password away, a new password unlinks.

use serde_json::json;

use crate::stage::{START, Stage, dora, stage};
use crate::support::{ALICE, BOB, Browser, PASSWORD};

const LINK: &str = "/account/link/openid";

/// Presses **Link** and goes to the provider and back.
async fn link(stage: &Stage, browser: &Browser, password: &str) -> crate::support::Answer {
    let leaving = browser
        .submit("/account", LINK, &[("link_password", password)])
        .await;
    let Some(address) = leaving
        .attribute("main a", "href")
        .filter(|_| leaving.status == 200)
    else {
        return leaving;
    };
    let refresh = leaving
        .attribute("meta[http-equiv=refresh]", "content")
        .unwrap();
    assert_eq!(refresh, format!("0; url={address}"));
    let callback = stage.through(browser, &address).await;
    browser.get(&callback).await
}

fn bob_there() -> serde_json::Value {
    json!({ "sub": "bob-9", "name": "Robert", "email": "robert@elsewhere.example", "groups": ["marketing"] })
}

#[tokio::test]
async fn a_person_links_their_account_with_their_password_and_signs_in_with_the_provider_only() {
    let stage = stage().await;
    stage.provider.be(bob_there());
    let (bob, elsewhere) = (stage.app.sign_in(BOB).await, stage.app.sign_in(BOB).await);
    let wrong = link(&stage, &bob, "not the password").await;
    assert_eq!(wrong.status, 422);
    assert_eq!(
        wrong.texts("#link-openid-error"),
        ["This is not your present password."]
    );

    let linked = link(&stage, &bob, PASSWORD).await;
    assert_eq!(linked.location.as_deref(), Some("/account"));
    let account = bob.get("/account").await;
    assert!(
        account.says("Your account is linked") && account.says(BOB.email),
        "{}",
        account.body
    );
    assert_eq!(elsewhere.get("/").await.status, 303, "other sessions end");
    let fields = [("email", BOB.email), ("password", PASSWORD)];
    let by_password = stage
        .app
        .browser()
        .submit("/sign-in", "/sign-in", &fields)
        .await;
    assert_eq!(by_password.status, 422, "one way in");
    assert!(stage.signed_in().await.get("/account").await.says(BOB.name));

    // A link of an administrator's that sets a password is the way back.
    let alice = stage.app.sign_in(ALICE).await;
    let people = alice.get("/settings/people?q=bob").await;
    let person = people.attribute("tbody th a", "href").unwrap();
    alice.submit(&person, &format!("{person}/link"), &[]).await;
    let invitation = alice.get(&person).await.texts("#link").remove(0);
    let invitation = &invitation[invitation.find("/invitation/").unwrap()..];
    let browser = stage.app.browser();
    let chosen = [("name", BOB.name), ("password", "another good password")];
    assert_eq!(
        browser.submit(invitation, invitation, &chosen).await.status,
        303
    );
    assert_eq!(stage.count("SELECT COUNT(*) FROM user_identities").await, 0);
}

#[tokio::test]
async fn nobody_is_linked_to_somebody_elses_account_or_out_of_their_groups() {
    let stage = stage().await;
    stage.provider.be(dora(&["staff"]));
    stage.signed_in().await;
    let bob = stage.app.sign_in(BOB).await;
    let answer = link(&stage, &bob, PASSWORD).await;
    assert_eq!(answer.location.as_deref(), Some("/account"));
    let page = bob.get("/account").await;
    assert!(
        page.says("belongs to another person in Listbridge"),
        "{}",
        page.body
    );

    stage
        .provider
        .be(json!({ "sub": "bob-9", "groups": ["strangers"] }));
    link(&stage, &bob, PASSWORD).await;
    let page = bob.get("/account").await;
    assert!(page.says("None of your groups"), "{}", page.body);
    assert!(page.says("Present password"), "still signs in with it");
}

#[tokio::test]
async fn a_link_is_for_the_session_that_asked_for_it() {
    let stage = stage().await;
    stage.provider.be(bob_there());
    let bob = stage.app.sign_in(BOB).await;
    let leaving = bob
        .submit("/account", LINK, &[("link_password", PASSWORD)])
        .await;
    let address = leaving.attribute("main a", "href").unwrap();
    let callback = stage.through(&bob, &address).await;
    bob.submit("/", "/sign-out", &[]).await;
    let fields = [("email", ALICE.email), ("password", PASSWORD)];
    assert_eq!(
        bob.submit("/sign-in", "/sign-in", &fields).await.status,
        303
    );
    assert_eq!(bob.get(&callback).await.status, 303);
    assert_eq!(stage.count("SELECT COUNT(*) FROM user_identities").await, 0);

    // A sign-in that was begun does not link whoever is signed in when it ends.
    let callback = stage.to_provider(&bob, START).await;
    assert_eq!(bob.get(&callback).await.location.as_deref(), Some("/"));
    assert!(
        bob.get("/account").await.says("robert@elsewhere.example"),
        "another person came in"
    );
}
