//! Settings > System > General. In a binary of its own: what the installation has chosen holds for the whole process.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod support;

use listbridge::storage::entities::audit_event;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use support::webdriver::ChromeDriver;
use support::{ALICE, BOB, spawn_app};

const PAGE: &str = "/settings/system/general";

#[tokio::test]
async fn language_and_format_of_the_installation() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    let page = alice.get(PAGE).await;
    assert_eq!(page.selected("#lang"), "The browser's language");
    assert_eq!(page.selected("#format"), "As the language of the page does");
    assert!(page.says("1,234,567"));
    let send = async |action: &str, lang: &str, format: &str| {
        let fields = [("action", action), ("lang", lang), ("format", format)];
        alice.submit(PAGE, PAGE, &fields).await
    };

    // A preview changes nothing.
    let shown = send("preview", "zh-HK", "de-DE").await;
    assert!(shown.says("1.234.567"), "{}", shown.body);
    assert_eq!(shown.selected("#format"), "Germany");
    assert!(alice.get(PAGE).await.says("1,234,567"));
    let stranger = app.browser();
    assert!(stranger.get("/sign-in").await.body.contains("lang=\"en\""));

    for (lang, format, field) in [("fr", "de-DE", "lang"), ("en", "xx", "format")] {
        let refused = send("save", lang, format).await;
        assert_eq!(refused.status, 422);
        assert!(!refused.texts(&format!("#{field}-error")).is_empty());
    }

    let saved = send("save", "zh-HK", "de-DE").await;
    assert_eq!(saved.location.as_deref(), Some(PAGE), "{}", saved.body);
    // Whoever has not chosen gets the installation's language, whatever the browser asks for; others keep theirs.
    assert!(
        stranger
            .get("/sign-in")
            .await
            .body
            .contains("lang=\"zh-HK\"")
    );
    let page = stranger.csrf("/sign-in").await;
    let english = [
        ("_csrf", page.as_str()),
        ("lang", "en"),
        ("return_to", "/sign-in"),
    ];
    stranger.post("/language", &english).await;
    assert!(stranger.get("/sign-in").await.body.contains("lang=\"en\""));
    let page = alice.get(PAGE).await;
    assert!(page.says("1.234.567"), "{}", page.body);

    let events = audit_event::Entity::find()
        .filter(audit_event::Column::Action.eq("installation.changed"))
        .all(&**app.services.db)
        .await
        .unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].detail["after"]["format"], "de-DE");
    let bob = app.sign_in(BOB).await;
    assert_eq!(bob.get(PAGE).await.status, 403);

    if let Some(driver) = ChromeDriver::start() {
        for lang in ["en", "zh-HK"] {
            send("save", lang, "language").await;
            let tab = driver.open(&app.base_url, lang).await;
            tab.goto(PAGE).await;
            let words = match lang {
                "en" => ["Preview", "Country/Region format", "Japan"],
                _ => ["預覽", "國家/地區格式", "日本"],
            };
            tab.sign_in(ALICE.email).await;
            tab.see(words[0]).await;
            tab.check_accessibility().await;
            tab.select(words[1], words[2]).await;
            tab.press(words[0]).await;
            tab.wait_for("#format option[value='ja-JP'][selected]")
                .await;
            tab.see("1,234,567").await;
            tab.check_accessibility().await;
        }
    }
}
