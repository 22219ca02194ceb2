//! What a run does when something goes wrong in the middle.

use std::time::Duration;

use listbridge::runs::{Ending, Pace, PartState, Run, RunState, Tick, WaitingFor, store};
use listbridge::sandbox::{
    ActivitySpeed, Endpoint, Fault, FaultKind, ImposedOutcome, SandboxOptions, When,
};

use sea_orm::{ConnectionTrait, TransactionTrait};

use crate::support::{Stage, author, ending, people, quick, until, wide_people};

fn fault(endpoint: Endpoint, when: When, kind: FaultKind) -> Fault {
    Fault {
        endpoint,
        when,
        kind,
    }
}

/// Three parts.
fn three_parts() -> String {
    wide_people(20_000)
}

/// Whatever keeps profiles from being read may pass, so a run does not end with the first try, nor go on for ever.
#[tokio::test]
async fn profiles_that_cannot_be_read_are_waited_for_but_not_for_ever() {
    let stage = Stage::on_sqlite(&people(20)).await;
    let folder = stage.dir.path().join("data/snapshots");
    let file = std::fs::read_dir(folder).unwrap().next().unwrap();
    let file = file.unwrap().path();
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, "no database at all".repeat(100)).unwrap();
    let paced = |quickening| {
        stage.engine_with(Pace {
            quickening,
            ..Pace::QUICK
        })
    };
    let id = stage.request().await;
    paced(50_000).tick().await.unwrap();
    let (run, _) = stage.read(id).await;
    assert_eq!(ending(&run), "snapshot_unreadable");

    let id = stage.request().await;
    let engine = paced(1);
    let working = tokio::spawn(async move { engine.tick().await.unwrap() });
    let waits = |run: &Run| run.waiting.map(|waiting| waiting.reason);
    stage
        .until(id, |run, _| waits(run) == Some(WaitingFor::Profiles))
        .await;
    std::fs::write(&file, whole).unwrap();
    working.await.unwrap();
    let (run, parts) = stage.read(id).await;
    assert_eq!((ending(&run).as_str(), run.claims), ("delivered", 1));
    stage.assert_delivered(&parts, 20);
}

#[tokio::test]
async fn unclear_answers_are_cleared_up_before_anything_is_sent_again() {
    for kind in [
        FaultKind::Status(500),
        FaultKind::Status(503),
        FaultKind::StatusAfterAccepted(500),
        FaultKind::StatusAfterAccepted(503),
        FaultKind::HtmlErrorPage(502),
        FaultKind::MalformedJson,
        FaultKind::TruncatedJson,
        FaultKind::ResetBeforeRequest,
        FaultKind::ResetAfterAccepted,
        FaultKind::Throttled,
        FaultKind::QueueFull,
        FaultKind::Status(401),
    ] {
        let stage = Stage::new(&people(50)).await;
        stage
            .sandbox
            .set_fault(fault(Endpoint::ImportFile, When::First(2), kind.clone()));
        let (run, parts) = if matches!(kind, FaultKind::Status(401)) {
            stage.sandbox.lift_faults();
            stage
                .sandbox
                .set_fault(fault(Endpoint::ImportFile, When::First(1), kind.clone()));
            stage.run().await
        } else {
            stage.run().await
        };
        assert_eq!(ending(&run), "delivered", "{kind:?}: {run:?} {parts:?}");
        stage.assert_delivered(&parts, 50);
    }
}

#[tokio::test]
async fn reads_that_fail_are_read_again() {
    for endpoint in [Endpoint::GetList, Endpoint::ListActivities] {
        for kind in [
            FaultKind::Status(500),
            FaultKind::HtmlErrorPage(503),
            FaultKind::MalformedJson,
            FaultKind::TruncatedJson,
            FaultKind::ResetBeforeRequest,
            FaultKind::Throttled,
        ] {
            let stage = Stage::new(&people(20)).await;
            stage
                .sandbox
                .set_fault(fault(endpoint, When::First(3), kind.clone()));
            let (run, parts) = stage.run().await;
            assert_eq!(ending(&run), "delivered", "{endpoint:?} {kind:?}");
            stage.assert_delivered(&parts, 20);
        }
    }
}

