//! Exports that send what is new or changed alone.

mod memory;

use std::time::Duration;

use listbridge::exclusions::{self, Entry, Keys, Origin};
use listbridge::exports::{Brake, Mode};
use listbridge::runs::store::{Resumed, resume};
use listbridge::runs::{Account, Obstacle, Part, Run, RunState, WaitingFor};
use listbridge::sandbox::{Endpoint, Fault, FaultKind, ImposedOutcome, When};
use listbridge::storage::entities::delivery_entries;
use sea_orm::EntityTrait;
use serde_json::Value;

use crate::mirror::show;
use crate::pages::browse;
use crate::postgres::Postgres;
use crate::support::{Stage, author, ending, import, people, source_author, wide_people};

/// A stage whose export sends changes only and has not run.
async fn changes_only(csv: &str) -> Stage {
    let mut stage = Stage::new(csv).await;
    set_mode(&mut stage, Mode::ChangesOnly).await;
    stage
}

async fn set_mode(stage: &mut Stage, mode: Mode) {
    stage
        .save_export(|definition| definition.delivery.mode = mode)
        .await;
}

async fn replace_profiles(stage: &Stage, csv: &str) {
    let file = stage.dir.path().join("people.csv");
    std::fs::write(&file, csv).unwrap();
    import(&stage.services, &file, "People").await;
}

/// Works on a run until it has ended; how many files it sent.
async fn run(stage: &Stage) -> (Run, Vec<Part>, Account, u64) {
    let before = stage.sandbox.requests(Endpoint::ImportFile);
    let (run, parts) = stage.run().await;
    let account = Stage::account(&run, &parts);
    let uploads = stage.sandbox.requests(Endpoint::ImportFile) - before;
    (run, parts, account, uploads)
}

/// Every row of a name changes it.
fn renamed(csv: &str, rows: impl Iterator<Item = usize>) -> String {
    let mut csv = csv.to_owned();
    for row in rows {
        let (before, after) = (format!(",Ann{row},"), format!(",Bea{row},"));
        assert!(csv.contains(&before));
        csv = csv.replace(&before, &after);
    }
    csv
}

fn name_of(stage: &Stage, row: usize) -> String {
    let contact = stage.sandbox.contact(&format!("ann{row}@example.com"));
    let mut values = contact.unwrap().values.into_iter();
    values.find(|(name, _)| name == "first_name").unwrap().1
}

async fn changes_cost_one_upload(mut stage: Stage) {
    set_mode(&mut stage, Mode::ChangesOnly).await;
    let csv = people(1_000);
    let (first, _, account, uploads) = run(&stage).await;
    assert_eq!(ending(&first), "delivered");
    assert_eq!(
        (account.delivered, account.unchanged, uploads),
        (1_000, 0, 1)
    );

    // The same profiles, then the same again in another order, which only their values can tell.
    for _ in 0..2 {
        nothing_changes(&stage).await;
        replace_profiles(&stage, &backwards(&csv)).await;
    }

    let changed = renamed(&csv, 100..110);
    replace_profiles(&stage, &format!("{changed}N1,New,new@example.com\n")).await;
    let (third, parts, account, uploads) = run(&stage).await;
    assert_eq!(ending(&third), "delivered");
    assert_eq!((account.delivered, account.unchanged), (11, 990));
    assert_eq!((parts.len(), uploads), (1, 1));
    assert_eq!(name_of(&stage, 100), "Bea100");
    assert_eq!(stage.sandbox.member_count(stage.list), 1_001);

    // Back to what was delivered first is a change as well.
    replace_profiles(&stage, &csv).await;
    let (_, _, account, _) = run(&stage).await;
    assert_eq!((account.delivered, account.unchanged), (10, 990));
    assert_eq!(name_of(&stage, 100), "Ann100");
}

async fn nothing_changes(stage: &Stage) {
    let (same, parts, account, uploads) = run(stage).await;
    assert_eq!(ending(&same), "nothing_changed");
    assert_eq!(same.state, RunState::Successful);
    assert_eq!((account.read, account.unchanged), (1_000, 1_000));
    assert!(uploads == 0 && parts.is_empty(), "nothing is sent");
}

