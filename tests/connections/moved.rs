//! Configuration copied to another installation, which has a master key of its own: exports stay, connections ask to
//! authenticate again.

use std::path::Path;

use listbridge::storage::entities::audit_event;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::stage::{LIST, id_of, run_sql, store_export};
use crate::support::connections::{
    Application, add_export_user, authenticate, connect, point_at, save, spawn_app_at_with,
    start_sandbox,
};
use crate::support::{ALICE, PASSWORD, TestApp, in_files, spawn_empty_app};

/// The files of the database, without the master key.
async fn copy_database(from: &TestApp, to: &Path) {
    run_sql(from, "PRAGMA wal_checkpoint(TRUNCATE)").await;
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(&from.services.settings.data_dir).unwrap() {
        let path = entry.unwrap().path();
        let is_key = path.extension().is_some_and(|extension| extension == "key");
        if path.is_file() && !is_key {
            std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

#[tokio::test]
async fn a_copy_with_another_master_key_keeps_exports_and_asks_to_authenticate_again() {
    let sandbox = start_sandbox().await;
    let first = spawn_app_at_with(&sandbox, Application::Typed, in_files).await;
    let alice = first.sign_in(ALICE).await;
    let connection = connect(&alice, "Newsletter", "administrators").await;
    let (client_id, secret) = (sandbox.client_id(), sandbox.client_secret());
    let application = [
        ("client_id", client_id.as_str()),
        ("client_secret", &secret),
    ];
    let action = format!("{connection}/application");
    alice.submit(&connection, &action, &application).await;
    authenticate(&alice, &sandbox, &connection).await;
    add_export_user(&alice, &connection, PASSWORD).await;
    save(&alice, &connection).await;
    let export = store_export(&first, &connection, "Weekly").await;

    let elsewhere = tempfile::tempdir().unwrap();
    copy_database(&first, elsewhere.path()).await;
    let copy = spawn_empty_app(|settings| {
        point_at(settings, &sandbox, Application::Typed);
        settings.data_dir = elsewhere.path().to_owned();
        in_files(settings);
    })
    .await;
    let alice = copy.sign_in(ALICE).await;
    let list = alice.get(LIST).await;
    assert_eq!(
        list.texts("td:nth-child(5)"),
        ["Sign in again"],
        "{}",
        list.body
    );
    let exports = alice.get("/exports").await;
    assert_eq!(exports.texts("tbody th"), ["Weekly"]);
    let form = alice.get(&format!("/exports/{export}")).await;
    assert_eq!(form.status, 200, "{}", form.body);
    let tokens = &copy.services.connections.tokens;
    assert!(
        tokens.access_token(id_of(&connection)).await.is_err(),
        "not used"
    );
    assert_eq!(
        sandbox.live_refresh_tokens(),
        1,
        "the original's tokens are left alone"
    );

    for path in [connection.clone(), format!("{connection}/edit")] {
        let page = alice.get(&path).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.says("stored by another installation"), "{}", page.body);
    }
    // The client secret does not open either, so it is asked for.
    let page = alice.get(&connection).await;
    assert!(
        page.texts("#client_secret-hint").len() == 1,
        "{}",
        page.body
    );
    let refused = alice
        .submit(&connection, &format!("{connection}/authenticate"), &[])
        .await;
    assert_eq!(
        refused.location.as_deref(),
        Some(connection.as_str()),
        "{}",
        refused.body
    );
    alice.submit(&connection, &action, &application).await;
    authenticate(&alice, &sandbox, &connection).await;
    let list = alice.get(LIST).await;
    assert_eq!(
        list.texts("td:nth-child(5)"),
        ["Connected"],
        "{}",
        list.body
    );
    assert!(tokens.access_token(id_of(&connection)).await.is_ok());
    let exports = alice.get("/exports").await;
    assert_eq!(
        exports.texts("td:nth-child(7)"),
        ["Newsletter"],
        "without touching the export"
    );
}

#[tokio::test]
async fn with_the_right_key_again_nobody_has_to_sign_in() {
    let sandbox = start_sandbox().await;
    let first = spawn_app_at_with(&sandbox, Application::Configured, in_files).await;
    let alice = first.sign_in(ALICE).await;
    let connection = crate::support::connections::add_connection(&alice, &sandbox, "N").await;
    let elsewhere = tempfile::tempdir().unwrap();
    copy_database(&first, elsewhere.path()).await;
    let right_key = first.services.settings.master_key_file();
    let health = async |app: &TestApp| {
        let alice = app.sign_in(ALICE).await;
        alice.get(LIST).await.texts("td:nth-child(5)")
    };
    let start = async || {
        spawn_empty_app(|settings| {
            point_at(settings, &sandbox, Application::Configured);
            settings.data_dir = elsewhere.path().to_owned();
            in_files(settings);
        })
        .await
    };
    let without = start().await;
    assert_eq!(health(&without).await, ["Sign in again"]);
    drop(without);
    std::fs::copy(right_key, elsewhere.path().join("master.key")).unwrap();
    let with = start().await;
    assert_eq!(health(&with).await, ["Connected"]);
    let events = audit_event::Entity::find()
        .filter(audit_event::Column::Action.contains("sign-in-"))
        .filter(audit_event::Column::ObjectId.eq(id_of(&connection).to_string()))
        .order_by_asc(audit_event::Column::Seq);
    let events = events.all(&**with.services.db).await.unwrap();
    let actions: Vec<_> = events.iter().map(|event| &*event.action).collect();
    let expected = ["connection.sign-in-lost", "connection.sign-in-found"];
    assert_eq!(actions, expected);
    let tokens = &with.services.connections.tokens;
    assert!(tokens.access_token(id_of(&connection)).await.is_ok());
}
