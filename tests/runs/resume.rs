//! Runs that failed or were canceled, and are taken up again: only what is missing is sent.

use std::process::Command;
use std::time::Duration;

use listbridge::exclusions::{self, Entry, Keys, Origin};
use listbridge::exports;
use listbridge::runs::store::{self, Resumed, resume};
use listbridge::runs::{Ending, Obstacle, PartState, Run, RunState};
use listbridge::sandbox::{Endpoint, Fault, FaultKind, ImposedOutcome, When};
use listbridge::storage::audit;
use secrecy::ExposeSecret;
use serde_json::Value;
use uuid::Uuid;

use crate::pages::browse;
use crate::sign_in::authenticate;
use crate::support::{Stage, author, ending, people, source_author, until, wide_people};

/// Three parts, of which the second meets a fault.
async fn failed(kind: FaultKind) -> (Stage, Run) {
    let stage = Stage::new(&wide_people(20_000)).await;
    stage.sandbox.set_fault(Fault {
        endpoint: Endpoint::ImportFile,
        when: When::Nth(2),
        kind,
    });
    let (run, parts) = stage.run().await;
    assert!(
        matches!(run.state, RunState::Failure | RunState::FailedPermanent),
        "{run:?} {parts:?}"
    );
    stage.sandbox.lift_faults();
    (stage, run)
}

async fn take_up(stage: &Stage, id: Uuid) -> Resumed {
    resume(&stage.services.db, id, author(&stage.services))
        .await
        .unwrap()
}

async fn resumed_events(stage: &Stage) -> usize {
    let db = &**stage.services.db;
    let filter = Default::default();
    let events = audit::list(db, &filter, Default::default(), None, 100).await;
    let events = events.unwrap();
    events
        .iter()
        .filter(|event| event.action == "run.resumed")
        .count()
}

#[tokio::test]
async fn a_part_that_was_refused_is_sent_with_those_behind_it() {
    let (stage, run) = failed(FaultKind::Status(403)).await;
    assert_eq!(ending(&run), "not_allowed");
    let uploads = stage.sandbox.requests(Endpoint::ImportFile);
    assert_eq!(uploads, 2);
    assert_eq!(take_up(&stage, run.id).await, Resumed::Now);
    let (run, parts) = stage.finish(run.id).await;
    assert_eq!(ending(&run), "delivered", "{parts:?}");
    assert_eq!(stage.sandbox.requests(Endpoint::ImportFile), uploads + 2);
    stage.assert_delivered(&parts, 20_000);
    assert_eq!(Stage::account(&run, &parts).delivered, 20_000);
    let waited_once = stage.services.clock.now();
    assert!(
        run.resumed
            .is_some_and(|(at, by)| at <= waited_once && by.is_none())
    );
}

#[tokio::test]
async fn a_part_whose_activity_failed_is_sent_under_another_name_and_the_others_are_not() {
    for outcome in [
        ImposedOutcome::Failed,
        ImposedOutcome::Cancelled,
        ImposedOutcome::TimedOut,
    ] {
        let (stage, run) = failed(FaultKind::ActivityOutcome(outcome)).await;
        let before = stage.read(run.id).await.1;
        assert_eq!(take_up(&stage, run.id).await, Resumed::Now);
        let (run, parts) = stage.finish(run.id).await;
        assert_eq!(ending(&run), "delivered", "{parts:?}");
        assert_eq!(stage.files().len(), 4);
        assert_eq!(stage.sandbox.member_count(stage.list), 20_000);
        for (before, after) in before.iter().zip(&parts) {
            let is_same = before.file_name == after.file_name;
            assert_eq!(is_same, before.activity_id == after.activity_id);
            assert_eq!(is_same, before.state == PartState::Completed);
            assert_eq!(before.sha256, after.sha256);
        }
    }
}

