//! Who sees, adds, changes and removes which exports.

use listbridge::connections::Sharing;
use sea_orm::Set;

use crate::stage::{Fields, Stage, problem};
use crate::support::{ALICE, BOB, CHARLIE};

#[tokio::test]
async fn a_viewer_looks_and_nothing_else() {
    let stage = Stage::set().await;
    let (alice, charlie) = (
        stage.app.sign_in(ALICE).await,
        stage.app.sign_in(CHARLIE).await,
    );
    let export = stage.add_export(&alice, "Weekly").await;
    let list = charlie.get("/exports").await;
    assert_eq!(list.status, 200);
    assert!(
        list.says("Weekly") && list.says("View only") && !list.says("Add export"),
        "{}",
        list.body
    );
    assert!(
        list.texts("button, a")
            .iter()
            .all(|word| !["Run", "Edit", "Remove"].contains(&word.as_str()))
    );

    let view = charlie.get(&format!("/exports/{}", export.id)).await;
    assert_eq!(view.status, 200);
    for word in [
        "Harbour newsletter",
        "Newsletter",
        "Regulars",
        "First name",
        "Given",
        "Alice Admin",
    ] {
        assert!(view.says(word), "{word}: {}", view.body);
    }
    assert!(
        view.texts("main a").contains(&"Close".into()),
        "{:?}",
        view.texts("main a")
    );
    assert!(view.texts("main form").is_empty(), "nothing to send");

    let form = stage.complete("Mine");
    assert_eq!(charlie.get("/exports/new").await.status, 403);
    assert_eq!(form.create(&charlie).await.status, 403);
    assert_eq!(form.save(&charlie, &export).await.status, 403);
    let remove = format!("/exports/{}/remove", export.id);
    assert_eq!(charlie.get(&remove).await.status, 403);
    assert_eq!(charlie.submit("/exports", &remove, &[]).await.status, 403);
    assert_eq!(stage.exports().await, [export]);
}

#[tokio::test]
async fn a_contributor_manages_every_export_of_a_shared_connection_and_views_the_others() {
    let stage = Stage::set().await;
    let (alice, bob) = (stage.app.sign_in(ALICE).await, stage.app.sign_in(BOB).await);
    let export = stage.add_export(&alice, "Alice made it").await;
    let path = format!("/exports/{}", export.id);
    let changed = Fields::of(&bob.get(&path).await).set("name", "Bob changed it");
    assert_eq!(changed.save(&bob, &export).await.status, 303);

    stage.share(stage.connection, Sharing::Administrators).await;
    let list = bob.get("/exports").await;
    assert!(
        list.says("View only") && list.says("Harbour newsletter"),
        "{}",
        list.body
    );
    let view = bob.get(&path).await;
    assert!(
        view.texts("form[data-export-form]").is_empty() && view.says("Close"),
        "{}",
        view.body
    );
    assert_eq!(changed.save(&bob, &export).await.status, 403);
    assert_eq!(
        bob.submit("/exports", &format!("{path}/remove"), &[])
            .await
            .status,
        403
    );
    assert_eq!(alice.get(&format!("{path}/remove")).await.status, 200);
}

#[tokio::test]
async fn a_contributor_is_offered_and_may_use_shared_connections_only() {
    let stage = Stage::set().await;
    let bob = stage.app.sign_in(BOB).await;
    let secret = stage
        .add_connection("Board only", Sharing::Administrators)
        .await;
    let page = bob.get("/exports/new").await;
    assert!(
        page.says("Harbour newsletter") && !page.says("Board only"),
        "{}",
        page.body
    );
    assert!(!page.says("Add connection"), "that is for administrators");
    let answer = stage
        .complete("Mine")
        .set("connection", secret)
        .create(&bob)
        .await;
    assert_eq!(answer.status, 422);
    assert!(
        problem(&answer, "connection").contains("You may not use this connection"),
        "{}",
        answer.body
    );
    assert!(!answer.says("Board only"), "nor learn of it");
    let lists = stage
        .complete("Mine")
        .set("connection", secret)
        .press(&bob, "show")
        .await;
    assert!(lists.texts("#list_choice").is_empty(), "nor see its lists");

    stage.share(stage.connection, Sharing::Administrators).await;
    let none = bob.get("/exports/new").await;
    assert!(
        none.says("No connection of this type is available to you. Contact an administrator."),
        "{}",
        none.body
    );
    let alice = stage.app.sign_in(ALICE).await;
    let both = alice.get("/exports/new").await;
    assert!(
        both.says("Board only") && both.says("Add connection"),
        "{}",
        both.body
    );
}

