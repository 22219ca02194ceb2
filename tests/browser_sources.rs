//! A file's way from upload to profiles, in a real Chromium, in both languages.
#![allow(clippy::unwrap_used, reason = "a step that fails fails its test")]

mod support;

use std::fmt::Write;

use support::webdriver::ChromeDriver;
use support::{ALICE, spawn_app};

#[tokio::test]
async fn alice_uploads_a_file_and_looks_at_its_profiles() {
    let Some(driver) = ChromeDriver::start() else {
        return;
    };
    let app = spawn_app().await;
    let file = app.data_dir.path().join("people.csv");
    let mut text = "Id,Name,EMail,Spend\n1,Ann\n".to_owned();
    for number in 2..=60 {
        writeln!(text, "{number},陳小明,p{number}@example.com,{number}.50").unwrap();
    }
    std::fs::write(&file, text).unwrap();
    let words = [
        (
            "en",
            [
                "CSV file",
                "Upload and preview",
                "Name",
                "Load profiles",
                "Rows refused",
                "Browse profiles",
            ],
        ),
        (
            "zh-HK",
            [
                "CSV 檔案",
                "上傳並預覽",
                "名稱",
                "載入設定檔",
                "被拒絕的列",
                "瀏覽設定檔",
            ],
        ),
    ];
    for (lang, [choose, upload, name, load, refused, browse]) in words {
        let tab = driver.open(&app.base_url, lang).await;
        tab.goto("/sign-in").await;
        tab.sign_in(ALICE.email).await;
        tab.goto("/sources").await;
        tab.check_accessibility().await;
        tab.goto("/sources/new").await;
        tab.check_accessibility().await;
        tab.attach(choose, file.to_str().unwrap()).await;
        tab.click(upload).await;
        tab.see("陳小明").await;
        tab.check_accessibility().await;
        tab.fill(name, lang).await;
        tab.click(load).await;
        tab.see(refused).await;
        tab.check_accessibility().await;
        tab.click(browse).await;
        tab.see("p50@example.com").await;
        tab.check_accessibility().await;
        tab.goto("/sources").await;
        tab.click(lang).await;
        tab.see("people.csv").await;
        tab.check_accessibility().await;
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_where_the_keyboard_is() {
    let Some(driver) = ChromeDriver::start() else {
        return;
    };
    let app = spawn_app().await;
    let file = app.data_dir.path().join("empty.csv");
    std::fs::write(&file, "").unwrap();
    for (lang, [choose, upload, words]) in [
        (
            "en",
            ["CSV file", "Upload and preview", "The file is empty."],
        ),
        ("zh-HK", ["CSV 檔案", "上傳並預覽", "檔案是空的。"]),
    ] {
        let tab = driver.open(&app.base_url, lang).await;
        tab.goto("/sources/new").await;
        tab.sign_in(ALICE.email).await;
        tab.attach(choose, file.to_str().unwrap()).await;
        tab.click(upload).await;
        tab.wait_for("[role=alert]:focus").await;
        tab.see(words).await;
        tab.check_accessibility().await;
    }
}
