//! Exports that are due: started once, caught up, left out or put off, and always with a reason.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use listbridge::exports::store::{self as exports, NotRun, StoredSchedule};
use listbridge::notices::{Kind, store::open_subjects};
use listbridge::profiles::SnapshotId;
use listbridge::refresh::next_runs;
use listbridge::runs::{Run, RunState, Trigger};
use listbridge::schedules::{Recurrence, Schedule};
use listbridge::sources::LoadTarget;
use listbridge::sources::store::{NewLoad, begin_load};
use listbridge::storage::entities::run;
use sea_orm::{EntityTrait, QueryOrder, TransactionTrait};
use uuid::Uuid;

use crate::support::{Stage, author, people, source_author};

pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// Gives the stage's export a schedule that comes every day, the next time in an hour.
pub(crate) async fn daily_in_an_hour(stage: &Stage) -> Timestamp {
    let due = stage.services.clock.now() + SignedDuration::from_hours(1);
    let at = due.to_zoned_datetime(jiff::tz::TimeZone::UTC).time();
    let schedule = Schedule {
        is_on: true,
        recurrence: Recurrence::Daily {
            at: jiff::civil::time(at.hour(), at.minute(), 0, 0),
        },
        zone: "UTC".to_owned(),
    };
    let db = &**stage.services.db;
    exports::set_schedule(db, stage.export.id, 0, &schedule, author(&stage.services))
        .await
        .unwrap();
    stored(stage).await.next_run_at.unwrap()
}

pub(crate) async fn stored(stage: &Stage) -> StoredSchedule {
    let db = &**stage.services.db;
    exports::schedule_of(db, stage.export.id).await.unwrap()
}

pub(crate) async fn tick(stage: &Stage) -> usize {
    stage.services.ticker.tick().await.unwrap()
}

async fn runs(stage: &Stage) -> Vec<Run> {
    let found = run::Entity::find()
        .order_by_asc(run::Column::Id)
        .all(&**stage.services.db)
        .await
        .unwrap();
    let mut runs = Vec::new();
    for model in found {
        runs.push(stage.read(model.id).await.0);
    }
    runs
}

/// Whether people are told that the export did not run.
async fn is_told(stage: &Stage) -> bool {
    let open = open_subjects(&**stage.services.db, Kind::DidNotRun)
        .await
        .unwrap();
    open.iter()
        .any(|(subject, _)| *subject == stage.export.id.to_string())
}

#[tokio::test]
async fn an_export_runs_when_it_is_due_and_once() {
    let stage = Stage::new(&people(20)).await;
    let due = daily_in_an_hour(&stage).await;
    let now = stage.services.clock.now();
    let next = next_runs(&**stage.services.db, now, 5).await.unwrap();
    assert_eq!(
        (next.len(), next[0].at, next[0].name.as_str()),
        (1, due, "Newsletter")
    );
    assert_eq!(tick(&stage).await, 0, "not yet");
    stage.time.forward(HOUR);
    assert_eq!(tick(&stage).await, 1);
    assert_eq!(tick(&stage).await, 0, "only once");
    let asked = runs(&stage).await;
    assert_eq!(asked.len(), 1);
    assert_eq!(
        (asked[0].trigger, asked[0].requested_by),
        (Trigger::Schedule, None)
    );
    let (run, parts) = stage.look(asked[0].id).await;
    assert_eq!(run.state, RunState::Successful);
    stage.assert_delivered(&parts, 20);
    let after = stored(&stage).await;
    assert_eq!(
        after.next_run_at,
        Some(due + SignedDuration::from_hours(24))
    );
    assert_eq!(after.note, None);
    assert!(!is_told(&stage).await);
}

#[tokio::test]
async fn what_was_missed_is_caught_up_once_and_told() {
    let stage = Stage::new(&people(5)).await;
    let due = daily_in_an_hour(&stage).await;
    // The machine was off for three days and some hours.
    stage.time.forward(3 * DAY + 5 * HOUR);
    assert_eq!(tick(&stage).await, 1);
    assert_eq!(tick(&stage).await, 0, "three moments, one run");
    assert!(is_told(&stage).await);
    let next = stored(&stage).await.next_run_at.unwrap();
    assert_eq!(next, due + SignedDuration::from_hours(4 * 24));
    let asked = runs(&stage).await;
    stage.look(asked[0].id).await;
    // The next one is on time: that is over.
    stage.time.forward(DAY - 4 * HOUR);
    assert_eq!(tick(&stage).await, 1);
    assert!(!is_told(&stage).await);
    assert_eq!(runs(&stage).await.len(), 2);
}

