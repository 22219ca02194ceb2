//! Exports that have lost their connection.

use crate::actions::{confirm, count_runs, present, press, three};
use crate::stage::{Fields, Stage};
use crate::support::ALICE;
use crate::support::process::command_line;

#[tokio::test]
async fn detached_exports_keep_their_configuration_and_wait_for_a_connection() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let [a, b, c] = three(&stage).await;
    let page = press(&alice, "detach", &[&a, &b]).await.location.unwrap();
    let question = alice.get(&page).await;
    assert!(
        question.says("keeps its configuration but is inactive"),
        "{}",
        question.body
    );
    confirm(&alice, &page).await;
    let list = alice.get("/exports?connection=none").await;
    assert_eq!(list.texts("tbody th"), ["A", "B"]);
    assert_eq!(
        list.texts("td:nth-child(7)"),
        ["No Connection", "No Connection"]
    );
    assert!(
        list.texts("[aria-label='Run A']").is_empty(),
        "nothing to run it with"
    );
    let mut expected = a.definition.clone();
    expected.connection_id = None;
    assert_eq!(present(&stage, &a).await, expected);
    assert_eq!(present(&stage, &c).await, c.definition);
    let (action, detail) = stage.audit().await.pop().unwrap();
    assert_eq!(action, "export.changed");
    assert_eq!(detail["after"]["connection_id"], serde_json::Value::Null);

    // Run all and Run leave it out.
    press(&alice, "run", &[&a, &b]).await;
    let list = alice.get("/exports").await;
    assert!(
        list.says("2 exports were not run: they have no connection."),
        "{}",
        list.body
    );
    assert_eq!(count_runs(&stage).await, 0);

    // Detaching again changes nothing, and the form gives it another connection.
    let ids = a.id.to_string();
    alice
        .submit("/exports", "/exports/detach", &[("ids", &ids)])
        .await;
    let form = Fields::of(&alice.get(&format!("/exports/{}", a.id)).await);
    let saved = form
        .set("connection", stage.connection)
        .save(&alice, &a)
        .await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert_eq!(
        present(&stage, &a).await.connection_id,
        Some(stage.connection)
    );
}

#[tokio::test]
async fn who_saves_an_export_that_was_detached_is_told() {
    let stage = Stage::set().await;
    let (alice, ben) = (
        stage.app.sign_in(ALICE).await,
        stage.app.sign_in(ALICE).await,
    );
    let export = stage.add_export(&alice, "Weekly").await;
    let typed = Fields::of(&ben.get(&format!("/exports/{}", export.id)).await);
    confirm(&alice, &format!("/exports/detach?ids={}", export.id)).await;
    let told = typed.set("name", "Weekly 2").save(&ben, &export).await;
    assert_eq!(told.status, 409, "{}", told.body);
    assert!(
        told.says("Connection for export: No Connection"),
        "{}",
        told.body
    );
    assert_eq!(Fields::of(&told).get("name"), Some("Weekly 2"));
}

#[tokio::test]
async fn an_export_without_a_connection_is_not_run() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let detached = stage
        .store_export("Detached", |export| export.connection_id = None)
        .await;
    let straight = format!("/exports/{}/run", detached.id);
    let passed_on = press(&alice, "run", &[&detached]).await;
    assert_eq!(passed_on.location, Some(straight.clone()));
    let answer = alice.submit("/exports", &straight, &[]).await;
    assert_eq!(answer.location.as_deref(), Some("/exports"));
    let list = alice.get("/exports").await;
    let told = "1 export was not run: it has no connection.";
    assert!(list.says(told), "{}", list.body);

    let refused = command_line(&stage.app.services.settings)
        .args(["export", "run", "Detached", "--wait"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success());
    assert!(told.contains("was not run: it has no connection"), "{told}");
    assert_eq!(count_runs(&stage).await, 0);
}