fn backwards(csv: &str) -> String {
    let (heading, rows) = csv.split_once('\n').unwrap();
    let rows: Vec<&str> = rows.lines().rev().collect();
    format!("{heading}\n{}\n", rows.join("\n"))
}

#[tokio::test]
async fn the_same_file_loaded_again_is_not_even_read() {
    let csv = people(1_000);
    let stage = changes_only(&csv).await;
    run(&stage).await;
    replace_profiles(&stage, &csv).await;
    for id in stage.stored_snapshots().await {
        let snapshots = stage.services.loads.snapshots().clone();
        let deleted = tokio::task::spawn_blocking(move || snapshots.delete(id)).await;
        deleted.unwrap().unwrap();
    }
    nothing_changes(&stage).await;
}

#[tokio::test]
async fn one_percent_of_changes_costs_one_upload_and_none_costs_nothing() {
    changes_cost_one_upload(Stage::new(&people(1_000)).await).await;
}

#[tokio::test]
async fn the_same_on_postgresql() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let url = postgres.create_database("modes").await;
    changes_cost_one_upload(Stage::on_database(url, &people(1_000)).await).await;
}

#[tokio::test]
async fn duplicates_and_rejected_rows_are_told_from_unchanged_ones() {
    let mut csv = people(20);
    csv.push_str("D1,Ann3,ANN3@example.com\nB1,Bad,bad@nowhere\n");
    let stage = changes_only(&csv).await;
    for (delivered, unchanged) in [(20, 0), (0, 20)] {
        let (_, _, account, _) = run(&stage).await;
        assert_eq!(
            (account.delivered, account.unchanged),
            (delivered, unchanged)
        );
        assert_eq!((account.read, account.duplicates), (22, 1));
        assert_eq!(account.rejected.total(), 1);
        replace_profiles(&stage, &csv).await;
    }
}

/// Three parts of changed rows; whoever is not changed lies between them.
async fn three_parts_of_changes() -> Stage {
    let stage = changes_only(&wide_people(30_000)).await;
    let (run, ..) = run(&stage).await;
    assert_eq!(ending(&run), "delivered");
    let csv: String = wide_people(30_000)
        .lines()
        .enumerate()
        .map(|(line, text)| match line % 3 {
            1 | 2 => format!("{}\n", text.replacen(",Ann,", ",Bea,", 1)),
            _ => format!("{text}\n"),
        })
        .collect();
    replace_profiles(&stage, &csv).await;
    stage
}

#[tokio::test]
async fn a_plan_of_changes_is_made_again_byte_for_byte() {
    let stage = three_parts_of_changes().await;
    let before = stage.files().len();
    for part in 1..=2 {
        let id = stage.request().await;
        stage.sandbox.forget_requests();
        stage.sandbox.set_fault(Fault {
            endpoint: Endpoint::ImportFile,
            when: When::Nth(part),
            kind: FaultKind::Slow(Duration::from_secs(30)),
        });
        let engine = stage.engine().start();
        let number = usize::try_from(part).unwrap();
        stage.until(id, |_, parts| parts.len() == number).await;
        engine.kill();
        stage.sandbox.lift_faults();
        let recorded = stage.read(id).await.1;
        stage.outlive_lease();
        let (run, parts) = stage.finish(id).await;
        assert_eq!(ending(&run), "delivered", "{parts:?}");
        for (recorded, part) in recorded.iter().zip(&parts) {
            assert_eq!(recorded.sha256, part.sha256);
        }
        let account = Stage::account(&run, &parts);
        assert_eq!(account.read, 30_000);
        if part == 1 {
            assert_eq!((account.delivered, account.unchanged), (20_000, 10_000));
            assert_eq!(stage.files().len(), before + 3, "nothing was sent twice");
            replace_profiles(&stage, &wide_people(30_000)).await;
        }
    }
    assert_eq!(stage.sandbox.member_count(stage.list), 30_000);
}

