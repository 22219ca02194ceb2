//! What people see, in a real Chromium: from profiles to a finished run by visible labels, in both languages, every page
//! checked for accessibility. The wizard of connections is walked in `tests/connections.rs`.
#![allow(clippy::unwrap_used, reason = "a step that fails fails its test")]
#![cfg(feature = "sandbox")]

mod support;

use std::fmt::Write;

use listbridge::names::Name;
use listbridge::sandbox::Sandbox;
use listbridge::segments::store::SegmentDefinition;
use listbridge::segments::{self, Combine, Comparison, Condition, Rule, TextValue};
use listbridge::sources::{Author, plan_import};
use support::connections::{Application, add_connection, spawn_app_at, start_sandbox};
use support::webdriver::{ChromeDriver, Tab};
use support::{ALICE, TestApp};

/// What the pages say in a language.
struct Words {
    lang: &'static str,
    sign_in: &'static str,
    add_export: &'static str,
    connection: &'static str,
    name: &'static str,
    new_list_title: &'static str,
    new_list: &'static str,
    create_list: &'static str,
    list_id: &'static str,
    attribute: &'static str,
    first_name: &'static str,
    add_attribute: &'static str,
    save: &'static str,
    not_run: &'static str,
    run: &'static str,
    successful: &'static str,
    delivered: &'static str,
    history: &'static str,
    verify: &'static str,
    all_arrived: &'static str,
    check: &'static str,
    may_run: &'static str,
}

const WORDS: [Words; 2] = [
    Words {
        lang: "en",
        sign_in: "Sign in",
        add_export: "Add export",
        connection: "Connection for export",
        name: "Export name",
        new_list_title: "Create a new list",
        new_list: "Name of the new list",
        create_list: "Create list",
        list_id: "Constant Contact List ID",
        attribute: "Attribute",
        first_name: "First name",
        add_attribute: "Add attribute",
        save: "Save",
        not_run: "Saving does not run the export",
        run: "Run Gold mailing",
        successful: "Successful",
        delivered: "Every member has been delivered to the list.",
        history: "Run history",
        verify: "Verify delivery",
        all_arrived: "Everybody who was sent is on the list.",
        check: "Check",
        may_run: "The export can run.",
    },
    Words {
        lang: "zh-HK",
        sign_in: "登入",
        add_export: "新增匯出",
        connection: "匯出的連結",
        name: "匯出的名稱",
        new_list_title: "建立新清單",
        new_list: "新清單的名稱",
        create_list: "建立清單",
        list_id: "Constant Contact 清單識別碼",
        attribute: "屬性",
        first_name: "名字",
        add_attribute: "新增屬性",
        save: "儲存",
        not_run: "儲存匯出並不會立即執行匯出",
        run: "執行 Gold mailing",
        successful: "成功",
        delivered: "所有成員都已送達清單。",
        history: "執行歷程記錄",
        verify: "驗證送達",
        all_arrived: "所有已傳送的人都在清單中。",
        check: "檢查",
        may_run: "此匯出可以執行。",
    },
];

#[tokio::test]
async fn an_export_is_set_up_and_run_by_its_labels() {
    let Some(driver) = ChromeDriver::start() else {
        return;
    };
    for words in WORDS {
        let sandbox = start_sandbox().await;
        let app = spawn_app_at(&sandbox, Application::Configured).await;
        fill(&app, &sandbox).await;
        let tab = driver.open(&app.base_url, words.lang).await;
        sign_in(&tab).await;
        set_up(&tab, &words).await;
        let list = sandbox
            .find_list("Gold list")
            .expect("the list was created");
        run(&tab, &words).await;
        sandbox.settle().await;
        assert_eq!(
            sandbox.members(list),
            [
                "gold0@example.com",
                "gold1@example.com",
                "gold2@example.com"
            ]
        );
        check(&tab, &words).await;
    }
}

