//! Data > Exports: what can be done with one or several exports that were selected.

use listbridge::connections::Sharing;
use listbridge::exports::{Export, ExportDefinition};
use sea_orm::{EntityTrait, PaginatorTrait};

use crate::stage::{Fields, Stage};
use crate::support::{ALICE, Answer, BOB, Browser, CHARLIE};

/// Ticks some exports in the list and presses a button of the command bar.
pub(crate) async fn press(browser: &Browser, action: &str, exports: &[&Export]) -> Answer {
    let ids: Vec<_> = exports.iter().map(|export| export.id.to_string()).collect();
    let mut fields = vec![("action", action)];
    fields.extend(ids.iter().map(|id| ("export", id.as_str())));
    browser
        .submit("/exports", "/exports/selected", &fields)
        .await
}

/// Follows a press to its page and sends the form there.
pub(crate) async fn confirm(browser: &Browser, page: &str) -> Answer {
    let asked = browser.get(page).await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    let fields = asked.form_fields("[data-dialog-content] form");
    let fields: Vec<_> = fields
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    let action = asked.attribute("[data-dialog-content] form", "action");
    browser.post(&action.unwrap(), &fields).await
}

pub(crate) async fn three(stage: &Stage) -> [Export; 3] {
    [
        stage.store_export("A", |_| ()).await,
        stage.store_export("B", |_| ()).await,
        stage.store_export("C", |_| ()).await,
    ]
}

pub(crate) async fn count_runs(stage: &Stage) -> u64 {
    let db = &**stage.app.services.db;
    listbridge::storage::entities::run::Entity::find()
        .count(db)
        .await
        .unwrap()
}

pub(crate) async fn present(stage: &Stage, export: &Export) -> ExportDefinition {
    let all = stage.exports().await;
    let found = all.into_iter().find(|other| other.id == export.id);
    found.unwrap().definition
}

#[tokio::test]
async fn several_exports_are_removed_after_one_question() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let [a, b, c] = three(&stage).await;
    let asked = press(&alice, "remove", &[&a, &c]).await;
    let page = asked.location.unwrap();
    assert_eq!(page, format!("/exports/remove?ids={},{}", a.id, c.id));
    let question = alice.get(&page).await;
    assert_eq!(question.texts("h1"), ["Remove 2 exports?"]);
    assert_eq!(question.texts("[data-dialog-content] li"), ["A", "C"]);
    assert_eq!(stage.exports().await.len(), 3, "asking removes nothing");
    let done = confirm(&alice, &page).await;
    assert_eq!(done.location.as_deref(), Some("/exports"), "{}", done.body);
    assert!(
        alice
            .get("/exports")
            .await
            .says("2 exports have been removed.")
    );
    let left = stage.exports().await;
    assert_eq!((left.len(), left[0].id), (1, b.id));
    let removed = stage.audit().await;
    let removed = removed
        .iter()
        .filter(|(action, _)| action == "export.removed");
    assert_eq!(removed.count(), 2);
    assert_eq!(alice.get(&page).await.status, 404, "all are gone");
}

#[tokio::test]
async fn an_export_with_a_run_in_progress_is_neither_removed_nor_detached() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let [a, b, _] = three(&stage).await;
    stage
        .add_run(&a, "person", "refreshing", "2026-03-01T00:00:00Z")
        .await;
    for action in ["remove", "detach"] {
        let page = press(&alice, action, &[&a]).await.location.unwrap();
        let question = alice.get(&page).await;
        assert!(
            question
                .texts("[role=alert]")
                .concat()
                .contains("A run of this export is in progress"),
            "{}",
            question.body
        );
        let ids = a.id.to_string();
        let path = format!("/exports/{action}");
        let answer = alice.submit("/exports", &path, &[("ids", &ids)]).await;
        assert_eq!(answer.status, 409, "{action}");
    }
    let page = press(&alice, "detach", &[&a, &b]).await.location.unwrap();
    confirm(&alice, &page).await;
    let list = alice.get("/exports").await;
    assert!(
        list.says("B has been detached from its connection"),
        "{}",
        list.body
    );
    assert_eq!(
        present(&stage, &a).await.connection_id,
        Some(stage.connection)
    );
    assert_eq!(present(&stage, &b).await.connection_id, None);
}

