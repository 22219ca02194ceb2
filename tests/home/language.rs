//! The language switch in a real Chromium: it asks before it drops what was typed.

use crate::support::webdriver::{ChromeDriver, Tab};
use crate::support::{ALICE, spawn_app};

const PAGE: &str = "/settings/people/new";

async fn is_asked(tab: &Tab, question: &str) {
    let asked = tab.client.get_alert_text().await.unwrap();
    assert!(asked.contains(question), "{asked}");
}

#[tokio::test]
async fn the_language_switch_asks_before_it_drops_what_was_typed() {
    let Some(driver) = ChromeDriver::start() else {
        return;
    };
    for (lang, name, other, question, heading) in [
        ("en", "Name", "繁體中文（香港）", "What you typed", "新增"),
        ("zh-HK", "姓名", "English", "您輸入的內容", "Add"),
    ] {
        let app = spawn_app().await;
        let tab = driver.open(&app.base_url, lang).await;
        tab.goto("/sign-in").await;
        tab.sign_in(ALICE.email).await;
        tab.arrive("/").await;

        tab.goto(PAGE).await;
        tab.fill(name, "Dora").await;
        tab.press(other).await;
        is_asked(&tab, question).await;
        tab.client.dismiss_alert().await.unwrap();
        let typed = tab.client.find(fantoccini::Locator::Id("name")).await;
        let typed = typed.unwrap().prop("value").await.unwrap();
        assert_eq!(typed.as_deref(), Some("Dora"));
        assert_eq!(tab.path().await, PAGE);

        // Whoever goes on loses it, and is on the same page in the other language; nothing is asked there.
        tab.press(other).await;
        tab.client.accept_alert().await.unwrap();
        tab.see(heading).await;
        assert_eq!(tab.path().await, PAGE);
        let back = match lang {
            "en" => "English",
            _ => "繁體中文（香港）",
        };
        tab.press(back).await;
        tab.wait_for(&format!("html[lang='{lang}']")).await;

        // The answer to a form is nowhere else, typed into or not.
        let alice = app.sign_in(ALICE).await;
        let page = alice.get(PAGE).await;
        assert!(page.attribute("form[data-ask-always]", "action").is_none());
        let answer = alice.submit(
            PAGE,
            PAGE,
            &[("name", ""), ("role", "viewer"), ("access", "invitation")],
        );
        let answer = answer.await;
        assert_eq!(answer.status, 422);
        let switch = answer.attribute("form[data-ask-always]", "action");
        assert_eq!(switch.as_deref(), Some("/language"));
    }
}