/// What was accepted stays known, and what was not is sent, when somebody changes their mind about a cancel.
#[tokio::test]
async fn a_canceled_run_goes_on_where_it_was() {
    let stage = Stage::new(&wide_people(20_000)).await;
    stage.sandbox.set_fault(Fault {
        endpoint: Endpoint::ImportFile,
        when: When::Always,
        kind: FaultKind::Held,
    });
    let id = stage.request().await;
    let engine = stage.engine().start();
    until("the first upload", async || stage.files().len() == 1).await;
    store::cancel(&stage.services.db, id, author(&stage.services))
        .await
        .unwrap();
    engine.engine().wake();
    stage.sandbox.lift_faults();
    stage.until(id, |run, _| run.state.is_finished()).await;
    engine.stop().await;
    let (run, parts) = stage.read(id).await;
    assert_eq!((ending(&run).as_str(), parts.len()), ("canceled", 1));
    assert_eq!(take_up(&stage, id).await, Resumed::Now);
    let (run, parts) = stage.finish(id).await;
    assert_eq!(ending(&run), "delivered", "{parts:?}");
    stage.assert_delivered(&parts, 20_000);
}

/// The answer to an upload is lost, and the run ends before anybody has found out what became of it.
#[tokio::test]
async fn a_part_that_may_have_arrived_is_looked_for_before_it_is_sent() {
    for (kind, uploads) in [
        (FaultKind::ResetAfterAccepted, 3),
        (FaultKind::ResetBeforeRequest, 4),
    ] {
        let stage = Stage::new(&wide_people(20_000)).await;
        let fault = |endpoint, when, kind| {
            stage.sandbox.set_fault(Fault {
                endpoint,
                when,
                kind,
            });
        };
        fault(Endpoint::ImportFile, When::Nth(2), kind.clone());
        fault(
            Endpoint::ListActivities,
            When::Always,
            FaultKind::Slow(Duration::from_secs(600)),
        );
        let id = stage.request().await;
        let engine = stage.engine().start();
        let is_unclear = |state| state == PartState::Unclear;
        stage
            .until(id, |_, parts| {
                parts.iter().any(|part| is_unclear(part.state))
            })
            .await;
        engine.kill();
        stage.sandbox.lift_faults();
        fault(
            Endpoint::ListActivities,
            When::Always,
            FaultKind::Status(401),
        );
        stage.outlive_lease();
        let (run, _) = stage.finish(id).await;
        assert_eq!(ending(&run), "sign_in_again");
        stage.sandbox.lift_faults();
        authenticate(&stage).await;
        assert_eq!(take_up(&stage, id).await, Resumed::Now);
        let (run, parts) = stage.finish(id).await;
        assert_eq!(ending(&run), "delivered", "{kind:?}: {parts:?}");
        assert_eq!(stage.sandbox.requests(Endpoint::ImportFile), uploads);
        stage.assert_delivered(&parts, 20_000);
    }
}

#[tokio::test]
async fn of_two_who_press_at_once_one_resumes_it() {
    let (stage, run) = failed(FaultKind::Status(403)).await;
    let (first, second) = tokio::join!(take_up(&stage, run.id), take_up(&stage, run.id));
    let both = [first, second];
    assert!(
        both.contains(&Resumed::Now) && both.contains(&Resumed::Already),
        "{both:?}"
    );
    assert_eq!(resumed_events(&stage).await, 1);
    let (run, parts) = stage.finish(run.id).await;
    assert_eq!(ending(&run), "delivered");
    stage.assert_delivered(&parts, 20_000);
    let over = take_up(&stage, run.id).await;
    assert_eq!(over, Resumed::Refused(Obstacle::NotFailed));
}

