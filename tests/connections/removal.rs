//! Removal, with and without exports that use the connection.

use listbridge::connections::store as connections;
use listbridge::exports::store as exports;
use listbridge::sandbox::{Endpoint, Fault, FaultKind, When};

use crate::stage::{LIST, id_of, run_sql, store_export, text_of};
use crate::support::ALICE;
use crate::support::connections::{
    Application, add_connection, authenticate, connect, spawn_app_at, start_sandbox,
};

#[tokio::test]
async fn removing_wipes_the_tokens_here_and_revokes_them_there() {
    let sandbox = start_sandbox().await;
    let app = spawn_app_at(&sandbox, Application::Configured).await;
    let alice = app.sign_in(ALICE).await;
    let connection = add_connection(&alice, &sandbox, "Newsletter").await;
    assert_eq!(sandbox.live_refresh_tokens(), 1);
    let remove = format!("{connection}/remove");
    assert!(
        alice
            .get(&remove)
            .await
            .says("Are you sure you want to remove Newsletter?")
    );
    store_export(&app, &connection, "Weekly").await;
    let page = alice.get(&remove).await;
    assert!(
        page.says("in use by 1 export") && page.says("Weekly"),
        "{}",
        page.body
    );
    let refused = alice.submit(LIST, &remove, &[]).await;
    assert_eq!(refused.status, 409);
    assert_eq!(sandbox.live_refresh_tokens(), 1);

    run_sql(&app, "DELETE FROM exports").await;
    let answer = alice.submit(&remove, &remove, &[]).await;
    assert_eq!(answer.location.as_deref(), Some(LIST), "{}", answer.body);
    assert!(alice.get(LIST).await.says("is removed"));
    assert_eq!(sandbox.live_refresh_tokens(), 0);
    let left = "SELECT CAST(count(access_token) + count(refresh_token) + count(name_key) AS TEXT) FROM connections";
    assert_eq!(text_of(&app, left).await, "0");
    assert_eq!(
        text_of(&app, "SELECT CAST(count(*) AS TEXT) FROM consents").await,
        "1"
    );
    assert_eq!(alice.get(&connection).await.status, 404);
    assert!(
        app.services
            .connections
            .tokens
            .access_token(id_of(&connection))
            .await
            .is_err()
    );

    // The name is free, and a draft is discarded although Constant Contact does not answer.
    let draft = connect(&alice, "Newsletter", "administrators").await;
    authenticate(&alice, &sandbox, &draft).await;
    sandbox.set_fault(Fault {
        endpoint: Endpoint::Revoke,
        when: When::Always,
        kind: FaultKind::Status(500),
    });
    let remove = format!("{draft}/remove");
    assert!(alice.get(&remove).await.says("discard Newsletter"));
    alice.submit(&remove, &remove, &[]).await;
    let list = alice.get(LIST).await;
    assert!(
        list.says("did not confirm") && list.says("No connections yet"),
        "{}",
        list.body
    );
}

#[tokio::test]
async fn each_export_that_uses_a_connection_is_removed_or_detached_before_it_goes() {
    let sandbox = start_sandbox().await;
    let app = spawn_app_at(&sandbox, Application::Configured).await;
    let alice = app.sign_in(ALICE).await;
    let connection = add_connection(&alice, &sandbox, "Newsletter").await;
    let other = add_connection(&alice, &sandbox, "Other").await;
    let weekly = store_export(&app, &connection, "Weekly").await;
    let monthly = store_export(&app, &connection, "Monthly").await;
    store_export(&app, &other, "Unrelated").await;
    let remove = format!("{connection}/remove");

    let page = alice.get(&remove).await;
    assert_eq!(page.texts(".dependents > li > a"), ["Monthly", "Weekly"]);
    assert!(
        page.texts("[role=alert]")
            .concat()
            .contains("in use by 2 exports")
    );
    assert!(
        page.attribute(&format!("form[action='{remove}']"), "action")
            .is_none(),
        "nothing removes them all at once"
    );
    assert_eq!(alice.submit(LIST, &remove, &[]).await.status, 409);

    // Detach one: back here, and the export is still there.
    let form = page.form_fields(".dependents > li:first-child form");
    let fields: Vec<_> = form.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let detached = alice.post("/exports/detach", &fields).await;
    assert_eq!(
        detached.location.as_deref(),
        Some(remove.as_str()),
        "{}",
        detached.body
    );
    let page = alice.get(&remove).await;
    assert!(page.says("Monthly has been detached"), "{}", page.body);
    assert_eq!(page.texts(".dependents > li > a"), ["Weekly"]);

    // Remove the other one after its own question: back here again.
    let ask = page.attribute(".dependents > li a.btn", "href").unwrap();
    let question = alice.get(&ask).await;
    assert_eq!(question.texts("h1"), ["Remove Weekly?"]);
    let form = question.form_fields("[data-dialog-content] form");
    let fields: Vec<_> = form.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let action = question
        .attribute("[data-dialog-content] form", "action")
        .unwrap();
    let removed = alice.post(&action, &fields).await;
    assert_eq!(
        removed.location.as_deref(),
        Some(remove.as_str()),
        "{}",
        removed.body
    );

    let page = alice.get(&remove).await;
    assert!(
        page.says("Are you sure you want to remove Newsletter?"),
        "{}",
        page.body
    );
    let done = alice.submit(&remove, &remove, &[]).await;
    assert_eq!(done.location.as_deref(), Some(LIST));
    let db = &**app.services.db;
    assert!(exports::find(db, weekly).await.unwrap().is_none());
    let left = exports::find(db, monthly).await.unwrap().unwrap();
    assert_eq!(left.definition.connection_id, None);
    assert_eq!(alice.get(&other).await.status, 200);
    let list = alice.get("/exports").await;
    assert_eq!(list.texts("tbody th"), ["Monthly", "Unrelated"]);
}

#[tokio::test]
async fn an_export_cannot_begin_to_use_a_connection_that_has_just_been_removed() {
    let sandbox = start_sandbox().await;
    let app = spawn_app_at(&sandbox, Application::Configured).await;
    let alice = app.sign_in(ALICE).await;
    let connection = add_connection(&alice, &sandbox, "Newsletter").await;
    let db = &**app.services.db;
    assert!(connections::lock(db, id_of(&connection)).await.unwrap());
    let remove = format!("{connection}/remove");
    alice.submit(&remove, &remove, &[]).await;
    assert!(!connections::lock(db, id_of(&connection)).await.unwrap());
    // Removed twice, or from two browsers: the second finds nothing.
    assert_eq!(alice.submit(LIST, &remove, &[]).await.status, 404);
}
