//! The schema goes up, down and up again on both databases, and the application stands on both.
#![allow(clippy::unwrap_used, reason = "a step that fails fails its test")]

mod support;

use listbridge::storage;
use migrations::{Migrator, MigratorTrait};
use support::postgres::Postgres;
use support::{ALICE, spawn_app_with};

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

#[tokio::test]
async fn sqlite_goes_up_down_and_up() {
    let dir = tempfile::tempdir().unwrap();
    up_down_up(format!(
        "sqlite://{}?mode=rwc",
        dir.path().join("test.sqlite").display()
    ))
    .await;
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