async fn exclude(stage: &Stage, address: &str) {
    let (db, keys) = (&**stage.services.db, Keys::new(&stage.services.key));
    let (entries, by) = (
        [Entry::parse(address).unwrap()],
        source_author(&stage.services),
    );
    exclusions::store::add(db, &keys, &entries, Origin::Typed, None, &by)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_stands_in_the_way_is_said_and_nothing_is_changed() {
    let refused = async |stage: &Stage, run: &Run, obstacle| {
        assert_eq!(take_up(stage, run.id).await, Resumed::Refused(obstacle));
        assert_eq!(stage.read(run.id).await.0, *run, "nothing has changed");
        assert_eq!(resumed_events(stage).await, 0);
    };
    let kind = FaultKind::Status(403);

    let (mut stage, run) = failed(kind.clone()).await;
    let name = stage.export.definition.email_field.clone();
    stage
        .save_export(|definition| definition.name = "Renamed".into())
        .await;
    stage
        .save_export(|definition| definition.email_field = "CustomerId".into())
        .await;
    refused(&stage, &run, Obstacle::ExportChanged).await;
    stage
        .save_export(|definition| definition.email_field = name)
        .await;
    exclude(&stage, "somebody@example.com").await;
    refused(&stage, &run, Obstacle::ExclusionsChanged).await;

    let (stage, run) = failed(kind.clone()).await;
    let later = stage.request().await;
    refused(&stage, &run, Obstacle::RunAgainSince).await;
    let (later, _) = stage.finish(later).await;
    assert_eq!(later.state, RunState::Successful);
    refused(&stage, &run, Obstacle::RunAgainSince).await;
    refused(&stage, &later, Obstacle::NotFailed).await;

    let (stage, run) = failed(kind.clone()).await;
    stage.time.forward(Duration::from_secs(31 * 86_400));
    assert!(stage.services.sweeper.sweep_if_due().await.unwrap());
    refused(&stage, &run, Obstacle::SnapshotGone).await;
    let (db, by) = (&**stage.services.db, author(&stage.services));
    exports::store::remove(db, stage.export.id, by)
        .await
        .unwrap();
    refused(&stage, &run, Obstacle::ExportGone).await;

    let stage = Stage::new(&people(3)).await;
    stage.sandbox.set_fault(Fault {
        endpoint: Endpoint::GetList,
        when: When::Always,
        kind,
    });
    let (run, _) = stage.run().await;
    assert_eq!(
        run.outcome.as_ref().unwrap().ending(),
        Some(Ending::NotAllowed)
    );
    refused(&stage, &run, Obstacle::NothingBegun).await;
}

#[tokio::test]
async fn the_page_offers_both_ways_to_go_on() {
    let (stage, run) = failed(FaultKind::Status(403)).await;
    let browser = browse(&stage).await;
    let path = format!("/runs/{}", run.id);
    let page = browser.get(&path).await;
    assert!(
        page.says("Resume") && page.says("Run again"),
        "{}",
        page.body
    );
    assert!(page.says("Resume sends only the parts that have not arrived"));
    let resume = format!("{path}/resume");
    let answer = browser.submit(&path, &resume, &[]).await;
    assert_eq!(answer.location.as_deref(), Some(path.as_str()));
    stage.until(run.id, |run, _| run.state.is_finished()).await;
    let (run, parts) = stage.read(run.id).await;
    assert_eq!(ending(&run), "delivered");
    stage.assert_delivered(&parts, 20_000);
    let page = browser.get(&path).await;
    assert!(
        page.says("Resumed") && page.says("Alice Admin"),
        "{}",
        page.body
    );
    assert!(!page.body.contains(&resume));

    let browser = browser.speaking("zh-HK");
    browser.submit(&path, &resume, &[]).await;
    let chinese = browser.get(&path).await;
    assert!(
        chinese.says("只有失敗或已取消的執行才可以繼續"),
        "{}",
        chinese.body
    );
}

#[tokio::test]
async fn the_command_line_resumes_a_run_and_waits_for_its_end() {
    let (stage, run) = failed(FaultKind::Status(403)).await;
    let settings = (**stage.services.settings).clone();
    let listbridge = move |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_listbridge"));
        command
            .args(arguments)
            .env("RUST_LOG", "error")
            .env("LISTBRIDGE_DATA_DIR", &settings.data_dir)
            .env("LISTBRIDGE_MASTER_KEY_FILE", settings.master_key_file())
            .env(
                "LISTBRIDGE_CONSTANT_CONTACT_TOKEN_URL",
                settings.constant_contact_token_url.as_str(),
            )
            .env(
                "LISTBRIDGE_CONSTANT_CONTACT_API_URL",
                settings.constant_contact_api_url.as_str(),
            )
            .env(
                "LISTBRIDGE_CONSTANT_CONTACT_CLIENT_ID",
                settings.constant_contact_client_id.as_ref().unwrap(),
            )
            .env(
                "LISTBRIDGE_CONSTANT_CONTACT_CLIENT_SECRET",
                settings
                    .constant_contact_client_secret
                    .as_ref()
                    .unwrap()
                    .expose_secret(),
            );
        if let Some(url) = &settings.database_url {
            command.env("LISTBRIDGE_DATABASE_URL", url.expose_secret());
        }
        command
    };
    let id = run.id.to_string();
    let mut command = listbridge(&["run", "resume", &id, "--wait", "--json"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{told} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["outcome"]["code"], "delivered");
    stage.assert_delivered(&stage.read(run.id).await.1, 20_000);

    let mut command = listbridge(&["run", "resume", &id]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("neither failed nor been canceled"), "{told}");
}
