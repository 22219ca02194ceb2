//! Home in a real Chromium, in both languages, light and dark, wide and narrow, with the longest names there can be.

use jiff::SignedDuration;
use sea_orm::Set;

use crate::support::webdriver::ChromeDriver;
use crate::support::{ALICE, CHARLIE, Person, TestApp, spawn_app};
use crate::{add_run, failed, ready_stage, waiting};

struct Words {
    lang: &'static str,
    first: &'static str,
    import: &'static str,
    attention: &'static str,
    approve: &'static str,
    table: &'static str,
    contacts: &'static str,
    left: &'static str,
}

const WORDS: [Words; 2] = [
    Words {
        lang: "en",
        first: "First steps",
        import: "Import a file",
        attention: "Needs attention",
        approve: "Review and approve",
        table: "Show the numbers as a table",
        contacts: "12,345",
        left: "10,000 of 10,000 left",
    },
    Words {
        lang: "zh-HK",
        first: "首要步驟",
        import: "匯入檔案",
        attention: "需要注意",
        approve: "檢視並核准",
        table: "以表格顯示數字",
        contacts: "12,345",
        left: "剩餘 10,000，共 10,000",
    },
];

async fn open(
    driver: &ChromeDriver,
    app: &TestApp,
    words: &Words,
    person: Person,
) -> crate::support::webdriver::Tab {
    let tab = driver.open(&app.base_url, words.lang).await;
    tab.goto("/").await;
    tab.sign_in(person.email).await;
    tab
}

#[tokio::test]
async fn home_fits_every_window_with_and_without_data() {
    let Some(driver) = ChromeDriver::start() else {
        return;
    };
    for words in WORDS {
        let app = spawn_app().await;
        let tab = open(&driver, &app, &words, CHARLIE).await;
        tab.see(words.first).await;
        tab.check_accessibility().await;
        let tab = open(&driver, &app, &words, ALICE).await;
        tab.see(words.import).await;
        tab.check_accessibility().await;
        tab.click(words.import).await;
        tab.arrive("/sources/new").await;

        let stage = ready_stage().await;
        let long = "W".repeat(100);
        stage
            .change_connection(stage.connection, |row| row.name = Set(long.clone()))
            .await;
        let broken = stage
            .add_connection(&"M".repeat(100), Default::default())
            .await;
        stage
            .change_connection(broken, |row| {
                row.authorization = Set("sign_in_again".into())
            })
            .await;
        let hour = SignedDuration::from_hours(1);
        for (letter, reason) in [("A", "approval"), ("Q", "quota")] {
            let export = stage.store_export(&letter.repeat(100), |_| ()).await;
            add_run(&stage, &export, hour, |row| waiting(row, reason)).await;
        }
        let export = stage.store_export(&"F".repeat(100), |_| ()).await;
        add_run(&stage, &export, hour * 24, |row| {
            row.delivered = Set(Some(12_345))
        })
        .await;
        add_run(&stage, &export, hour, failed).await;
        let tab = open(&driver, &stage.app, &words, ALICE).await;
        tab.see(words.attention).await;
        tab.see(words.contacts).await;
        tab.see(words.left).await;
        tab.check_accessibility().await;
        tab.click(words.table).await;
        tab.wait_for("details[open] table").await;
        // What lies half under the bar at the top cannot be pressed there; nobody has to.
        tab.client
            .execute("scrollTo({ top: 0, behavior: 'instant' })", vec![])
            .await
            .unwrap();
        tab.check_accessibility().await;
        let approve = format!("{}: {}", words.approve, "A".repeat(100));
        tab.click(&approve).await;
        tab.wait_for("[data-live]").await;
        tab.arrive("/runs/").await;
    }
}