#[tokio::test]
async fn an_export_that_still_runs_or_has_no_connection_is_left_out() {
    let mut stage = Stage::new(&people(5)).await;
    let due = daily_in_an_hour(&stage).await;
    let by_hand = stage.request().await;
    stage.time.forward(HOUR);
    assert_eq!(tick(&stage).await, 0);
    assert_eq!(stored(&stage).await.note, Some((NotRun::Running, due)));
    assert_eq!(runs(&stage).await.len(), 1);
    stage.look(by_hand).await;
    assert_eq!(tick(&stage).await, 0, "that moment is gone");
    stage
        .save_export(|export| export.connection_id = None)
        .await;
    let next = next_runs(&**stage.services.db, stage.services.clock.now(), 5)
        .await
        .unwrap();
    assert!(next.is_empty(), "it is inactive");
    stage.time.forward(DAY);
    assert_eq!(tick(&stage).await, 0);
    let (why, _) = stored(&stage).await.note.unwrap();
    assert_eq!(why, NotRun::NoConnection);
    assert_eq!(runs(&stage).await.len(), 1);
}

#[tokio::test]
async fn a_load_in_progress_is_finished_first() {
    let stage = Stage::new(&people(5)).await;
    let due = daily_in_an_hour(&stage).await;
    let snapshot_id = SnapshotId::new();
    let snapshots = stage.services.loads.snapshots().clone();
    let writer = tokio::task::spawn_blocking(move || snapshots.begin(snapshot_id, 3).unwrap());
    let writer = writer.await.unwrap();
    let new = NewLoad {
        snapshot_id,
        target: LoadTarget::Existing(stage.source),
        file_name: "people.csv".to_owned(),
        file_bytes: 1,
    };
    let transaction = stage.services.db.begin().await.unwrap();
    let by = source_author(&stage.services);
    begin_load(&transaction, &new, &by).await.unwrap();
    transaction.commit().await.unwrap();

    stage.time.forward(HOUR);
    assert_eq!(tick(&stage).await, 0);
    let waiting = stored(&stage).await;
    assert_eq!(
        (waiting.note, waiting.due_at),
        (Some((NotRun::Upstream, due)), Some(due))
    );
    assert!(!is_told(&stage).await, "a moment is not late");
    stage.time.forward(HOUR + Duration::from_secs(120));
    assert_eq!(tick(&stage).await, 0);
    assert!(is_told(&stage).await, "more than an hour is");

    // Its process is killed: nobody waits for it for ever.
    tokio::task::spawn_blocking(move || drop(writer))
        .await
        .unwrap();
    stage.time.forward(Duration::from_secs(31));
    assert_eq!(tick(&stage).await, 1);
    let after = stored(&stage).await;
    assert_eq!((after.note, after.due_at), (None, None));
}

#[tokio::test]
async fn a_run_that_would_exceed_the_days_requests_is_put_off_until_the_next_day() {
    let stage = Stage::new(&people(5)).await;
    stage.time.to_noon();
    let due = daily_in_an_hour(&stage).await;
    let ledger = &stage.services.connections.ledger;
    stage.time.forward(HOUR);
    ledger
        .mark_day_spent(&stage.sandbox.client_id())
        .await
        .unwrap();
    assert_eq!(tick(&stage).await, 0);
    let put_off = stored(&stage).await;
    assert_eq!(put_off.note, Some((NotRun::Quota, due)));
    let midnight = ledger.resets_at();
    assert_eq!(put_off.next_run_at, Some(midnight));
    assert!(is_told(&stage).await, "it is hours late");
    assert_eq!(tick(&stage).await, 0);
    stage.time.forward(DAY);
    assert_eq!(tick(&stage).await, 1);
    assert_eq!(stored(&stage).await.note, None);
}

