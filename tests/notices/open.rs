//! What opens a notice, what closes it, and who sees it.

use listbridge::auth::{CurrentUser, store as people};
use listbridge::notices::store::{Notice, Which};
use listbridge::notices::{Details, Kind, raise, resolve, store};
use listbridge::startup::Services;
use uuid::Uuid;

use crate::engine::Stage;
use crate::support::{ALICE, BOB, CHARLIE, TestApp, spawn_app};

/// What an administrator sees, the latest change first.
pub(crate) async fn seen(services: &Services, which: Which) -> Vec<Notice> {
    let db = &**services.db;
    let users = people::list_users(db).await.unwrap();
    let alice: &CurrentUser = users.iter().find(|user| user.is_administrator()).unwrap();
    let found = store::list(db, alice, which, 0, services.clock.now()).await;
    found.unwrap().notices
}

pub(crate) async fn raise_at(app: &TestApp, kind: Kind, subject: Uuid, name: &str) {
    let now = app.services.clock.now();
    raise(&**app.services.db, kind, subject, Details::named(name), now)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_failed_run_opens_one_notice_and_a_successful_one_closes_it() {
    let stage = Stage::new(&crate::engine::people(3)).await;
    stage.sandbox.delete_list(stage.list);
    let (failed, _) = stage.run().await;
    let (again, _) = stage.run().await;
    let open = seen(&stage.services, Which::Open).await;
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].kind, open[0].count), (Kind::RunFailed, 2));
    assert_eq!(open[0].subject, stage.export.id.to_string());
    assert_eq!(open[0].details.run, Some(again.id));
    assert_ne!(failed.id, again.id);
    assert_eq!(
        open[0].details.reason.as_deref(),
        Some("runs-outcome-list-not-found")
    );
}

#[tokio::test]
async fn rejected_rows_above_the_threshold_open_a_notice_until_a_better_run() {
    let mut csv = crate::engine::people(9);
    csv.push_str("C9,Bad,not-an-address\n");
    let stage = Stage::new(&csv).await;
    stage.run().await;
    let open = seen(&stage.services, Which::Open).await;
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].kind, Kind::RowsRejected);
    assert_eq!(
        (open[0].details.rejected, open[0].details.of),
        (Some(1), Some(10))
    );
}

#[tokio::test]
async fn happening_again_counts_and_being_over_is_told_once() {
    let app = spawn_app().await;
    let export = Uuid::now_v7();
    let db = &**app.services.db;
    for _ in 0..3 {
        raise_at(&app, Kind::DidNotRun, export, "Weekly").await;
    }
    raise_at(&app, Kind::RunFailed, export, "Weekly").await;
    let open = seen(&app.services, Which::Open).await;
    let counts: Vec<_> = open.iter().map(|n| (n.kind, n.count)).collect();
    assert_eq!(counts, [(Kind::RunFailed, 1), (Kind::DidNotRun, 3)]);
    let now = app.services.clock.now();
    assert!(resolve(db, Kind::DidNotRun, export, now).await.unwrap());
    assert!(!resolve(db, Kind::DidNotRun, export, now).await.unwrap());
    assert_eq!(seen(&app.services, Which::Open).await.len(), 1);
    raise_at(&app, Kind::DidNotRun, export, "Weekly").await;
    let all = seen(&app.services, Which::All).await;
    let over = all.iter().filter(|n| n.resolved_at.is_some()).count();
    assert_eq!((all.len(), over), (3, 1), "opening again is another notice");
}

#[tokio::test]
async fn the_bell_counts_what_a_person_has_not_read() {
    let app = spawn_app().await;
    let (alice, bob) = (app.sign_in(ALICE).await, app.sign_in(BOB).await);
    let bell = async |browser: &crate::support::Browser| {
        browser.get("/exports").await.texts(".bell").concat()
    };
    assert_eq!(bell(&alice).await, "Notices");
    let (export, connection) = (Uuid::now_v7(), Uuid::now_v7());
    raise_at(&app, Kind::RunFailed, export, "<b>Weekly</b>").await;
    raise_at(&app, Kind::SignInNeeded, connection, "Account").await;
    assert!(bell(&alice).await.starts_with("Notices, 2 unread"));
    assert!(bell(&bob).await.starts_with("Notices, 1 unread"));
    // Contributors and viewers are not told of connections.
    let page = bob.get("/notices").await;
    assert!(
        page.says("“<b>Weekly</b>” was not delivered"),
        "{}",
        page.body
    );
    assert!(!page.says("Account"));
    let charlie = app.sign_in(CHARLIE).await;
    let hidden = seen(&app.services, Which::Open).await;
    let hidden = hidden.iter().find(|n| n.kind == Kind::SignInNeeded);
    let path = format!("/notices/{}/read", hidden.unwrap().id);
    assert_eq!(charlie.submit("/notices", &path, &[]).await.status, 404);
    // Read by one person, it stays new for the other.
    let failed = seen(&app.services, Which::Open).await;
    let failed = failed.iter().find(|n| n.kind == Kind::RunFailed).unwrap();
    let path = format!("/notices/{}/read", failed.id);
    assert_eq!(alice.submit("/notices", &path, &[]).await.status, 303);
    assert!(bell(&alice).await.starts_with("Notices, 1 unread"));
    assert!(bell(&bob).await.starts_with("Notices, 1 unread"));
    // Being over is news again.
    let now = app.services.clock.now();
    resolve(&**app.services.db, Kind::RunFailed, export, now)
        .await
        .unwrap();
    assert!(bell(&alice).await.starts_with("Notices, 2 unread"));
    alice.submit("/notices", "/notices/read", &[]).await;
    assert_eq!(bell(&alice).await, "Notices");
    let page = alice.get("/notices?show=all").await;
    assert!(page.says("Recovered"), "{}", page.body);
}

#[tokio::test]
async fn removing_an_export_closes_its_notices() {
    let stage = Stage::new(&crate::engine::people(1)).await;
    stage.sandbox.delete_list(stage.list);
    stage.run().await;
    assert_eq!(seen(&stage.services, Which::Open).await.len(), 1);
    let author = crate::engine::author(&stage.services);
    listbridge::exports::store::remove(&**stage.services.db, stage.export.id, author)
        .await
        .unwrap();
    assert!(seen(&stage.services, Which::Open).await.is_empty());
}
