//! Two exports that mirror different people to one list.

use std::time::Duration;

use listbridge::exclusions::{self, Entry, Keys, Origin};
use listbridge::exports::{self, Export, ExportDefinition};
use listbridge::runs::{Account, Rejection, Run, Trigger, store};
use uuid::Uuid;

use crate::mirror::{mirroring, removals_of, replace_profiles, run, set_up};
use crate::postgres::Postgres;
use crate::support::{Stage, author, ending, everyone, import, people, segment, source_author};

/// Another export to the same list that sends everybody of another source, and has delivered them.
async fn another_export(stage: &Stage, csv: &str) -> Export {
    let source_id = replace_others(stage, csv).await;
    let segment = segment(&stage.services, source_id, "Others", everyone()).await;
    let definition = ExportDefinition {
        name: "Others".to_owned(),
        source_id,
        segment_ids: vec![segment],
        ..stage.export.definition.clone()
    };
    let db = &**stage.services.db;
    let other = exports::store::create(db, definition, author(&stage.services))
        .await
        .unwrap();
    let (first, _) = run_other(stage, &other).await;
    assert_eq!(ending(&first), "delivered");
    later(stage);
    other
}

async fn replace_others(stage: &Stage, csv: &str) -> Uuid {
    let file = stage.dir.path().join("others.csv");
    std::fs::write(&file, csv).unwrap();
    import(&stage.services, &file, "Others").await
}

async fn run_other(stage: &Stage, other: &Export) -> (Run, Account) {
    let by = author(&stage.services);
    let requested = store::request(&stage.services.db, other, Trigger::Person, by).await;
    let (run, parts) = stage.finish(requested.unwrap().run_id).await;
    let account = Stage::account(&run, &parts);
    (run, account)
}

/// Everybody delivered so far must show.
fn later(stage: &Stage) {
    stage.time.forward(Duration::from_secs(3_601));
}

async fn nobody_is_lost(stage: Stage) {
    let other = another_export(&stage, &people(30)).await;
    replace_profiles(&stage, &people(10)).await;
    let (first, _) = run(&stage).await;
    assert_eq!(removals_of(&stage, first.id).await.people, 0, "{first:?}");
    assert_eq!(stage.sandbox.member_count(stage.list), 30);

    replace_others(&stage, &people(30).replace(",Ann", ",Bea")).await;
    let (_, account) = run_other(&stage, &other).await;
    assert_eq!((account.delivered, account.rejected.total()), (30, 0));

    // The first has given them up, so the last that sends them takes them off.
    replace_others(&stage, &people(5)).await;
    let (last, _) = run_other(&stage, &other).await;
    assert_eq!(removals_of(&stage, last.id).await.removed, 20, "{last:?}");
    assert_eq!(stage.sandbox.member_count(stage.list), 10);

    replace_profiles(&stage, &people(12)).await;
    let (_, account) = run(&stage).await;
    assert_eq!((account.delivered, account.unchanged), (2, 10));
    assert_eq!(stage.sandbox.member_count(stage.list), 12);
}

#[tokio::test]
async fn whom_another_export_has_delivered_is_left_to_it() {
    nobody_is_lost(mirroring(&people(30), None).await).await;
}

#[tokio::test]
async fn the_same_on_postgresql() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let url = postgres.create_database("same_list").await;
    let mut stage = Stage::on_database(url, &people(30)).await;
    set_up(&mut stage, None).await;
    nobody_is_lost(stage).await;
}

#[tokio::test]
async fn whom_another_export_took_off_has_not_left_by_themselves() {
    let mut stage = mirroring(&people(10), None).await;
    let other = another_export(&stage, &people(30)).await;
    stage
        .save_export(|definition| definition.delivery.removes_others = true)
        .await;
    let (first, _) = run(&stage).await;
    assert_eq!(removals_of(&stage, first.id).await.removed, 20, "{first:?}");
    assert_eq!(stage.sandbox.member_count(stage.list), 10);
    later(&stage);
    let (again, account) = run_other(&stage, &other).await;
    assert_eq!(ending(&again), "delivered", "{again:?}");
    assert_eq!(account.rejected.of(Rejection::LeftList), 0);
    assert_eq!((account.delivered, account.unchanged), (20, 10));
    assert_eq!(stage.sandbox.member_count(stage.list), 30);
}

#[tokio::test]
async fn the_exclusion_list_counts_for_everybody_whoever_delivered_them() {
    let stage = mirroring(&people(30), None).await;
    another_export(&stage, &people(30)).await;
    let keys = Keys::new(&stage.services.key);
    let ann = [Entry::parse("ann3@example.com").unwrap()];
    let by = source_author(&stage.services);
    exclusions::store::add(&**stage.services.db, &keys, &ann, Origin::Typed, None, &by)
        .await
        .unwrap();
    let (first, _) = run(&stage).await;
    assert_eq!(removals_of(&stage, first.id).await.removed, 1, "{first:?}");
    assert_eq!(stage.sandbox.member_count(stage.list), 29);
}
