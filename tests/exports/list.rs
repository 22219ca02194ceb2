//! Data > Exports: the list, the command bar, removal.

use listbridge::connections::Sharing;

use crate::stage::Stage;
use crate::support::postgres::Postgres;
use crate::support::{ALICE, BOB, CHARLIE};

#[tokio::test]
async fn an_empty_list_says_what_to_do_next_to_each_role() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let ready = alice.get("/exports").await;
    assert_eq!(
        ready.attribute("main .empty-state a", "href").as_deref(),
        Some("/exports/new")
    );
    let charlie = stage.app.sign_in(CHARLIE).await.get("/exports").await;
    assert!(
        charlie.says("An administrator or contributor adds exports"),
        "{}",
        charlie.body
    );
    stage.share(stage.connection, Sharing::Administrators).await;
    let bob = stage.app.sign_in(BOB).await.get("/exports").await;
    assert!(
        bob.says("There is no connection you may use. Contact an administrator."),
        "{}",
        bob.body
    );
    stage
        .change_connection(stage.connection, |row| row.saved_at = sea_orm::Set(None))
        .await;
    let first = alice.get("/exports").await;
    let link = first.attribute("main .empty-state a", "href");
    assert_eq!(
        link.as_deref(),
        Some("/settings/connections/new"),
        "{}",
        first.body
    );
}

#[tokio::test]
async fn the_list_has_the_documented_columns_in_both_languages() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    stage.add_export(&alice, "Weekly").await;
    let page = alice.get("/exports").await;
    let columns = page.texts("thead th");
    assert_eq!(
        columns[1..10],
        [
            "Display name",
            "Type",
            "Status",
            "Refreshed",
            "Schedule",
            "Connection used",
            "Your permissions",
            "Last updated",
            "Updated by",
        ]
    );
    let cells = page.texts("tbody tr:first-child :is(th, td)");
    assert_eq!(
        cells[1..10],
        [
            "Weekly",
            "Constant Contact",
            "Not started",
            "Never",
            "System refresh",
            "Harbour newsletter",
            "Edit",
            "just now",
            "Alice Admin",
        ]
    );
    let chinese = alice.speaking("zh-HK").get("/exports").await;
    let columns = chinese.texts("thead th");
    assert_eq!(columns[1..4], ["顯示名稱", "類型", "狀態"]);
    assert_eq!(columns[6..8], ["使用的連接", "您的權限"]);
    let words = chinese.texts("main :is(a, button)");
    for word in ["新增匯出", "執行", "編輯", "移除"] {
        assert!(words.contains(&word.into()), "{word}: {words:?}");
    }
}

#[tokio::test]
async fn the_command_bar_acts_on_the_selected_row() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let export = stage.add_export(&alice, "Weekly").await;
    let id = export.id.to_string();
    let press = async |action, export| {
        let fields = [("action", action), ("export", export)];
        alice.submit("/exports", "/exports/selected", &fields).await
    };
    let path = format!("/exports/{id}");
    let open = press("open", &id).await;
    assert_eq!((open.status, open.location), (303, Some(path.clone())));
    assert_eq!(
        press("remove", &id).await.location,
        Some(format!("{path}/remove"))
    );
    let run = press("run", &id).await;
    assert_eq!(
        (run.status, run.location),
        (307, Some(format!("{path}/run")))
    );
    let nothing = alice
        .submit("/exports", "/exports/selected", &[("action", "run")])
        .await;
    assert_eq!(nothing.location.as_deref(), Some("/exports"));
    assert!(alice.get("/exports").await.says("Select an export first"));
}

#[tokio::test]
async fn an_export_is_removed_after_a_question() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let export = stage.add_export(&alice, "Weekly & \u{5e9}\u{5dc}").await;
    let path = format!("/exports/{}/remove", export.id);
    let question = alice.get(&path).await;
    assert_eq!(question.status, 200);
    assert!(
        question.texts("h1")[0].contains("Remove Weekly & \u{5e9}\u{5dc}?"),
        "{}",
        question.body
    );
    assert_eq!(
        question.attribute(
            "form[data-dialog-content], [data-dialog-content] form",
            "action"
        ),
        Some(path.clone())
    );
    let done = alice.submit(&path, &path, &[]).await;
    assert_eq!(
        (done.status, done.location.as_deref()),
        (303, Some("/exports"))
    );
    assert!(stage.exports().await.is_empty());
    assert!(alice.get("/exports").await.says("has been removed"));
    assert_eq!(alice.get(&path).await.status, 404);
    assert_eq!(
        alice.submit("/exports", &path, &[]).await.status,
        404,
        "pressed twice"
    );
    let (action, detail) = stage.audit().await.pop().unwrap();
    assert_eq!(action, "export.removed");
    assert_eq!(detail["before"]["name"], "Weekly & \u{5e9}\u{5dc}");
}

