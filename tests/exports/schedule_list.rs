//! What the list says about schedules, and who may decide them.

use listbridge::connections::Sharing;
use listbridge::schedules::{Kind, Schedule};
use sea_orm::EntityTrait;

use crate::schedules::{PAGE, ids, saved, send};
use crate::stage::Stage;
use crate::support::{ALICE, BOB};

#[tokio::test]
async fn the_list_shows_filters_and_sorts_by_schedule() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let off = stage.store_export("A", |_| ()).await;
    let cron = stage.store_export("B", |_| ()).await;
    let daily = stage.store_export("C", |_| ()).await;
    stage.store_export("D", |_| ()).await;
    send(
        &alice,
        &[&off],
        "save",
        &[("run", "off"), ("recurrence", "daily")],
    )
    .await;
    send(
        &alice,
        &[&cron],
        "save",
        &[("recurrence", "cron"), ("cron", "@daily")],
    )
    .await;
    send(&alice, &[&daily], "save", &[("recurrence", "daily")]).await;
    let list = alice.get("/exports").await;
    assert_eq!(
        list.texts("td[data-label=Schedule]"),
        ["Off", "Cron @daily", "Daily at 06:30", "System refresh"]
    );
    let names = async |query: &str| {
        alice
            .get(&format!("/exports?{query}"))
            .await
            .texts("tbody th")
    };
    for (filter, expected) in [
        ("off", &["A"][..]),
        ("cron", &["B"]),
        ("daily", &["C"]),
        ("system_refresh", &["D"]),
        ("monthly", &[]),
        ("nonsense", &["A", "B", "C", "D"]),
    ] {
        assert_eq!(
            names(&format!("schedule={filter}")).await,
            expected,
            "{filter}"
        );
    }
    assert_eq!(names("sort=schedule").await, ["D", "C", "B", "A"]);
    assert_eq!(names("sort=schedule&dir=desc").await, ["A", "B", "C", "D"]);
}

#[tokio::test]
async fn run_all_leaves_out_what_is_off() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let off = stage.store_export("Off", |_| ()).await;
    let usual = stage.store_export("Usual", |_| ()).await;
    let daily = stage.store_export("Daily", |_| ()).await;
    send(
        &alice,
        &[&off],
        "save",
        &[("run", "off"), ("recurrence", "daily")],
    )
    .await;
    send(&alice, &[&daily], "save", &[("recurrence", "daily")]).await;
    alice.submit("/exports", "/exports/run-all", &[]).await;
    assert!(
        alice
            .get("/exports")
            .await
            .says("2 runs have been started.")
    );
    let runs = listbridge::storage::entities::run::Entity::find();
    let mut ran: Vec<_> = runs
        .all(&**stage.app.services.db)
        .await
        .unwrap()
        .into_iter()
        .map(|run| run.export_id)
        .collect();
    ran.sort();
    let mut expected = [usual.id, daily.id];
    expected.sort();
    assert_eq!(ran, expected);
}

#[tokio::test]
async fn only_whoever_may_change_an_export_schedules_it() {
    let stage = Stage::set().await;
    let hidden = stage
        .add_connection("Board only", Sharing::Administrators)
        .await;
    let shared = stage.store_export("Shared", |_| ()).await;
    let board = stage
        .store_export("Board", |export| export.connection_id = Some(hidden))
        .await;
    let bob = stage.app.sign_in(BOB).await;
    let daily = [("mode", "define"), ("recurrence", "daily")];
    let ids_of_board = board.id.to_string();
    let past_the_page = [("ids", ids_of_board.as_str()), ("action", "save"), daily[1]];
    assert_eq!(
        bob.submit("/exports", PAGE, &past_the_page).await.status,
        403
    );
    assert_eq!(
        bob.get(&format!("{PAGE}?ids={}", board.id)).await.status,
        403
    );
    let pane = bob
        .get(&format!("{PAGE}?ids={}", ids(&[&shared, &board])))
        .await;
    assert!(
        pane.says("You may only view these exports"),
        "{}",
        pane.body
    );
    send(&bob, &[&shared, &board], "save", &daily).await;
    assert_eq!(saved(&stage, &shared).await.recurrence.kind(), Kind::Daily);
    assert_eq!(saved(&stage, &board).await, Schedule::usual());
    let nobody = "00000000-0000-7000-8000-000000000000";
    assert_eq!(bob.get(&format!("{PAGE}?ids={nobody}")).await.status, 404);
    assert_eq!(bob.get(&format!("{PAGE}?ids=nonsense")).await.status, 303);

    // Whoever removes an export removes its schedule.
    let alice = stage.app.sign_in(ALICE).await;
    let path = format!("/exports/{}/remove", shared.id);
    let id = shared.id.to_string();
    alice.submit("/exports", &path, &[("ids", &id)]).await;
    let left = listbridge::storage::entities::export_schedule::Entity::find();
    assert!(left.all(&**stage.app.services.db).await.unwrap().is_empty());
}
