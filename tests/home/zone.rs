//! Times are shown where the reader is: what they have chosen, what their browser says, or UTC.

use std::sync::Arc;

use jiff::SignedDuration;
use reqwest::cookie::Jar;
use reqwest::redirect::Policy;
use sea_orm::Set;

use crate::support::webdriver::ChromeDriver;
use crate::support::{ALICE, Browser, CHARLIE, PASSWORD, TestApp, spawn_app};
use crate::{add_run, ready_stage, waiting};

/// A browser in which Charlie has signed in and which says that it is in a zone.
async fn sign_in_from(app: &TestApp, zone: &str) -> Browser {
    let jar = Jar::default();
    let cookie = format!("listbridge_zone={zone}");
    jar.add_cookie_str(&cookie, &app.base_url.parse().unwrap());
    let client = reqwest::Client::builder()
        .cookie_provider(Arc::new(jar))
        .redirect(Policy::none())
        .build()
        .unwrap();
    let browser = Browser {
        client,
        base_url: app.base_url.clone(),
        lang: "en",
    };
    let fields = [("email", CHARLIE.email), ("password", PASSWORD)];
    let answer = browser.submit("/sign-in", "/sign-in", &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    browser
}

#[tokio::test]
async fn times_and_days_are_those_of_the_browser() {
    let stage = ready_stage().await;
    let export = stage.store_export("Weekly", |_| ()).await;
    let delivered = |row: &mut listbridge::storage::entities::run::ActiveModel| {
        row.delivered = Set(Some(5));
    };
    add_run(&stage, &export, SignedDuration::ZERO, delivered).await;
    let mut last_days = Vec::new();
    for (zone, shown) in [
        (
            "Pacific/Kiritimati",
            "UTC+14 (Pacific/Kiritimati, UTC+14:00)",
        ),
        ("Pacific/Pago_Pago", "SST (Pacific/Pago_Pago, UTC-11:00)"),
        ("Mars%2FBase", " UTC"),
        ("../../etc/passwd", " UTC"),
    ] {
        let home = sign_in_from(&stage.app, zone).await.get("/").await;
        let title = home.attribute("section[aria-labelledby=recent] time", "title");
        assert!(
            title.as_ref().unwrap().ends_with(shown),
            "{zone}: {title:?}"
        );
        let last = "section[aria-labelledby=delivered] tbody tr:last-child";
        assert_eq!(home.texts(&format!("{last} td")), ["5"], "{zone}");
        last_days.extend(home.texts(&format!("{last} th")));
    }
    // 25 hours apart, so never on the same day.
    assert_ne!(last_days[0], last_days[1]);
}

#[tokio::test]
async fn a_zone_chosen_on_the_account_page_wins_until_it_is_given_up() {
    let app = spawn_app().await;
    let browser = sign_in_from(&app, "Asia/Hong_Kong").await;
    let account = browser.get("/account").await;
    assert_eq!(
        account.selected("#time_zone"),
        "What the browser says (Asia/Hong_Kong)"
    );
    assert!(account.says("HKT"), "{}", account.body);
    let choose = async |zone: &str| {
        let fields = [("time_zone", zone)];
        browser
            .submit("/account", "/account/time-zone", &fields)
            .await
    };
    assert_eq!(choose("America/New_York").await.status, 303);
    let account = browser.get("/account").await;
    assert_eq!(account.selected("#time_zone"), "America/New_York");
    let hint = account.texts("#time_zone-hint").concat();
    assert!(hint.contains("EST") || hint.contains("EDT"), "{hint}");
    for odd in [
        "Mars/Base",
        "Asia/Hong_Kong'; DROP TABLE users; --",
        "../etc/passwd",
    ] {
        let refused = choose(odd).await;
        assert_eq!(refused.status, 422, "{odd}");
        assert!(refused.says("There is no such time zone. Choose one from the list."));
        assert_eq!(refused.selected("#time_zone"), "America/New_York");
    }
    // It goes with the person, not with the browser.
    let elsewhere = sign_in_from(&app, "Europe/Berlin")
        .await
        .get("/account")
        .await;
    assert_eq!(elsewhere.selected("#time_zone"), "America/New_York");
    assert_eq!(choose("").await.status, 303);
    let account = browser.get("/account").await;
    assert!(account.says("HKT"), "{}", account.body);
}

#[tokio::test]
async fn a_pause_until_midnight_utc_is_told_in_the_readers_time() {
    let stage = ready_stage().await;
    let export = stage.store_export("Weekly", |_| ()).await;
    let run = add_run(&stage, &export, SignedDuration::ZERO, |row| {
        waiting(row, "quota");
        // 00:00 UTC.
        row.waiting_until = Set(Some(
            "2100-06-01T00:00:00Z"
                .parse::<jiff::Timestamp>()
                .unwrap()
                .into(),
        ));
    })
    .await;
    let browser = sign_in_from(&stage.app, "Asia/Hong_Kong").await;
    for path in ["/", &format!("/runs/{run}")] {
        let page = browser.get(path).await;
        assert!(page.says("1 Jun 2100, 08:00 HKT"), "{path}: {}", page.body);
    }
}

#[tokio::test]
async fn the_browser_says_its_zone_at_the_first_visit() {
    let Some(driver) = ChromeDriver::start_in_zone("Asia/Hong_Kong") else {
        return;
    };
    let app = spawn_app().await;
    for (lang, browsers_own) in [
        ("en", "What the browser says (Asia/Hong_Kong)"),
        ("zh-HK", "依瀏覽器（Asia/Hong_Kong）"),
    ] {
        let tab = driver.open(&app.base_url, lang).await;
        tab.goto("/account").await;
        tab.sign_in(ALICE.email).await;
        tab.see("HKT").await;
        tab.see(browsers_own).await;
        tab.check_accessibility().await;
    }
}