#[tokio::test]
async fn a_long_list_is_shown_in_pages() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    for number in 0..=100 {
        let name = format!("Export {number:03}");
        stage.store_export(&name, |_| ()).await;
    }
    let first = alice.get("/exports").await;
    assert_eq!(first.texts("tbody tr").len(), 50);
    assert_eq!(
        first.attribute("a[rel=next]", "href").as_deref(),
        Some("/exports?page=2")
    );
    let last = alice.get("/exports?page=3").await;
    assert_eq!(last.texts("tbody th"), ["Export 100"]);
    assert!(last.says("101–101 of 101"), "{}", last.body);
    let turned = alice.get("/exports?sort=name&dir=desc&q=export+0").await;
    assert_eq!(turned.texts("tbody th")[0], "Export 099");
    assert_eq!(
        turned.attribute("a[rel=next]", "href").as_deref(),
        Some("/exports?q=export+0&sort=name&dir=desc&page=2")
    );
    for odd in ["0", "4", "18446744073709551615"] {
        let page = alice.get(&format!("/exports?page={odd}")).await;
        assert_eq!(page.status, 200, "{odd}");
        assert!(!page.texts("tbody tr").is_empty(), "{odd}");
    }
    assert_eq!(alice.get("/exports?page=x").await.status, 400);
}

/// Three exports that differ in every column.
async fn set_three(stage: &Stage) {
    let alice = stage.app.sign_in(ALICE).await;
    let hidden = stage
        .add_connection("Board only", Sharing::Administrators)
        .await;
    let weekly = stage.add_export(&alice, "Weekly").await;
    let monthly = stage
        .store_export("monthly", |export| export.connection_id = Some(hidden))
        .await;
    stage
        .store_export("Älter", |export| export.connection_id = None)
        .await;
    // The latest run counts, whatever asked for it and however it ended.
    stage
        .add_run(&weekly, "person", "failure", "2026-03-01T00:00:00Z")
        .await;
    stage
        .add_run(&weekly, "schedule", "successful", "2026-03-02T00:00:00Z")
        .await;
    stage
        .add_run(&monthly, "person", "skipped", "2026-03-03T00:00:00Z")
        .await;
}

async fn order_is_right(stage: &Stage) {
    let alice = stage.app.sign_in(ALICE).await;
    let names = async |query: &str| {
        let page = alice.get(&format!("/exports?{query}")).await;
        assert_eq!(page.status, 200, "{query}: {}", page.body);
        page.texts("tbody th").join(" ")
    };
    for (query, expected) in [
        ("", "monthly Weekly Älter"),
        ("sort=name&dir=desc", "Älter Weekly monthly"),
        ("sort=type", "monthly Weekly Älter"),
        ("sort=status", "monthly Älter Weekly"),
        ("sort=status&dir=desc", "Weekly Älter monthly"),
        ("sort=refreshed", "Weekly monthly Älter"),
        ("sort=refreshed&dir=desc", "monthly Weekly Älter"),
        ("sort=schedule", "monthly Weekly Älter"),
        ("sort=connection", "monthly Weekly Älter"),
        ("sort=connection&dir=desc", "Weekly monthly Älter"),
        ("sort=permissions", "monthly Weekly Älter"),
        ("sort=updated", "Weekly monthly Älter"),
        ("sort=updated&dir=desc", "Älter monthly Weekly"),
        ("sort=updated_by", "Weekly monthly Älter"),
        ("q=EKL", "Weekly"),
        ("q=%C3%84LT", "Älter"),
        ("q=harbour", "Weekly"),
        ("q=constant+con", "monthly Weekly Älter"),
        ("q=nothing+like+it", ""),
        ("q=%25", ""),
        ("q=_", ""),
        ("q=%5C", ""),
        ("q=%00", "monthly Weekly Älter"),
        ("q='%3B+DROP+TABLE+exports%3B+--", ""),
        ("q=%3Cscript%3Ealert(1)%3C/script%3E", ""),
        ("status=successful", "Weekly"),
        ("status=skipped", "monthly"),
        ("status=failure", ""),
        ("status=not_started", "Älter"),
        ("status=nonsense", "monthly Weekly Älter"),
        ("connection=none", "Älter"),
        ("connection=nonsense", "monthly Weekly Älter"),
        (&format!("connection={}", stage.connection), "Weekly"),
        (
            &format!("connection={}&status=skipped", stage.connection),
            "",
        ),
    ] {
        assert_eq!(names(query).await, expected, "{query}");
    }
    let bob = stage.app.sign_in(BOB).await;
    for (query, expected) in [
        ("sort=permissions", ["Weekly", "monthly", "Älter"]),
        ("sort=permissions&dir=desc", ["monthly", "Älter", "Weekly"]),
    ] {
        let page = bob.get(&format!("/exports?{query}")).await;
        assert_eq!(page.texts("tbody th"), expected, "{query}");
    }
}

