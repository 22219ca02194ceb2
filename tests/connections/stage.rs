//! What the tests of connections share.

use listbridge::clock::Clock;
use listbridge::exports::{Author, ExportDefinition, store};
use listbridge::sandbox::Sandbox;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::support::connections::{Application, connect, spawn_app_at_with_clock, start_sandbox};
use crate::support::{ALICE, Answer, Browser, TestApp};

pub(crate) const LIST: &str = "/settings/connections";

pub(crate) fn id_of(connection: &str) -> Uuid {
    connection.rsplit('/').next().unwrap().parse().unwrap()
}

pub(crate) async fn run_sql(app: &TestApp, sql: &str) {
    app.services.db.execute_unprepared(sql).await.unwrap();
}

pub(crate) async fn text_of(app: &TestApp, sql: &str) -> String {
    let statement =
        sea_orm::Statement::from_string(app.services.db.get_database_backend(), sql.to_owned());
    let row = app.services.db.query_one_raw(statement).await.unwrap();
    row.unwrap().try_get_by_index(0).unwrap()
}

fn is_on_postgres(app: &TestApp) -> bool {
    listbridge::storage::is_postgres(&app.services.settings.database_url())
}

/// An id as the database writes it.
pub(crate) fn id_literal(app: &TestApp, id: Uuid) -> String {
    match is_on_postgres(app) {
        true => format!("'{id}'"),
        false => format!("x'{}'", id.simple()),
    }
}

/// A fresh id, made by the database.
pub(crate) fn fresh_id(app: &TestApp) -> &'static str {
    match is_on_postgres(app) {
        true => "gen_random_uuid()",
        false => "randomblob(16)",
    }
}

/// Titles of the steps that carry a tick.
pub(crate) fn done_steps(page: &Answer) -> Vec<String> {
    page.texts("li.step-done h2")
        .iter()
        .map(|title| title.split(" – ").next().unwrap().to_owned())
        .collect()
}

pub(crate) fn is_disabled(page: &Answer, button: &str) -> bool {
    let html = scraper::Html::parse_document(&page.body);
    let selector = scraper::Selector::parse("main button").unwrap();
    html.select(&selector)
        .find(|found| found.text().collect::<String>().trim() == button)
        .unwrap_or_else(|| panic!("no button {button}"))
        .attr("disabled")
        .is_some()
}

pub(crate) async fn with_pending() -> (Sandbox, TestApp, Browser, String) {
    with_pending_at(Clock::system()).await
}

/// The same, at a time the test decides.
pub(crate) async fn with_pending_at(clock: Clock) -> (Sandbox, TestApp, Browser, String) {
    let sandbox = start_sandbox().await;
    let app = spawn_app_at_with_clock(&sandbox, Application::Configured, clock).await;
    let alice = app.sign_in(ALICE).await;
    let connection = connect(&alice, "Newsletter", "administrators").await;
    (sandbox, app, alice, connection)
}

/// An export that uses a connection.
pub(crate) async fn store_export(app: &TestApp, connection: &str, name: &str) -> Uuid {
    let definition = ExportDefinition {
        name: name.to_owned(),
        connection_id: Some(id_of(connection)),
        list_id: Uuid::now_v7().into(),
        list_name: None,
        source_id: Uuid::now_v7(),
        email_field: "E".into(),
        attributes: Vec::new(),
        segment_ids: vec![Uuid::now_v7()],
        brake: listbridge::exports::Brake::OFF,
        delivery: listbridge::exports::Delivery::default(),
    };
    let author = Author {
        user_id: None,
        ip: None,
        at: app.services.clock.now(),
    };
    let db = &**app.services.db;
    store::create(db, definition, author).await.unwrap().id
}
