//! Each way to fail at Constant Contact.

use listbridge::sandbox::{Endpoint, Fault, FaultKind, When};

use crate::stage::{LIST, is_disabled, run_sql, text_of, with_pending};
use crate::support::connections::{authenticate, begin_authentication, come_back};
use crate::support::{ALICE, Browser};

#[tokio::test]
async fn each_way_to_fail_at_constant_contact_has_its_own_sentence_and_a_way_to_try_again() {
    let (sandbox, _app, alice, connection) = with_pending().await;
    let fault = |endpoint, kind| Fault {
        endpoint,
        when: When::Always,
        kind,
    };
    let fails = async |change: &dyn Fn(String) -> String,
                       redirect: &dyn Fn(String) -> String,
                       says: &str| {
        let address = change(begin_authentication(&alice, &connection).await);
        let back = redirect(sandbox.allow(&address, "owner").unwrap());
        let answer = come_back(&alice, &back).await;
        assert_eq!(
            answer.location.as_deref(),
            Some(connection.as_str()),
            "{says}"
        );
        sandbox.lift_faults();
        let page = alice.get(&connection).await;
        assert!(
            page.texts("[role=alert]").concat().contains(says),
            "{says}: {}",
            page.body
        );
        assert!(!is_disabled(&page, "Authenticate with Constant Contact"));
        page
    };
    let same = |text: String| text;
    let code = |text: String| {
        let start = text.find("code=").unwrap();
        format!(
            "{}code=wrong{}",
            &text[..start],
            &text[text.find("&state").unwrap()..]
        )
    };
    let denied = |text: String| {
        let state = text.split("state=").nth(1).unwrap();
        format!(
            "/oauth/constant-contact/callback?error=access_denied&error_description=No+thanks&state={state}"
        )
    };
    let page = fails(&same, &denied, "Access was not allowed").await;
    assert!(page.says("No thanks"), "the vendor's own words");
    let page = fails(&same, &code, "did not accept the sign-in code").await;
    assert!(page.says("invalid_grant"));
    let without = |scope: &'static str| move |text: String| text.replace(scope, "");
    fails(&without("offline_access"), &same, "no refresh token").await;
    let page = fails(
        &without("contact_data%20"),
        &same,
        "did not grant every permission",
    )
    .await;
    assert!(page.says("contact_data"));
    sandbox.set_fault(fault(Endpoint::Token, FaultKind::Throttled));
    fails(&same, &same, "too many requests right now").await;
    sandbox.set_fault(fault(Endpoint::Token, FaultKind::Status(503)));
    fails(&same, &same, "could not be reached or has a problem").await;
    sandbox.set_fault(fault(Endpoint::Token, FaultKind::ResetAfterAccepted));
    fails(&same, &same, "was lost on its way").await;
    sandbox.set_fault(fault(Endpoint::GetAccountSummary, FaultKind::Status(500)));
    fails(&same, &same, "could not be reached or has a problem").await;
    let secret = sandbox.client_secret();
    sandbox.set_client_secret("a new one");
    let page = fails(&same, &same, "does not accept the client ID and secret").await;
    assert!(page.says("invalid_client"), "{}", page.body);
    sandbox.set_client_secret(&secret);

    let address = begin_authentication(&alice, &connection).await;
    let back = sandbox.allow(&address, "creator").unwrap();
    come_back(&alice, &back).await;
    assert!(alice.get(&connection).await.says("may not manage contacts"));

    authenticate(&alice, &sandbox, &connection).await;
    let page = alice.get(&connection).await;
    assert!(
        !page.says("may not manage contacts") && page.says("Harbour Books"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn an_answer_counts_once_in_time_and_in_the_session_that_asked() {
    let (sandbox, app, alice, connection) = with_pending().await;
    let asked = async || {
        let address = begin_authentication(&alice, &connection).await;
        sandbox.allow(&address, "owner").unwrap()
    };
    let says = async |browser: &Browser, back: &str, page: &str, sentence: &str| {
        let answer = come_back(browser, back).await;
        assert_eq!(
            (answer.status, answer.location.as_deref()),
            (303, Some(page))
        );
        let page = browser.get(page).await;
        assert!(page.says(sentence), "{sentence}: {}", page.body);
    };
    let forged = "/oauth/constant-contact/callback?code=x&state=invented";
    says(&alice, forged, LIST, "does not belong to any sign-in").await;
    says(
        &alice,
        "/oauth/constant-contact/callback",
        LIST,
        "does not belong to any sign-in",
    )
    .await;

    let other = app.sign_in(ALICE).await;
    let back = asked().await;
    says(&other, &back, LIST, "started in another browser").await;
    says(&alice, &back, &connection, "was used before").await;

    let back = asked().await;
    let answer = come_back(&app.browser(), &back).await;
    assert_eq!(
        answer.location.as_deref(),
        Some(LIST),
        "nobody is signed in"
    );

    let back = asked().await;
    run_sql(
        &app,
        "UPDATE authorization_states SET expires_at = 1790000000000",
    )
    .await;
    says(&alice, &back, &connection, "took longer than 10 minutes").await;

    let back = asked().await;
    assert_eq!(
        sandbox.requests(Endpoint::Token),
        0,
        "none of these codes was sent on"
    );
    come_back(&alice, &back).await;
    assert!(alice.get(&connection).await.says("Harbour Books"));
    says(&alice, &back, &connection, "was used before").await;
    assert!(
        alice.get(&connection).await.says("Harbour Books"),
        "and nothing was lost"
    );
    assert_eq!(sandbox.requests(Endpoint::Token), 1);
    let stored = text_of(
        &app,
        "SELECT string_agg(state_hash, ',') FROM authorization_states",
    )
    .await;
    let state = back.split("state=").nth(1).unwrap();
    assert!(!stored.contains(state), "states are stored as hashes");
}