#[tokio::test]
async fn only_parts_whose_activity_completed_count_and_the_rest_can_be_resumed() {
    let stage = three_parts_of_changes().await;
    stage.sandbox.forget_requests();
    stage.sandbox.set_fault(Fault {
        endpoint: Endpoint::ImportFile,
        when: When::Nth(2),
        kind: FaultKind::ActivityOutcome(ImposedOutcome::Failed),
    });
    let (failed, parts, ..) = run(&stage).await;
    assert_eq!(ending(&failed), "activity_failed");
    let lost = parts[1].rows;
    stage.sandbox.lift_faults();
    let by = author(&stage.services);
    let resumed = resume(&stage.services.db, failed.id, by).await.unwrap();
    assert_eq!(resumed, Resumed::Now);
    let (resumed, parts) = stage.finish(failed.id).await;
    assert_eq!(ending(&resumed), "delivered", "{parts:?}");
    assert_eq!(
        stage.sandbox.requests(Endpoint::ImportFile),
        parts.len() as u64 + 1
    );
    let (after, ..) = run(&stage).await;
    assert_eq!(ending(&after), "nothing_changed");

    // Not resumed: the next run sends what is missing, and the failed one has been overtaken.
    replace_profiles(&stage, &wide_people(30_000)).await;
    stage.sandbox.forget_requests();
    stage.sandbox.set_fault(Fault {
        endpoint: Endpoint::ImportFile,
        when: When::Nth(2),
        kind: FaultKind::ActivityOutcome(ImposedOutcome::Failed),
    });
    let (failed, ..) = run(&stage).await;
    assert_eq!(ending(&failed), "activity_failed");
    stage.sandbox.lift_faults();
    let (next, _, account, _) = run(&stage).await;
    assert_eq!(ending(&next), "delivered");
    assert_eq!(account.delivered, lost, "only what did not arrive");
    let resumed = resume(&stage.services.db, failed.id, by).await.unwrap();
    assert_eq!(resumed, Resumed::Refused(Obstacle::RunAgainSince));
}

/// Rows that did not arrive must not count as unchanged when they go back to what was delivered before.
#[tokio::test]
async fn what_may_have_arrived_does_not_count_as_it_was_before() {
    let csv = people(10);
    let stage = changes_only(&csv).await;
    run(&stage).await;
    replace_profiles(&stage, &renamed(&csv, 0..4)).await;
    stage.sandbox.set_fault(Fault {
        endpoint: Endpoint::ImportFile,
        when: When::Always,
        kind: FaultKind::ActivityOutcome(ImposedOutcome::TimedOut),
    });
    let (failed, ..) = run(&stage).await;
    assert_eq!(ending(&failed), "activity_failed");
    stage.sandbox.lift_faults();
    replace_profiles(&stage, &csv).await;
    let (_, _, account, _) = run(&stage).await;
    assert_eq!((account.delivered, account.unchanged), (4, 6));
}

#[tokio::test]
async fn another_list_mapping_or_mode_sends_everybody_once() {
    let mut stage = changes_only(&people(50)).await;
    run(&stage).await;
    let other = stage.sandbox.create_list("Other");
    stage
        .save_export(|definition| definition.list_id = other.into())
        .await;
    let (_, _, account, _) = run(&stage).await;
    assert_eq!(
        (account.delivered, account.unchanged),
        (50, 0),
        "another list"
    );
    assert_eq!(stage.sandbox.member_count(other), 50);
    stage
        .save_export(|definition| definition.attributes.clear())
        .await;
    let (_, _, account, _) = run(&stage).await;
    assert_eq!(
        (account.delivered, account.unchanged),
        (50, 0),
        "other columns"
    );
    let (_, _, account, _) = run(&stage).await;
    assert_eq!(account.unchanged, 50);
    stage
        .save_export(|definition| definition.name = "Another name".into())
        .await;
    let (_, _, account, _) = run(&stage).await;
    assert_eq!(account.unchanged, 50, "a name decides nothing");

    set_mode(&mut stage, Mode::Full).await;
    let (_, _, account, _) = run(&stage).await;
    assert_eq!((account.delivered, account.unchanged), (50, 0));
    let db = &**stage.services.db;
    assert!(
        delivery_entries::Entity::find()
            .all(db)
            .await
            .unwrap()
            .is_empty()
    );
    set_mode(&mut stage, Mode::ChangesOnly).await;
    let (_, _, account, _) = run(&stage).await;
    assert_eq!((account.delivered, account.unchanged), (50, 0));
}

