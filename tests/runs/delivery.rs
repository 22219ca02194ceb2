//! Verify delivery: who was sent and is not on the list, and why.

use std::collections::BTreeMap;
use std::time::Duration;

use listbridge::runs::checks::{Check, CheckKind, Missing, store};
use listbridge::runs::{Run, RunState};
use listbridge::sandbox::{Endpoint, Fault, FaultKind, ImposedOutcome, When};
use uuid::Uuid;

use crate::checks::worker;
use crate::pages::browse;
use crate::support::{Stage, author, people, until};

async fn request(stage: &Stage, run: &Run) -> Uuid {
    let (db, by) = (&stage.services.db, author(&stage.services));
    let subject = (run.id, run.export_id);
    store::request(db, CheckKind::Delivery, subject, &run.definition, by)
        .await
        .unwrap()
        .run_id
}

async fn verify(stage: &Stage, run: &Run) -> Check {
    let id = request(stage, run).await;
    assert!(worker(stage).tick(None).await.unwrap());
    store::get(&**stage.services.db, id).await.unwrap()
}

/// Ann is on the list; each of the others is missing for another reason.
async fn five_people() -> (Stage, Run) {
    let stage = Stage::new(
        "FirstName,EMail\nAnn,Ann@Example.com\nBob,bob@example.com\nZoë,zoë@example.com\n\
         Cid,cid@example.com\nDan,dan@example.com\nAnn,ann@example.com\nNobody,nowhere\n",
    )
    .await;
    stage.sandbox.add_member(stage.list, "bob@example.com");
    stage.sandbox.unsubscribe("bob@example.com");
    stage
        .sandbox
        .add_member(stage.sandbox.create_list("Other"), "eve@example.com");
    let (run, _) = stage.run().await;
    assert_eq!(run.state, RunState::Successful, "{run:?}");
    stage.sandbox.leave_list(stage.list, "cid@example.com");
    stage.sandbox.delete_contact("dan@example.com");
    (stage, run)
}

#[tokio::test]
async fn everybody_who_is_not_on_the_list_is_named_with_the_reason() {
    let (stage, run) = five_people().await;
    let check = verify(&stage, &run).await;
    assert_eq!(stage.sandbox.requests(Endpoint::ExportContacts), 1);
    let report = check.delivery.clone().unwrap();
    assert_eq!(
        (report.sent, report.on_list, report.missing_total()),
        (5, 1, 4)
    );
    let expected = [
        ("not_a_contact", 2),
        ("not_on_list", 1),
        ("unsubscribed", 1),
    ];
    let expected: BTreeMap<String, u64> = expected.map(|(code, count)| (code.into(), count)).into();
    assert_eq!(report.missing, expected);
    let rows = store::undelivered(&**stage.services.db, check.id)
        .await
        .unwrap();
    assert_eq!(
        rows,
        [
            (2, Missing::Unsubscribed),
            (3, Missing::NotAContact),
            (4, Missing::NotOnList),
            (5, Missing::NotAContact)
        ]
    );

    let browser = browse(&stage).await;
    let page = browser.get(&format!("/checks/{}", check.id)).await;
    assert!(
        page.says("Not everybody who was sent is on the list"),
        "{}",
        page.body
    );
    let page = browser.get(&format!("/runs/{}", run.id)).await;
    assert!(
        page.says("Verify delivery") && page.says("Who is on the list"),
        "{}",
        page.body
    );
    let file = browser
        .get(&format!("/runs/{}/undelivered.csv", run.id))
        .await;
    let lines: Vec<&str> = file.body.lines().collect();
    assert_eq!(lines.len(), 5, "{}", file.body);
    assert!(
        lines[1].starts_with("2,bob@example.com,Unsubscribed"),
        "{}",
        lines[1]
    );
    assert_eq!(file.headers["cache-control"], "no-store");
    let again = format!("/runs/{}/verify", run.id);
    let asked = browser
        .submit(&format!("/runs/{}", run.id), &again, &[])
        .await;
    assert!(asked.location.unwrap().starts_with("/checks/"));
}

#[tokio::test]
async fn an_interrupted_look_goes_on_with_the_job_it_has_begun() {
    let stage = Stage::new(&people(3)).await;
    let (run, _) = stage.run().await;
    let fault = |endpoint, when, kind| {
        stage.sandbox.set_fault(Fault {
            endpoint,
            when,
            kind,
        });
    };
    let before = stage.sandbox.requests(Endpoint::GetActivity);
    fault(
        Endpoint::GetActivity,
        When::First(1),
        FaultKind::Slow(Duration::from_secs(600)),
    );
    let id = request(&stage, &run).await;
    let first = worker(&stage);
    let working = tokio::spawn(async move { first.tick(None).await });
    until("a look at the job", async || {
        stage.sandbox.requests(Endpoint::GetActivity) > before
    })
    .await;
    working.abort();
    assert!(working.await.unwrap_err().is_cancelled());
    stage.sandbox.lift_faults();
    assert!(
        !worker(&stage).tick(None).await.unwrap(),
        "its heart may still beat"
    );
    stage.time.forward(Duration::from_secs(31));
    assert!(worker(&stage).tick(None).await.unwrap());
    let check = store::get(&**stage.services.db, id).await.unwrap();
    assert_eq!(check.state, RunState::Successful, "{check:?}");
    assert_eq!(check.delivery.unwrap().on_list, 3);
    assert_eq!(
        stage.sandbox.requests(Endpoint::ExportContacts),
        1,
        "one job"
    );
}

#[tokio::test]
async fn a_job_that_fails_and_a_download_that_breaks_off_are_told() {
    let stage = Stage::new(&people(3)).await;
    let (run, _) = stage.run().await;
    let fault = |endpoint, when, kind| {
        stage.sandbox.set_fault(Fault {
            endpoint,
            when,
            kind,
        });
    };
    let failed = FaultKind::ActivityOutcome(ImposedOutcome::Failed);
    fault(Endpoint::ExportContacts, When::First(1), failed);
    let check = verify(&stage, &run).await;
    assert_eq!(check.state, RunState::Failure);
    assert_eq!(check.failure.unwrap().code, "activity_failed");

    stage.sandbox.lift_faults();
    fault(
        Endpoint::DownloadExport,
        When::First(1),
        FaultKind::TruncatedJson,
    );
    let check = verify(&stage, &run).await;
    assert_eq!(check.state, RunState::Successful, "{check:?}");
    assert_eq!(check.delivery.unwrap().on_list, 3);
}

/// Which rows did not arrive is kept as long as their profiles, then forgotten; how many they were stays.
#[tokio::test]
async fn undelivered_rows_are_kept_for_a_set_time_then_swept() {
    let (stage, run) = five_people().await;
    let check = verify(&stage, &run).await;
    let rows = async || {
        let rows = store::undelivered(&**stage.services.db, check.id).await;
        rows.unwrap().len()
    };
    let sweeper = &stage.services.sweeper;
    assert!(sweeper.sweep_if_due().await.unwrap());
    assert_eq!(rows().await, 4);
    stage.time.forward(Duration::from_secs(30 * 86_400 + 60));
    assert!(sweeper.sweep_if_due().await.unwrap());
    assert_eq!(rows().await, 0);
    let check = store::get(&**stage.services.db, check.id).await.unwrap();
    assert_eq!(check.delivery.unwrap().missing_total(), 4);
    let browser = browse(&stage).await;
    let path = format!("/runs/{}/undelivered.csv", run.id);
    assert_eq!(browser.get(&path).await.status, 404);
}
