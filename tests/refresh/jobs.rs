//! Refresh jobs: in dependency order, with a reason for what is left out, through cancels and killed processes.

use std::time::Duration;

use jiff::SignedDuration;
use listbridge::exports::{Export, store as exports};
use listbridge::refresh::job::store as jobs;
use listbridge::refresh::job::{Job, JobTrigger, Reason, RefreshPace, Refresher, Task, TaskKind};
use listbridge::refresh::{RefreshPlan, Status, schedule};
use listbridge::runs::{Run, RunState, Trigger, WaitingFor};
use listbridge::schedules::{Recurrence, Schedule};
use listbridge::storage::UtcMillis;
use listbridge::storage::entities::{run, source};
use sea_orm::{ActiveModelTrait, EntityTrait, Set};
use uuid::Uuid;

use crate::due::{HOUR, daily_in_an_hour, stored, tick};
use crate::support::{Stage, author, everyone, people, segment, until};

const QUICK: RefreshPace = RefreshPace {
    lease: SignedDuration::from_secs(30),
    renew_every: Duration::from_millis(300),
    look_every: Duration::from_millis(10),
    idle: Duration::from_millis(20),
};

fn refresher(stage: &Stage) -> Refresher {
    (**stage.services.refresher).clone().with_pace(QUICK)
}

async fn ask(stage: &Stage) -> Uuid {
    let by = author(&stage.services);
    let asked = jobs::request(&stage.services.db, JobTrigger::Person, by).await;
    asked.unwrap().0
}

async fn job(stage: &Stage, id: Uuid) -> Job {
    jobs::get(&**stage.services.db, id).await.unwrap()
}

async fn tasks(stage: &Stage, id: Uuid) -> Vec<Task> {
    let mut all = Vec::new();
    for kind in TaskKind::ALL {
        all.extend(
            jobs::tasks(&**stage.services.db, id, kind, 0, 100)
                .await
                .unwrap(),
        );
    }
    all
}

/// What a job says of each task, in the order they were done.
async fn told(stage: &Stage, id: Uuid) -> Vec<(String, Status, Option<Reason>)> {
    let tasks = tasks(stage, id).await.into_iter();
    tasks
        .map(|task| (task.name, task.status, task.reason))
        .collect()
}

async fn all_runs(stage: &Stage) -> Vec<Run> {
    let found = run::Entity::find().all(&**stage.services.db).await.unwrap();
    let mut runs = Vec::new();
    for model in found {
        runs.push(stage.read(model.id).await.0);
    }
    runs
}

/// Another export like the stage's.
pub(crate) async fn store(
    stage: &Stage,
    name: &str,
    change: impl FnOnce(&mut listbridge::exports::ExportDefinition),
) -> Export {
    let mut definition = stage.export.definition.clone();
    definition.name = name.to_owned();
    change(&mut definition);
    let by = author(&stage.services);
    exports::create(&**stage.services.db, definition, by)
        .await
        .unwrap()
}

async fn give(stage: &Stage, export: &Export, is_on: bool, recurrence: Recurrence) {
    let schedule = Schedule {
        is_on,
        recurrence,
        zone: "UTC".to_owned(),
    };
    let by = author(&stage.services);
    exports::set_schedule(&**stage.services.db, export.id, 0, &schedule, by)
        .await
        .unwrap();
}

/// A source that has never been loaded.
async fn empty_source(stage: &Stage, name: &str) -> Uuid {
    let id = Uuid::now_v7();
    let now = UtcMillis::from(stage.services.clock.now());
    source::ActiveModel {
        id: Set(id),
        name: Set(name.into()),
        name_key: Set(name.to_lowercase()),
        kind: Set("file".into()),
        current_snapshot_id: Set(None),
        loading_snapshot_id: Set(None),
        created_at: Set(now),
        created_by: Set(None),
        updated_at: Set(now),
    }
    .insert(&**stage.services.db)
    .await
    .unwrap();
    id
}