#[tokio::test]
async fn excluded_people_are_left_out_and_sent_again_when_they_are_not() {
    let csv = people(10);
    let stage = changes_only(&csv).await;
    run(&stage).await;
    let db = &**stage.services.db;
    let keys = Keys::new(&stage.services.key);
    let ann = [Entry::parse("ann3@example.com").unwrap()];
    let by = source_author(&stage.services);
    exclusions::store::add(db, &keys, &ann, Origin::Typed, None, &by)
        .await
        .unwrap();
    let (left_out, _, account, uploads) = run(&stage).await;
    assert_eq!(ending(&left_out), "nothing_changed");
    assert_eq!(
        (account.unchanged, account.rejected.total(), uploads),
        (9, 1, 0)
    );
}

#[tokio::test]
async fn the_brake_compares_who_is_on_the_list_afterwards() {
    let csv = people(100);
    let mut stage = changes_only(&csv).await;
    run(&stage).await;
    stage
        .save_export(|definition| definition.brake = Brake::default())
        .await;
    // One row of a hundred is sent: nothing to ask about.
    replace_profiles(&stage, &renamed(&csv, 5..6)).await;
    let (one, _, account, _) = run(&stage).await;
    assert_eq!((ending(&one).as_str(), account.delivered), ("delivered", 1));
    replace_profiles(&stage, &csv).await;
    let (back, ..) = run(&stage).await;
    assert_eq!(ending(&back), "delivered");
    // Most people have gone.
    replace_profiles(&stage, &people(30)).await;
    let id = stage.request().await;
    stage.engine().tick().await.unwrap();
    let waiting = stage.read(id).await.0.waiting.map(|waiting| waiting.reason);
    assert_eq!(waiting, Some(WaitingFor::Approval));
}

#[tokio::test]
async fn the_mode_is_chosen_in_the_form_and_pages_and_the_command_line_say_what_was_left_out() {
    let stage = Stage::new(&people(25)).await;
    let browser = browse(&stage).await;
    let path = format!("/exports/{}", stage.export.id);
    let page = browser.get(&path).await;
    assert!(page.says("Changes only"), "{}", page.body);
    let definition = &stage.export.definition;
    let connection = definition.connection_id.unwrap().to_string();
    let (list, source) = (stage.list.to_string(), stage.source.to_string());
    let segment = definition.segment_ids[0].to_string();
    let version = stage.export.version.to_string();
    let fields = [
        ("connection", connection.as_str()),
        ("name", "Newsletter"),
        ("list", &list),
        ("source", &source),
        ("email_field", "EMail"),
        ("attribute.first_name", "FirstName"),
        ("segment", &segment),
        ("mode", "changes_only"),
        ("version", &version),
        ("action", "save"),
    ];
    let answer = browser.submit(&path, &path, &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let db = &**stage.services.db;
    let saved = listbridge::exports::store::get(db, stage.export.id)
        .await
        .unwrap();
    assert_eq!(saved.definition.delivery.mode, Mode::ChangesOnly);
    let copy = browser
        .get(&format!("/exports/new?duplicate={}", stage.export.id))
        .await;
    assert!(
        copy.body.contains(r#"value="changes_only" checked"#),
        "a duplicate delivers the same way: {}",
        copy.body
    );
    let stage = Stage {
        export: saved,
        ..stage
    };
    run(&stage).await;
    let (second, ..) = run(&stage).await;
    let page = browser.get(&format!("/runs/{}", second.id)).await;
    assert!(page.says("Unchanged"), "{}", page.body);
    assert!(page.says("Nothing to send"));
    let history = browser.get(&format!("{path}/runs")).await;
    assert!(history.says("Unchanged"));
    let shown = show(&stage, second.id, &["--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(
        (&shown["unchanged"], &shown["sent"]),
        (&25.into(), &0.into())
    );
}
