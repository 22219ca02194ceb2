//! Checks: what a run would do is found out without sending anything.

use listbridge::runs::checks::{Check, CheckKind, Checks, ExportReport, store};
use listbridge::runs::{Desk, Pace, RejectedCounts, Rejection, RunState};
use listbridge::sandbox::Endpoint;
use listbridge::segments::{Comparison, Condition, Rule, TextValue};
use uuid::Uuid;

use crate::pages::browse;
use crate::support::{Stage, author, dirty_people, people, segment, until};

pub(crate) fn worker(stage: &Stage) -> Checks {
    worker_with(stage, Pace::QUICK)
}

pub(crate) fn worker_with(stage: &Stage, pace: Pace) -> Checks {
    Checks::new(Desk {
        db: (**stage.services.db).clone(),
        clock: (**stage.services.clock).clone(),
        loads: (**stage.services.loads).clone(),
        connections: (**stage.services.connections).clone(),
        pace,
    })
}

async fn request(stage: &Stage) -> Uuid {
    let export = &stage.export;
    let subject = (export.id, export.id);
    let (db, by) = (&stage.services.db, author(&stage.services));
    store::request(db, CheckKind::Export, subject, &export.definition, by)
        .await
        .unwrap()
        .run_id
}

async fn check(stage: &Stage) -> (Check, ExportReport) {
    let id = request(stage).await;
    assert!(worker(stage).tick(None).await.unwrap());
    let check = store::get(&**stage.services.db, id).await.unwrap();
    assert_eq!(check.state, RunState::Successful, "{check:?}");
    let report = check.report.clone().unwrap();
    (check, report)
}

#[tokio::test]
async fn a_check_counts_what_the_run_then_does_and_sends_nothing() {
    let (csv, dirt) = dirty_people(60_000);
    let stage = Stage::new(&csv).await;
    let (_, report) = check(&stage).await;
    assert_eq!(stage.sandbox.requests(Endpoint::ImportFile), 0);
    assert!(report.may_run(), "{report:?}");
    let reading = report.reading.clone().unwrap();
    let rejected = RejectedCounts::from_map(&reading.rejected);
    assert_eq!(
        (
            reading.members,
            reading.sent,
            reading.duplicates,
            reading.adjusted
        ),
        (
            dirt.rows,
            dirt.valid_unique,
            dirt.duplicates,
            dirt.long_first
        )
    );
    assert_eq!(rejected.of(Rejection::EmailMissing), dirt.no_email);
    assert_eq!(rejected.of(Rejection::EmailMalformed), dirt.bad_email);
    assert_eq!(reading.columns[1].cut, dirt.long_first);
    assert_eq!(reading.columns[0].rejected, rejected.total());
    assert_eq!(report.segments[0].members, dirt.rows);
    let target = report.target.clone().unwrap();
    assert_eq!(target.list_members, Some(0));
    assert_eq!(target.requests_needed, Some(4));
    assert_eq!(report.least_new_contacts(), Some(dirt.valid_unique));
    let of = |code: Option<&str>| {
        let all = reading.samples.iter();
        all.filter(|sample| sample.rejection.as_deref() == code)
            .count()
    };
    assert_eq!((of(None), of(Some("email_missing"))), (5, 5));

    let (run, parts) = stage.run().await;
    assert_eq!(
        (run.totals.sent, run.totals.rejected, run.totals.adjusted),
        (reading.sent, rejected, reading.adjusted)
    );
    assert_eq!(parts.len() as u64, reading.parts);
    assert_eq!(
        parts.iter().map(|part| part.bytes).sum::<u64>(),
        reading.bytes
    );

    let (again, report) = check(&stage).await;
    let reading = report.reading.unwrap();
    assert_eq!(reading.duration.runs, 1);
    assert!(!serde_json::to_string(&again.report).unwrap().contains('@'));
}

#[tokio::test]
async fn everything_that_stands_in_the_way_is_found_at_once() {
    let mut stage = Stage::new(&people(3)).await;
    let nobody = Rule::Condition(Condition {
        field: "FirstName".into(),
        comparison: Comparison::Is(TextValue {
            value: "Nobody".into(),
            ignore_case: false,
        }),
    });
    let empty = segment(&stage.services, stage.source, "Nobody", nobody).await;
    stage
        .save_export(|definition| definition.segment_ids = vec![empty])
        .await;
    stage.sandbox.delete_list(stage.list);
    let (_, report) = check(&stage).await;
    let codes: Vec<&str> = report
        .problems
        .iter()
        .map(|found| found.code.as_str())
        .collect();
    assert_eq!(codes, ["no_members", "list_not_found"]);
}

#[tokio::test]
async fn the_page_shows_what_was_found_with_values_for_those_who_may_see_them() {
    let stage = Stage::new("FirstName,EMail\nAnn,ann@example.com\nBob,not an address\n").await;
    let browser = browse(&stage).await;
    let path = format!("/exports/{}/check", stage.export.id);
    let offer = browser.get(&path).await;
    assert!(offer.says("has not been checked yet"), "{}", offer.body);
    let asked = browser.submit(&path, &path, &[]).await;
    let check = asked.location.unwrap();
    until("the end of the check", async || {
        browser.get(&check).await.says("The export can run")
    })
    .await;
    let page = browser.get(&check).await;
    assert!(page.says("Rejected: not an email address"), "{}", page.body);
    assert!(page.says("not an address"), "a sample's value");
    assert!(page.says("At least 1."), "new to the list");
    assert_eq!(page.headers["cache-control"], "no-store");
    assert_eq!(browser.get(&path).await.location.unwrap(), check);
    let chinese = browser.speaking("zh-HK").get(&check).await;
    assert!(chinese.says("此匯出可以執行"), "{}", chinese.body);
}

#[tokio::test]
async fn a_check_is_canceled_taken_over_and_made_once() {
    let stage = Stage::new(&people(3)).await;
    let id = request(&stage).await;
    assert_eq!(
        request(&stage).await,
        id,
        "a second press leads to the same one"
    );
    let by = author(&stage.services);
    store::cancel(&stage.services.db, id, by).await.unwrap();
    let canceled = store::get(&**stage.services.db, id).await.unwrap();
    assert_eq!(canceled.state, RunState::Canceled);
    assert!(!worker(&stage).tick(None).await.unwrap());
    assert_ne!(request(&stage).await, id, "the next one is another");
}
