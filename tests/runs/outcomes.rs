//! What a run does when nothing interrupts it, and how it ends when something it needs is not there.

use listbridge::exports::Mode;
use listbridge::runs::{Ending, Rejection, RunState, Tick, store};
use listbridge::segments::{Comparison, Condition, Rule, TextValue};

use crate::support::{
    Dirt, Stage, author, dirty_people, ending, import, people, segment, wide_people,
};

#[tokio::test]
async fn everybody_arrives_once() {
    let stage = Stage::new(&people(100)).await;
    let (run, parts) = stage.run().await;
    assert_eq!(ending(&run), "delivered", "{run:?}");
    assert_eq!(run.state, RunState::Successful);
    stage.assert_delivered(&parts, 100);
    let account = Stage::account(&run, &parts);
    assert_eq!((account.read, account.delivered), (100, 100));
    assert_eq!(
        (account.rows_received, account.persons),
        (Some(100), Some(100))
    );
    assert_eq!(account.difference(), Some(0));
    assert!(run.requests >= 2, "{}", run.requests);
    let contact = stage.sandbox.contact("ann7@example.com").unwrap();
    assert_eq!(
        contact.values.get("first_name").map(String::as_str),
        Some("Ann7")
    );
}

#[tokio::test]
async fn wide_rows_are_cut_by_bytes() {
    let stage = Stage::new(&wide_people(20_000)).await;
    let (run, parts) = stage.run().await;
    assert_eq!(ending(&run), "delivered");
    assert!(parts.len() >= 3, "{}", parts.len());
    assert!(parts.iter().all(|part| part.bytes < 4_000_000));
    stage.assert_delivered(&parts, 20_000);
}

#[tokio::test]
async fn the_counters_are_those_of_the_file() {
    let (csv, expected) = dirty_people(60_000);
    let stage = Stage::new(&csv).await;
    let (run, parts) = stage.run().await;
    assert_eq!(ending(&run), "delivered");
    let totals = run.totals;
    let counted = Dirt {
        rows: totals.read,
        valid_unique: totals.sent,
        duplicates: totals.duplicates,
        no_email: totals.rejected.of(Rejection::EmailMissing),
        bad_email: totals.rejected.of(Rejection::EmailMalformed),
        long_first: totals.adjusted,
    };
    assert_eq!(counted, expected);
    assert_eq!(parts.len(), 2);
    let members = usize::try_from(expected.valid_unique).unwrap();
    stage.assert_delivered(&parts, members);
}

#[tokio::test]
async fn a_double_click_makes_one_run() {
    let stage = Stage::new(&people(3)).await;
    let asked = (0..8).map(|_| stage.request());
    let ids = futures_util::future::join_all(asked).await;
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let engine = stage.engine();
    assert!(matches!(
        engine.tick().await.unwrap(),
        Tick::Ended(_, Ending::Delivered)
    ));
    assert_eq!(engine.tick().await.unwrap(), Tick::Idle);
    assert_ne!(stage.request().await, ids[0], "the next one is another run");
}

#[tokio::test]
async fn people_who_unsubscribed_and_addresses_the_vendor_dislikes_are_counted_apart() {
    let stage =
        Stage::new("FirstName,EMail\nA,a@example.com\nB,b@example.com\nC,zoë@example.com\n").await;
    stage.sandbox.add_member(stage.list, "b@example.com");
    stage.sandbox.unsubscribe("b@example.com");
    let (run, parts) = stage.run().await;
    assert_eq!(ending(&run), "delivered_with_differences");
    assert_eq!(run.state, RunState::Successful);
    let account = Stage::account(&run, &parts);
    assert_eq!((account.unsubscribed, account.correctable), (1, 1));
}

#[tokio::test]
async fn when_nobody_was_taken_that_is_no_success_and_everybody_is_sent_again() {
    let csv = "FirstName,EMail\nA,zoë@example.com\nB,chloë@example.com\n";
    let mut stage = Stage::new(csv).await;
    stage
        .save_export(|definition| definition.delivery.mode = Mode::ChangesOnly)
        .await;
    for _ in 0..2 {
        let (run, parts) = stage.run().await;
        assert_eq!(ending(&run), "nobody_taken", "{run:?}");
        assert_eq!(run.state, RunState::Failure);
        let account = Stage::account(&run, &parts);
        assert_eq!((account.delivered, account.correctable), (2, 2));
        assert!(run.outcome.unwrap().vendor_words.is_some());
    }
}

