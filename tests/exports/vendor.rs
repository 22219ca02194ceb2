//! The form and the account: lists are checked, created, cached; an account that does not answer loses nothing.

use listbridge::sandbox::{Endpoint, Fault, FaultKind, When};
use sea_orm::Set;
use uuid::Uuid;

use crate::stage::{Fields, Stage, problem};
use crate::support::ALICE;

#[tokio::test]
async fn a_list_the_account_lacks_or_has_deleted_is_refused() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let unknown = stage
        .complete("Weekly")
        .set("list", Uuid::now_v7())
        .create(&alice)
        .await;
    assert_eq!(unknown.status, 422);
    assert!(
        problem(&unknown, "list").starts_with("List not found"),
        "{}",
        unknown.body
    );

    stage.sandbox.delete_list(stage.list);
    let deleted = stage.complete("Weekly").create(&alice).await;
    assert_eq!(deleted.status, 422);
    assert!(
        problem(&deleted, "list").starts_with("This list has been deleted"),
        "{}",
        deleted.body
    );
    assert!(stage.exports().await.is_empty());
}

#[tokio::test]
async fn a_list_picked_below_counts_when_no_id_was_typed() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let picked = stage
        .complete("Weekly")
        .set("list", "")
        .with("list_choice", stage.list);
    assert_eq!(picked.create(&alice).await.status, 303);
    assert_eq!(
        stage.exports().await[0].definition.list_id.to_string(),
        stage.list.to_string()
    );
}

#[tokio::test]
async fn an_account_that_does_not_answer_loses_nothing() {
    let mut stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let export = stage.add_export(&alice, "Weekly").await;
    stage.sandbox.disconnect().await;
    let answer = stage
        .complete("Other")
        .set("list", Uuid::now_v7())
        .create(&alice)
        .await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(
        answer.says("Constant Contact does not answer right now"),
        "{}",
        answer.body
    );
    assert_eq!(Fields::of(&answer).get("name"), Some("Other"));

    let path = format!("/exports/{}", export.id);
    let page = alice.get(&path).await;
    assert_eq!(page.status, 200, "the form opens all the same");
    let renamed = Fields::of(&page)
        .set("name", "Renamed")
        .save(&alice, &export)
        .await;
    assert_eq!(
        renamed.status, 303,
        "the list was fine before: {}",
        renamed.body
    );
    assert!(
        alice
            .get("/exports")
            .await
            .says("the list was not checked again")
    );
    let other_list = Fields::of(&page)
        .set("version", 2)
        .set("list", Uuid::now_v7());
    assert_eq!(other_list.save(&alice, &export).await.status, 503);

    stage.sandbox.reconnect().await.unwrap();
    assert_eq!(stage.complete("Other").create(&alice).await.status, 303);
}

#[tokio::test]
async fn a_slow_or_broken_listing_still_draws_the_form() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    stage.sandbox.set_fault(Fault {
        endpoint: Endpoint::ListLists,
        when: When::Always,
        kind: FaultKind::Status(500),
    });
    let page = alice.get("/exports/new").await;
    assert_eq!(page.status, 200);
    assert!(
        page.says("Constant Contact does not answer right now"),
        "{}",
        page.body
    );
    assert!(
        page.texts("#list_choice").is_empty(),
        "no picker, the ID can be typed"
    );
    assert_eq!(stage.complete("Typed").create(&alice).await.status, 303);
}

#[tokio::test]
async fn what_passes_within_a_second_is_not_shown_to_anybody() {
    for kind in [FaultKind::Throttled, FaultKind::Status(503)] {
        let stage = Stage::set().await;
        let alice = stage.app.sign_in(ALICE).await;
        stage.sandbox.set_fault(Fault {
            endpoint: Endpoint::ListLists,
            when: When::First(1),
            kind,
        });
        let page = alice.get("/exports/new").await;
        assert!(!page.texts("#list_choice").is_empty(), "{}", page.body);
    }
}

#[tokio::test]
async fn lists_and_fields_are_asked_for_once_a_minute() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    for _ in 0..5 {
        assert_eq!(stage.complete("x").press(&alice, "show").await.status, 200);
    }
    assert_eq!(stage.sandbox.requests(Endpoint::ListLists), 1);
    assert_eq!(stage.sandbox.requests(Endpoint::ListCustomFields), 1);
}

