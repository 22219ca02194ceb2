//! The schema goes up, down and up again on both databases, the application stands on both, and work that is given up
//! or held up leaves nothing open in either.
#![allow(clippy::unwrap_used, reason = "a step that fails fails its test")]

mod support;

use futures_util::FutureExt;
use futures_util::future::try_join_all;
use listbridge::storage;
use migrations::{Migrator, MigratorTrait};
use sea_orm::sea_query::Query;
use sea_orm::{ConnectionTrait, DatabaseConnection, FromQueryResult, Statement, TransactionTrait};
use support::postgres::Postgres;
use support::{ALICE, spawn_app_with};
use uuid::Uuid;

async fn up_down_up(url: String) {
    let db = storage::connect(&url.into()).await.unwrap();
    Migrator::up(&db, None).await.unwrap();
    Migrator::down(&db, None).await.unwrap();
    Migrator::up(&db, None).await.unwrap();
    assert!(
        Migrator::get_pending_migrations(&db)
            .await
            .unwrap()
            .is_empty()
    );
}

fn sqlite(dir: &tempfile::TempDir) -> String {
    let path = dir.path().join("test.sqlite");
    format!("sqlite://{}?mode=rwc", path.display())
}

#[tokio::test]
async fn sqlite_goes_up_down_and_up() {
    let dir = tempfile::tempdir().unwrap();
    up_down_up(sqlite(&dir)).await;
}

#[tokio::test]
async fn postgresql_goes_up_down_and_up_and_people_sign_in() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    up_down_up(postgres.create_database("steps").await).await;

    let url = postgres.create_database("application").await;
    let app = spawn_app_with(|settings| settings.database_url = Some(url.into())).await;
    let browser = app.sign_in(ALICE).await;
    for path in [
        "/",
        "/settings/people",
        "/settings/audit",
        "/settings/system",
        "/readyz",
    ] {
        assert_eq!(browser.get(path).await.status, 200, "{path}");
    }
    assert!(
        browser
            .get("/settings/system/about")
            .await
            .says("PostgreSQL")
    );
    assert!(browser.get("/settings/audit").await.says("user.signed-in"));
}

/// A person added before names were folded is found by name afterwards.
async fn names_of_people_are_folded(url: String) {
    let db = storage::connect(&url.into()).await.unwrap();
    Migrator::up(&db, None).await.unwrap();
    let steps = Migrator::migrations();
    let folding = steps
        .iter()
        .position(|step| step.name().contains("fold_names_of_people"));
    let later = steps.len() - folding.unwrap();
    Migrator::down(&db, Some(u32::try_from(later).unwrap()))
        .await
        .unwrap();
    let person = Query::insert()
        .into_table("users")
        .columns(["id", "email", "name", "role", "created_at", "updated_at"])
        .values_panic([
            Uuid::now_v7().into(),
            "e@example.com".into(),
            "ÉLODIE".into(),
            "viewer".into(),
            0_i64.into(),
            0_i64.into(),
        ])
        .to_owned();
    db.execute(&person).await.unwrap();
    Migrator::up(&db, None).await.unwrap();
    let query = "SELECT count(*) AS rows FROM users WHERE name_key = 'élodie'";
    let query = Statement::from_string(db.get_database_backend(), query);
    let counted = Counted::find_by_statement(query).one(&db).await.unwrap();
    assert_eq!(counted.unwrap().rows, 1);
}

#[tokio::test]
async fn names_of_people_are_folded_in_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    names_of_people_are_folded(sqlite(&dir)).await;
}

#[tokio::test]
async fn names_of_people_are_folded_in_postgresql() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    names_of_people_are_folded(postgres.create_database("names").await).await;
}

#[derive(FromQueryResult)]
struct Counted {
    rows: i64,
}

async fn rows(db: &DatabaseConnection) -> i64 {
    let query = "SELECT count(*) AS rows FROM notes";
    let query = Statement::from_string(db.get_database_backend(), query);
    let counted = Counted::find_by_statement(query).one(db).await.unwrap();
    counted.unwrap().rows
}

/// More than a pool has connections, so that those of the transactions that were given up are among them.
const WRITERS: i64 = 20;
/// Several at once, so that the database's answers to some are still on their way.
const BEGINS: usize = 8;

/// Gives up the beginnings of transactions at each of their steps; what is written afterwards must not end up in one.
async fn a_begin_given_up_leaves_nothing_open(url: String) {
    let db = storage::connect(&url.clone().into()).await.unwrap();
    let somebody_else = storage::connect(&url.into()).await.unwrap();
    db.execute_unprepared("CREATE TABLE notes (id INTEGER)")
        .await
        .unwrap();
    let mut written = 0;
    for round in 0..60 {
        let mut begins: Vec<_> = (0..BEGINS).map(|_| db.begin().boxed().fuse()).collect();
        for _ in 0..round % 6 {
            for begin in &mut begins {
                // A transaction that has begun is given up, too.
                let _ = begin.now_or_never();
            }
            tokio::task::yield_now().await;
        }
        drop(begins);
        let notes = (0..WRITERS).map(|_| db.execute_unprepared("INSERT INTO notes VALUES (1)"));
        try_join_all(notes).await.unwrap();
        written += WRITERS;
        assert_eq!(rows(&somebody_else).await, written, "in round {round}");
    }
}

/// Writes what another has locked, without patience: whoever asked is to be told to try again.
async fn a_lock_is_told_from_a_mistake(url: String, impatience: &str) {
    let db = storage::connect(&url.clone().into()).await.unwrap();
    let somebody_else = storage::connect(&url.into()).await.unwrap();
    db.execute_unprepared("CREATE TABLE notes (id INTEGER); INSERT INTO notes VALUES (1)")
        .await
        .unwrap();
    let writing = "UPDATE notes SET id = 2";
    let holder = somebody_else.begin().await.unwrap();
    holder.execute_unprepared(writing).await.unwrap();
    let refused = db
        .execute_unprepared(&format!("{impatience}; {writing}"))
        .await;
    assert!(storage::is_busy(&refused.unwrap_err()));
    holder.rollback().await.unwrap();
    db.execute_unprepared(writing).await.unwrap();
    let mistaken = db.execute_unprepared("UPDATE nowhere SET id = 2").await;
    assert!(!storage::is_busy(&mistaken.unwrap_err()));
}

#[tokio::test]
async fn a_lock_is_told_from_a_mistake_in_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    a_lock_is_told_from_a_mistake(sqlite(&dir), "PRAGMA busy_timeout = 1").await;
}

#[tokio::test]
async fn a_lock_is_told_from_a_mistake_in_postgresql() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let url = postgres.create_database("locked").await;
    a_lock_is_told_from_a_mistake(url, "SET lock_timeout = 1").await;
}

#[tokio::test]
async fn a_begin_given_up_leaves_nothing_open_in_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    a_begin_given_up_leaves_nothing_open(sqlite(&dir)).await;
}

#[tokio::test]
async fn a_begin_given_up_leaves_nothing_open_in_postgresql() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    a_begin_given_up_leaves_nothing_open(postgres.create_database("given_up").await).await;
}
