//! Who an answer through the browser says it comes from (RFC 9207).

use crate::stage::{dora, stage};
use crate::support::openid::Fault;

#[tokio::test]
async fn an_answer_of_another_sender_is_refused() {
    let told = "comes from somebody else than Work account";
    for promises in [false, true] {
        let stage = stage().await;
        stage.provider.be(dora(&["staff"]));
        stage.provider.state().promises_sender = promises;
        stage.provider.state().sender = Some("https://evil.example".into());
        let browser = stage.app.browser();
        let said = stage.refused(&browser).await;
        assert!(said.contains(told), "{promises}: {said}");
        // An error in somebody else's name is not repeated either.
        stage
            .provider
            .fail(Fault::Authorize("access_denied", "Call 555-0100"));
        let said = stage.refused(&browser).await;
        assert!(
            said.contains(told) && !said.contains("555"),
            "{promises}: {said}"
        );
        assert_eq!(stage.count("SELECT COUNT(*) FROM user_identities").await, 0);
        stage.provider.fail(Fault::None);
        stage.provider.state().sender = Some(stage.provider.url.clone());
        stage.signed_in().await;
    }
}

#[tokio::test]
async fn a_sender_that_is_promised_must_be_named() {
    let stage = stage().await;
    stage.provider.be(dora(&["staff"]));
    stage.provider.state().promises_sender = true;
    let said = stage.refused(&stage.app.browser()).await;
    assert!(
        said.contains("comes from somebody else than Work account"),
        "{said}"
    );
}
