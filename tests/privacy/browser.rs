//! The pages of privacy in a real Chromium, by visible labels, in both languages, every page checked for accessibility.

use crate::pages::browse;
use crate::stage::ended_run;
use crate::support::Stage;
use crate::web::webdriver::ChromeDriver;

/// What the pages say in a language.
struct Words {
    lang: &'static str,
    entry: &'static str,
    exclude: &'static str,
    excluded: &'static str,
    file: &'static str,
    upload: &'static str,
    refused: &'static str,
    address: &'static str,
    find: &'static str,
    delivered: &'static str,
    erase: &'static str,
    final_words: &'static str,
    confirm: &'static str,
    asked: &'static str,
    retention: &'static str,
    save: &'static str,
    saved: &'static str,
    agreed: &'static str,
}

const WORDS: [Words; 2] = [
    Words {
        lang: "en",
        entry: "Address or domain",
        exclude: "Exclude",
        excluded: "It is on the exclusion list.",
        file: "File",
        upload: "Upload",
        refused: "Neither an email address nor @ and a domain",
        address: "Email address",
        find: "Find",
        delivered: "Delivered",
        erase: "Erase…",
        final_words: "This cannot be undone.",
        confirm: "Erase now",
        asked: "The address is blocked.",
        retention: "Profiles held for finished runs, in days",
        save: "Save",
        saved: "Retention has been changed.",
        agreed: "Text agreed to",
    },
    Words {
        lang: "zh-HK",
        entry: "地址或網域",
        exclude: "排除",
        excluded: "已加入排除清單",
        file: "檔案",
        upload: "上傳",
        refused: "既不是電子郵件地址，也不是 @ 加網域",
        address: "電子郵件地址",
        find: "尋找",
        delivered: "已傳送",
        erase: "清除…",
        final_words: "此動作無法復原。",
        confirm: "立即清除",
        asked: "地址已被封鎖",
        retention: "為已結束的執行保存設定檔的日數",
        save: "儲存",
        saved: "已變更保存期限。",
        agreed: "同意的文字",
    },
];

const PEOPLE: &str = "CustomerId,FirstName,EMail\n1,Ann,ann@example.com\n2,Bob,bob@example.com\n";

#[tokio::test]
async fn a_person_is_excluded_found_and_erased_by_the_labels() {
    let Some(driver) = ChromeDriver::start() else {
        return;
    };
    for words in WORDS {
        let stage = Stage::new(PEOPLE).await;
        ended_run(&stage).await;
        let base_url = browse(&stage).await.base_url;
        let list = stage.dir.path().join("list.csv");
        std::fs::write(&list, "email\nnew@example.com\nwrong\n").unwrap();
        let tab = driver.open(&base_url, words.lang).await;
        tab.goto("/settings/privacy/exclusions").await;
        tab.sign_in("alice@example.com").await;
        tab.see(words.entry).await;
        tab.check_accessibility().await;
        tab.fill(words.entry, "@example.org").await;
        tab.press(words.exclude).await;
        tab.see(words.excluded).await;
        tab.check_accessibility().await;
        tab.attach(words.file, list.to_str().unwrap()).await;
        tab.press(words.upload).await;
        tab.see(words.refused).await;
        tab.check_accessibility().await;

        tab.goto("/settings/privacy").await;
        tab.check_accessibility().await;
        tab.fill(words.address, "ann@example.com").await;
        tab.press(words.find).await;
        tab.see(words.delivered).await;
        tab.arrive("/settings/privacy/find").await;
        tab.check_accessibility().await;
        tab.press(words.erase).await;
        tab.see(words.final_words).await;
        tab.check_accessibility().await;
        tab.press(words.confirm).await;
        tab.see(words.asked).await;
        tab.check_accessibility().await;
        tab.goto("/settings/privacy/erasures").await;
        tab.check_accessibility().await;

        tab.goto("/settings/privacy/retention").await;
        tab.check_accessibility().await;
        tab.fill(words.retention, "14").await;
        tab.press(words.save).await;
        tab.see(words.saved).await;
        let connection = stage.export.definition.connection_id.unwrap();
        tab.goto(&format!(
            "/settings/connections/{connection}/consent-record"
        ))
        .await;
        tab.see(words.agreed).await;
        tab.check_accessibility().await;
    }
}