#[tokio::test]
async fn several_exports_are_run_and_run_all_runs_those_with_a_schedule() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let [a, b, c] = three(&stage).await;
    stage
        .store_export("Detached", |export| export.connection_id = None)
        .await;
    stage
        .add_run(&a, "person", "refreshing", "2026-03-01T00:00:00Z")
        .await;
    let answer = press(&alice, "run", &[&a, &b]).await;
    assert_eq!(answer.location.as_deref(), Some("/exports"));
    let list = alice.get("/exports").await;
    assert!(list.says("1 run has been started."), "{}", list.body);
    assert!(list.says("1 export was running already."), "{}", list.body);
    // Held as if under way, so that what follows does not depend on how fast the engine is.
    stage.hold_runs().await;
    let answer = alice.submit("/exports", "/exports/run-all", &[]).await;
    assert_eq!(answer.location.as_deref(), Some("/exports"));
    let list = alice.get("/exports").await;
    assert!(
        list.says("run has been started.") || list.says("runs have been started."),
        "{}",
        list.body
    );
    let db = &**stage.app.services.db;
    let ran = listbridge::storage::entities::run::Entity::find()
        .all(db)
        .await
        .unwrap();
    let has_run = |export: &Export| ran.iter().any(|run| run.export_id == export.id);
    assert!(has_run(&a) && has_run(&b) && has_run(&c));
    assert!(
        ran.iter()
            .all(|run| run.definition["connection_id"] != serde_json::Value::Null)
    );
}

#[tokio::test]
async fn actions_on_several_do_what_they_may_and_say_what_they_left() {
    let stage = Stage::set().await;
    let bob = stage.app.sign_in(BOB).await;
    let hidden = stage
        .add_connection("Board only", Sharing::Administrators)
        .await;
    let [a, ..] = three(&stage).await;
    let board = stage
        .store_export("Board", |export| export.connection_id = Some(hidden))
        .await;
    let page = press(&bob, "detach", &[&a, &board]).await.location.unwrap();
    let question = bob.get(&page).await;
    assert!(
        question.says("You may only view these exports"),
        "{}",
        question.body
    );
    assert!(
        question.says("which only an administrator can do"),
        "{}",
        question.body
    );
    confirm(&bob, &page).await;
    assert_eq!(present(&stage, &a).await.connection_id, None);
    assert_eq!(present(&stage, &board).await.connection_id, Some(hidden));

    // Whoever may change none of them is refused, also past the buttons.
    let ids = board.id.to_string();
    let charlie = stage.app.sign_in(CHARLIE).await;
    for browser in [&bob, &charlie] {
        for path in ["/exports/remove", "/exports/detach", "/exports/add-segment"] {
            let segment = stage.segment.to_string();
            let fields = [("ids", ids.as_str()), ("segment", segment.as_str())];
            assert_eq!(
                browser.submit("/exports", path, &fields).await.status,
                403,
                "{path}"
            );
            assert_eq!(
                browser.get(&format!("{path}?ids={ids}")).await.status,
                403,
                "{path}"
            );
        }
    }
    // The list does not offer them; who chose an export all the same stays there and is told why.
    for action in ["run", "remove", "schedule", "detach", "add-segment"] {
        for chosen in [&[&board] as &[&Export], &[&board, &board]] {
            let answer = press(&bob, action, chosen).await;
            assert_eq!(answer.location.as_deref(), Some("/exports"), "{action}");
            let list = bob.get("/exports").await;
            assert!(list.says("You may only view these exports"), "{action}");
        }
    }
    assert_eq!(press(&charlie, "run", &[&board, &board]).await.status, 403);
    let straight = format!("/exports/{}/run", board.id);
    for (browser, why) in [
        (&bob, "this one is not"),
        (&charlie, "Your role does not allow this"),
    ] {
        let answer = browser.submit("/exports", &straight, &[]).await;
        assert_eq!(answer.status, 403);
        assert!(answer.says(why), "{}", answer.body);
    }
    assert_eq!(
        charlie
            .submit("/exports", "/exports/run-all", &[])
            .await
            .status,
        403
    );
    bob.submit("/exports", "/exports/run-all", &[]).await;
    let db = &**stage.app.services.db;
    let ran = listbridge::storage::entities::run::Entity::find()
        .all(db)
        .await
        .unwrap();
    assert!(
        ran.iter().all(|run| run.export_id != board.id),
        "not shared with Bob"
    );
}