/// Quarters of an hour at which an export that is due every day at a time was started, in three days across a change of
/// the clock. Each run is canceled at once, so that it is not in the way of the next.
async fn started_around(zone: &str, at: &str, from: &str) -> Vec<String> {
    let stage = Stage::new(&people(1)).await;
    let from: Timestamp = from.parse().unwrap();
    let ahead = from.duration_since(stage.services.clock.now());
    stage.time.forward(ahead.try_into().unwrap());
    let schedule = Schedule {
        is_on: true,
        recurrence: Recurrence::Daily {
            at: at.parse().unwrap(),
        },
        zone: zone.to_owned(),
    };
    let db = &**stage.services.db;
    let by = author(&stage.services);
    exports::set_schedule(db, stage.export.id, 0, &schedule, by)
        .await
        .unwrap();
    let zone = jiff::tz::TimeZone::get(zone).unwrap();
    let mut started = Vec::new();
    for _ in 0..3 * 24 * 4 {
        if tick(&stage).await > 0 {
            let asked = runs(&stage).await.pop().unwrap();
            let local = asked.queued_at.to_zoned_datetime(zone.clone());
            started.push(local.strftime("%d %b %H:%M %:z").to_string());
            let by = author(&stage.services);
            listbridge::runs::store::cancel(db, asked.id, by)
                .await
                .unwrap();
        }
        stage.time.forward(HOUR / 4);
    }
    started
}

#[tokio::test]
async fn across_a_change_of_the_clock_an_export_starts_once_a_day() {
    for (zone, at, from, expected) in [
        (
            "Europe/Berlin",
            "02:15:00",
            "2027-03-26T23:00:00Z",
            [
                "27 Mar 02:15 +01:00",
                "28 Mar 03:00 +02:00",
                "29 Mar 02:15 +02:00",
            ],
        ),
        (
            "Europe/Berlin",
            "02:15:00",
            "2027-10-29T22:00:00Z",
            [
                "30 Oct 02:15 +02:00",
                "31 Oct 02:15 +02:00",
                "01 Nov 02:15 +01:00",
            ],
        ),
        (
            "America/New_York",
            "02:15:00",
            "2027-03-13T05:00:00Z",
            [
                "13 Mar 02:15 -05:00",
                "14 Mar 03:00 -04:00",
                "15 Mar 02:15 -04:00",
            ],
        ),
        (
            "America/New_York",
            "01:15:00",
            "2027-11-06T04:00:00Z",
            [
                "06 Nov 01:15 -04:00",
                "07 Nov 01:15 -04:00",
                "08 Nov 01:15 -05:00",
            ],
        ),
        (
            "Australia/Lord_Howe",
            "02:15:00",
            "2027-10-01T13:30:00Z",
            [
                "02 Oct 02:15 +10:30",
                "03 Oct 02:30 +11:00",
                "04 Oct 02:15 +11:00",
            ],
        ),
        (
            "Australia/Lord_Howe",
            "01:45:00",
            "2027-04-02T13:00:00Z",
            [
                "03 Apr 01:45 +11:00",
                "04 Apr 01:45 +11:00",
                "05 Apr 01:45 +10:30",
            ],
        ),
    ] {
        assert_eq!(started_around(zone, at, from).await, expected, "{zone}");
    }
}

#[tokio::test]
async fn many_tickers_at_one_moment_start_one_run() {
    let stage = Stage::new(&people(5)).await;
    daily_in_an_hour(&stage).await;
    for day in 1..=5_usize {
        stage.time.forward(if day == 1 { HOUR } else { DAY });
        let ticks = (0..8).map(|_| {
            let ticker = stage.services.ticker.clone();
            tokio::spawn(async move { ticker.tick().await.unwrap() })
        });
        let mut started = 0;
        for tick in ticks.collect::<Vec<_>>() {
            started += tick.await.unwrap();
        }
        assert_eq!(started, 1);
        let asked = runs(&stage).await;
        assert_eq!(asked.len(), day);
        stage.look(asked[day - 1].id).await;
    }
    let ids: Vec<Uuid> = runs(&stage).await.iter().map(|run| run.export_id).collect();
    assert!(ids.iter().all(|id| *id == stage.export.id));
}
