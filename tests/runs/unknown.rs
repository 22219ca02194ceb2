//! An upload whose answer is lost while the activities cannot be searched: the run says so, keeps asking, never guesses.

use std::time::Duration;

use listbridge::runs::store::{Resumed, resume};
use listbridge::runs::{Ending, PartState, Run, RunState, Tick, WaitingFor};
use listbridge::sandbox::{Endpoint, Fault, FaultKind, When};
use uuid::Uuid;

use crate::pages::browse;
use crate::support::{Stage, author, ending, people, quick, wide_people};

const DAY: Duration = Duration::from_secs(86_400);

fn always(stage: &Stage, endpoint: Endpoint, kind: FaultKind) {
    let when = When::Always;
    stage.sandbox.set_fault(Fault {
        endpoint,
        when,
        kind,
    });
}

/// The second of three parts meets `upload`, and from then on the activities answer with `listing`.
async fn unsettled(upload: FaultKind, listing: FaultKind) -> (Stage, Run) {
    let stage = Stage::with(quick(), &wide_people(20_000)).await;
    stage.sandbox.set_fault(Fault {
        endpoint: Endpoint::ImportFile,
        when: When::Nth(2),
        kind: upload,
    });
    always(&stage, Endpoint::ListActivities, listing);
    let (run, parts) = stage.run().await;
    assert_eq!(run.state, RunState::Refreshing, "{run:?}");
    assert_eq!(run.waiting.unwrap().reason, WaitingFor::Certainty);
    assert_eq!(parts.len(), 2);
    assert_eq!(parts[1].state, PartState::Unclear);
    assert!(parts[1].vendor_words.is_some(), "why is said");
    (stage, run)
}

fn uploads(stage: &Stage) -> u64 {
    stage.sandbox.requests(Endpoint::ImportFile)
}

/// The next time the run asks.
async fn ask_again(stage: &Stage, id: Uuid) -> Run {
    let waiting = stage.read(id).await.0.waiting.expect("it waits");
    assert_eq!(
        stage.engine().tick().await.unwrap(),
        Tick::Idle,
        "not before its time"
    );
    let left = waiting.until.duration_since(stage.services.clock.now());
    stage.time.forward(left.try_into().unwrap());
    stage.look(id).await.0
}

#[tokio::test]
async fn a_part_is_not_sent_again_while_nobody_can_tell_whether_it_arrived() {
    for (upload, listing) in [
        (FaultKind::ResetAfterAccepted, FaultKind::Status(500)),
        (FaultKind::StatusAfterAccepted(503), FaultKind::Status(403)),
        (FaultKind::TruncatedJson, FaultKind::HtmlErrorPage(404)),
        (FaultKind::MalformedJson, FaultKind::TruncatedJson),
        (FaultKind::ResetBeforeRequest, FaultKind::ResetBeforeRequest),
    ] {
        let is_lost = matches!(upload, FaultKind::ResetBeforeRequest);
        let what = format!("{upload:?} {listing:?}");
        let (stage, run) = unsettled(upload, listing).await;
        for claims in 2..5 {
            let run = ask_again(&stage, run.id).await;
            assert_eq!(run.claims, claims, "{what}");
            assert_eq!(run.waiting.unwrap().reason, WaitingFor::Certainty);
            assert_eq!(uploads(&stage), 2, "{what}: nothing is sent meanwhile");
        }
        stage.sandbox.lift_faults();
        stage.time.forward(DAY / 24);
        let (run, parts) = stage.finish(run.id).await;
        assert_eq!(ending(&run), "delivered", "{what}");
        assert!(parts.iter().all(|part| part.vendor_words.is_none()));
        assert_eq!(run.asking_since, None, "{what}");
        assert_eq!(uploads(&stage), 3 + u64::from(is_lost), "{what}");
        stage.assert_delivered(&parts, 20_000);
    }
}

