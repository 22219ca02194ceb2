//! The wizard and removal in a real Chromium, by visible labels, in both languages.

use crate::stage::{LIST, store_export};
use crate::support::connections::{
    Application, add_connection, spawn_app_at, spawn_app_at_with, start_sandbox,
};
use crate::support::port::Port;
use crate::support::webdriver::{ChromeDriver, Tab};
use crate::support::{ALICE, PASSWORD};

/// What the wizard says in a language.
struct Words {
    lang: &'static str,
    password: &'static str,
    add: &'static str,
    name: &'static str,
    i_agree: &'static str,
    connect: &'static str,
    authenticate: &'static str,
    connected: &'static str,
    export_user: &'static str,
    save: &'static str,
    healthy: &'static str,
}

const WORDS: [Words; 2] = [
    Words {
        lang: "en",
        password: "Password",
        add: "Add connection",
        name: "Display name",
        i_agree: "I agree",
        connect: "Connect",
        authenticate: "Authenticate with Constant Contact",
        connected: "Connected to Constant Contact – Harbour Books",
        export_user: "Add yourself as export user",
        save: "Save",
        healthy: "Connected",
    },
    Words {
        lang: "zh-HK",
        password: "密碼",
        add: "新增連接",
        name: "顯示名稱",
        i_agree: "我同意",
        connect: "連接",
        authenticate: "驗證 Constant Contact",
        connected: "已連接至 Constant Contact – Harbour Books",
        export_user: "將您自己新增為匯出使用者",
        save: "儲存",
        healthy: "已連接",
    },
];

#[tokio::test]
async fn the_wizard_is_walked_by_its_labels_in_a_real_browser() {
    let Some(driver) = ChromeDriver::start() else {
        return;
    };
    for words in WORDS {
        let sandbox = start_sandbox().await;
        // The redirect URI names the port, so it has to be known before the start.
        let port = Port::new();
        let address = port.address();
        let app = spawn_app_at_with(&sandbox, Application::Configured, |settings| {
            settings.listen = address;
            settings.public_url = format!("http://{address}").parse().unwrap();
        })
        .await;
        sandbox.register_redirect_uri(&format!("http://{address}/oauth/constant-contact/callback"));
        let tab = driver.open(&app.base_url, words.lang).await;
        walk(&tab, &words).await;
    }
}

async fn walk(tab: &Tab, words: &Words) {
    tab.goto(LIST).await;
    tab.sign_in(ALICE.email).await;
    tab.see(words.add).await;
    tab.check_accessibility().await;
    tab.click(words.add).await;
    tab.see("1,000,000").await;
    tab.check_accessibility().await;
    tab.click("Constant Contact").await;
    tab.fill(words.name, "Newsletter").await;
    tab.check_accessibility().await;
    // Pages scroll smoothly, and WebDriver would press before the box has arrived.
    let tick = "const label = [...document.querySelectorAll('label')].find(l => l.textContent.trim() === arguments[0]);
        label.scrollIntoView({ behavior: 'instant', block: 'center' }); label.click();";
    tab.client
        .execute(tick, vec![words.i_agree.into()])
        .await
        .unwrap();
    tab.press(words.connect).await;
    tab.see("Newsletter").await;
    tab.see("Alice Admin ·").await;
    tab.check_accessibility().await;
    tab.press(words.authenticate).await;
    tab.see("Known users").await;
    tab.fill("User name", "owner").await;
    tab.fill("Password", "owner-password").await;
    tab.click("Sign in").await;
    tab.click("Allow").await;
    tab.see(words.connected).await;
    assert!(
        !tab.client
            .current_url()
            .await
            .unwrap()
            .as_str()
            .contains("code=")
    );
    tab.fill(words.password, PASSWORD).await;
    tab.check_accessibility().await;
    tab.press(words.export_user).await;
    tab.see(words.save).await;
    tab.press(words.save).await;
    tab.see(words.healthy).await;
    tab.arrive(LIST).await;
    tab.check_accessibility().await;
}

/// What is said while a connection with dependents is removed.
struct RemovalWords {
    lang: &'static str,
    remove_row: &'static str,
    in_use: &'static str,
    detach_row: &'static str,
    detached: &'static str,
    remove_export_row: &'static str,
    remove_export: &'static str,
    remove: &'static str,
    sure: &'static str,
    removed: &'static str,
}

const REMOVAL_WORDS: [RemovalWords; 2] = [
    RemovalWords {
        lang: "en",
        remove_row: "Remove Newsletter",
        in_use: "Connection is in use by 2 exports",
        detach_row: "Detach the connection of Monthly",
        detached: "Monthly has been detached from its connection",
        remove_export_row: "Remove the export Weekly",
        remove_export: "Remove Weekly?",
        remove: "Remove",
        sure: "Are you sure you want to remove Newsletter?",
        removed: "The connection \"Newsletter\" is removed.",
    },
    RemovalWords {
        lang: "zh-HK",
        remove_row: "移除 Newsletter",
        in_use: "有 2 個匯出正在使用此連接",
        detach_row: "中斷連接：Monthly",
        detached: "已中斷 Monthly 的連接",
        remove_export_row: "移除匯出 Weekly",
        remove_export: "確定要移除 Weekly 嗎？",
        remove: "移除",
        sure: "確定要移除 Newsletter 嗎？",
        removed: "連接「Newsletter」已移除。",
    },
];

#[tokio::test]
async fn a_connection_in_use_is_removed_by_its_labels_in_a_real_browser() {
    let Some(driver) = ChromeDriver::start() else {
        return;
    };
    for words in REMOVAL_WORDS {
        let sandbox = start_sandbox().await;
        let app = spawn_app_at(&sandbox, Application::Configured).await;
        let alice = app.sign_in(ALICE).await;
        let connection = add_connection(&alice, &sandbox, "Newsletter").await;
        store_export(&app, &connection, "Weekly").await;
        store_export(&app, &connection, "Monthly").await;
        let tab = driver.open(&app.base_url, words.lang).await;
        remove_in_use(&tab, &words).await;
        assert_eq!(alice.get(&connection).await.status, 404);
        assert_eq!(alice.get("/exports").await.texts("tbody th"), ["Monthly"]);
        assert_eq!(sandbox.live_refresh_tokens(), 0);
    }
}

async fn remove_in_use(tab: &Tab, words: &RemovalWords) {
    tab.goto(LIST).await;
    tab.sign_in(ALICE.email).await;
    tab.wait_for("thead").await;
    tab.check_accessibility().await;
    tab.click(words.remove_row).await;
    // The question comes as a dialog over the list.
    tab.wait_for("dialog[open]").await;
    tab.see(words.in_use).await;
    tab.check_accessibility().await;
    tab.click(words.detach_row).await;
    tab.see(words.detached).await;
    tab.check_accessibility().await;
    tab.click(words.remove_export_row).await;
    tab.see(words.remove_export).await;
    tab.check_accessibility().await;
    tab.press(words.remove).await;
    tab.see(words.sure).await;
    tab.check_accessibility().await;
    tab.press(words.remove).await;
    tab.see(words.removed).await;
    tab.arrive(LIST).await;
}