#[tokio::test]
async fn every_column_sorts_and_search_and_filters_narrow() {
    let stage = Stage::set().await;
    set_three(&stage).await;
    order_is_right(&stage).await;
}

#[tokio::test]
async fn postgresql_sorts_and_searches_the_same_way() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let url = postgres.create_database("application").await;
    let stage = Stage::set_with(|settings| settings.database_url = Some(url.into())).await;
    set_three(&stage).await;
    order_is_right(&stage).await;
}

#[tokio::test]
async fn an_unknown_column_gets_a_clear_answer_and_the_usual_order() {
    let stage = Stage::set().await;
    stage.store_export("Weekly", |_| ()).await;
    let alice = stage.app.sign_in(ALICE).await;
    for odd in ["id;DROP+TABLE+exports", "%3Cb%3Ebold", "NAME", "updated_at"] {
        let page = alice.get(&format!("/exports?sort={odd}")).await;
        assert_eq!(page.status, 400, "{odd}");
        assert!(
            page.texts("[role=alert]")
                .concat()
                .contains("There is no column"),
            "{}",
            page.body
        );
        assert!(!page.body.contains("<b>bold"), "nobody's HTML");
        assert_eq!(page.texts("tbody th"), ["Weekly"]);
    }
    let page = alice.get("/exports?sort=updated").await;
    let sorted = page.texts("th[aria-sort=ascending]");
    assert_eq!(sorted, ["Last updated"]);
    assert_eq!(
        page.attribute("th[aria-sort] a", "href").as_deref(),
        Some("/exports?sort=updated&dir=desc"),
        "the same heading turns the order round"
    );
}

#[tokio::test]
async fn what_is_searched_for_stays_in_its_field_as_text() {
    let stage = Stage::set().await;
    stage.store_export("Weekly", |_| ()).await;
    let alice = stage.app.sign_in(ALICE).await;
    let hostile = "\"><script>alert(1)</script>' OR 1=1 --";
    let query: String = url::form_urlencoded::byte_serialize(hostile.as_bytes()).collect();
    let page = alice.get(&format!("/exports?q={query}")).await;
    assert_eq!(page.attribute("#q", "value").as_deref(), Some(hostile));
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
    assert!(page.says("Nothing found"), "{}", page.body);
    let clear = page.attribute(".empty-state a", "href");
    assert_eq!(clear.as_deref(), Some("/exports"));
}

#[tokio::test]
async fn the_time_of_the_latest_run_is_relative_and_exact_on_hover() {
    let stage = Stage::set().await;
    let export = stage.store_export("Weekly", |_| ()).await;
    let at = stage.app.services.clock.now() - jiff::SignedDuration::from_hours(9 * 24 + 1);
    stage
        .add_run(&export, "schedule", "successful", &at.to_string())
        .await;
    let page = stage.app.sign_in(CHARLIE).await.get("/exports").await;
    let time = "td:nth-child(5) time";
    assert_eq!(page.texts(time), ["9 days ago"]);
    assert_eq!(page.texts("td:nth-child(4)"), ["Successful"]);
    let exact = page.attribute(time, "datetime").unwrap();
    assert_eq!(exact[..16], at.to_string()[..16]);
    assert!(
        page.attribute(time, "title").unwrap().contains("20"),
        "a date"
    );
}
