//! What Home says to whom.

use jiff::SignedDuration;
use listbridge::connections::Sharing;
use listbridge::exports::store::{self, Advance, NotRun};
use listbridge::exports::{Author, Export};
use listbridge::refresh::{RefreshPlan, schedule};
use listbridge::schedules::{Recurrence, Schedule};
use listbridge::storage::entities::run;
use sea_orm::{EntityTrait, Set};

use crate::stage::Stage;
use crate::support::{ALICE, Answer, BOB, CHARLIE, spawn_app};
use crate::{add_run, engine, failed, ready_stage, waiting};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Names of what needs attention, in order.
fn attention(home: &Answer) -> Vec<String> {
    home.texts(".attention bdi")
}

#[tokio::test]
async fn first_steps_lead_each_role_to_what_it_may_do_next() {
    let app = spawn_app().await;
    let home = app.sign_in(ALICE).await.get("/").await;
    assert_eq!(home.status, 200);
    assert_eq!(home.texts(".stepper > li").len(), 5);
    assert_eq!(
        home.attribute(".step-current a", "href").as_deref(),
        Some("/sources/new")
    );
    assert_eq!(home.texts(".stepper a").len(), 1, "only the next step");
    for person in [BOB, CHARLIE] {
        let home = app.sign_in(person).await.get("/").await;
        assert!(home.texts(".stepper a").is_empty(), "{person:?}");
        assert!(
            home.says("An administrator loads a CSV file"),
            "{}",
            home.body
        );
    }
}

#[tokio::test]
async fn steps_tick_themselves_off_until_an_export_has_succeeded() {
    let stage = ready_stage().await;
    let (alice, bob) = (stage.app.sign_in(ALICE).await, stage.app.sign_in(BOB).await);
    let home = bob.get("/").await;
    assert_eq!(home.texts(".step-done").len(), 3, "{}", home.body);
    assert_eq!(
        home.attribute(".step-current a", "href").as_deref(),
        Some("/exports/new")
    );
    // A connection that is not shared does not bring a contributor any further.
    stage.share(stage.connection, Sharing::Administrators).await;
    let home = bob.get("/").await;
    assert!(home.texts(".step-current")[0].starts_with("Connect Constant Contact"));
    assert!(home.texts(".stepper a").is_empty());

    let export = stage.store_export("Weekly", |_| ()).await;
    let home = alice.get("/").await;
    assert!(home.texts(".step-current")[0].starts_with("Run it"));
    add_run(&stage, &export, HOUR, failed).await;
    assert_eq!(alice.get("/").await.texts(".step-done").len(), 4);
    add_run(&stage, &export, HOUR, |_| ()).await;
    let home = alice.get("/").await;
    assert!(home.texts(".stepper").is_empty());
    assert!(home.says("Nothing needs your attention"), "{}", home.body);
}

#[tokio::test]
async fn what_failed_last_and_what_waits_come_first_with_what_to_do() {
    let stage = ready_stage().await;
    let recovered = stage.store_export("Recovered", |_| ()).await;
    add_run(&stage, &recovered, HOUR * 3, failed).await;
    add_run(&stage, &recovered, HOUR, |_| ()).await;
    let older = stage.store_export("Older <b>", |_| ()).await;
    add_run(&stage, &older, DAY, failed).await;
    let newer = stage.store_export("Newer", |_| ()).await;
    let run = add_run(&stage, &newer, HOUR, failed).await;
    let asked = stage.store_export("Asked", |_| ()).await;
    add_run(&stage, &asked, HOUR, |row| waiting(row, "approval")).await;
    let paused = stage.store_export("Paused", |_| ()).await;
    add_run(&stage, &paused, HOUR, |row| waiting(row, "quota")).await;

    let alice = stage.app.sign_in(ALICE).await;
    let home = alice.get("/").await;
    assert_eq!(attention(&home), ["Asked", "Newer", "Older <b>", "Paused"]);
    let said = home.texts(".attention > li");
    assert!(said[0].contains("Review and approve"), "{}", said[0]);
    assert!(
        said[1].contains("1 hour ago: List not found"),
        "{}",
        said[1]
    );
    assert!(said[1].contains("choose another list"), "{}", said[1]);
    assert!(said[3].contains("goes on by itself"), "{}", said[3]);
    let second = home.attribute(".attention > li:nth-child(2) a", "href");
    assert_eq!(second, Some(format!("/runs/{run}")));
    let charlie = stage.app.sign_in(CHARLIE).await.get("/").await;
    assert_eq!(attention(&charlie), attention(&home));
    assert!(!charlie.says("Review and approve"));
}

