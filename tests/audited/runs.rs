//! Runs and checks, through refusals, questions and cancels.

use listbridge::exports::{ExportDefinition, store};
use listbridge::runs::{RunState, WaitingFor};
use listbridge::sandbox::Endpoint;
use listbridge::storage::entities::check;
use sea_orm::{ActiveModelTrait, Set};
use serde_json::json;
use uuid::Uuid;

use crate::book::{Book, to};
use crate::exports::Stock;
use crate::scene::{Scene, id_at_end, just_now};
use crate::sources::address;

pub(crate) async fn run(book: &mut Book, scene: &Scene, stock: &Stock) {
    let alice = &scene.alice;
    scene.refuse(Endpoint::ImportFile);
    let refused = start(book, scene, stock.weekly).await;
    scene.until(refused, |run| run.state.is_finished()).await;
    scene.sandbox.lift_faults();
    let step = to("/runs/{id}/resume").with(refused);
    book.post(alice, step, &[]).await;
    ended_well(scene, refused).await;
    let mirrored = start(book, scene, stock.mirror).await;
    ended_well(scene, mirrored).await;

    download(book, scene, refused).await;
    check(book, scene, stock.weekly).await;

    // Far fewer: one asks before it sends, the other before it takes people off its list.
    let one = address(1);
    let fields = [
        ("name", "Everyone"),
        ("c0-field", "EMail"),
        ("c0-operator", "is"),
        ("c0-value", &*one),
        ("version", "1"),
        ("do", "save"),
    ];
    let step = to("/segments/{id}").with(stock.segment);
    book.post(alice, step, &fields).await;
    let canceled = start(book, scene, stock.weekly).await;
    asks(scene, canceled).await;
    let step = to("/runs/{id}/cancel").with(canceled);
    book.post(alice, step, &[]).await;
    scene.until(canceled, |run| run.state.is_finished()).await;
    let approved = start(book, scene, stock.weekly).await;
    asks(scene, approved).await;
    let step = to("/runs/{id}/approve").with(approved);
    book.post(alice, step, &[]).await;
    ended_well(scene, approved).await;
    let removing = start(book, scene, stock.mirror).await;
    asks(scene, removing).await;
    let step = to("/runs/{id}/approve").with(removing);
    let case = "people are taken off the list";
    book.post(alice, step.when(case), &[]).await;
    ended_well(scene, removing).await;

    let both = [stock.weekly, stock.mirror].map(|id| id.to_string());
    let mut selected: Vec<_> = both.iter().map(|id| ("export", &**id)).collect();
    selected.push(("action", "run"));
    let step = to("/exports/selected").when("several are run");
    book.post(alice, step, &selected).await;
    scene.quiet().await;
    book.post(alice, to("/exports/run-all"), &[]).await;
    scene.quiet().await;
}

async fn start(book: &mut Book, scene: &Scene, export: Uuid) -> Uuid {
    let step = to("/exports/{id}/run").with(export);
    let asked = book.post(&scene.alice, step, &[]).await;
    id_at_end(&asked.location.unwrap())
}

async fn ended_well(scene: &Scene, id: Uuid) {
    scene.until(id, |run| run.state.is_finished()).await;
    let run = scene.run(id).await;
    assert_eq!(run.state, RunState::Successful, "{run:?}");
}

async fn asks(scene: &Scene, id: Uuid) {
    let is_asked = |waiting: listbridge::runs::Waiting| waiting.reason == WaitingFor::Approval;
    scene
        .until(id, |run| run.waiting.is_some_and(is_asked))
        .await;
}

async fn download(book: &mut Book, scene: &Scene, run: Uuid) {
    let alice = &scene.alice;
    let step = to("/runs/{id}/verify").with(run);
    let asked = book.post(alice, step, &[]).await;
    let verified = id_at_end(&asked.location.unwrap());
    scene.checked(verified).await;
    let step = to("/checks/{id}").with(verified);
    book.get(alice, step, "").await;
    let step = to("/runs/{id}/rejected.csv").with(run);
    let file = book.get(alice, step, "").await;
    assert!(file.body.contains("no address"), "{}", file.body);
    let step = to("/runs/{id}/adjusted.csv").with(run);
    book.get(alice, step, "").await;
    let step = to("/runs/{id}/undelivered.csv").with(run);
    book.get(alice, step, "").await;
}

async fn check(book: &mut Book, scene: &Scene, export: Uuid) {
    let alice = &scene.alice;
    let step = to("/exports/{id}/check").with(export);
    let asked = book.post(alice, step, &[]).await;
    scene.checked(id_at_end(&asked.location.unwrap())).await;
    // Another process works on this one.
    let db = &**scene.app.services.db;
    let found = store::get(db, export).await.unwrap();
    let definition: ExportDefinition = found.definition;
    let id = Uuid::now_v7();
    check::ActiveModel {
        id: Set(id),
        kind: Set("export".into()),
        subject_id: Set(export),
        export_id: Set(export),
        definition: Set(json!(definition)),
        state: Set("refreshing".into()),
        done: Set(0),
        total: Set(0),
        requested_at: Set(just_now()),
        owner: Set(Some(Uuid::now_v7())),
        heartbeat_at: Set(Some(just_now())),
        claims: Set(1),
        ..Default::default()
    }
    .insert(db)
    .await
    .unwrap();
    let step = to("/checks/{id}/cancel").with(id);
    book.post(alice, step, &[]).await;
}
