//! Mirror: whoever has left the segments is taken off the list.

use std::time::Duration;

use listbridge::exports::Mode;
use listbridge::runs::store::removals::{self, Removals};
use listbridge::runs::store::{Resumed, resume};
use listbridge::runs::{Account, Ending, Run, RunState, Tick, WaitingFor};
use listbridge::sandbox::{Endpoint, Fault, FaultKind, ImposedOutcome, When};
use serde_json::Value;
use uuid::Uuid;

use crate::pages::browse;
use crate::postgres::Postgres;
use crate::support::{Stage, author, ending, import, people, until};
use crate::web::process::command_line;

pub(crate) async fn mirroring(csv: &str, ask_above: Option<u64>) -> Stage {
    let mut stage = Stage::new(csv).await;
    set_up(&mut stage, ask_above).await;
    stage
}

/// The export mirrors, and has delivered everybody once.
pub(crate) async fn set_up(stage: &mut Stage, ask_above: Option<u64>) {
    stage
        .save_export(|definition| {
            definition.delivery.mode = Mode::Mirror;
            definition.delivery.removals_ask_above = ask_above;
        })
        .await;
    let (first, account) = run(stage).await;
    assert_eq!(ending(&first), "delivered");
    assert_eq!(account.read, account.delivered);
}

pub(crate) async fn replace_profiles(stage: &Stage, csv: &str) {
    let file = stage.dir.path().join("people.csv");
    std::fs::write(&file, csv).unwrap();
    import(&stage.services, &file, "People").await;
}

pub(crate) async fn run(stage: &Stage) -> (Run, Account) {
    let (run, parts) = stage.run().await;
    let account = Stage::account(&run, &parts);
    (run, account)
}

pub(crate) async fn removals_of(stage: &Stage, id: Uuid) -> Removals {
    let found = removals::find(&**stage.services.db, id).await.unwrap();
    found.unwrap_or_default()
}

pub(crate) fn fault(stage: &Stage, when: When, kind: FaultKind) {
    stage.sandbox.set_fault(Fault {
        endpoint: Endpoint::RemoveMemberships,
        when,
        kind,
    });
}

/// What `listbridge run show` says.
pub(crate) fn show(stage: &Stage, id: Uuid, arguments: &[&str]) -> String {
    let shown = command_line(&stage.services.settings)
        .args(["run", "show", &id.to_string()])
        .args(arguments)
        .output()
        .unwrap();
    String::from_utf8(shown.stdout).unwrap()
}

async fn whoever_has_gone_is_taken_off(mut stage: Stage) {
    set_up(&mut stage, None).await;
    // One who is on the list by herself, and one who has left it.
    stage.sandbox.add_member(stage.list, "eve@example.com");
    stage.sandbox.leave_list(stage.list, "ann1100@example.com");
    replace_profiles(&stage, &people(100)).await;
    let (second, account) = run(&stage).await;
    assert_eq!(ending(&second), "nothing_changed", "{second:?}");
    assert_eq!((account.read, account.unchanged), (100, 100));
    let removals = removals_of(&stage, second.id).await;
    assert_eq!((removals.people, removals.removed), (1_099, 1_099));
    assert_eq!(stage.sandbox.requests(Endpoint::RemoveMemberships), 3);
    let members = stage.sandbox.members(stage.list);
    assert_eq!(members.len(), 101);
    assert!(members.iter().any(|member| member == "eve@example.com"));
    assert!(
        stage
            .sandbox
            .contact("ann500@example.com")
            .is_some_and(|c| !c.is_deleted)
    );

    // Whoever comes back to the segments is sent again, whoever was taken off has not left by themselves.
    replace_profiles(&stage, &people(110)).await;
    let (third, account) = run(&stage).await;
    assert_eq!(ending(&third), "delivered");
    assert_eq!((account.delivered, account.unchanged), (10, 100));
    assert_eq!(removals_of(&stage, third.id).await.people, 0);
    assert_eq!(stage.sandbox.member_count(stage.list), 111);

    stage
        .save_export(|definition| definition.delivery.removes_others = true)
        .await;
    let (fourth, _) = run(&stage).await;
    assert_eq!(
        removals_of(&stage, fourth.id).await.removed,
        1,
        "{fourth:?}"
    );
    assert_eq!(stage.sandbox.member_count(stage.list), 110);
}

#[tokio::test]
async fn whoever_has_left_the_segments_is_taken_off_the_list() {
    whoever_has_gone_is_taken_off(Stage::new(&people(1_200)).await).await;
}

#[tokio::test]
async fn the_same_on_postgresql() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let url = postgres.create_database("mirror").await;
    whoever_has_gone_is_taken_off(Stage::on_database(url, &people(1_200)).await).await;
}

