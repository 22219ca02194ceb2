//! People as an administrator manages them.

use crate::book::{Actor, Book, to};
use crate::support::{ALICE, PASSWORD, TestApp, spawn_app};

const DORA: &str = "dora@example.com";

pub(crate) async fn manage(book: &mut Book) {
    let app = spawn_app().await;
    let alice = Actor::signed_in(&app, ALICE).await;
    let new = [
        ("name", "Carol"),
        ("email", "carol@example.com"),
        ("role", "viewer"),
        ("access", "password"),
        ("password", "a password for Carol"),
    ];
    let added = book.post(&alice, to("/settings/people/new"), &new).await;
    let carol = added.location.unwrap();
    let carol = carol.rsplit('/').next().unwrap();

    let token = invite(book, &alice, DORA).await;
    let dora = Actor::nobody(&app).at(&format!("/invitation/{token}"));
    let chosen = [("name", "Dora"), ("password", "Dora's own password")];
    let step = || to("/invitation/{token}").with(&token);
    book.post(&dora.who_is(DORA), step(), &chosen).await;
    let late = Actor::nobody(&app);
    book.post(&late, step().when("it was used"), &chosen).await;

    let role = [("role", "contributor")];
    let step = to("/settings/people/{id}/role").with(carol);
    book.post(&alice, step, &role).await;
    for pattern in [
        "/settings/people/{id}/disable",
        "/settings/people/{id}/enable",
        "/settings/people/{id}/link",
        "/settings/people/{id}/remove",
    ] {
        book.post(&alice, to(pattern).with(carol), &[]).await;
        if pattern.ends_with("link") {
            read_link(book, &alice, carol).await;
        }
    }
    assert_eq!(count(&app).await, 4, "Carol is gone");
    book.hide(PASSWORD);
    book.close(&app).await;
}

async fn count(app: &TestApp) -> usize {
    let users = listbridge::auth::store::list_users(&**app.services.db).await;
    users.unwrap().len()
}

/// Invites a viewer; the token of the link.
pub(crate) async fn invite(book: &mut Book, administrator: &Actor, email: &str) -> String {
    let new = [
        ("name", "Invited"),
        ("email", email),
        ("role", "viewer"),
        ("access", "invitation"),
    ];
    let step = to("/settings/people/new").when("by invitation");
    let invited = book.post(administrator, step, &new).await;
    let page = invited.location.unwrap();
    read_link(book, administrator, page.rsplit('/').next().unwrap()).await
}

/// The token of the link that was just made for a person.
async fn read_link(book: &mut Book, administrator: &Actor, id: &str) -> String {
    let page = format!("/settings/people/{id}");
    let page = administrator.browser.get(&page).await;
    let link = page.texts("#link").remove(0);
    let (_, token) = link.rsplit_once("/invitation/").unwrap();
    book.hide(token);
    token.to_owned()
}
