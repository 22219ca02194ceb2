//! Rows that were rejected or cut, as files for people; and how long they can be had.

use std::time::Duration;

use listbridge::storage::audit;
use uuid::Uuid;

use crate::pages::browse;
use crate::support::{Stage, dirty_people, import, people, until};

/// Cells of a downloaded file, the heading first.
fn cells(body: &str) -> Vec<Vec<String>> {
    let body = body.strip_prefix('\u{feff}').expect("a byte order mark");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(body.as_bytes());
    let rows = reader.records().map(Result::unwrap);
    rows.map(|row| row.iter().map(str::to_owned).collect())
        .collect()
}

async fn snapshot_is_there(stage: &Stage, run: Uuid) -> bool {
    let snapshot = stage.read(run).await.0.inputs.unwrap().snapshot_id;
    let left = stage.stored_snapshots().await;
    left.iter().any(|left| left.0 == snapshot)
}

async fn replace_profiles(stage: &Stage, rows: usize) {
    let file = stage.dir.path().join("newer.csv");
    std::fs::write(&file, people(rows)).unwrap();
    import(&stage.services, &file, "People").await;
}

#[tokio::test]
async fn every_rejected_and_cut_row_is_in_a_file_that_spreadsheets_may_open() {
    let (csv, dirt) = dirty_people(20_000);
    let stage = Stage::new(&csv).await;
    let (run, _) = stage.run().await;
    replace_profiles(&stage, 3).await;
    let browser = browse(&stage).await;
    let page = browser.get(&format!("/runs/{}", run.id)).await;
    assert!(page.says("Download rejected rows"), "{}", page.body);

    let file = browser.get(&format!("/runs/{}/rejected.csv", run.id)).await;
    assert_eq!(file.status, 200, "{}", file.body);
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(file.headers["cache-control"], "no-store");
    assert!(file.headers["content-disposition"].starts_with("attachment; filename="));
    let rejected = cells(&file.body);
    assert_eq!(
        rejected[0],
        ["Row", "Email address", "Profile field", "Value", "Reason"]
    );
    assert_eq!(rejected.len() as u64 - 1, dirt.no_email + dirt.bad_email);
    let lines: Vec<&str> = csv.lines().collect();
    assert!(lines.len() > 20_000);
    assert!(
        rejected[1..]
            .iter()
            .all(|row| row[2] == "EMail" && row[4].starts_with("Rejected: "))
    );
    // `@example.com` would be a formula.
    let defused = rejected
        .iter()
        .filter(|row| row[3] == "'@example.com")
        .count();
    assert!(defused > 0 && !rejected.iter().any(|row| row[3].starts_with('@')));

    let chinese = browser.speaking("zh-HK");
    let file = chinese.get(&format!("/runs/{}/adjusted.csv", run.id)).await;
    let adjusted = cells(&file.body);
    assert_eq!(adjusted.len() as u64 - 1, dirt.long_first);
    assert_eq!(adjusted[0].len(), 6);
    for row in &adjusted[1..] {
        assert_eq!((row[3].chars().count(), row[4].chars().count()), (80, 50));
        assert_eq!(row[5], "已截短：Constant Contact 最多接受 50 個字元");
    }
    let events = audit::list(
        &**stage.services.db,
        &Default::default(),
        Default::default(),
        None,
        10,
    )
    .await
    .unwrap();
    let downloads = events
        .iter()
        .filter(|event| event.action == "run.rows-downloaded");
    assert_eq!(downloads.count(), 2);
}

#[tokio::test]
async fn rows_are_kept_for_a_set_time_then_swept() {
    let stage = Stage::new("FirstName,EMail\nAnn,ann@example.com\nBob,nobody\n").await;
    let (run, _) = stage.run().await;
    replace_profiles(&stage, 3).await;
    assert!(snapshot_is_there(&stage, run.id).await, "held for its rows");
    let sweeper = &stage.services.sweeper;
    assert!(sweeper.sweep_if_due().await.unwrap());
    assert!(
        !sweeper.sweep_if_due().await.unwrap(),
        "one process at a time, once an hour"
    );
    assert!(snapshot_is_there(&stage, run.id).await);

    stage.time.forward(Duration::from_secs(30 * 86_400 + 60));
    let browser = browse(&stage).await;
    let path = format!("/runs/{}/rejected.csv", run.id);
    assert_eq!(
        browser.get(&path).await.status,
        404,
        "even before it is swept"
    );
    until("the sweep", async || {
        // The browser's process sweeps as well.
        sweeper.sweep_if_due().await.unwrap();
        !snapshot_is_there(&stage, run.id).await
    })
    .await;
    let page = browser.get(&format!("/runs/{}", run.id)).await;
    assert!(page.says("not kept any more"), "{}", page.body);
}

#[tokio::test]
async fn only_the_latest_runs_hold_their_snapshots() {
    let stage = Stage::new(&people(2)).await;
    let mut runs = Vec::new();
    for rows in 3..9 {
        let (run, _) = stage.run().await;
        runs.push(run.id);
        stage.time.forward(Duration::from_secs(60));
        replace_profiles(&stage, rows).await;
    }
    stage.services.sweeper.sweep_if_due().await.unwrap();
    let mut held = Vec::new();
    for run in &runs {
        held.push(snapshot_is_there(&stage, *run).await);
    }
    assert_eq!(held, [false, true, true, true, true, true]);
}