#[tokio::test]
async fn a_selection_that_fits_no_action_is_told() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let [a, b, _] = three(&stage).await;
    for action in ["open", "duplicate", "check"] {
        let answer = press(&alice, action, &[&a, &b]).await;
        assert_eq!(answer.location.as_deref(), Some("/exports"));
        assert!(alice.get("/exports").await.says("Select one export only"));
    }
    for action in ["remove", "detach", "add-segment", "run"] {
        let answer = press(&alice, action, &[]).await;
        assert_eq!(answer.location.as_deref(), Some("/exports"), "{action}");
        assert!(alice.get("/exports").await.says("Select an export first"));
    }
    assert_eq!(press(&alice, "nonsense", &[&a]).await.status, 400);
    for path in ["/exports/remove", "/exports/detach", "/exports/add-segment"] {
        assert_eq!(
            alice.get(&format!("{path}?ids=nonsense,,")).await.status,
            303,
            "{path}"
        );
    }
    let elsewhere = format!(
        "/exports/remove?ids={}&return_to=https://evil.example",
        a.id
    );
    let question = alice.get(&elsewhere).await;
    assert_eq!(
        question.attribute("[data-dialog-close]", "href").as_deref(),
        Some("/")
    );
}

#[tokio::test]
async fn a_duplicate_is_a_filled_in_form_and_nothing_before_save() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let weekly = stage.add_export(&alice, "Weekly").await;
    let path = press(&alice, "duplicate", &[&weekly])
        .await
        .location
        .unwrap();
    let page = alice.get(&path).await;
    assert_eq!(page.texts("h1"), ["Set up export"]);
    assert_eq!(stage.exports().await.len(), 1, "nothing is created");
    let form = Fields::of(&page);
    assert_eq!(form.get("name"), Some("Weekly (copy)"));
    assert_eq!(form.get("version"), Some("0"));
    assert_eq!(form.get("attribute.first_name"), Some("Given"));
    assert_eq!(
        form.get("segment"),
        Some(stage.segment.to_string().as_str())
    );
    let saved = form.create(&alice).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    let all = stage.exports().await;
    assert_eq!(all.len(), 2);
    let copy = all.iter().find(|export| export.id != weekly.id).unwrap();
    let mut expected = weekly.definition.clone();
    expected.name = "Weekly (copy)".into();
    assert_eq!(copy.definition, expected);

    // A contributor may copy what they may only view, but not through its connection.
    stage.share(stage.connection, Sharing::Administrators).await;
    let bob = stage.app.sign_in(BOB).await;
    let form = Fields::of(&bob.get(&path).await);
    assert_eq!(form.get("connection").unwrap_or_default(), "");
    assert_eq!(form.create(&bob).await.status, 422);
    assert_eq!(
        stage.app.sign_in(CHARLIE).await.get(&path).await.status,
        403
    );
    let nothing = "/exports/new?duplicate=00000000-0000-7000-8000-000000000000";
    assert_eq!(alice.get(nothing).await.status, 404);
}

#[tokio::test]
async fn who_saves_an_export_that_was_removed_is_told_and_loses_nothing() {
    let stage = Stage::set().await;
    let (alice, bob) = (stage.app.sign_in(ALICE).await, stage.app.sign_in(BOB).await);
    let export = stage.add_export(&alice, "Weekly").await;
    let typed = Fields::of(&bob.get(&format!("/exports/{}", export.id)).await)
        .set("name", "Weekly, but better");
    confirm(&alice, &format!("/exports/{}/remove", export.id)).await;
    let told = typed.save(&bob, &export).await;
    assert_eq!(told.status, 409, "{}", told.body);
    assert!(
        told.texts("[role=alert]")
            .concat()
            .contains("Alice Admin removed this export while you were editing"),
        "{}",
        told.body
    );
    assert!(
        stage.exports().await.is_empty(),
        "nothing comes back by itself"
    );
    let kept = Fields::of(&told);
    assert_eq!(kept.get("name"), Some("Weekly, but better"));
    assert_eq!(kept.get("attribute.first_name"), Some("Given"));
    assert_eq!(
        told.attribute("form[data-export-form]", "action")
            .as_deref(),
        Some("/exports/new")
    );
    assert_eq!(kept.create(&bob).await.status, 303);
    assert_eq!(
        stage.exports().await[0].definition.name,
        "Weekly, but better"
    );
}
