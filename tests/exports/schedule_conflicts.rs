//! Several who schedule the same exports at once.

use listbridge::schedules::{Kind, Schedule};

use crate::schedules::{PAGE, ids, saved, send, send_seen};
use crate::stage::Stage;
use crate::support::{ALICE, BOB};

#[tokio::test]
async fn the_second_of_two_who_schedule_is_told_and_loses_nothing() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let bob = stage.app.sign_in(BOB).await;
    let a = stage.store_export("A", |_| ()).await;
    let b = stage.store_export("B <i>", |_| ()).await;
    let both = ids(&[&a, &b]);
    let pane = alice.get(&format!("{PAGE}?ids={both}")).await;
    let seen = pane.attribute("input[name=seen]", "value").unwrap();

    let daily = [("recurrence", "daily"), ("time", "07:15")];
    assert_eq!(send(&bob, &[&b], "save", &daily).await.status, 303);

    let typed = [
        ("mode", "define"),
        ("recurrence", "weekly"),
        ("weekday", "2"),
        ("time", "21:45"),
    ];
    let chinese = stage.app.sign_in(ALICE).await.speaking("zh-HK");
    for (browser, words) in [(&chinese, "變更了"), (&alice, "changed the schedule of")] {
        let told = send_seen(browser, &both, &seen, "save", &typed).await;
        assert_eq!(told.status, 409, "{}", told.body);
        let lines = told.texts(".notice[role=alert] li");
        assert_eq!(lines.len(), 1, "{lines:?}");
        for part in [words, BOB.name, "B <i>", "07:15", "Asia/Hong_Kong"] {
            assert!(lines[0].contains(part), "{part}: {lines:?}");
        }
        assert_eq!(told.attribute("#time", "value").as_deref(), Some("21:45"));
        let again = told.attribute(".notice[role=alert] a", "href").unwrap();
        assert_eq!(browser.get(&again).await.status, 200);
    }
    assert_eq!(saved(&stage, &a).await, Schedule::usual(), "all or nothing");
    assert_eq!(saved(&stage, &b).await.recurrence.kind(), Kind::Daily);

    // The same for whoever only turns them off.
    let off = [("mode", "keep"), ("run", "off")];
    let told = send_seen(&alice, &both, &seen, "save", &off).await;
    assert_eq!(told.status, 409);
    assert!(saved(&stage, &b).await.is_on);

    // Having looked, saving once more replaces it.
    let told = send_seen(&alice, &both, &seen, "save", &typed).await;
    let looked = told.attribute("input[name=seen]", "value").unwrap();
    let done = send_seen(&alice, &both, &looked, "save", &typed).await;
    assert_eq!(done.status, 303, "{}", done.body);
    for export in [&a, &b] {
        assert_eq!(saved(&stage, export).await.recurrence.kind(), Kind::Weekly);
    }
    // Who says nothing of what was seen has seen nothing.
    let told = send_seen(&alice, &both, "nonsense,:,1:x", "save", &typed).await;
    assert_eq!(told.status, 409);
}

#[tokio::test]
async fn who_schedules_an_export_that_was_removed_is_told_by_whom() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let bob = stage.app.sign_in(BOB).await;
    let gone = stage.store_export("Gone", |_| ()).await;
    let left = stage.store_export("Left", |_| ()).await;
    let both = ids(&[&gone, &left]);
    let pane = alice.get(&format!("{PAGE}?ids={both}")).await;
    let seen = pane.attribute("input[name=seen]", "value").unwrap();
    let id = gone.id.to_string();
    let path = format!("/exports/{id}/remove");
    bob.submit("/exports", &path, &[("ids", &id)]).await;

    let typed = [
        ("mode", "define"),
        ("recurrence", "daily"),
        ("time", "21:45"),
    ];
    let told = send_seen(&alice, &both, &seen, "save", &typed).await;
    assert_eq!(told.status, 409, "{}", told.body);
    let lines = told.texts(".notice[role=alert] li");
    assert_eq!(
        lines,
        [format!(
            "{} removed the export Gone, so it cannot be scheduled any more.",
            BOB.name
        )]
    );
    assert_eq!(told.attribute("#time", "value").as_deref(), Some("21:45"));
    assert_eq!(saved(&stage, &left).await, Schedule::usual());
    let rest = told.attribute("input[name=ids]", "value").unwrap();
    assert_eq!(rest, left.id.to_string());
    let done = send_seen(&alice, &rest, &seen, "save", &typed).await;
    assert_eq!(done.status, 303, "{}", done.body);
    assert_eq!(saved(&stage, &left).await.recurrence.kind(), Kind::Daily);

    // Nothing is left to schedule.
    let done = send_seen(&alice, &id, &seen, "save", &typed).await;
    assert_eq!(done.location.as_deref(), Some("/exports"));
    assert!(alice.get("/exports").await.says("removed the export Gone"));
}

#[tokio::test]
async fn of_many_who_save_a_schedule_at_once_one_is_first() {
    let stage = Stage::set().await;
    let export = stage.store_export("Weekly", |_| ()).await;
    let id = export.id.to_string();
    let seen = format!("{id}:0");
    let mut people = Vec::new();
    for _ in 0..4 {
        people.push(stage.app.sign_in(ALICE).await);
    }
    let daily = [("recurrence", "daily")];
    let sent = people
        .iter()
        .map(|person| send_seen(person, &id, &seen, "save", &daily));
    let answers = futures_util::future::join_all(sent).await;
    let with = |status: u16| answers.iter().filter(|one| one.status == status).count();
    assert_eq!((with(303), with(409)), (1, 3));
}
