//! Settings > System > Status and Schedule over real HTTP.

use listbridge::refresh::schedule;

use crate::support::until;
use crate::web::{ALICE, Answer, BOB, Browser, CHARLIE, TestApp, spawn_app};

const SCHEDULE: &str = "/settings/system/schedule";

/// Sends the form of the refresh schedule.
async fn send(browser: &Browser, action: &str, fields: &[(&str, &str)]) -> Answer {
    let usual = [
        ("run", "on"),
        ("repeat", "weekly"),
        ("zone", "Asia/Hong_Kong"),
    ];
    let is_said = |name: &str| fields.iter().any(|(said, _)| *said == name);
    let seen = browser.get(SCHEDULE).await;
    let version = seen.attribute("input[name=version]", "value").unwrap();
    let said = fields.iter().find(|(name, _)| *name == "version");
    let version = said.map_or(version.as_str(), |(_, version)| *version);
    let mut all = vec![("action", action), ("version", version)];
    all.extend(usual.into_iter().filter(|(name, _)| !is_said(name)));
    all.extend(fields.iter().filter(|(name, _)| *name != "version"));
    browser.submit(SCHEDULE, SCHEDULE, &all).await
}

#[tokio::test]
async fn the_schedule_is_off_until_an_administrator_sets_it() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    let page = alice.get(SCHEDULE).await;
    let fields = page.form_fields("form.schedule-form");
    for wanted in [
        ("run", "off"),
        ("repeat", "weekly"),
        ("weekday", "1"),
        ("time", "00:00"),
    ] {
        assert!(
            fields
                .iter()
                .any(|(k, v)| (k.as_str(), v.as_str()) == wanted),
            "{fields:?}"
        );
    }
    assert!(page.says("Changing this schedule changes when they run"));
    assert!(
        alice
            .get("/settings/system")
            .await
            .says("The refresh schedule is off")
    );

    // Up to four times a day, without a script.
    let mut times = vec![("weekday", "1"), ("weekday", "4"), ("time", "06:00")];
    for count in 2..=4 {
        let added = send(&alice, "add", &times).await;
        assert_eq!(added.texts("input[type=time]").len(), count);
        times.push(("time", ["", "", "12:00", "18:30", "23:00"][count]));
    }
    let full = send(&alice, "add", &times).await;
    assert_eq!(full.texts("input[type=time]").len(), 4);
    assert!(!full.says("Add another time"));
    let removed = send(&alice, "remove-1", &times).await;
    let left = removed.form_fields("form.schedule-form");
    let left: Vec<_> = left
        .iter()
        .filter(|(k, _)| k == "time")
        .map(|(_, v)| v.as_str())
        .collect();
    assert_eq!(left, ["06:00", "18:30", "23:00"]);
    let shown = send(&alice, "preview", &times).await;
    assert_eq!(shown.texts("section:has(#next-refreshes) li").len(), 5);
    assert!(
        !schedule::get(&**app.services.db).await.unwrap().is_on,
        "looking saves nothing"
    );

    let saved = send(&alice, "save", &times).await;
    assert_eq!(saved.location.as_deref(), Some(SCHEDULE), "{}", saved.body);
    let stored = schedule::get(&**app.services.db).await.unwrap();
    assert!(stored.is_on && stored.next_run_at.is_some());
    let plan = stored.plan.unwrap();
    assert_eq!((plan.days, plan.times.len()), (Some(vec![1, 4]), 4));
    assert!(
        alice
            .get("/settings/system")
            .await
            .says("The next system refresh begins at")
    );
}

#[tokio::test]
async fn what_cannot_be_is_refused_in_both_languages() {
    let app = spawn_app().await;
    let english = app.sign_in(ALICE).await;
    let chinese = app.sign_in(ALICE).await.speaking("zh-HK");
    for (fields, field, en, zh) in [
        (
            &[("weekday", "1"), ("time", "24:10")][..],
            "time-1",
            "This time does not exist.",
            "沒有這個時間。",
        ),
        (
            &[("time", "06:00")],
            "weekday",
            "Choose at least one day of the week.",
            "請至少選擇一個星期幾。",
        ),
        (
            &[("repeat", "daily"), ("time", "06:00"), ("time", "6:00")],
            "time-2",
            "This time is there twice.",
            "此時間出現兩次。",
        ),
        (
            &[
                ("repeat", "daily"),
                ("time", "06:00"),
                ("zone", "Moon/Base"),
            ],
            "zone",
            "This time zone does not exist.",
            "沒有這個時區。",
        ),
        (
            &[("repeat", "yearly"), ("time", "06:00")],
            "repeat",
            "Choose Weekly or Daily.",
            "請選擇每週或每日。",
        ),
        (
            &[("repeat", "daily"), ("time", "06:00"), ("run", "maybe")],
            "run",
            "Choose whether the system",
            "請選擇系統是否",
        ),
    ] {
        for (browser, words) in [(&english, en), (&chinese, zh)] {
            let refused = send(browser, "save", fields).await;
            assert_eq!(refused.status, 422, "{fields:?}");
            let told = refused.texts(&format!("[id='{field}-error']")).concat();
            assert!(told.starts_with(words), "{fields:?}: {told}");
        }
    }
    assert_eq!(
        send(&english, "explode", &[("time", "06:00")]).await.status,
        400
    );
    assert!(!schedule::get(&**app.services.db).await.unwrap().is_on);
}