#[tokio::test]
async fn a_job_refreshes_in_order_and_says_why_it_left_something_out() {
    let stage = Stage::new(&people(30)).await;
    let shop = empty_source(&stage, "Shop").await;
    let buyers = segment(&stage.services, shop, "Buyers", everyone()).await;
    store(&stage, "To buyers", |export| {
        export.source_id = shop;
        export.segment_ids = vec![buyers];
    })
    .await;
    store(&stage, "Detached", |export| export.connection_id = None).await;
    let off = store(&stage, "By hand", |_| ()).await;
    give(&stage, &off, false, Recurrence::SystemRefresh).await;
    let own = store(&stage, "On its own", |_| ()).await;
    give(&stage, &own, true, Recurrence::Hourly { minute: 0 }).await;

    let id = ask(&stage).await;
    assert_eq!(ask(&stage).await, id, "one job at a time");
    assert_eq!(job(&stage, id).await.status, Status::Queued);
    let engine = stage.engine().start();
    assert!(refresher(&stage).tick().await.unwrap());
    engine.stop().await;
    let expected = [
        ("People", Status::Successful, Some(Reason::File)),
        ("Shop", Status::Skipped, Some(Reason::NoProfiles)),
        ("Buyers", Status::Skipped, Some(Reason::Upstream)),
        ("Everyone", Status::Successful, None),
        ("Detached", Status::Skipped, Some(Reason::NoConnection)),
        ("Newsletter", Status::Successful, None),
        ("To buyers", Status::Skipped, Some(Reason::Upstream)),
    ];
    let expected = expected.map(|(name, status, reason)| (name.to_owned(), status, reason));
    assert_eq!(told(&stage, id).await, expected);
    let named = tasks(&stage, id).await;
    assert_eq!(named[6].names, ["Shop", "Buyers"]);
    let ended = job(&stage, id).await;
    assert_eq!(ended.status, Status::CompletedWithWarnings);
    assert!(ended.finished_at.is_some());
    let runs = all_runs(&stage).await;
    assert_eq!(runs.len(), 1);
    assert_eq!(
        (runs[0].trigger, runs[0].state),
        (Trigger::SystemRefresh, RunState::Successful)
    );
    assert_eq!(named[5].run_id, Some(runs[0].id));
    assert_eq!(stage.sandbox.member_count(stage.list), 30);
    let counted = listbridge::segments::store::list(&**stage.services.db)
        .await
        .unwrap();
    let counts: Vec<_> = counted
        .iter()
        .map(|segment| segment.member_count())
        .collect();
    assert_eq!(counts, [None, Some(30)]);
    let progress = jobs::progress(&**stage.services.db, id).await.unwrap();
    let told = progress[&TaskKind::Export];
    assert_eq!((told.refreshed, told.left_out), (1, 2));
    assert_eq!((told.finished, told.all), (3, 3));
    assert!(!refresher(&stage).tick().await.unwrap(), "nothing is left");
}

#[tokio::test]
async fn a_job_whose_process_is_killed_goes_on_elsewhere_and_starts_nothing_twice() {
    let stage = Stage::new(&people(10)).await;
    let id = ask(&stage).await;
    // Nobody works on runs, so the job waits for its run.
    let first = refresher(&stage);
    let killed = tokio::spawn(async move { first.tick().await });
    until("a run of the job", async || {
        !all_runs(&stage).await.is_empty()
    })
    .await;
    killed.abort();
    assert!(killed.await.unwrap_err().is_cancelled());
    assert!(!refresher(&stage).tick().await.unwrap(), "its lease lasts");
    stage.time.forward(Duration::from_secs(31));
    let engine = stage.engine().start();
    assert!(refresher(&stage).tick().await.unwrap());
    engine.stop().await;
    assert_eq!(job(&stage, id).await.status, Status::Successful);
    assert_eq!(all_runs(&stage).await.len(), 1);
}

#[tokio::test]
async fn a_canceled_job_stops_and_cancels_the_runs_it_started() {
    let stage = Stage::new(&people(10)).await;
    let id = ask(&stage).await;
    let worker = refresher(&stage);
    let working = tokio::spawn(async move { worker.tick().await.unwrap() });
    until("a run of the job", async || {
        !all_runs(&stage).await.is_empty()
    })
    .await;
    let by = author(&stage.services);
    jobs::cancel(&stage.services.db, id, by).await.unwrap();
    jobs::cancel(&stage.services.db, id, by).await.unwrap();
    assert!(working.await.unwrap());
    assert_eq!(job(&stage, id).await.status, Status::Canceled);
    assert_eq!(all_runs(&stage).await[0].state, RunState::Canceled);
    let statuses = told(&stage, id).await;
    assert_eq!(statuses.last().unwrap().1, Status::Canceled);
    assert_eq!(statuses[0].1, Status::Successful, "what is done stays done");

    // One that nobody has taken yet does nothing at all.
    let id = ask(&stage).await;
    jobs::cancel(&stage.services.db, id, by).await.unwrap();
    assert!(refresher(&stage).tick().await.unwrap());
    assert_eq!(job(&stage, id).await.status, Status::Canceled);
    assert!(tasks(&stage, id).await.is_empty());
}

