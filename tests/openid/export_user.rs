//! "Add yourself as export user" by people who sign in through a provider: they sign in there again.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::stage::{Stage, Time, dora, stage_with};
use crate::support::connections::{Application, authenticate, connect, point_at, start_sandbox};
use crate::support::{Answer, Browser};
use listbridge::sandbox::Sandbox;

async fn with_connection() -> (Sandbox, Stage, Browser, String) {
    let sandbox = start_sandbox().await;
    let stage =
        stage_with(|settings, _| point_at(settings, &sandbox, Application::Configured)).await;
    stage.provider.be(dora(&["admins"]));
    let browser = stage.signed_in().await;
    let connection = connect(&browser, "Newsletter", "administrators").await;
    authenticate(&browser, &sandbox, &connection).await;
    (sandbox, stage, browser, connection)
}

/// Presses the button; the path of the callback.
async fn leave(stage: &Stage, browser: &Browser, connection: &str) -> String {
    let action = format!("{connection}/export-user");
    let leaving = browser.submit(connection, &action, &[]).await;
    assert_eq!(leaving.status, 200, "{}", leaving.body);
    let address = leaving.attribute("main a", "href").unwrap();
    stage.through(browser, &address).await
}

/// The whole way, and the connection's page after it.
async fn prove(stage: &Stage, browser: &Browser, connection: &str) -> Answer {
    let callback = leave(stage, browser, connection).await;
    let back = browser.get(&callback).await;
    let here = back.location.unwrap();
    assert_eq!(here, format!("{connection}/export-user"));
    assert_eq!(
        browser.get(&here).await.location.as_deref(),
        Some(connection)
    );
    browser.get(connection).await
}

#[tokio::test]
async fn the_export_user_signs_in_again_at_the_provider() {
    let (_sandbox, stage, browser, connection) = with_connection().await;
    let page = browser.get(&connection).await;
    assert!(
        page.says("by signing in again with Work account"),
        "{}",
        page.body
    );
    assert!(
        page.attribute("#password", "type").is_none(),
        "no password is asked for"
    );
    let page = prove(&stage, &browser, &connection).await;
    assert!(page.says("Export user: Dora Diaz"), "{}", page.body);
    let sent = stage.provider.state().authorized.last().unwrap().clone();
    assert_eq!(
        (sent["prompt"].as_str(), sent["max_age"].as_str()),
        ("login", "0")
    );
    assert!(sent["claims"].contains("auth_time"));
}

#[tokio::test]
async fn a_session_at_the_provider_or_another_person_prove_nothing() {
    let (_sandbox, stage, browser, connection) = with_connection().await;
    let because = |claims: Value, again: bool| {
        stage.provider.be(claims);
        stage.provider.state().signs_in_again = again;
    };
    let mut silent = dora(&["admins"]);
    silent["auth_time"] = Value::Null;
    let other = json!({ "sub": "eve-2", "email": "eve@example.com", "groups": ["admins"] });
    for (claims, again, text) in [
        (
            dora(&["admins"]),
            false,
            "You did not sign in at Work account again",
        ),
        (silent, true, "does not say when you signed in there"),
        (other, true, "as somebody else"),
    ] {
        because(claims, again);
        let page = prove(&stage, &browser, &connection).await;
        assert!(page.says(text), "{text}: {}", page.body);
        assert!(!page.says("Export user: Dora Diaz"), "{text}");
    }
    assert_eq!(
        stage.count("SELECT COUNT(*) FROM user_identities").await,
        1,
        "nobody was added by the way"
    );
}

#[tokio::test]
async fn a_proof_is_good_once_for_two_minutes_and_for_one_connection() {
    let (_sandbox, stage, browser, connection) = with_connection().await;
    let second = connect(&browser, "Second", "administrators").await;
    let here = |connection: &str| format!("{connection}/export-user");
    let has_export_user = async || {
        browser
            .get(&connection)
            .await
            .says("Export user: Dora Diaz")
    };
    // Nothing was proved at all.
    browser.get(&here(&connection)).await;
    assert!(!has_export_user().await);
    // Proved for one, used for another.
    let callback = leave(&stage, &browser, &connection).await;
    browser.get(&callback).await;
    browser.get(&here(&second)).await;
    assert!(!browser.get(&second).await.says("Export user: Dora Diaz"));
    browser.get(&here(&connection)).await;
    assert!(!has_export_user().await, "used up");
    // Too late.
    let wait = |time: &Time| time.pass(SignedDuration::from_secs(121));
    let callback = leave(&stage, &browser, &connection).await;
    browser.get(&callback).await;
    wait(&stage.time);
    browser.get(&here(&connection)).await;
    assert!(!has_export_user().await);
    let page = prove(&stage, &browser, &connection).await;
    assert!(page.says("Export user: Dora Diaz"));
}
