//! Data > Exports: the list, the command bar, removal.

use listbridge::connections::Sharing;
use uuid::Uuid;

use crate::stage::Stage;
use crate::support::{ALICE, BOB, CHARLIE};

#[tokio::test]
async fn an_empty_list_says_what_to_do_next_to_each_role() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let ready = alice.get("/exports").await;
    assert_eq!(
        ready.attribute("main .empty-state a", "href").as_deref(),
        Some("/exports/new")
    );
    let charlie = stage.app.sign_in(CHARLIE).await.get("/exports").await;
    assert!(
        charlie.says("An administrator or contributor adds exports"),
        "{}",
        charlie.body
    );
    stage.share(stage.connection, Sharing::Administrators).await;
    let bob = stage.app.sign_in(BOB).await.get("/exports").await;
    assert!(
        bob.says("There is no connection you may use. Contact an administrator."),
        "{}",
        bob.body
    );
    stage
        .change_connection(stage.connection, |row| row.saved_at = sea_orm::Set(None))
        .await;
    let first = alice.get("/exports").await;
    let link = first.attribute("main .empty-state a", "href");
    assert_eq!(
        link.as_deref(),
        Some("/settings/connections/new"),
        "{}",
        first.body
    );
}

#[tokio::test]
async fn the_list_has_the_documented_columns_in_both_languages() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    stage.add_export(&alice, "Weekly").await;
    let page = alice.get("/exports").await;
    let columns = page.texts("thead th");
    assert_eq!(
        columns[1..10],
        [
            "Display name",
            "Type",
            "Status",
            "Refreshed",
            "Schedule",
            "Connection used",
            "Your permissions",
            "Last updated",
            "Updated by",
        ]
    );
    let cells = page.texts("tbody tr:first-child :is(th, td)");
    assert_eq!(
        cells[1..10],
        [
            "Weekly",
            "Constant Contact",
            "Not started",
            "Never",
            "Manually",
            "Harbour newsletter",
            "Edit",
            "just now",
            "Alice Admin",
        ]
    );
    let chinese = alice.speaking("zh-HK").get("/exports").await;
    let columns = chinese.texts("thead th");
    assert_eq!(columns[1..4], ["顯示名稱", "類型", "狀態"]);
    assert_eq!(columns[6..8], ["使用的連接", "您的權限"]);
    let words = chinese.texts("main :is(a, button)");
    for word in ["新增匯出", "執行", "編輯", "移除"] {
        assert!(words.contains(&word.into()), "{word}: {words:?}");
    }
}

#[tokio::test]
async fn the_command_bar_acts_on_the_selected_row() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let export = stage.add_export(&alice, "Weekly").await;
    let id = export.id.to_string();
    let press = async |action, export| {
        let fields = [("action", action), ("export", export)];
        alice.submit("/exports", "/exports/selected", &fields).await
    };
    let path = format!("/exports/{id}");
    let open = press("open", &id).await;
    assert_eq!((open.status, open.location), (303, Some(path.clone())));
    assert_eq!(
        press("remove", &id).await.location,
        Some(format!("{path}/remove"))
    );
    let run = press("run", &id).await;
    assert_eq!(
        (run.status, run.location),
        (307, Some(format!("{path}/run")))
    );
    let nothing = alice
        .submit("/exports", "/exports/selected", &[("action", "run")])
        .await;
    assert_eq!(nothing.location.as_deref(), Some("/exports"));
    assert!(alice.get("/exports").await.says("Select an export first"));
}

#[tokio::test]
async fn an_export_is_removed_after_a_question() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let export = stage.add_export(&alice, "Weekly & \u{5e9}\u{5dc}").await;
    let path = format!("/exports/{}/remove", export.id);
    let question = alice.get(&path).await;
    assert_eq!(question.status, 200);
    assert!(
        question.texts("h1")[0].contains("Remove Weekly & \u{5e9}\u{5dc}?"),
        "{}",
        question.body
    );
    assert_eq!(
        question.attribute(
            "form[data-dialog-content], [data-dialog-content] form",
            "action"
        ),
        Some(path.clone())
    );
    let done = alice.submit(&path, &path, &[]).await;
    assert_eq!(
        (done.status, done.location.as_deref()),
        (303, Some("/exports"))
    );
    assert!(stage.exports().await.is_empty());
    assert!(alice.get("/exports").await.says("has been removed"));
    assert_eq!(alice.get(&path).await.status, 404);
    assert_eq!(
        alice.submit("/exports", &path, &[]).await.status,
        404,
        "pressed twice"
    );
    let (action, detail) = stage.audit().await.pop().unwrap();
    assert_eq!(action, "export.removed");
    assert_eq!(detail["before"]["name"], "Weekly & \u{5e9}\u{5dc}");
}

#[tokio::test]
async fn a_long_list_is_shown_in_pages() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let export = stage.add_export(&alice, "Export 000").await;
    let db = &**stage.app.services.db;
    for number in 1..=100 {
        let mut definition = export.definition.clone();
        definition.name = format!("Export {number:03}");
        let author = listbridge::exports::Author {
            user_id: Some(Uuid::nil()),
            ip: None,
            at: stage.app.services.clock.now(),
        };
        listbridge::exports::store::create(db, definition, author)
            .await
            .unwrap();
    }
    let first = alice.get("/exports").await;
    assert_eq!(first.texts("tbody tr").len(), 100);
    assert_eq!(
        first.attribute("a[rel=next]", "href").as_deref(),
        Some("/exports?page=2")
    );
    let second = alice.get("/exports?page=2").await;
    assert_eq!(second.texts("tbody th"), ["Export 100"]);
    assert!(second.says("101–101 of 101"), "{}", second.body);
    for odd in ["0", "3", "18446744073709551615"] {
        assert_eq!(
            alice.get(&format!("/exports?page={odd}")).await.status,
            200,
            "{odd}"
        );
    }
}
