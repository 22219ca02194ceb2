//! What is typed and given stays sealed.

use crate::stage::{id_of, is_disabled, run_sql};
use crate::support::connections::{
    Application, add_connection, add_export_user, authenticate, begin_authentication, come_back,
    connect, save, spawn_app_at, spawn_app_at_with, start_sandbox,
};
use crate::support::{ALICE, PASSWORD, in_files};

#[tokio::test]
async fn secrets_are_typed_sealed_and_never_shown() {
    let sandbox = start_sandbox().await;
    let app = spawn_app_at_with(&sandbox, Application::Typed, in_files).await;
    let alice = app.sign_in(ALICE).await;
    let connection = connect(&alice, "Newsletter", "administrators").await;
    let page = alice.get(&connection).await;
    assert_eq!(
        page.texts("#redirect-uri"),
        ["http://localhost:8080/oauth/constant-contact/callback"]
    );
    assert!(is_disabled(&page, "Authenticate with Constant Contact"));
    let action = format!("{connection}/application");
    let (client_id, secret) = (sandbox.client_id(), sandbox.client_secret());
    let fields = [
        ("client_id", "two words"),
        ("client_secret", secret.as_str()),
    ];
    let refused = alice.submit(&connection, &action, &fields).await;
    assert_eq!(refused.status, 422);
    assert!(!refused.body.contains(&secret));
    let fields = [
        ("client_id", client_id.as_str()),
        ("client_secret", &secret),
    ];
    assert_eq!(
        alice.submit(&connection, &action, &fields).await.status,
        303
    );
    authenticate(&alice, &sandbox, &connection).await;
    add_export_user(&alice, &connection, PASSWORD).await;
    save(&alice, &connection).await;

    let tokens = &app.services.connections.tokens;
    let access = tokens.access_token(id_of(&connection)).await.unwrap();
    run_sql(&app, "PRAGMA wal_checkpoint(FULL)").await;
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&app.services.settings.data_dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            files.extend(std::fs::read(path).unwrap());
        }
    }
    let holds = |text: &str| {
        files
            .windows(text.len())
            .any(|bytes| bytes == text.as_bytes())
    };
    assert!(holds("Harbour Books"), "the right files were read");
    for hidden in [secret.as_str(), access.token.expose(), PASSWORD] {
        assert!(!holds(hidden));
    }
    let page = alice.get(&connection).await;
    assert!(!page.body.contains(&secret) && !page.body.contains(access.token.expose()));
    // The next connection uses the application that was typed last.
    let second = connect(&alice, "Second", "administrators").await;
    assert!(!is_disabled(
        &alice.get(&second).await,
        "Authenticate with Constant Contact"
    ));
}

#[tokio::test]
async fn another_account_is_not_slipped_under_a_saved_connection() {
    let sandbox = start_sandbox().await;
    let app = spawn_app_at(&sandbox, Application::Configured).await;
    let alice = app.sign_in(ALICE).await;
    let connection = add_connection(&alice, &sandbox, "Newsletter").await;
    run_sql(&app, "UPDATE connections SET account_id = 'another'").await;
    let address = begin_authentication(&alice, &connection).await;
    assert!(address.contains("prompt=login"), "{address}");
    let back = sandbox.allow(&address, "owner").unwrap();
    come_back(&alice, &back).await;
    let page = alice.get(&connection).await;
    assert!(
        page.says("another Constant Contact account"),
        "{}",
        page.body
    );
    let tokens = &app.services.connections.tokens;
    assert!(
        tokens.access_token(id_of(&connection)).await.is_ok(),
        "the old tokens still serve"
    );
    assert_eq!(
        sandbox.live_refresh_tokens(),
        1,
        "the new ones were revoked"
    );
}