#[tokio::test]
async fn a_refusal_ends_the_run_in_the_vendors_words() {
    for (kind, expected) in [
        (FaultKind::Status(400), "refused"),
        (FaultKind::Status(403), "not_allowed"),
        (FaultKind::Status(415), "refused"),
        (FaultKind::ListDeleted, "list_not_found"),
    ] {
        let stage = Stage::new(&three_parts()).await;
        stage
            .sandbox
            .set_fault(fault(Endpoint::ImportFile, When::Nth(2), kind.clone()));
        let (run, parts) = stage.run().await;
        assert_eq!(ending(&run), expected, "{kind:?}: {run:?}");
        assert_eq!(run.state, RunState::FailedPermanent);
        let account = Stage::account(&run, &parts);
        // Its activity may have met the deleted list.
        assert!(parts[0].state.has_arrived(), "{kind:?} {parts:?}");
        assert!(account.lost > 0);
        stage.files();
    }
}

#[tokio::test]
async fn a_second_401_in_a_row_ends_the_run() {
    let stage = Stage::new(&people(5)).await;
    stage.sandbox.set_fault(fault(
        Endpoint::ImportFile,
        When::Always,
        FaultKind::Status(401),
    ));
    let (run, parts) = stage.run().await;
    assert_eq!(ending(&run), "sign_in_again");
    assert_eq!(
        parts[0].state,
        PartState::Recorded,
        "known not to have been sent"
    );
}

#[tokio::test]
async fn tokens_that_expire_in_the_middle_are_renewed() {
    let stage = Stage::new(&three_parts()).await;
    let id = stage.request().await;
    let engine = stage.engine().start();
    stage.until(id, |_, parts| !parts.is_empty()).await;
    stage.sandbox.expire_access_tokens();
    stage.until(id, |run, _| run.state.is_finished()).await;
    engine.stop().await;
    let (run, parts) = stage.read(id).await;
    assert_eq!(ending(&run), "delivered");
    stage.assert_delivered(&parts, 20_000);
}

#[tokio::test]
async fn a_revoked_authorisation_ends_the_run() {
    let stage = Stage::new(&people(5)).await;
    stage.sandbox.revoke_tokens();
    let (run, _) = stage.run().await;
    assert_eq!(
        (ending(&run).as_str(), run.state),
        ("sign_in_again", RunState::FailedPermanent)
    );
    let (run, _) = stage.run().await;
    assert_eq!(
        ending(&run),
        "sign_in_again",
        "and the next one says so at once"
    );
}

#[tokio::test]
async fn a_spent_quota_pauses_the_run_until_midnight_utc() {
    let stage = Stage::new(&three_parts()).await;
    stage.time.to_noon();
    stage.sandbox.set_fault(fault(
        Endpoint::ImportFile,
        When::Nth(2),
        FaultKind::QuotaExceeded,
    ));
    let (run, parts) = stage.run().await;
    assert_eq!(run.state, RunState::Refreshing);
    let waiting = run.waiting.unwrap();
    assert_eq!(waiting.reason, WaitingFor::Quota);
    let until = waiting.until.to_string();
    assert!(until.ends_with("T00:00:00Z"), "{until}");
    assert_eq!(parts[1].state, PartState::Recorded);
    assert_eq!(
        stage.engine().tick().await.unwrap(),
        Tick::Idle,
        "nothing to do before"
    );
    stage.time.forward(Duration::from_secs(86_400));
    let (run, parts) = stage.finish(run.id).await;
    assert_eq!(ending(&run), "delivered");
    assert_eq!(run.claims, 2);
    stage.assert_delivered(&parts, 20_000);
}

#[tokio::test]
async fn activities_that_fail_are_said_to() {
    for (outcome, state) in [
        (ImposedOutcome::Failed, PartState::Failed),
        (ImposedOutcome::Cancelled, PartState::Cancelled),
        (ImposedOutcome::TimedOut, PartState::TimedOut),
    ] {
        let stage = Stage::new(&three_parts()).await;
        let kind = FaultKind::ActivityOutcome(outcome);
        stage
            .sandbox
            .set_fault(fault(Endpoint::ImportFile, When::Nth(2), kind));
        let (run, parts) = stage.run().await;
        assert_eq!(
            (ending(&run).as_str(), run.state),
            ("activity_failed", RunState::Failure)
        );
        assert_eq!(parts[1].state, state);
        let account = Stage::account(&run, &parts);
        assert_eq!(account.lost, parts[1].rows);
        assert_eq!(account.parts_completed, 2);
    }
}

