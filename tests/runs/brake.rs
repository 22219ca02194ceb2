//! The brake: a run that would send far fewer or far more than the last one asks an administrator first.

use std::time::Duration;

use listbridge::exports::Brake;
use listbridge::runs::store::approvals;
use listbridge::runs::{Ending, RunState, Tick, WaitingFor, store};
use listbridge::sandbox::Endpoint;
use uuid::Uuid;

use crate::pages::browse;
use crate::support::{Stage, author, ending, import, people};

/// A stage whose export has sent 100 rows and now has the brake on.
async fn after_a_hundred() -> Stage {
    let mut stage = Stage::new(&people(100)).await;
    let (run, _) = stage.run().await;
    assert_eq!(ending(&run), "delivered");
    stage
        .save_export(|definition| definition.brake = Brake::default())
        .await;
    stage
}

async fn replace_profiles(stage: &Stage, csv: &str) {
    let file = stage.dir.path().join("people.csv");
    std::fs::write(&file, csv).unwrap();
    import(&stage.services, &file, "People").await;
}

/// Asks for a run over other profiles and works on it once.
async fn run_over(stage: &Stage, csv: &str) -> Uuid {
    replace_profiles(stage, csv).await;
    let id = stage.request().await;
    stage.engine().tick().await.unwrap();
    id
}

async fn waits(stage: &Stage, id: Uuid) -> bool {
    let (run, parts) = stage.read(id).await;
    let waits = run
        .waiting
        .is_some_and(|waiting| waiting.reason == WaitingFor::Approval);
    assert!(!waits || parts.is_empty(), "nothing was sent");
    waits
}

#[tokio::test]
async fn a_run_of_far_fewer_waits_and_goes_on_when_it_is_approved() {
    let stage = after_a_hundred().await;
    let id = run_over(&stage, &people(49)).await;
    assert!(waits(&stage, id).await);
    assert_eq!(
        stage.sandbox.requests(Endpoint::ImportFile),
        1,
        "only the first run's"
    );
    let db = &stage.services.db;
    let asked = approvals::find(&***db, id).await.unwrap().unwrap();
    assert_eq!((asked.would_send, asked.last_sent), (49, 100));
    assert_eq!(stage.engine().tick().await.unwrap(), Tick::Idle, "it waits");
    assert!(
        approvals::approve(db, id, author(&stage.services))
            .await
            .unwrap()
    );
    assert!(
        !approvals::approve(db, id, author(&stage.services))
            .await
            .unwrap()
    );
    assert_eq!(
        stage.engine().tick().await.unwrap(),
        Tick::Ended(id, Ending::Delivered)
    );
    let (run, parts) = stage.read(id).await;
    assert_eq!((run.totals.sent, parts.len()), (49, 1));
}

#[tokio::test]
async fn rejected_rows_count_and_so_do_far_more() {
    let stage = after_a_hundred().await;
    // As many members as before, but most are no use.
    let mut csv = people(49);
    (0..51).for_each(|row| csv.push_str(&format!("X{row},Ann,ann{row}@nowhere\n")));
    let id = run_over(&stage, &csv).await;
    assert!(waits(&stage, id).await);
    store::cancel(&stage.services.db, id, author(&stage.services))
        .await
        .unwrap();
    stage.engine().tick().await.unwrap();
    assert_eq!(stage.read(id).await.0.state, RunState::Canceled);
    let id = run_over(&stage, &people(201)).await;
    assert!(waits(&stage, id).await);
}

#[tokio::test]
async fn nobody_is_asked_within_the_thresholds_or_without_them() {
    let mut stage = after_a_hundred().await;
    let (run, _) = stage.run().await;
    assert_eq!(ending(&run), "delivered", "the same profiles");
    for rows in [50, 100] {
        let id = run_over(&stage, &people(rows)).await;
        assert_eq!(ending(&stage.read(id).await.0), "delivered", "{rows} rows");
    }
    stage
        .save_export(|definition| definition.brake = Brake::OFF)
        .await;
    let id = run_over(&stage, &people(2)).await;
    assert_eq!(ending(&stage.read(id).await.0), "delivered");
}

#[tokio::test]
async fn a_run_that_nobody_approves_ends() {
    let stage = after_a_hundred().await;
    let id = run_over(&stage, &people(3)).await;
    assert!(waits(&stage, id).await);
    stage.time.forward(Duration::from_secs(72 * 3_600 + 1));
    stage.engine().tick().await.unwrap();
    let (run, parts) = stage.read(id).await;
    assert_eq!(
        (ending(&run).as_str(), run.state),
        ("not_approved", RunState::Skipped)
    );
    assert!(parts.is_empty());
}

#[tokio::test]
async fn an_administrator_approves_on_the_page_of_the_run() {
    let stage = after_a_hundred().await;
    let id = run_over(&stage, &people(10)).await;
    let browser = browse(&stage).await;
    let path = format!("/runs/{id}");
    let page = browser.get(&path).await;
    assert!(page.says("Waiting for approval"), "{}", page.body);
    assert!(page.says("Approve and send"));
    let approve = format!("{path}/approve");
    let answer = browser.submit(&path, &approve, &[]).await;
    assert_eq!(answer.location.as_deref(), Some(path.as_str()));
    stage
        .until(id, |run, _| run.state == RunState::Successful)
        .await;
    let page = browser.get(&path).await;
    assert!(page.says("Alice Admin"), "who approved it");
    let again = browser.submit(&path, &approve, &[]).await;
    assert_eq!(again.status, 303);
    assert!(
        browser
            .get(&path)
            .await
            .says("does not wait for approval any more")
    );
}
