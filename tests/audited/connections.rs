//! A connection from the first page of the wizard to its end.

use sea_orm::ConnectionTrait;
use url::Url;

use crate::book::{Actor, Book, to};
use crate::providers::{self, go};
use crate::support::connections::{Application, NEW, spawn_app_at_with, start_sandbox};
use crate::support::{ALICE, PASSWORD};

const CALLBACK: &str = "/oauth/constant-contact/callback";
const EXPORT_USER: &str = "/settings/connections/{id}/export-user";

pub(crate) async fn wizard(book: &mut Book) {
    let sandbox = start_sandbox().await;
    let provider = providers::start();
    let app = spawn_app_at_with(&sandbox, Application::Typed, |settings| {
        providers::point_at(settings, &provider);
    })
    .await;
    let alice = Actor::signed_in(&app, ALICE).await;
    let form = format!("form[action='{NEW}']");
    let agreed = [
        ("name", "Newsletter"),
        ("sharing", "administrators"),
        ("i_agree", "true"),
    ];
    let connected = book.fill_in(&alice, to(NEW), (NEW, &form), &agreed).await;
    let path = connected.location.unwrap();
    let id = path.rsplit('/').next().unwrap();
    let (client_id, secret) = (sandbox.client_id(), sandbox.client_secret());
    let application = [("client_id", &*client_id), ("client_secret", &*secret)];
    let step = to("/settings/connections/{id}/application").with(id);
    book.post(&alice, step, &application).await;

    let authenticate = || to("/settings/connections/{id}/authenticate").with(id);
    let sent = book.post(&alice, authenticate(), &[]).await;
    let state = state_of(&sent.location.unwrap());
    book.hide(&*state);
    let no = format!("?state={state}&error=access_denied");
    let step = to(CALLBACK).when("the person said no");
    book.get(&alice, step, &no).await;
    let sent = book.post(&alice, authenticate(), &[]).await;
    let back = sandbox.allow(&sent.location.unwrap(), "owner").unwrap();
    let (_, query) = back.split_once('?').unwrap();
    for part in query.split('&') {
        book.hide(part.split_once('=').unwrap().1);
    }
    book.get(&alice, to(CALLBACK), &format!("?{query}")).await;
    let made_up = "?state=made-up&code=made-up";
    let step = to(CALLBACK).when("it is made up");
    book.get(&alice, step, made_up).await;
    let step = to(CALLBACK).when("a stranger made it up");
    book.get(&Actor::nobody(&app), step, made_up).await;

    let export_user = || to(EXPORT_USER).with(id);
    let wrong = [("password", "not the password at all")];
    let step = export_user().when("the password is wrong");
    book.post(&alice, step, &wrong).await;
    book.post(&alice, export_user(), &[("password", PASSWORD)])
        .await;
    let step = to("/settings/connections/{id}/save").with(id);
    book.post(&alice, step, &[]).await;

    provider.be(providers::person("dora", "admins"));
    let dora = Actor::nobody(&app).who_is("dora@example.com");
    let step = to("/sign-in/{provider}").with("openid");
    let sent = book.get(&dora, step, "").await;
    let query = go(book, &dora, &sent.location.unwrap()).await;
    let callback = || to("/oauth/openid/callback");
    book.get(&dora, callback(), &query).await;
    let dora = dora.at("/account");
    let step = export_user().when("they sign in through a provider");
    let leaving = book.post(&dora, step, &[]).await;
    let address = leaving.attribute("main a", "href").unwrap();
    let query = go(book, &dora, &address).await;
    let step = callback().when("to prove who they are");
    book.get(&dora, step, &query).await;
    book.get(&dora, export_user(), "").await;

    let edit = format!("{path}/edit");
    let form = format!("form[action='{edit}']");
    let step = to("/settings/connections/{id}/edit").with(id);
    let changes = [("name", "Harbour newsletter")];
    book.fill_in(&alice, step, (&edit, &form), &changes).await;
    let db = &app.services.db;
    db.execute_unprepared("UPDATE consents SET text_version = 0")
        .await
        .unwrap();
    let form = format!("form[action='{path}/consent']");
    let step = to("/settings/connections/{id}/consent").with(id);
    let agreed = [("i_agree", "true")];
    book.fill_in(&alice, step, (&path, &form), &agreed).await;
    let step = to("/settings/connections/{id}/consent-record").with(id);
    book.get(&alice, step, "").await;
    let step = to("/settings/connections/{id}/remove").with(id);
    book.post(&alice, step, &[]).await;
    book.close(&app).await;
}

fn state_of(address: &str) -> String {
    let url = Url::parse(address).unwrap();
    let state = url.query_pairs().find(|(name, _)| name == "state");
    state.unwrap().1.into_owned()
}
