//! The application, a provider and a time that the test decides.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use listbridge::clock::Clock;
use listbridge::config::Settings;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::support::openid::{CLIENT_ID, CLIENT_SECRET, TestProvider};
use crate::support::{Answer, Browser, TestApp, spawn_app_with_clock};

/// Where signing in begins.
pub(crate) const START: &str = "/sign-in/openid";

/// A time that stands still until it is moved.
#[derive(Clone)]
pub(crate) struct Time(Arc<AtomicI64>);

impl Time {
    pub(crate) fn now() -> Self {
        let now = Clock::system().now().as_second();
        Self(Arc::new(AtomicI64::new(now)))
    }

    pub(crate) fn pass(&self, time: SignedDuration) {
        self.0.fetch_add(time.as_secs(), Ordering::SeqCst);
    }

    fn clock(&self) -> Clock {
        let now = self.0.clone();
        Clock::from_fn(move || Timestamp::from_second(now.load(Ordering::SeqCst)).unwrap())
    }
}

pub(crate) struct Stage {
    pub(crate) app: TestApp,
    pub(crate) provider: TestProvider,
    pub(crate) time: Time,
}

/// The application with Alice, Bob and Charlie, and a provider whose groups give roles.
pub(crate) async fn stage() -> Stage {
    stage_with(|_, _| ()).await
}

pub(crate) async fn stage_with(change: impl FnOnce(&mut Settings, &str)) -> Stage {
    let time = Time::now();
    let seconds = time.0.clone();
    let provider = TestProvider::start(move || seconds.load(Ordering::SeqCst));
    let app = spawn_app_with_clock(time.clock(), |settings| {
        settings.openid_issuer_url = Some(provider.url.clone());
        settings.openid_client_id = Some(CLIENT_ID.into());
        settings.openid_client_secret = Some(CLIENT_SECRET.into());
        settings.openid_display_name = "Work account".into();
        settings.openid_administrator_groups = "admins".into();
        settings.openid_contributor_groups = "marketing, editors".into();
        settings.openid_viewer_groups = "staff".into();
        change(settings, &provider.url);
    })
    .await;
    Stage {
        app,
        provider,
        time,
    }
}

/// Dora of the marketing group, as the provider knows her.
pub(crate) fn dora(groups: &[&str]) -> Value {
    json!({ "sub": "dora-1", "name": "Dora Diaz", "email": "dora@example.com", "groups": groups })
}

impl Stage {
    /// From a link of ours to the provider and back to the callback, which is not asked yet.
    pub(crate) async fn to_provider(&self, browser: &Browser, start: &str) -> String {
        let sent = browser.get(start).await;
        assert_eq!(sent.status, 303, "{start}: {}", sent.body);
        self.through(browser, &sent.location.unwrap()).await
    }

    /// From the provider's address back to the callback's path.
    pub(crate) async fn through(&self, browser: &Browser, address: &str) -> String {
        assert!(address.starts_with(&self.provider.url), "{address}");
        let back = Answer::read(browser.client.get(address).send().await.unwrap()).await;
        assert_eq!(back.status, 302, "{}", back.body);
        let back = back.location.unwrap();
        back.strip_prefix("http://localhost:8080")
            .unwrap()
            .to_owned()
    }

    /// The whole way.
    pub(crate) async fn sign_in(&self, browser: &Browser, start: &str) -> Answer {
        let callback = self.to_provider(browser, start).await;
        let answer = browser.get(&callback).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (303, ""),
            "the code is gone at once"
        );
        answer
    }

    /// A browser in which whoever the provider says has signed in.
    pub(crate) async fn signed_in(&self) -> Browser {
        let browser = self.app.browser();
        let answer = self.sign_in(&browser, START).await;
        assert_eq!(
            answer.location.as_deref(),
            Some("/"),
            "{:?}",
            browser.get("/sign-in").await.texts("[role=alert]")
        );
        browser
    }

    /// Goes the whole way and is told why not; the sign-in page offers to try again.
    pub(crate) async fn refused(&self, browser: &Browser) -> String {
        let answer = self.sign_in(browser, START).await;
        self.told(browser, &answer).await
    }

    /// What the sign-in page says after a failure.
    pub(crate) async fn told(&self, browser: &Browser, answer: &Answer) -> String {
        assert_eq!(answer.location.as_deref(), Some("/sign-in"));
        let page = browser.get("/sign-in").await;
        let again = page.attribute("a[href^='/sign-in/']", "href");
        assert!(again.is_some(), "a way to try again: {}", page.body);
        page.texts("[role=alert]").concat()
    }

    pub(crate) async fn count(&self, sql: &str) -> i64 {
        let db = &**self.app.services.db;
        let statement = sea_orm::Statement::from_string(db.get_database_backend(), sql.to_owned());
        let row = db.query_one_raw(statement).await.unwrap();
        row.unwrap().try_get_by_index(0).unwrap()
    }
}