#[tokio::test]
async fn everybody_sees_the_status_and_administrators_refresh() {
    let app = spawn_app().await;
    let charlie = app.sign_in(CHARLIE).await;
    let status = charlie.get("/settings/system").await;
    assert_eq!(
        status.texts("main section h2"),
        [
            "Data sources",
            "Segments",
            "Export destinations",
            "System processes",
            "Refreshes"
        ]
    );
    assert_eq!(status.texts("nav.nav-tabs a"), ["Status"]);
    assert!(!status.says("Refresh all") || status.says("chooses Refresh all"));
    assert!(status.says("What the statuses mean"));
    assert_eq!(status.texts("details .facts dt").len(), 10);
    for browser in [&charlie, &app.sign_in(BOB).await] {
        let refused = browser
            .submit("/notices", "/settings/system/refresh", &[])
            .await;
        assert_eq!(refused.status, 403);
    }
    let alice = app.sign_in(ALICE).await;
    let asked = alice
        .submit("/settings/system", "/settings/system/refresh", &[])
        .await;
    let job = asked.location.unwrap();
    let ended = until_it_ends(&app, &charlie, &job).await;
    assert_eq!(ended.texts("h1"), ["Progress details"]);
    assert!(ended.says("There are none yet."), "{}", ended.body);
    assert!(
        charlie
            .get("/settings/system")
            .await
            .texts("td .state")
            .contains(&"Successful".to_owned())
    );
    let odd = charlie
        .get(&format!("{job}?task=nonsense&entire=on&after=-5"))
        .await;
    assert_eq!(odd.status, 200);
    let nobody = "00000000-0000-7000-8000-000000000000";
    for path in [
        format!("/settings/system/jobs/{nobody}"),
        format!("/settings/system/tasks/source/{nobody}"),
        format!("/settings/system/tasks/segment/{nobody}"),
        format!("/settings/system/tasks/export/{nobody}"),
        format!("/settings/system/tasks/planet/{nobody}"),
    ] {
        assert_eq!(charlie.get(&path).await.status, 404, "{path}");
    }
}

async fn until_it_ends(app: &TestApp, browser: &Browser, job: &str) -> Answer {
    until("the end of the job", async || {
        let active = listbridge::refresh::job::store::active(&**app.services.db).await;
        active.unwrap().is_none()
    })
    .await;
    browser.get(job).await
}

#[tokio::test]
async fn the_second_of_two_administrators_is_told_and_loses_nothing() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    let first = [("weekday", "1"), ("time", "06:00")];
    let second = [("version", "0"), ("weekday", "3"), ("time", "21:45")];
    let saved = send(&alice, "save", &first).await;
    assert_eq!(saved.status, 303, "{}", saved.body);

    let english = send(&alice, "save", &second).await;
    let chinese = app.sign_in(ALICE).await.speaking("zh-HK");
    let chinese = send(&chinese, "save", &second).await;
    for (told, words) in [
        (
            &english,
            "changed the refresh schedule while you were editing",
        ),
        (&chinese, "在您編輯時變更了重新整理排程"),
    ] {
        assert_eq!(told.status, 409, "{}", told.body);
        let notice = told.texts(".notice[role=alert] .notice-title");
        assert!(notice[0].contains(words), "{notice:?}");
        assert!(notice[0].contains(ALICE.name), "{notice:?}");
        let now = told.texts(".notice[role=alert] li");
        assert_eq!(now.len(), 5);
        assert!(now.iter().all(|at| at.contains("6:00")), "{now:?}");
        let kept = told.form_fields("form.schedule-form");
        for wanted in [("time", "21:45"), ("weekday", "3"), ("version", "1")] {
            let is_kept = |(k, v): &(String, String)| (k.as_str(), v.as_str()) == wanted;
            assert!(kept.iter().any(is_kept), "{kept:?}");
        }
    }
    let db = &**app.services.db;
    let stored = schedule::get(db).await.unwrap();
    assert_eq!(
        (stored.version, stored.plan.unwrap().days),
        (1, Some(vec![1]))
    );

    // Having looked, saving once more replaces it.
    let looked = [("version", "1"), second[1], second[2]];
    let saved = send(&alice, "save", &looked).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    let stored = schedule::get(db).await.unwrap();
    assert_eq!(
        (stored.version, stored.plan.unwrap().days),
        (2, Some(vec![3]))
    );
}
