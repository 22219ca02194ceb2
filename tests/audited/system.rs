//! What administrators choose for everybody, the system refresh, and the log itself.

use listbridge::refresh::job::store as jobs;
use listbridge::storage::UtcMillis;
use listbridge::storage::entities::refresh_job;
use sea_orm::{ActiveModelTrait, Set};
use uuid::Uuid;

use crate::book::{Actor, Book, to};
use crate::scene::{id_at_end, just_now};
use crate::support::{ALICE, TestApp, spawn_app};
use crate::waiting::until;

pub(crate) async fn change(book: &mut Book) {
    let app = spawn_app().await;
    let alice = Actor::signed_in(&app, ALICE).await;
    let chosen = [("lang", "en"), ("format", "de-DE"), ("action", "save")];
    let step = to("/settings/system/general");
    book.post(&alice, step, &chosen).await;

    let page = "/settings/system/schedule";
    let shown = (page, "form.schedule-form");
    let on = [("run", "on"), ("repeat", "daily"), ("action", "save")];
    book.fill_in(&alice, to(page), shown, &on).await;
    let step = to("/settings/system/refresh");
    let asked = book.post(&alice, step, &[]).await;
    let job = id_at_end(&asked.location.unwrap());
    until("the end of a refresh", async || {
        let job = jobs::get(&**app.services.db, job).await.unwrap();
        job.finished_at.is_some()
    })
    .await;
    let step = to("/settings/system/jobs/{id}/cancel").with(job_elsewhere(&app).await);
    book.post(&alice, step, &[]).await;

    let typed = "somebody@profiles.example";
    book.hide(typed);
    book.post(&alice, to("/settings/audit/verify"), &[]).await;
    let query = "?q=somebody%40profiles.example&group=user";
    book.get(&alice, to("/settings/audit/download"), query)
        .await;
    book.close(&app).await;
}

/// A job that another process works on.
async fn job_elsewhere(app: &TestApp) -> Uuid {
    let id = Uuid::now_v7();
    refresh_job::ActiveModel {
        id: Set(id),
        trigger: Set("schedule".into()),
        state: Set("refreshing".into()),
        is_upstream_done: Set(false),
        queued_at: Set(just_now()),
        started_at: Set(Some(just_now())),
        owner: Set(Some(Uuid::now_v7())),
        lease_until: Set(Some(UtcMillis(i64::MAX / 2))),
        claims: Set(1),
        unfinished: Set(Some(1)),
        ..Default::default()
    }
    .insert(&**app.services.db)
    .await
    .unwrap();
    id
}