#[tokio::test]
async fn un_sharing_keeps_exports_ready_to_run_and_leaves_contributors_the_view() {
    let stage = Stage::set().await;
    let bob = stage.app.sign_in(BOB).await;
    stage
        .change_connection(stage.connection, |row| {
            row.organization_name = Set(Some("Harbour Books Ltd".into()));
        })
        .await;
    let form = bob.get("/exports/new").await;
    assert_eq!(
        form.texts("#connection optgroup option"),
        ["Harbour newsletter"]
    );
    assert_eq!(
        form.attribute("#connection optgroup", "label").as_deref(),
        Some("Constant Contact")
    );
    assert!(!form.says("Harbour Books Ltd"), "name and type, no more");
    let export = stage.add_export(&bob, "Bob made it").await;

    stage.share(stage.connection, Sharing::Administrators).await;
    let kept = std::slice::from_ref(&export);
    assert_eq!(stage.exports().await, kept, "nothing changes");
    let path = format!("/exports/{}", export.id);
    let view = bob.get(&path).await;
    assert!(view.texts("form[data-export-form]").is_empty() && view.says("Close"));
    let run = format!("{path}/run");
    assert_eq!(bob.submit("/exports", &run, &[]).await.status, 403);
    let alice = stage.app.sign_in(ALICE).await;
    assert_eq!(alice.submit("/exports", &run, &[]).await.status, 303);
}

#[tokio::test]
async fn an_unfinished_connection_is_not_offered() {
    let stage = Stage::set().await;
    stage
        .change_connection(stage.connection, |row| row.saved_at = Set(None))
        .await;
    let alice = stage.app.sign_in(ALICE).await;
    let page = alice.get("/exports/new").await;
    assert!(
        page.says("There is no connection of this type yet"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn a_detached_export_is_edited_by_administrators_and_needs_a_connection() {
    let stage = Stage::set().await;
    let (alice, bob) = (stage.app.sign_in(ALICE).await, stage.app.sign_in(BOB).await);
    let export = stage.add_export(&alice, "Weekly").await;
    let db = &**stage.app.services.db;
    let author = listbridge::exports::Author {
        user_id: None,
        ip: None,
        at: stage.app.services.clock.now(),
    };
    let mut definition = export.definition.clone();
    definition.connection_id = None;
    listbridge::exports::store::update(db, export.id, 1, definition, author)
        .await
        .unwrap();

    let list = bob.get("/exports").await;
    assert!(
        list.says("No Connection") && list.says("View only") && list.says("Command line"),
        "{}",
        list.body
    );
    let path = format!("/exports/{}", export.id);
    assert!(bob.get(&path).await.says("No Connection"));
    let page = alice.get(&path).await;
    assert!(
        page.says("This export has no connection and cannot run"),
        "{}",
        page.body
    );
    let fields = Fields::of(&page);
    assert_eq!(
        fields.get("connection"),
        Some(""),
        "nothing is chosen for it"
    );
    let answer = fields.save(&alice, &export).await;
    assert!(
        problem(&answer, "connection").contains("Choose the connection"),
        "{}",
        answer.body
    );
    assert_eq!(
        fields
            .set("connection", stage.connection)
            .save(&alice, &export)
            .await
            .status,
        303
    );
}

#[tokio::test]
async fn nobody_comes_in_without_signing_in() {
    let stage = Stage::set().await;
    let nobody = stage.app.browser();
    for path in [
        "/exports",
        "/exports/new",
        "/exports/00000000-0000-0000-0000-000000000000",
    ] {
        let answer = nobody.get(path).await;
        assert_eq!(answer.status, 303, "{path}");
        assert!(answer.location.unwrap().starts_with("/sign-in"), "{path}");
    }
    assert_eq!(nobody.post("/exports/new", &[]).await.status, 403);
}
