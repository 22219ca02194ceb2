//! Progress details follow a job that is worked on, with a script and without one.

use listbridge::storage::UtcMillis;
use listbridge::storage::entities::{refresh_job, refresh_task};
use sea_orm::{ActiveModelTrait, DatabaseConnection, EntityTrait, IntoActiveModel, Set};
use serde_json::json;
use uuid::Uuid;

use crate::web::webdriver::ChromeDriver;
use crate::web::{ALICE, CHARLIE, TestApp, spawn_app};

/// A job that another process works on, with two sources of which one is done.
async fn job_in_progress(app: &TestApp) -> Uuid {
    let db = &**app.services.db;
    let id = Uuid::now_v7();
    let now = UtcMillis::from(app.services.clock.now());
    refresh_job::ActiveModel {
        id: Set(id),
        trigger: Set("schedule".into()),
        requested_by: Set(None),
        state: Set("refreshing".into()),
        is_upstream_done: Set(false),
        queued_at: Set(now),
        started_at: Set(Some(now)),
        finished_at: Set(None),
        cancel_requested_at: Set(None),
        cancel_requested_by: Set(None),
        owner: Set(Some(Uuid::now_v7())),
        lease_until: Set(Some(UtcMillis(i64::MAX / 2))),
        claims: Set(1),
        unfinished: Set(Some(1)),
    }
    .insert(db)
    .await
    .unwrap();
    for (position, name, state) in [(0, "Shop", "successful"), (1, "Club <b>", "refreshing")] {
        refresh_task::ActiveModel {
            job_id: Set(id),
            position: Set(position),
            kind: Set("source".into()),
            subject_id: Set(Uuid::now_v7()),
            name: Set(name.into()),
            state: Set(state.into()),
            reason: Set(None),
            names: Set(json!([])),
            run_id: Set(None),
            started_at: Set(Some(now)),
            finished_at: Set((state == "successful").then_some(now)),
        }
        .insert(db)
        .await
        .unwrap();
    }
    id
}

async fn finish_task(db: &DatabaseConnection, job: Uuid, at: UtcMillis) {
    let found = refresh_task::Entity::find_by_id((job, 1)).one(db).await;
    let mut row = found.unwrap().unwrap().into_active_model();
    row.state = Set("successful".into());
    row.finished_at = Set(Some(at));
    row.update(db).await.unwrap();
}

async fn finish_job(db: &DatabaseConnection, job: Uuid, at: UtcMillis) {
    let found = refresh_job::Entity::find_by_id(job).one(db).await;
    let mut row = found.unwrap().unwrap().into_active_model();
    row.state = Set("successful".into());
    row.finished_at = Set(Some(at));
    row.unfinished = Set(None);
    row.update(db).await.unwrap();
}

#[tokio::test]
async fn progress_is_told_as_it_is_made() {
    let app = spawn_app().await;
    let db = &**app.services.db;
    let charlie = app.sign_in(CHARLIE).await;
    let job = job_in_progress(&app).await;
    let path = format!("/settings/system/jobs/{job}");

    // Without a script: the page as it is, and a link that loads it again.
    let page = charlie.get(&path).await;
    assert_eq!(
        page.attribute("a.no-script", "href").as_deref(),
        Some(path.as_str())
    );
    assert_eq!(page.attribute("#progress-all", "max").as_deref(), Some("2"));
    assert_eq!(
        page.attribute("#progress-all", "value").as_deref(),
        Some("1")
    );
    assert!(page.texts("[data-announce]")[0].contains("1 of 2 refreshed"));

    let events = page.attribute("[data-live]", "data-live").unwrap();
    let now = UtcMillis::from(app.services.clock.now());
    finish_task(db, job, now).await;
    finish_job(db, job, now).await;
    let told = charlie.get(&events).await;
    assert_eq!(told.headers["content-type"], "text/event-stream");
    assert!(told.body.contains("2 of 2 refreshed"), "{}", told.body);
    assert!(told.body.contains("Club &#60;b&#62;") || told.body.contains("Club &lt;b&gt;"));
    assert!(told.body.ends_with("event: done\ndata: done\n\n"));
    let page = charlie.get(&path).await;
    assert!(page.attribute("[data-live]", "data-live").is_none());

    let nobody = "00000000-0000-7000-8000-000000000000";
    let nobody = format!("/settings/system/jobs/{nobody}/events");
    assert_eq!(charlie.get(&nobody).await.status, 404);
}

#[tokio::test]
async fn what_was_skipped_or_failed_was_not_refreshed() {
    let app = spawn_app().await;
    let db = &**app.services.db;
    let charlie = app.sign_in(CHARLIE).await;
    let job = job_in_progress(&app).await;
    let path = format!("/settings/system/jobs/{job}");
    for state in ["skipped", "failure", "failed_permanent"] {
        let found = refresh_task::Entity::find_by_id((job, 1)).one(db).await;
        let mut row = found.unwrap().unwrap().into_active_model();
        row.state = Set(state.into());
        row.update(db).await.unwrap();
        let page = charlie.get(&path).await;
        let told = page.texts("[data-announce]").concat();
        assert!(
            told.contains("1 of 2 refreshed, 1 skipped or failed"),
            "{told}"
        );
        // The bar says how much is over.
        let bar = page.attribute("#progress-all", "value");
        assert_eq!(bar.as_deref(), Some("2"), "{state}");
    }
}

#[tokio::test]
async fn a_page_past_the_end_is_the_last_one() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    job_in_progress(&app).await;
    for far in ["999", "18446744073709551615"] {
        let system = alice.get(&format!("/settings/system?page={far}")).await;
        let jobs = "a[href^='/settings/system/jobs/']";
        assert!(!system.texts(jobs).is_empty(), "{}", system.body);
        for list in [
            "/settings/system",
            "/settings/system/api-usage",
            "/settings/privacy/exclusions",
            "/settings/privacy/erasures",
            "/notices",
        ] {
            let page = alice.get(&format!("{list}?page={far}")).await;
            assert_eq!(page.status, 200, "{list}");
            assert!(page.texts("nav.pager a").is_empty(), "{list}");
        }
    }
}

#[tokio::test]
async fn the_page_of_a_job_updates_itself() {
    let Some(driver) = ChromeDriver::start() else {
        return;
    };
    for (lang, [one, two], ended) in [
        (
            "en",
            ["1 of 2 refreshed", "2 of 2 refreshed"],
            "Finished well.",
        ),
        (
            "zh-HK",
            ["已重新整理 1 / 2", "已重新整理 2 / 2"],
            "順利完成。",
        ),
    ] {
        let app = spawn_app().await;
        let db = &**app.services.db;
        let job = job_in_progress(&app).await;
        let tab = driver.open(&app.base_url, lang).await;
        tab.goto(&format!("/settings/system/jobs/{job}")).await;
        tab.sign_in(ALICE.email).await;
        tab.see(one).await;
        tab.check_accessibility().await;
        let details = format!("task-{job}-1");
        let open = format!("document.getElementById('{details}').open = true");
        tab.client.execute(&open, Vec::new()).await.unwrap();
        let now = UtcMillis::from(app.services.clock.now());
        finish_task(db, job, now).await;
        tab.see(two).await;
        let is_open = format!("return document.getElementById('{details}').open");
        let is_open = tab.client.execute(&is_open, Vec::new()).await.unwrap();
        assert_eq!(is_open, json!(true), "what was opened stays open");
        finish_job(db, job, now).await;
        tab.see(ended).await;
        tab.check_accessibility().await;
    }
}