#[tokio::test]
async fn every_page_is_accessible_in_both_languages() {
    let Some(driver) = ChromeDriver::start() else {
        return;
    };
    let sandbox = start_sandbox().await;
    let app = spawn_app_at(&sandbox, Application::Configured).await;
    fill(&app, &sandbox).await;
    for words in WORDS {
        let tab = driver.open(&app.base_url, words.lang).await;
        tab.goto("/sign-in").await;
        tab.see(words.sign_in).await;
        tab.check_accessibility().await;
        sign_in(&tab).await;
        for path in [
            "/",
            "/sources",
            "/sources/new",
            "/profiles",
            "/segments",
            "/segments/new",
            "/exports",
            "/exports/new",
            "/settings/connections",
            "/settings/connections/new",
            "/settings/people",
            "/settings/audit",
            "/settings/system",
            "/settings/system/about",
            "/settings/system/schedule",
            "/nothing-here",
        ] {
            tab.goto(path).await;
            tab.check_accessibility().await;
        }
    }
}

/// Profiles, a segment and a connection.
async fn fill(app: &TestApp, sandbox: &Sandbox) {
    let services = &app.services;
    let author = Author {
        user_id: None,
        ip: None,
        at: services.clock.now(),
    };
    let mut csv = "CustomerId,FirstName,EMail,Tier\n".to_owned();
    for number in 0..3 {
        writeln!(csv, "G{number},小明,gold{number}@example.com,Gold").unwrap();
        writeln!(csv, "S{number},Mary,silver{number}@example.com,Silver").unwrap();
    }
    let file = app.data_dir.path().join("customers.csv");
    std::fs::write(&file, csv).unwrap();
    let name = Name::parse("Customers").unwrap();
    let request = plan_import(&services.db, &file, name, None, author.clone())
        .await
        .unwrap();
    let load = services.loads.start(request).await.unwrap();
    let source_id = load.source_id;
    load.finished.await.unwrap().unwrap();
    let is_gold = Comparison::Is(TextValue {
        value: "Gold".into(),
        ignore_case: false,
    });
    let rule = Rule::flat(
        Combine::And,
        [Condition {
            field: "Tier".into(),
            comparison: is_gold,
        }],
    );
    let definition = SegmentDefinition {
        name: Name::parse("Gold customers").unwrap(),
        source_id,
        rule,
    };
    let segment = segments::store::create(&**services.db, &definition, &author)
        .await
        .unwrap();
    services.members.count(&segment).await.unwrap();
    let alice = app.sign_in(ALICE).await;
    add_connection(&alice, sandbox, "Newsletter account").await;
}

async fn sign_in(tab: &Tab) {
    tab.goto("/sign-in").await;
    tab.sign_in(ALICE.email).await;
    tab.see("Listbridge").await;
}

async fn set_up(tab: &Tab, words: &Words) {
    tab.goto("/exports").await;
    tab.check_accessibility().await;
    tab.click(words.add_export).await;
    tab.see(words.connection).await;
    tab.check_accessibility().await;
    tab.fill(words.name, "Gold mailing").await;
    // The form redraws itself when the connection changes; without scripts a button does.
    tab.select(words.connection, "Newsletter account").await;
    tab.wait_for("select[name=list_choice]").await;
    tab.click(words.new_list_title).await;
    tab.fill(words.new_list, "Gold list").await;
    tab.click(words.create_list).await;
    tab.wait_for(".notice[role=status]").await;
    tab.select(words.attribute, words.first_name).await;
    tab.click(words.add_attribute).await;
    tab.wait_for("select[name='attribute.first_name']").await;
    tab.see(words.list_id).await;
    tab.tick("Gold customers").await;
    tab.check_accessibility().await;
    tab.click(words.save).await;
    tab.see("Gold mailing").await;
    tab.see(words.not_run).await;
}

async fn run(tab: &Tab, words: &Words) {
    tab.goto("/exports").await;
    tab.check_accessibility().await;
    tab.click(words.run).await;
    tab.see(words.delivered).await;
    tab.see(words.successful).await;
    tab.check_accessibility().await;
    tab.click(words.history).await;
    tab.wait_for("th[scope=row] a[href^='/runs/']").await;
    tab.see(words.successful).await;
    tab.check_accessibility().await;
}

/// Before sending and after it: what a run would do, and who arrived.
async fn check(tab: &Tab, words: &Words) {
    tab.goto("/exports").await;
    tab.click("Gold mailing").await;
    tab.click(words.check).await;
    tab.wait_for("form[action$='/check']").await;
    tab.check_accessibility().await;
    tab.press(words.check).await;
    tab.see(words.may_run).await;
    tab.check_accessibility().await;
    tab.goto("/exports").await;
    tab.click(words.successful).await;
    tab.click(words.verify).await;
    tab.see(words.all_arrived).await;
    tab.check_accessibility().await;
}
