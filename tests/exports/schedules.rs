//! The pane "Schedule export", for one and for several exports.

use listbridge::exports::{Export, store};
use listbridge::schedules::{Kind, Schedule};

use crate::stage::{Stage, problem};
use crate::support::{ALICE, Answer, Browser, CHARLIE};

pub(crate) const PAGE: &str = "/exports/schedule";

/// Fields, the field that is wrong, and what is said about it in English and Chinese.
type Case = (
    &'static [(&'static str, &'static str)],
    &'static str,
    &'static str,
    &'static str,
);

pub(crate) fn ids(exports: &[&Export]) -> String {
    let ids: Vec<_> = exports.iter().map(|export| export.id.to_string()).collect();
    ids.join(",")
}

/// Sends the form for some exports.
pub(crate) async fn send(
    browser: &Browser,
    exports: &[&Export],
    action: &str,
    fields: &[(&str, &str)],
) -> Answer {
    let ids = ids(exports);
    let pane = browser.get(&format!("{PAGE}?ids={ids}")).await;
    let seen = pane.attribute("input[name=seen]", "value").unwrap();
    send_seen(browser, &ids, &seen, action, fields).await
}

/// Sends the form as somebody does who has looked at the versions `seen`.
pub(crate) async fn send_seen(
    browser: &Browser,
    ids: &str,
    seen: &str,
    action: &str,
    fields: &[(&str, &str)],
) -> Answer {
    let mut all = vec![("ids", ids), ("seen", seen), ("action", action)];
    let usual = [("run", "on"), ("zone", "Asia/Hong_Kong"), ("time", "06:30")];
    let is_said = |name: &str| fields.iter().any(|(said, _)| *said == name);
    all.extend(usual.into_iter().filter(|(name, _)| !is_said(name)));
    all.extend_from_slice(fields);
    browser.submit("/exports", PAGE, &all).await
}

pub(crate) async fn saved(stage: &Stage, export: &Export) -> Schedule {
    let db = &**stage.app.services.db;
    store::schedule_of(db, export.id).await.unwrap().schedule
}

#[tokio::test]
async fn an_export_follows_the_system_refresh_until_it_is_given_a_schedule() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let export = stage.store_export("Weekly", |_| ()).await;
    let export_page = format!("/exports/{}", export.id);
    let page = alice.get(&export_page).await;
    assert!(
        page.texts("section:has(#schedule) dd")
            .contains(&"System refresh".to_owned())
    );
    let path = page.attribute("section:has(#schedule) a", "href").unwrap();
    let pane = alice.get(&path).await;
    assert_eq!(pane.texts("h1"), ["Schedule export"]);
    let fields = pane.form_fields("form.schedule-form");
    for wanted in [("run", "on"), ("recurrence", "system_refresh")] {
        assert!(
            fields
                .iter()
                .any(|(k, v)| (k.as_str(), v.as_str()) == wanted),
            "{fields:?}"
        );
    }
    assert!(pane.says("It runs with every system refresh."));

    let weekly = [("recurrence", "weekly"), ("weekday", "1"), ("weekday", "5")];
    let shown = send(&alice, &[&export], "preview", &weekly).await;
    assert_eq!(shown.status, 200);
    assert!(
        shown.says("Weekly on Monday, Friday at 06:30 · Asia/Hong_Kong"),
        "{}",
        shown.body
    );
    let runs = shown.texts("section:has(#next-runs) li");
    assert_eq!(runs.len(), 5);
    assert!(runs.iter().all(|run| run.contains("06:30 HKT")), "{runs:?}");
    assert_eq!(
        saved(&stage, &export).await,
        Schedule::usual(),
        "nothing is saved by looking"
    );

    let mut fields = weekly.to_vec();
    fields.push(("return_to", &export_page));
    let done = send(&alice, &[&export], "save", &fields).await;
    assert_eq!(
        done.location.as_deref(),
        Some(export_page.as_str()),
        "{}",
        done.body
    );
    let page = alice.get(&export_page).await;
    assert!(page.says("The schedule has been saved."));
    let facts = page.texts("section:has(#schedule) dd");
    assert_eq!(
        facts[..2],
        ["Weekly on Monday, Friday at 06:30", "Asia/Hong_Kong"]
    );
    assert!(facts[2].contains("06:30 HKT"), "{facts:?}");
    let viewed = stage.app.sign_in(CHARLIE).await.get(&export_page).await;
    assert_eq!(viewed.texts("section:has(#schedule) dd"), facts);
    let audit = stage.audit().await;
    let (action, detail) = audit.last().unwrap();
    assert_eq!(action, "export.scheduled");
    assert_eq!(detail["before"]["recurrence"]["kind"], "system_refresh");
    assert_eq!(detail["after"]["zone"], "Asia/Hong_Kong");

    // Editing starts from what was saved.
    let pane = alice.get(&format!("{PAGE}?ids={}", export.id)).await;
    let fields = pane.form_fields("form.schedule-form");
    let days: Vec<_> = fields.iter().filter(|(k, _)| k == "weekday").collect();
    assert_eq!(days.len(), 2);
}

