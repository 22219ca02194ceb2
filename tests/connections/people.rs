//! Who may do what: the export user, the roles.

use listbridge::auth::{Role, store as people};
use listbridge::clock::Clock;
use uuid::Uuid;

use crate::stage::{LIST, run_sql, with_pending, with_pending_at};
use crate::support::connections::{NEW, add_export_user, authenticate, save};
use crate::support::{BOB, CHARLIE, PASSWORD};

#[tokio::test]
async fn the_export_user_proves_it_and_can_be_replaced() {
    // Time stands still: the wait after wrong passwords is over sooner than a busy machine may answer.
    let now = Clock::system().now();
    let still = Clock::from_fn(move || now);
    let (sandbox, app, alice, connection) = with_pending_at(still).await;
    authenticate(&alice, &sandbox, &connection).await;
    let refused = add_export_user(&alice, &connection, "wrong password").await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.says("This is not your password"),
        "{}",
        refused.body
    );
    for _ in 0..5 {
        add_export_user(&alice, &connection, "wrong password").await;
    }
    let slowed = add_export_user(&alice, &connection, PASSWORD).await;
    assert_eq!(slowed.status, 429);
    run_sql(&app, "DELETE FROM sign_in_failures").await;
    add_export_user(&alice, &connection, PASSWORD).await;
    save(&alice, &connection).await;

    let db = &**app.services.db;
    let bob = people::list_users(db).await.unwrap();
    let bob = bob.iter().find(|user| user.email == BOB.email).unwrap().id;
    let now = app.services.clock.now();
    people::set_role(db, bob, Role::Administrator, now)
        .await
        .unwrap();
    let second = app.sign_in(BOB).await;
    add_export_user(&second, &connection, PASSWORD).await;
    assert!(second.get(LIST).await.says("Bob Contributor"));
    people::set_role(db, bob, Role::Viewer, now).await.unwrap();
    let list = alice.get(LIST).await;
    assert!(list.says("Sign in again"), "{}", list.body);
    let page = alice.get(&connection).await;
    assert!(page.says("may no longer export"), "{}", page.body);
    add_export_user(&alice, &connection, PASSWORD).await;
    assert!(
        !alice.get(LIST).await.says("Sign in again"),
        "it stayed editable"
    );
}

#[tokio::test]
async fn only_administrators_reach_connections() {
    let (_sandbox, app, alice, connection) = with_pending().await;
    let gets = ["", "/new", "/new/constant-contact"].map(|path| format!("{LIST}{path}"));
    let own_gets = ["", "/edit", "/remove"].map(|path| format!("{connection}{path}"));
    let actions = [
        "edit",
        "consent",
        "application",
        "authenticate",
        "export-user",
        "save",
        "remove",
    ];
    let posts = actions.map(|action| format!("{connection}/{action}"));
    let fields = [
        ("version", "1"),
        ("name", "x"),
        ("sharing", "administrators"),
        ("client_id", "x"),
        ("client_secret", "x"),
        ("password", "x"),
        ("id", "018f0000-0000-7000-8000-000000000000"),
    ];
    for person in [BOB, CHARLIE] {
        let browser = app.sign_in(person).await;
        for path in gets.iter().chain(&own_gets) {
            assert_eq!(browser.get(path).await.status, 403, "{path}");
        }
        for path in posts.iter().map(String::as_str).chain([NEW]) {
            assert_eq!(
                browser.submit("/", path, &fields).await.status,
                403,
                "{path}"
            );
        }
    }
    for path in gets.iter().chain(&own_gets) {
        assert_eq!(app.browser().get(path).await.status, 303, "{path}");
        assert_eq!(alice.get(path).await.status, 200, "{path}");
    }
    let nowhere = format!("{LIST}/{}", Uuid::now_v7());
    assert_eq!(alice.get(&nowhere).await.status, 404);
    assert_eq!(alice.get(&format!("{LIST}/not-an-id")).await.status, 404);
}