#[tokio::test]
async fn many_removals_ask_an_administrator_for_exactly_these_people() {
    let stage = mirroring(&people(50), Some(10)).await;
    replace_profiles(&stage, &people(39)).await;
    let id = stage.request().await;
    stage.engine().tick().await.unwrap();
    let (waiting, _) = stage.read(id).await;
    let reason = waiting.waiting.map(|waiting| waiting.reason);
    assert_eq!(reason, Some(WaitingFor::Approval), "{waiting:?}");
    assert_eq!(removals_of(&stage, id).await.people, 11);
    assert_eq!(stage.sandbox.requests(Endpoint::RemoveMemberships), 0);
    let browser = browse(&stage).await;
    let path = format!("/runs/{id}");
    let page = browser.get(&path).await;
    assert!(page.says("Approve and take off"), "{}", page.body);
    for page in [page, browser.get("/").await] {
        assert!(page.says("Everybody else has been delivered, and nobody has been taken off."));
        assert!(!page.says("Nothing has been sent."), "{}", page.body);
    }
    let answer = browser.submit(&path, &format!("{path}/approve"), &[]).await;
    assert_eq!(answer.status, 303);
    stage
        .until(id, |run, _| run.state == RunState::Successful)
        .await;
    assert_eq!(removals_of(&stage, id).await.removed, 11);
    assert_eq!(stage.sandbox.member_count(stage.list), 39);

    // Ten are taken off without asking.
    replace_profiles(&stage, &people(29)).await;
    let (run, _) = run(&stage).await;
    assert_eq!(run.state, RunState::Successful);
    assert_eq!(stage.sandbox.member_count(stage.list), 29);
}

#[tokio::test]
async fn nobody_is_taken_off_when_nobody_approves_and_the_run_can_ask_again() {
    let stage = mirroring(&people(50), Some(0)).await;
    replace_profiles(&stage, &people(40)).await;
    let id = stage.request().await;
    stage.engine().tick().await.unwrap();
    stage.time.forward(Duration::from_secs(72 * 3_600 + 1));
    assert_eq!(
        stage.engine().tick().await.unwrap(),
        Tick::Ended(id, Ending::RemovalsNotApproved)
    );
    assert_eq!(stage.sandbox.member_count(stage.list), 50);
    let by = author(&stage.services);
    let resumed = resume(&stage.services.db, id, by).await.unwrap();
    assert_eq!(resumed, Resumed::Now);
    stage.engine().tick().await.unwrap();
    let (run, _) = stage.read(id).await;
    let reason = run.waiting.map(|waiting| waiting.reason);
    assert_eq!(reason, Some(WaitingFor::Approval));
}

#[tokio::test]
async fn a_removal_that_failed_is_said_in_the_vendors_words_and_resumed() {
    let stage = mirroring(&people(1_300), None).await;
    replace_profiles(&stage, &people(100)).await;
    fault(
        &stage,
        When::Nth(2),
        FaultKind::ActivityOutcome(ImposedOutcome::Failed),
    );
    let (failed, _) = run(&stage).await;
    assert_eq!(ending(&failed), "removals_failed", "{failed:?}");
    let removals = removals_of(&stage, failed.id).await;
    assert_eq!((removals.removed, removals.failed), (700, 500));
    assert!(removals.vendor_words.is_some());
    let shown = show(&stage, failed.id, &["--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let told = &shown["removals"];
    assert_eq!(
        (&told["people"], &told["removed"], &told["failed"]),
        (&1_200.into(), &700.into(), &500.into()),
        "{shown}"
    );
    assert!(told["vendor_words"].is_string() && told["asks_until"].is_null());
    let words = show(&stage, failed.id, &[]);
    assert!(
        words.contains("taken off the list: 700 of 1200, 500 failed"),
        "{words}"
    );
    stage.sandbox.lift_faults();
    let by = author(&stage.services);
    let resumed = resume(&stage.services.db, failed.id, by).await.unwrap();
    assert_eq!(resumed, Resumed::Now);
    let (run, _) = stage.finish(failed.id).await;
    assert_eq!(run.state, RunState::Successful, "{run:?}");
    assert_eq!(stage.sandbox.requests(Endpoint::RemoveMemberships), 4);
    assert_eq!(stage.sandbox.member_count(stage.list), 100);
}

#[tokio::test]
async fn unclear_answers_and_a_killed_engine_end_with_the_same_list() {
    for kind in [
        FaultKind::Status(500),
        FaultKind::StatusAfterAccepted(500),
        FaultKind::TruncatedJson,
        FaultKind::ResetAfterAccepted,
        FaultKind::Slow(Duration::from_secs(30)),
    ] {
        let stage = mirroring(&people(700), None).await;
        replace_profiles(&stage, &people(50)).await;
        let is_slow = matches!(kind, FaultKind::Slow(_));
        let when = if is_slow {
            When::Always
        } else {
            When::First(1)
        };
        fault(&stage, when, kind.clone());
        let id = stage.request().await;
        if is_slow {
            let engine = stage.engine().start();
            until("the request", async || {
                stage.sandbox.requests(Endpoint::RemoveMemberships) > 0
            })
            .await;
            engine.kill();
            stage.sandbox.lift_faults();
            stage.outlive_lease();
        }
        let (run, _) = stage.finish(id).await;
        assert_eq!(run.state, RunState::Successful, "{kind:?} {run:?}");
        assert_eq!(removals_of(&stage, id).await.removed, 650, "{kind:?}");
        assert_eq!(stage.sandbox.member_count(stage.list), 50, "{kind:?}");
    }
}