#[tokio::test]
async fn more_than_fits_leads_to_the_list_of_exports() {
    let stage = ready_stage().await;
    for number in 0..9 {
        let export = stage
            .store_export(&format!("Export {number}"), |_| ())
            .await;
        add_run(&stage, &export, HOUR * (number + 1), failed).await;
    }
    let alice = stage.app.sign_in(ALICE).await;
    let home = alice.get("/").await;
    assert_eq!(attention(&home).len(), 8);
    assert_eq!(attention(&home)[0], "Export 0");
    let rest = home.attribute("section[aria-labelledby=attention] .card-footer a", "href");
    let list = alice.get(&rest.unwrap()).await;
    assert_eq!(list.status, 200);
    assert!(list.says("Export 8"));
}

#[tokio::test]
async fn only_administrators_are_told_of_connections_and_requests() {
    let stage = ready_stage().await;
    stage.store_export("Weekly", |_| ()).await;
    let sign_in_again = |row: &mut listbridge::storage::entities::connection::ActiveModel| {
        row.authorization = Set("sign_in_again".into());
    };
    stage
        .change_connection(stage.connection, sign_in_again)
        .await;
    let ledger = &stage.app.services.connections.ledger;
    ledger
        .mark_day_spent(&stage.sandbox.client_id())
        .await
        .unwrap();

    let home = stage.app.sign_in(ALICE).await.get("/").await;
    assert_eq!(attention(&home), ["Harbour newsletter"]);
    let said = &home.texts(".attention > li")[0];
    assert!(said.contains("Sign in again"), "{said}");
    assert!(said.contains("1 export uses it and cannot run."), "{said}");
    assert_eq!(
        home.attribute(".attention a", "href"),
        Some(format!("/settings/connections/{}", stage.connection))
    );
    let connections = home.texts("section[aria-labelledby=connections]");
    assert!(
        connections[0].contains("Sign in again: 1"),
        "{connections:?}"
    );
    assert!(home.says("0 of 10,000 left"), "{}", home.body);

    for person in [BOB, CHARLIE] {
        let home = stage.app.sign_in(person).await.get("/").await;
        assert_eq!(attention(&home), ["1 export"], "{person:?}");
        assert!(!home.body.contains("Harbour newsletter"), "{person:?}");
        assert!(!home.body.contains("/settings/connections"), "{person:?}");
        assert!(!home.says("left"), "{person:?}");
        let rest = home.attribute(".attention a", "href").unwrap();
        let list = stage.app.sign_in(person).await.get(&rest).await;
        assert!(list.says("Weekly"), "{person:?}");
    }
}

#[tokio::test]
async fn contacts_delivered_are_drawn_and_told_for_each_day() {
    let stage = ready_stage().await;
    let export = stage.store_export("Weekly", |_| ()).await;
    let delivered = |count| move |row: &mut run::ActiveModel| row.delivered = Set(Some(count));
    add_run(&stage, &export, DAY * 40, delivered(50_000)).await;
    add_run(&stage, &export, DAY * 3, delivered(1_000)).await;
    add_run(&stage, &export, DAY * 3, delivered(234)).await;
    add_run(&stage, &export, SignedDuration::ZERO, delivered(7)).await;
    let home = stage.app.sign_in(CHARLIE).await.get("/").await;
    let section = "section[aria-labelledby=delivered]";
    let days = home.texts(&format!("{section} tbody tr td"));
    assert_eq!(days.len(), 30);
    assert_eq!((days[26].as_str(), days[29].as_str()), ("1,234", "7"));
    assert_eq!(days.iter().filter(|count| *count != "0").count(), 2);
    let summary = home.attribute(&format!("{section} svg"), "aria-label");
    assert!(summary.unwrap().starts_with("1,241 contacts in 30 days"));
    assert_eq!(home.texts(&format!("{section} svg rect")).len(), 30);
    let recent = home.texts("section[aria-labelledby=recent] li");
    assert_eq!(recent.len(), 4);
    assert!(recent[0].contains("7 delivered"), "{}", recent[0]);
}

#[tokio::test]
async fn a_run_remembers_what_it_delivered() {
    let stage = engine::Stage::new(&engine::people(12)).await;
    let (run, parts) = stage.run().await;
    let row = run::Entity::find_by_id(run.id)
        .one(&**stage.services.db)
        .await
        .unwrap()
        .unwrap();
    let account = listbridge::runs::Account::of(&run, &parts);
    assert_eq!(account.delivered, 12);
    assert_eq!(row.delivered, Some(12));
}

/// The author of everything the command line does.
fn command_line(stage: &Stage) -> Author<'static> {
    Author {
        user_id: None,
        ip: None,
        at: stage.app.services.clock.now(),
    }
}

/// Time of day in UTC, some hours from now.
fn clock_in(stage: &Stage, hours: i64) -> jiff::civil::Time {
    let at = stage.app.services.clock.now() + SignedDuration::from_hours(hours);
    let at = at.to_zoned_datetime(jiff::tz::TimeZone::UTC).time();
    jiff::civil::time(at.hour(), at.minute(), 0, 0)
}