#[tokio::test]
async fn exports_with_a_schedule_of_their_own_wait_for_sources_and_segments() {
    let stage = Stage::new(&people(10)).await;
    daily_in_an_hour(&stage).await;
    let id = ask(&stage).await;
    stage.time.forward(HOUR);
    assert_eq!(tick(&stage).await, 0);
    let (why, _) = stored(&stage).await.note.unwrap();
    assert_eq!(why, exports::NotRun::Upstream);
    assert!(refresher(&stage).tick().await.unwrap());
    assert_eq!(job(&stage, id).await.status, Status::Successful);
    stage.time.forward(Duration::from_secs(31));
    assert_eq!(tick(&stage).await, 1);
}

#[tokio::test]
async fn a_run_that_exceeds_the_days_requests_waits_and_the_job_says_so() {
    let stage = Stage::new(&people(10)).await;
    stage.time.to_noon();
    let ledger = &stage.services.connections.ledger;
    ledger
        .mark_day_spent(&stage.sandbox.client_id())
        .await
        .unwrap();
    let id = ask(&stage).await;
    assert!(refresher(&stage).tick().await.unwrap());
    let waiting = all_runs(&stage).await.remove(0);
    assert_eq!(waiting.state, RunState::Queued);
    assert_eq!(waiting.waiting.unwrap().reason, WaitingFor::Quota);
    assert_eq!(job(&stage, id).await.status, Status::CompletedWithWarnings);
    let last = tasks(&stage, id).await.pop().unwrap();
    assert_eq!(
        (last.status, last.reason),
        (Status::Queued, Some(Reason::RunWaits))
    );
    stage.time.forward(Duration::from_secs(86_400));
    let (run, _) = stage.finish(waiting.id).await;
    assert_eq!(run.state, RunState::Successful);
    // The task tells what became of it.
    let last = tasks(&stage, id).await.pop().unwrap();
    assert_eq!((last.status, last.reason), (Status::Successful, None));
}

#[tokio::test]
async fn the_schedule_starts_one_job_and_catches_up_once() {
    let stage = Stage::new(&people(5)).await;
    let db = &stage.services.db;
    let now = stage.services.clock.now();
    assert!(
        !schedule::get(&***db).await.unwrap().is_on,
        "off until somebody decides"
    );
    let clock = |at: jiff::Timestamp| {
        let at = at.to_zoned_datetime(jiff::tz::TimeZone::UTC).time();
        jiff::civil::time(at.hour(), at.minute(), 0, 0)
    };
    let mut times = vec![
        clock(now + SignedDuration::from_hours(2)),
        clock(now + SignedDuration::from_hours(8)),
    ];
    times.sort();
    let plan = RefreshPlan {
        days: None,
        times,
        zone: "UTC".to_owned(),
    };
    let by = author(&stage.services);
    schedule::set(db, 0, true, &plan, by).await.unwrap();
    let next = listbridge::refresh::next_runs(&***db, now, 5)
        .await
        .unwrap();
    assert_eq!((next.len(), next[0].name.as_str()), (1, "Newsletter"));
    let due = schedule::get(&***db).await.unwrap().next_run_at.unwrap();
    assert_eq!(next[0].at, due);
    tick(&stage).await;
    assert!(jobs::active(&***db).await.unwrap().is_none());

    // Off for days: one job, whoever looks.
    stage
        .time
        .forward(Duration::from_secs(3 * 86_400) + 3 * HOUR);
    let ticks: Vec<_> = (0..6)
        .map(|_| {
            let ticker = stage.services.ticker.clone();
            tokio::spawn(async move { ticker.tick().await.unwrap() })
        })
        .collect();
    for tick in ticks {
        tick.await.unwrap();
    }
    let (all, total) = jobs::latest(&***db, 0).await.unwrap();
    assert_eq!((total, all[0].trigger), (1, JobTrigger::Schedule));
    // While it is unfinished, the next moment is left out.
    stage.time.forward(6 * HOUR);
    tick(&stage).await;
    assert_eq!(jobs::latest(&***db, 0).await.unwrap().1, 1);
    assert!(schedule::get(&***db).await.unwrap().next_run_at.unwrap() > stage.services.clock.now());
    schedule::set(db, 1, false, &plan, by).await.unwrap();
    assert_eq!(schedule::get(&***db).await.unwrap().next_run_at, None);
}