#[tokio::test]
async fn an_activity_that_is_gone_is_said_to() {
    let stage = Stage::new(&people(5)).await;
    stage.sandbox.set_fault(fault(
        Endpoint::ImportFile,
        When::Always,
        FaultKind::ActivityGone,
    ));
    let (run, parts) = stage.run().await;
    assert_eq!(ending(&run), "activity_failed");
    assert_eq!(parts[0].state, PartState::Gone);
}

#[tokio::test]
async fn activities_that_never_end_are_given_up() {
    let stage = Stage::new(&people(5)).await;
    let kind = FaultKind::ActivityOutcome(ImposedOutcome::Stuck);
    stage
        .sandbox
        .set_fault(fault(Endpoint::ImportFile, When::Always, kind));
    let id = stage.request().await;
    let quicker = Pace {
        quickening: 50_000,
        ..Pace::QUICK
    };
    stage.engine_with(quicker).tick().await.unwrap();
    let (run, parts) = stage.read(id).await;
    assert_eq!(
        (ending(&run).as_str(), run.state),
        ("activities_too_slow", RunState::FailedPermanent)
    );
    assert_eq!(Stage::account(&run, &parts).under_way, 5);
}

#[tokio::test]
async fn a_cancel_takes_effect_between_requests_and_tells_what_was_accepted() {
    let stage = Stage::new(&three_parts()).await;
    let held = fault(Endpoint::ImportFile, When::Always, FaultKind::Held);
    stage.sandbox.set_fault(held);
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
    assert_eq!(
        (ending(&run).as_str(), run.state),
        ("canceled", RunState::Canceled)
    );
    assert_eq!(stage.files().len(), 1);
    let account = Stage::account(&run, &parts);
    assert_eq!(
        account.delivered + account.under_way,
        parts[0].rows,
        "{parts:?}"
    );
}

/// An engine that dies while a part is on its way, before or after the vendor has taken it.
#[tokio::test]
async fn a_killed_engine_is_replaced_and_nothing_is_sent_twice() {
    for kind in [
        FaultKind::Slow(Duration::from_secs(30)),
        FaultKind::NeverEnds,
        FaultKind::ResetBeforeRequest,
    ] {
        for part in 1..=3 {
            let stage = Stage::new(&three_parts()).await;
            let hit = fault(Endpoint::ImportFile, When::Nth(part), kind.clone());
            stage.sandbox.set_fault(hit);
            let id = stage.request().await;
            let engine = stage.engine().start();
            let number = usize::try_from(part).unwrap();
            stage.until(id, |_, parts| parts.len() == number).await;
            until("the upload", async || {
                stage.sandbox.requests(Endpoint::ImportFile) >= part
            })
            .await;
            engine.kill();
            stage.sandbox.lift_faults();
            stage.outlive_lease();
            let (run, parts) = stage.finish(id).await;
            assert_eq!(ending(&run), "delivered", "{kind:?} {part}: {parts:?}");
            assert!(run.claims > 1 || matches!(kind, FaultKind::ResetBeforeRequest));
            stage.assert_delivered(&parts, 20_000);
        }
    }
}

#[tokio::test]
async fn a_killed_engine_at_any_moment_is_replaced() {
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..4 {
        let stage = Stage::new(&three_parts()).await;
        let id = stage.request().await;
        let mut longest = 100;
        while !stage.read(id).await.0.state.is_finished() {
            let engine = stage.engine().start();
            // Not a wait for anything: the instant of the kill.
            tokio::time::sleep(Duration::from_millis(random.u64(1..longest))).await;
            longest += 50;
            engine.kill();
            stage.outlive_lease();
        }
        let (run, parts) = stage.read(id).await;
        assert_eq!(ending(&run), "delivered", "seed {seed}: {parts:?}");
        stage.assert_delivered(&parts, 20_000);
        assert_eq!(run.totals.sent, 20_000);
    }
}

#[tokio::test]
async fn a_stopped_engine_gives_its_run_back() {
    let stage = Stage::new(&three_parts()).await;
    let held = fault(Endpoint::ImportFile, When::Always, FaultKind::Held);
    stage.sandbox.set_fault(held);
    let id = stage.request().await;
    let engine = stage.engine().start();
    until("the first upload", async || stage.files().len() == 1).await;
    engine.engine().stop_taking();
    stage.sandbox.lift_faults();
    engine.stop().await;
    let (run, parts) = stage.read(id).await;
    assert_eq!(run.state, RunState::Refreshing);
    let is_known = |state: PartState| state == PartState::Recorded || state.has_arrived();
    assert!(parts.iter().all(|part| is_known(part.state)), "{parts:?}");
    let tick = stage.engine().tick().await.unwrap();
    let (run, parts) = stage.read(id).await;
    assert_eq!(
        tick,
        Tick::Ended(id, Ending::Delivered),
        "{run:?} {parts:?}"
    );
    assert_eq!(run.claims, 2);
    stage.assert_delivered(&parts, 20_000);
}