#[tokio::test]
async fn what_cannot_be_is_refused_in_both_languages() {
    let stage = Stage::set().await;
    let export = stage.store_export("Weekly", |_| ()).await;
    let english = stage.app.sign_in(ALICE).await;
    let chinese = stage.app.sign_in(ALICE).await.speaking("zh-HK");
    let cases: [Case; 9] = [
        (
            &[("recurrence", "daily"), ("time", "24:30")],
            "time",
            "This time does not exist.",
            "沒有這個時間。",
        ),
        (
            &[("recurrence", "daily"), ("time", "")],
            "time",
            "This time does not exist.",
            "沒有這個時間。",
        ),
        (
            &[("recurrence", "daily"), ("zone", "Mars/Base")],
            "zone",
            "This time zone does not exist.",
            "沒有這個時區。",
        ),
        (
            &[("recurrence", "cron"), ("cron", "<b>never</b>")],
            "cron",
            "This is not a cron expression.",
            "這不是 Cron 運算式。",
        ),
        (
            &[("recurrence", "cron"), ("cron", "0 0 30 2 *")],
            "cron",
            "This cron expression never comes",
            "這個 Cron 運算式永遠不會出現",
        ),
        (
            &[("recurrence", "weekly")],
            "weekday",
            "Choose at least one day of the week.",
            "請至少選擇一個星期幾。",
        ),
        (
            &[("recurrence", "monthly")],
            "monthday",
            "Choose at least one day of the month.",
            "請至少選擇一個每月日期。",
        ),
        (
            &[("recurrence", "hourly"), ("minute", "60")],
            "minute",
            "Enter a minute from 0 to 59.",
            "請輸入 0 至 59 的分鐘。",
        ),
        (
            &[("recurrence", "sometimes")],
            "recurrence",
            "Choose how often it runs.",
            "請選擇執行的週期。",
        ),
    ];
    for (fields, field, en, zh) in cases {
        for (browser, words) in [(&english, en), (&chinese, zh)] {
            for action in ["save", "preview"] {
                let refused = send(browser, &[&export], action, fields).await;
                assert_eq!(refused.status, 422, "{fields:?}");
                assert!(
                    problem(&refused, field).starts_with(words),
                    "{fields:?}: {}",
                    refused.body
                );
                assert!(
                    refused
                        .attribute("form.schedule-form [name=zone]", "id")
                        .is_some()
                );
            }
        }
    }
    let typed = [("recurrence", "cron"), ("cron", "<b>never</b>")];
    let refused = send(&english, &[&export], "save", &typed).await;
    assert_eq!(
        refused.attribute("#cron", "value").as_deref(),
        Some("<b>never</b>"),
        "what was typed is kept"
    );
    assert_eq!(saved(&stage, &export).await, Schedule::usual());
}

#[tokio::test]
async fn several_are_scheduled_at_once_or_keep_their_own() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let a = stage.store_export("A", |_| ()).await;
    let b = stage.store_export("B", |_| ()).await;
    let pressed = [("action", "schedule")];
    let (first, second) = (a.id.to_string(), b.id.to_string());
    let mut fields = pressed.to_vec();
    fields.extend([("export", first.as_str()), ("export", second.as_str())]);
    let led = alice.submit("/exports", "/exports/selected", &fields).await;
    let pane = alice.get(&led.location.unwrap()).await;
    assert_eq!(pane.texts("h1"), ["Schedule multiple exports (2)"]);
    assert!(pane.says("Keep individual schedules"));
    assert!(pane.says("Define new schedule for all selected exports"));

    let daily = [("mode", "define"), ("recurrence", "daily")];
    send(&alice, &[&a, &b], "save", &daily).await;
    for export in [&a, &b] {
        assert_eq!(saved(&stage, export).await.recurrence.kind(), Kind::Daily);
    }
    send(
        &alice,
        &[&b],
        "save",
        &[("recurrence", "hourly"), ("minute", "5")],
    )
    .await;
    // Kept: only on or off changes, whatever else the form held.
    let off = [
        ("mode", "keep"),
        ("run", "off"),
        ("recurrence", "weekly"),
        ("time", "99:99"),
    ];
    let done = send(&alice, &[&a, &b], "save", &off).await;
    assert_eq!(done.status, 303, "{}", done.body);
    assert!(
        alice
            .get("/exports")
            .await
            .says("The schedules of 2 exports have been saved.")
    );
    let (a_now, b_now) = (saved(&stage, &a).await, saved(&stage, &b).await);
    assert!(!a_now.is_on && !b_now.is_on);
    assert_eq!(a_now.recurrence.kind(), Kind::Daily);
    assert_eq!(b_now.recurrence.kind(), Kind::Hourly);
    let unsaid = send(&alice, &[&a, &b], "save", &[("mode", "keep"), ("run", "")]).await;
    assert_eq!(unsaid.status, 422);
    assert!(problem(&unsaid, "run").starts_with("Choose whether"));
}