#[tokio::test]
async fn nothing_is_sent_without_members() {
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
    let (run, parts) = stage.run().await;
    assert_eq!(
        (ending(&run).as_str(), run.state),
        ("no_members", RunState::Skipped)
    );
    assert!(parts.is_empty());
}

#[tokio::test]
async fn what_an_export_needs_and_does_not_find_is_named() {
    let mut stage = Stage::new(&people(3)).await;
    let broken = Rule::Condition(Condition {
        field: "Gone".into(),
        comparison: Comparison::IsEmpty,
    });
    let broken = segment(&stage.services, stage.source, "Broken", broken).await;
    let whole = stage.export.definition.segment_ids.clone();

    stage
        .save_export(|definition| definition.segment_ids = vec![broken])
        .await;
    let (run, _) = stage.run().await;
    assert_eq!(ending(&run), "segment_broken");
    assert_eq!(run.outcome.unwrap().names[0], "Broken");

    stage
        .save_export(|definition| definition.segment_ids = vec![uuid::Uuid::now_v7()])
        .await;
    assert_eq!(ending(&stage.run().await.0), "segment_missing");

    stage
        .save_export(|definition| {
            definition.segment_ids = whole;
            definition.email_field = "Mail".into();
        })
        .await;
    let (run, _) = stage.run().await;
    assert_eq!(
        (ending(&run).as_str(), run.state),
        ("fields_missing", RunState::FailedPermanent)
    );
    assert_eq!(run.outcome.unwrap().names, ["Mail"]);

    stage
        .save_export(|definition| {
            definition.email_field = "EMail".into();
            definition.attributes[0].target = "cf:no_such_field".parse().unwrap();
        })
        .await;
    let (run, _) = stage.run().await;
    assert_eq!(ending(&run), "custom_fields_missing");

    stage
        .save_export(|definition| definition.connection_id = None)
        .await;
    assert_eq!(ending(&stage.run().await.0), "no_connection");
    assert!(stage.files().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn a_list_that_is_gone_is_said_before_anything_is_sent() {
    let stage = Stage::new(&people(3)).await;
    stage.sandbox.delete_list(stage.list);
    let (run, parts) = stage.run().await;
    assert_eq!(
        (ending(&run).as_str(), run.state),
        ("list_not_found", RunState::FailedPermanent)
    );
    assert!(parts.is_empty());
}

#[tokio::test]
async fn every_profile_rejected_is_no_success() {
    let stage = Stage::new("FirstName,EMail\nA,\nB,nowhere\n").await;
    let (run, parts) = stage.run().await;
    assert_eq!(
        (ending(&run).as_str(), run.state),
        ("all_rejected", RunState::Failure)
    );
    assert_eq!(Stage::account(&run, &parts).rejected.total(), 2);
}

#[tokio::test]
async fn the_snapshot_of_a_run_stays_while_it_is_needed() {
    let stage = Stage::new(&people(5)).await;
    let (run, _) = stage.run().await;
    let held = run.inputs.unwrap().snapshot_id;
    let file = stage.dir.path().join("newer.csv");
    std::fs::write(&file, people(7)).unwrap();
    assert_eq!(import(&stage.services, &file, "People").await, stage.source);
    let left = stage.stored_snapshots().await;
    assert!(
        left.iter().any(|snapshot| snapshot.0 == held),
        "held on for its rows; tests/runs/rows.rs looks at how long"
    );
    let (run, parts) = stage.run().await;
    assert_eq!(run.totals.read, 7);
    assert_eq!(Stage::account(&run, &parts).delivered, 7);
}

#[tokio::test]
async fn history_and_last_runs_are_told() {
    let stage = Stage::new(&people(2)).await;
    let db = &**stage.services.db;
    assert!(
        store::last_runs(db, &[stage.export.id])
            .await
            .unwrap()
            .is_empty()
    );
    let (first, _) = stage.run().await;
    let (second, _) = stage.run().await;
    let last = store::last_runs(db, &[stage.export.id]).await.unwrap()[&stage.export.id];
    assert_eq!((last.id, last.state), (second.id, RunState::Successful));
    let page = store::history(db, stage.export.id, 0).await.unwrap();
    let ids: Vec<_> = page.runs.iter().map(|run| run.id).collect();
    assert_eq!((page.total, ids), (2, vec![second.id, first.id]));
    let queued = stage.request().await;
    assert!(store::has_active_run(db, stage.export.id).await.unwrap());
    store::cancel(&stage.services.db, queued, author(&stage.services))
        .await
        .unwrap();
    assert!(!store::has_active_run(db, stage.export.id).await.unwrap());
    assert_eq!(ending(&stage.read(queued).await.0), "canceled");
}