#[tokio::test]
async fn an_expired_token_is_renewed_without_anybody_noticing() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    stage.sandbox.expire_access_tokens();
    assert_eq!(stage.complete("Weekly").create(&alice).await.status, 303);
    assert_eq!(stage.sandbox.requests(Endpoint::Token), 1);
}

#[tokio::test]
async fn a_dead_sign_in_says_that_an_administrator_must_authenticate_again() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    stage.sandbox.revoke_tokens();
    let page = alice.get("/exports/new").await;
    assert!(
        page.says("has to authenticate this connection again"),
        "{}",
        page.body
    );
    let answer = stage.complete("Weekly").create(&alice).await;
    assert_eq!(answer.status, 422);
    assert!(answer.texts("[role=alert]")[0].contains("authenticate this connection again"));
}

#[tokio::test]
async fn a_list_is_created_by_name_and_its_id_filled_in() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let typed = stage
        .complete("Weekly")
        .set("list", "")
        .with("new_list", " Summer 夏 ");
    let answer = typed.press(&alice, "create-list").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let created = stage.sandbox.find_list("Summer 夏").unwrap().to_string();
    let shown = Fields::of(&answer);
    assert_eq!(shown.get("list"), Some(created.as_str()));
    assert_eq!(
        (shown.get("new_list"), shown.get("name")),
        (Some(""), Some("Weekly"))
    );
    assert!(answer.says("Save the export to use it"), "{}", answer.body);
    assert!(
        answer
            .texts("#list_choice option")
            .contains(&"Summer 夏 (0 members)".into())
    );
    assert!(
        stage.exports().await.is_empty(),
        "creating a list saves no export"
    );

    let again = typed.press(&alice, "create-list").await;
    assert_eq!(again.status, 422);
    assert!(
        problem(&again, "new_list").contains("has a list with this name already"),
        "{}",
        again.body
    );
    assert_eq!(Fields::of(&again).get("new_list"), Some(" Summer 夏 "));
    for bad in ["", "   ", &"x".repeat(256)] {
        let refused = typed
            .clone()
            .set("new_list", bad)
            .press(&alice, "create-list")
            .await;
        assert!(
            problem(&refused, "new_list").contains("1 to 255 characters"),
            "{bad:?}"
        );
    }
    let forgotten = typed.create(&alice).await;
    assert!(
        problem(&forgotten, "list").contains("has not been created yet"),
        "{}",
        forgotten.body
    );
}

#[tokio::test]
async fn a_lost_answer_to_creating_a_list_is_said_to_be_unclear() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    stage.sandbox.set_fault(Fault {
        endpoint: Endpoint::CreateList,
        when: When::First(1),
        kind: FaultKind::ResetAfterAccepted,
    });
    let typed = stage.complete("Weekly").with("new_list", "Summer");
    let answer = typed.press(&alice, "create-list").await;
    assert_eq!(answer.status, 422);
    assert!(
        problem(&answer, "new_list").contains("did not say whether the list was created"),
        "{}",
        answer.body
    );
    assert!(
        answer
            .texts("#list_choice option")
            .contains(&"Summer (0 members)".into()),
        "it shows in the picker"
    );
}

#[tokio::test]
async fn a_custom_field_the_account_has_dropped_must_be_removed() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let answer = stage
        .complete("Weekly")
        .with("attribute.cf:shoe_size", "Town")
        .create(&alice)
        .await;
    assert_eq!(answer.status, 422);
    let message = problem(&answer, "attribute.cf:shoe_size");
    assert!(message.contains("no custom field shoe_size"), "{message}");
}

#[tokio::test]
async fn a_connection_without_a_secret_is_not_ready() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let forget = |row: &mut listbridge::storage::entities::connection::ActiveModel| {
        row.client_id = Set(Some("another application".into()));
        row.refresh_due_at = Set(None);
        row.access_expires_at = Set(None);
    };
    stage.change_connection(stage.connection, forget).await;
    let page = alice.get("/exports/new").await;
    assert!(page.says("This connection is not ready"), "{}", page.body);
}
