//! Removals that do not come to their end, or come to one that is none: nobody is taken for delivered who may be off the
//! list, and nobody for taken off who is on it.

use listbridge::runs::store::removals::Removals;
use listbridge::runs::{RunState, store};
use listbridge::sandbox::{Endpoint, Fault, FaultKind, ImposedOutcome, When};
use uuid::Uuid;

use crate::mirror::{fault, mirroring, removals_of, replace_profiles, run, set_up};
use crate::postgres::Postgres;
use crate::support::{Stage, author, ending, people, until};

/// Everybody comes back to the segments after a run that took off some of 600: all of them are sent again.
async fn everybody_is_sent_again(stage: &Stage) {
    stage.sandbox.lift_faults();
    replace_profiles(stage, &people(700)).await;
    let (back, account) = run(stage).await;
    assert_eq!(ending(&back), "delivered", "{back:?}");
    assert_eq!((account.delivered, account.unchanged), (600, 100));
    assert_eq!(stage.sandbox.member_count(stage.list), 700);
    let (next, _) = run(stage).await;
    assert_eq!(ending(&next), "nothing_changed");
}

async fn a_refused_removal(stage: &Stage) -> Removals {
    replace_profiles(stage, &people(100)).await;
    fault(stage, When::Nth(2), FaultKind::Status(403));
    let (refused, _) = run(stage).await;
    assert_eq!(ending(&refused), "not_allowed", "{refused:?}");
    assert_eq!(stage.sandbox.member_count(stage.list), 200);
    removals_of(stage, refused.id).await
}

#[tokio::test]
async fn whoever_was_taken_off_before_a_refusal_is_sent_again_when_they_come_back() {
    let stage = mirroring(&people(700), None).await;
    let removals = a_refused_removal(&stage).await;
    assert_eq!((removals.removed, removals.failed), (500, 100));
    everybody_is_sent_again(&stage).await;
}

#[tokio::test]
async fn the_same_on_postgresql() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let url = postgres.create_database("removals").await;
    let mut stage = Stage::on_database(url, &people(700)).await;
    set_up(&mut stage, None).await;
    a_refused_removal(&stage).await;
    everybody_is_sent_again(&stage).await;
}

async fn cancel_after_two_requests(stage: &Stage) -> Uuid {
    replace_profiles(stage, &people(100)).await;
    let id = stage.request().await;
    let engine = stage.engine().start();
    until("two removals", async || {
        stage.sandbox.requests(Endpoint::RemoveMemberships) >= 2
    })
    .await;
    let by = author(&stage.services);
    store::cancel(&stage.services.db, id, by).await.unwrap();
    stage.until(id, |run, _| run.state.is_finished()).await;
    engine.stop().await;
    assert_eq!(stage.read(id).await.0.state, RunState::Canceled);
    id
}

#[tokio::test]
async fn or_before_somebody_canceled_while_the_next_removal_was_worked_on() {
    let stage = mirroring(&people(700), None).await;
    fault(
        &stage,
        When::Nth(2),
        FaultKind::ActivityOutcome(ImposedOutcome::Stuck),
    );
    let id = cancel_after_two_requests(&stage).await;
    assert_eq!(removals_of(&stage, id).await.removed, 500);
    everybody_is_sent_again(&stage).await;
}

/// The request took effect, and nobody here knows.
#[tokio::test]
async fn or_while_it_was_not_known_whether_the_next_removal_had_arrived() {
    let stage = mirroring(&people(700), None).await;
    fault(&stage, When::From(2), FaultKind::StatusAfterAccepted(503));
    cancel_after_two_requests(&stage).await;
    assert_eq!(stage.sandbox.member_count(stage.list), 100);
    everybody_is_sent_again(&stage).await;
}

#[tokio::test]
async fn whoever_may_have_been_taken_off_is_taken_off_when_they_do_not_come_back() {
    let stage = mirroring(&people(700), None).await;
    a_refused_removal(&stage).await;
    stage.sandbox.lift_faults();
    let (next, _) = run(&stage).await;
    assert_eq!(ending(&next), "nothing_changed", "{next:?}");
    assert_eq!(removals_of(&stage, next.id).await.removed, 100);
    assert_eq!(stage.sandbox.member_count(stage.list), 100);
}

#[tokio::test]
async fn an_activity_that_completes_with_errors_has_taken_off_nobody() {
    let stage = mirroring(&people(30), None).await;
    replace_profiles(&stage, &people(9)).await;
    fault(
        &stage,
        When::First(1),
        FaultKind::ActivityOutcome(ImposedOutcome::Idle),
    );
    let (failed, _) = run(&stage).await;
    assert_eq!(ending(&failed), "removals_failed", "{failed:?}");
    let removals = removals_of(&stage, failed.id).await;
    assert_eq!((removals.removed, removals.failed), (0, 21));
    assert_eq!(removals.vendor_words.as_deref(), Some("Nothing was done."));
    let (next, _) = run(&stage).await;
    assert_eq!(removals_of(&stage, next.id).await.removed, 21, "{next:?}");
    assert_eq!(stage.sandbox.member_count(stage.list), 9);
}

#[tokio::test]
async fn a_results_file_without_ids_takes_off_nobody_and_is_no_success() {
    let stage = mirroring(&people(30), None).await;
    replace_profiles(&stage, &people(9)).await;
    stage.sandbox.set_fault(Fault {
        endpoint: Endpoint::ExportContacts,
        when: When::Always,
        kind: FaultKind::FileWithoutIds,
    });
    let (failed, _) = run(&stage).await;
    assert_eq!(ending(&failed), "removals_failed", "{failed:?}");
    let words = failed.outcome.unwrap().vendor_words.unwrap();
    assert!(words.contains("no contact_id"), "{words}");
    assert_eq!(stage.sandbox.member_count(stage.list), 30);
    stage.sandbox.lift_faults();
    let (next, _) = run(&stage).await;
    assert_eq!(removals_of(&stage, next.id).await.removed, 21, "{next:?}");
}
