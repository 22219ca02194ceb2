//! Status and Schedule in a real Chromium, by visible labels, in both languages, every page checked for accessibility.

use crate::web::webdriver::ChromeDriver;
use crate::web::{ALICE, spawn_app};

struct Words {
    lang: &'static str,
    schedule: &'static str,
    on: &'static str,
    tuesday: &'static str,
    add: &'static str,
    twice: &'static str,
    remove: &'static str,
    next: &'static str,
    save: &'static str,
    saved: &'static str,
    status: &'static str,
    meanings: &'static str,
    refresh_all: &'static str,
    details: &'static str,
}

const WORDS: [Words; 2] = [
    Words {
        lang: "en",
        schedule: "Schedule",
        on: "On",
        tuesday: "Tuesday",
        add: "Add another time",
        twice: "This time is there twice.",
        remove: "Remove time 2",
        next: "Next five refreshes",
        save: "Save",
        saved: "The refresh schedule has been saved.",
        status: "Status",
        meanings: "What the statuses mean",
        refresh_all: "Refresh all",
        details: "Progress details",
    },
    Words {
        lang: "zh-HK",
        schedule: "排程",
        on: "開啟",
        tuesday: "星期二",
        add: "新增其他時間",
        twice: "此時間出現兩次。",
        remove: "移除時間 2",
        next: "未來五次重新整理",
        save: "儲存",
        saved: "已儲存重新整理排程。",
        status: "狀態",
        meanings: "各狀態的意思",
        refresh_all: "全部重新整理",
        details: "進度詳細資料",
    },
];

#[tokio::test]
async fn the_system_is_scheduled_and_refreshed_by_its_labels() {
    let Some(driver) = ChromeDriver::start() else {
        return;
    };
    for words in WORDS {
        let app = spawn_app().await;
        let tab = driver.open(&app.base_url, words.lang).await;
        tab.goto("/settings/system").await;
        tab.sign_in(ALICE.email).await;
        tab.see(words.meanings).await;
        tab.check_accessibility().await;
        tab.click(words.meanings).await;
        // Clicking may have scrolled something half under the bar.
        let top = tab.client.execute("scrollTo(0, 0)", Vec::new());
        top.await.unwrap();
        tab.check_accessibility().await;
        tab.click(words.schedule).await;
        tab.wait_for("form.schedule-form").await;
        tab.check_accessibility().await;
        tab.tick(words.on).await;
        tab.tick(words.tuesday).await;
        tab.press(words.add).await;
        tab.wait_for("#time-2").await;
        tab.press(words.add).await;
        tab.wait_for("#time-3").await;
        tab.press(words.save).await;
        tab.see(words.twice).await;
        tab.check_accessibility().await;
        tab.press(words.remove).await;
        tab.see(words.next).await;
        tab.press(words.save).await;
        tab.see(words.saved).await;
        tab.check_accessibility().await;
        tab.click(words.status).await;
        tab.see(words.meanings).await;
        tab.press(words.refresh_all).await;
        tab.see(words.details).await;
        tab.check_accessibility().await;
    }
}
