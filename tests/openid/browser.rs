//! Signing in, linking and proving in a real Chromium, by visible labels, in both languages.

use crate::stage::{dora, stage_with};
use crate::support::openid::Fault;
use crate::support::port::Port;
use crate::support::webdriver::ChromeDriver;
use crate::support::{BOB, PASSWORD};
use serde_json::json;

struct Words {
    lang: &'static str,
    with: &'static str,
    denied: &'static str,
    present: &'static str,
    link: &'static str,
    linked: &'static str,
}

const WORDS: [Words; 2] = [
    Words {
        lang: "en",
        with: "Sign in with Work account",
        denied: "did not allow the sign-in",
        present: "Listbridge password",
        link: "Link with Work account",
        linked: "Your account is linked",
    },
    Words {
        lang: "zh-HK",
        with: "使用 Work account 登入",
        denied: "沒有允許在",
        present: "Listbridge 密碼",
        link: "連結 Work account",
        linked: "您的帳戶已連結",
    },
];

#[tokio::test]
async fn people_sign_in_and_link_by_the_labels_in_a_real_browser() {
    let Some(driver) = ChromeDriver::start() else {
        return;
    };
    for words in WORDS {
        // The redirect URI names the port, so it has to be known before the start.
        let port = Port::new();
        let address = port.address();
        let stage = stage_with(|settings, _| {
            settings.listen = address;
            settings.public_url = format!("http://{address}").parse().unwrap();
        })
        .await;
        let provider = &stage.provider;
        provider.register_redirect_uri(format!("http://{address}/oauth/openid/callback"));
        provider.be(dora(&["staff"]));

        let tab = driver.open(&stage.app.base_url, words.lang).await;
        tab.goto("/sign-in").await;
        tab.check_accessibility().await;
        provider.fail(Fault::Authorize("access_denied", ""));
        tab.click(words.with).await;
        tab.see(words.denied).await;
        tab.check_accessibility().await;
        provider.fail(Fault::None);
        tab.click(words.with).await;
        tab.see("Dora Diaz").await;

        let tab = driver.open(&stage.app.base_url, words.lang).await;
        provider.be(json!({ "sub": "bob-9", "groups": ["marketing"] }));
        tab.goto("/account").await;
        tab.sign_in(BOB.email).await;
        tab.see(words.link).await;
        tab.check_accessibility().await;
        tab.fill(words.present, PASSWORD).await;
        tab.click(words.link).await;
        // The form leads to a page that leads on by itself, which the Content-Security-Policy lets it.
        tab.see(words.linked).await;
    }
}