async fn give(stage: &Stage, export: &Export, is_on: bool, hours: i64) {
    let schedule = Schedule {
        is_on,
        recurrence: Recurrence::Daily {
            at: clock_in(stage, hours),
        },
        zone: "UTC".to_owned(),
    };
    let db = &**stage.app.services.db;
    store::set_schedule(db, export.id, 0, &schedule, command_line(stage))
        .await
        .unwrap();
}

#[tokio::test]
async fn next_runs_are_those_of_own_schedules_and_of_the_system_refresh() {
    let stage = ready_stage().await;
    let charlie = stage.app.sign_in(CHARLIE).await;
    stage.store_export("Follows <i>", |_| ()).await;
    let next = async || {
        let home = charlie.get("/").await;
        home.texts("section[aria-labelledby=next-runs] li bdi")
    };
    assert!(next().await.is_empty(), "the refresh schedule is off");
    assert!(charlie.get("/").await.says("Nothing runs by itself yet"));

    let own = stage.store_export("Own", |_| ()).await;
    give(&stage, &own, true, 5).await;
    let off = stage.store_export("Off", |_| ()).await;
    give(&stage, &off, false, 2).await;
    stage
        .store_export("Detached", |export| export.connection_id = None)
        .await;
    assert_eq!(next().await, ["Own"]);

    let plan = |hours| RefreshPlan {
        days: None,
        times: vec![clock_in(&stage, hours)],
        zone: "UTC".to_owned(),
    };
    let db = &**stage.app.services.db;
    schedule::set(db, 0, true, &plan(3), command_line(&stage))
        .await
        .unwrap();
    assert_eq!(next().await, ["Follows <i>", "Own"]);
    let home = charlie.get("/").await;
    let times = "section[aria-labelledby=next-runs] li:first-child time";
    let shown: jiff::Timestamp = home.attribute(times, "datetime").unwrap().parse().unwrap();
    let begins = schedule::get(db).await.unwrap().next_run_at.unwrap();
    assert_eq!(shown.as_second(), begins.as_second());
    schedule::set(db, 1, true, &plan(8), command_line(&stage))
        .await
        .unwrap();
    assert_eq!(next().await, ["Own", "Follows <i>"], "the soonest first");
    schedule::set(db, 2, false, &plan(8), command_line(&stage))
        .await
        .unwrap();
    assert_eq!(next().await, ["Own"]);
}

#[tokio::test]
async fn an_export_that_is_put_off_says_why_wherever_it_is_shown() {
    let stage = ready_stage().await;
    let db = &**stage.app.services.db;
    let now = stage.app.services.clock.now();
    let english = stage.app.sign_in(CHARLIE).await;
    let chinese = stage.app.sign_in(CHARLIE).await.speaking("zh-HK");
    let export = stage.store_export("Weekly", |_| ()).await;
    give(&stage, &export, true, 5).await;
    let put_off = async |why: NotRun| {
        let read = store::schedule_of(db, export.id).await.unwrap();
        let to = Advance {
            next_run_at: Some(now + DAY),
            due_at: Some(now),
            note: Some((why, now)),
            told_due_at: None,
        };
        assert!(store::advance(db, &read, to).await.unwrap());
    };
    let cases = [
        (
            NotRun::Quota,
            "today’s requests to Constant Contact are not enough",
            "今日對 Constant Contact 的要求數目不足以完成",
        ),
        (
            NotRun::Upstream,
            "its source is being loaded or a system refresh is in progress",
            "其資料來源正在載入，或系統重新整理正在進行",
        ),
    ];
    for (why, en, zh) in cases {
        put_off(why).await;
        for (browser, words) in [(&english, en), (&chinese, zh)] {
            for (path, place) in [
                ("/", "section[aria-labelledby=next-runs] .row-note"),
                ("/exports", "tbody td .row-note"),
                ("/settings/system", "tbody td .row-note"),
            ] {
                let page = browser.get(path).await;
                let notes = page.texts(place);
                let is_said = notes.iter().any(|note| note.contains(words));
                assert!(is_said, "{why:?} on {path}: {notes:?}");
            }
        }
        let waits = attention(&english.get("/").await) == ["Weekly"];
        assert_eq!(
            waits,
            why == NotRun::Quota,
            "what ends by itself is no news"
        );
    }
    // As soon as it runs there is nothing to say.
    let read = store::schedule_of(db, export.id).await.unwrap();
    let ran = Advance {
        next_run_at: Some(now + DAY),
        due_at: None,
        note: None,
        told_due_at: None,
    };
    assert!(store::advance(db, &read, ran).await.unwrap());
    for path in ["/exports", "/settings/system"] {
        let page = english.get(path).await;
        assert!(page.texts("tbody td .row-note").is_empty(), "{path}");
    }
}