#[tokio::test]
async fn two_engines_never_work_on_one_run() {
    let stage = Stage::with(
        SandboxOptions {
            activity_speed: ActivitySpeed::default(),
            ..quick()
        },
        &three_parts(),
    )
    .await;
    let id = stage.request().await;
    let engines: Vec<_> = (0..3).map(|_| stage.engine().start()).collect();
    stage.until(id, |run, _| run.state.is_finished()).await;
    for engine in engines {
        engine.stop().await;
    }
    let (run, parts) = stage.read(id).await;
    assert_eq!((ending(&run).as_str(), run.claims), ("delivered", 1));
    stage.assert_delivered(&parts, 20_000);
}

/// A clock that jumps ahead makes a living owner's lease look old; the one who takes over and the one who lost it must
/// not both send.
#[tokio::test]
async fn an_owner_that_lost_its_lease_sends_nothing_more() {
    let stage = Stage::new(&three_parts()).await;
    let silence = fault(Endpoint::ImportFile, When::First(1), FaultKind::NeverEnds);
    stage.sandbox.set_fault(silence);
    let id = stage.request().await;
    // Waits for its first answer until the lease is lost: it must not be renewed at the new time before.
    let forgetful = Pace {
        lease: Duration::from_hours(1),
        renew_every: Duration::from_hours(1),
        ..Pace::QUICK
    };
    let first = stage.engine_with(forgetful).start();
    stage.until(id, |_, _| stage.files().len() == 1).await;
    stage.time.forward(Duration::from_hours(2));
    let second = stage.engine().start();
    stage.until(id, |run, _| run.state.is_finished()).await;
    first.stop().await;
    second.stop().await;
    let (run, parts) = stage.read(id).await;
    assert_eq!((ending(&run).as_str(), run.claims), ("delivered", 2));
    stage.assert_delivered(&parts, 20_000);
}

/// The last looks want a token, and there is none to be had: the end is recorded all the same.
#[tokio::test]
async fn an_end_is_recorded_although_no_token_is_to_be_had() {
    let stage = Stage::on_sqlite(&wide_people(20_000)).await;
    let strike = |endpoint, when, kind| stage.sandbox.set_fault(fault(endpoint, when, kind));
    let stuck = FaultKind::ActivityOutcome(ImposedOutcome::Stuck);
    strike(Endpoint::ImportFile, When::Nth(1), stuck);
    strike(Endpoint::ImportFile, When::Nth(2), FaultKind::Status(403));
    strike(Endpoint::Token, When::Always, FaultKind::Status(503));
    // The token has expired when the refusal is recorded.
    let expire = "CREATE TRIGGER expire AFTER UPDATE OF state ON run_parts WHEN new.state = 'refused' \
                  BEGIN UPDATE connections SET access_expires_at = 0, refresh_due_at = 0; END";
    let db = &**stage.services.db;
    db.execute_unprepared(expire).await.unwrap();
    let id = stage.request().await;
    // The two hours that an outage is borne are 72 seconds here.
    let engine = stage.engine_with(Pace {
        quickening: 100,
        ..Pace::QUICK
    });
    let began = std::time::Instant::now();
    engine.tick().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(40));
    assert!(stage.sandbox.requests(Endpoint::Token) > 0);
    let (run, _) = stage.read(id).await;
    assert_eq!(ending(&run), "not_allowed");
}

#[tokio::test]
async fn a_run_that_is_canceled_while_it_is_put_off_waits_for_nothing_any_more() {
    let stage = Stage::new(&people(20)).await;
    let id = stage.request().await;
    let db = &stage.services.db;
    let until = stage.services.clock.now() + Duration::from_secs(3_600);
    let transaction = db.begin().await.unwrap();
    store::put_off_in(&transaction, id, WaitingFor::Quota, until)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    assert!(stage.read(id).await.0.waiting.is_some());
    store::cancel(db, id, author(&stage.services))
        .await
        .unwrap();
    let (run, _) = stage.read(id).await;
    assert_eq!((ending(&run).as_str(), run.waiting), ("canceled", None));
}
