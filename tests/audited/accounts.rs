//! Coming in, going out, and one's own account.

use crate::book::{Actor, Book, to};
use crate::support::{ALICE, PASSWORD, spawn_app, spawn_empty_app};

const WRONG: &str = "not the password at all";

/// The first start.
pub(crate) async fn set_up(book: &mut Book) {
    let app = spawn_empty_app(|_| ()).await;
    let email = "first@example.com";
    let form = |token| {
        [
            ("token", token),
            ("name", "First"),
            ("email", email),
            ("password", PASSWORD),
        ]
    };
    let nobody = Actor::nobody(&app).at("/set-up");
    let step = to("/set-up").when("the token is wrong");
    book.post(&nobody, step, &form("no such token")).await;
    let first = nobody.who_is(email);
    let token = app.services.set_up.token().to_owned();
    book.post(&first, to("/set-up"), &form(&token)).await;
    book.close(&app).await;
}

pub(crate) async fn own(book: &mut Book) {
    let app = spawn_app().await;
    let nobody = Actor::nobody(&app);
    let typed = |password| [("email", ALICE.email), ("password", password)];
    let step = to("/sign-in").when("the password is wrong");
    book.post(&nobody, step, &typed(WRONG)).await;
    let alice = Actor::nobody(&app).who_is(ALICE.email);
    book.post(&alice, to("/sign-in"), &typed(PASSWORD)).await;

    let alice = alice.at("/account");
    book.post(&alice, to("/language"), &[("lang", "en")]).await;
    let zone = [("time_zone", "Asia/Hong_Kong")];
    book.post(&alice, to("/account/time-zone"), &zone).await;
    book.post(&alice, to("/account/notices"), &[]).await;

    app.sign_in(ALICE).await;
    let page = alice.browser.get("/account").await;
    let form = "form[action^='/account/sessions/'][action$='/end']";
    let action = page.attribute(form, "action").unwrap();
    let id = action.split('/').nth(3).unwrap();
    book.post(&alice, to("/account/sessions/{id}/end").with(id), &[])
        .await;
    app.sign_in(ALICE).await;
    let others = to("/account/sessions/end-others");
    book.post(&alice, others, &[]).await;

    let change = |old| {
        [
            ("old_password", old),
            ("password", "a much better password"),
        ]
    };
    let step = to("/account/password").when("the old one is wrong");
    book.post(&alice, step, &change(WRONG)).await;
    book.post(&alice, to("/account/password"), &change(PASSWORD))
        .await;
    book.post(&alice, to("/sign-out"), &[]).await;
    book.close(&app).await;
}