#[tokio::test]
async fn the_page_says_outcome_unknown_of_the_part_and_the_run() {
    let (stage, run) = unsettled(FaultKind::ResetAfterAccepted, FaultKind::Status(500)).await;
    let file = stage.read(run.id).await.1[1].file_name.clone();
    let browser = browse(&stage).await;
    let path = format!("/runs/{}", run.id);
    let page = browser.get(&path).await;
    let sentence = &page.texts("[data-announce]")[0];
    assert!(
        sentence.contains("Outcome unknown: it is not known yet whether part 2 has arrived."),
        "{sentence}"
    );
    assert!(sentence.contains("asks Constant Contact again at"));
    let state = &page.texts("tbody tr:nth-child(2) td")[0];
    assert!(state.starts_with("Outcome unknown"), "{state}");
    assert!(state.contains(&file), "{state}");
    let page = browser.speaking("zh-HK").get(&path).await;
    assert!(
        page.texts("[data-announce]")[0].starts_with("結果不明：尚未確定第 2 部分是否已送達。")
    );
    assert!(page.texts("tbody tr:nth-child(2) td")[0].starts_with("結果不明"));
}

#[tokio::test]
async fn the_asking_ends_after_a_day_and_a_resumed_run_asks_first() {
    let (stage, run) = unsettled(FaultKind::ResetAfterAccepted, FaultKind::Status(500)).await;
    let mut asked = 0;
    let ended = loop {
        let run = ask_again(&stage, run.id).await;
        if run.state.is_finished() {
            break run;
        }
        asked += 1;
    };
    assert_eq!(
        (ending(&ended).as_str(), ended.state),
        ("outcome_unknown", RunState::FailedPermanent)
    );
    assert!(ended.outcome.unwrap().vendor_words.is_some());
    assert!((50..150).contains(&asked), "asked {asked} times in a day");
    assert_eq!(stage.read(run.id).await.1[1].state, PartState::Unclear);

    // Resumed while nobody can tell yet: it asks, and has a day again.
    let author = author(&stage.services);
    let resumed = resume(&stage.services.db, run.id, author).await;
    assert_eq!(resumed.unwrap(), Resumed::Now);
    let (again, _) = stage.look(run.id).await;
    assert_eq!(again.waiting.unwrap().reason, WaitingFor::Certainty);
    assert_eq!(uploads(&stage), 2);

    stage.sandbox.lift_faults();
    stage.time.forward(DAY / 24);
    let (run, parts) = stage.finish(run.id).await;
    assert_eq!(ending(&run), "delivered");
    assert_eq!(uploads(&stage), 3);
    stage.assert_delivered(&parts, 20_000);
}

/// Thousands of other activities lie before the one that is looked for.
#[tokio::test]
async fn a_part_is_found_on_a_later_page() {
    let (stage, run) = unsettled(FaultKind::ResetAfterAccepted, FaultKind::Status(503)).await;
    let tokens = stage.sandbox.issue_tokens("owner", &["contact_data"]);
    let token = tokens.unwrap().access_token;
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .build();
    let client = client.unwrap();
    for _ in 0..1_100 {
        let answer = client
            .post(format!(
                "{}/activities/contact_delete",
                stage.sandbox.api_url()
            ))
            .bearer_auth(&token)
            .json(&serde_json::json!({ "contact_ids": [Uuid::now_v7()] }))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 201);
        stage.sandbox.settle().await;
    }
    stage.sandbox.lift_faults();
    stage.time.forward(DAY / 24);
    let pages = stage.sandbox.requests(Endpoint::ListActivities);
    let (run, parts) = stage.finish(run.id).await;
    assert_eq!(ending(&run), "delivered");
    assert!(stage.sandbox.requests(Endpoint::ListActivities) - pages > 4);
    assert_eq!(uploads(&stage), 3);
    stage.assert_delivered(&parts, 20_000);
}

/// Constant Contact forgets activities after ten days: a part that is not listed then may have arrived all the same.
#[tokio::test]
async fn after_ten_days_a_part_that_is_not_listed_is_not_sent_again() {
    let stage = Stage::new(&people(20)).await;
    always(&stage, Endpoint::ImportFile, FaultKind::ResetAfterAccepted);
    always(&stage, Endpoint::ListActivities, FaultKind::QuotaExceeded);
    let (run, _) = stage.run().await;
    assert_eq!(run.waiting.unwrap().reason, WaitingFor::Quota);
    stage.sandbox.lift_faults();
    stage.time.forward(DAY * 11);
    let tick = stage.engine().tick().await.unwrap();
    assert_eq!(tick, Tick::Ended(run.id, Ending::OutcomeUnknown));
    assert_eq!(uploads(&stage), 1);
    assert_eq!(stage.sandbox.member_count(stage.list), 20);
}
