//! What black-box tests share: the real application on a free port, and a browser-like client.
//!
//! Alice is an administrator, Bob a contributor, Charlie a viewer. Each test has its own data directory and database.
#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

#[cfg(feature = "sandbox")]
pub(crate) mod connections;
pub(crate) mod openid;
pub(crate) mod port;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod redis;
pub(crate) mod routes;
pub(crate) mod tls;
pub(crate) mod webdriver;

use std::collections::HashMap;

use actix_web::dev::ServerHandle;
use listbridge::auth::{NewUser, Role, store};
use listbridge::clock::Clock;
use listbridge::config::Settings;
use listbridge::startup::{Application, Services};
use listbridge::storage::entities::audit_event;
use reqwest::header::{ACCEPT_LANGUAGE, LOCATION, REFERER};
use reqwest::redirect::Policy;
use scraper::{Html, Selector};
use sea_orm::EntityTrait;
use tempfile::TempDir;

/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A person of the tests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) email: &'static str,
    pub(crate) role: Role,
}

pub(crate) const ALICE: Person = Person {
    name: "Alice Admin",
    email: "alice@example.com",
    role: Role::Administrator,
};
pub(crate) const BOB: Person = Person {
    name: "Bob Contributor",
    email: "bob@example.com",
    role: Role::Contributor,
};
pub(crate) const CHARLIE: Person = Person {
    name: "Charlie Viewer",
    email: "charlie@example.com",
    role: Role::Viewer,
};

/// The running application; stops when dropped.
pub(crate) struct TestApp {
    pub(crate) base_url: String,
    pub(crate) services: Services,
    pub(crate) data_dir: TempDir,
    handle: ServerHandle,
}

impl Drop for TestApp {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

/// Keeps the database in files of the data directory, for tests that look at those, whatever the others use.
pub(crate) fn in_files(settings: &mut Settings) {
    settings.database_url = None;
    settings.database_url = Some(settings.database_url());
}

/// The application without any user, as after a first start.
pub(crate) async fn spawn_empty_app(change: impl FnOnce(&mut Settings)) -> TestApp {
    spawn_empty_app_with_clock(Clock::system(), change).await
}

async fn spawn_empty_app_with_clock(clock: Clock, change: impl FnOnce(&mut Settings)) -> TestApp {
    let data_dir = tempfile::tempdir().unwrap();
    let mut settings = Settings::defaults();
    settings.listen = "127.0.0.1:0".parse().unwrap();
    settings.data_dir = data_dir.path().join("data");
    change(&mut settings);
    if settings.database_url.is_none() {
        settings.database_url = postgres::fresh_database().await.map(Into::into);
    }
    let application = Application::build(settings, clock).await.unwrap();
    let base_url = format!("http://{}", application.address());
    let services = application.services().clone();
    let handle = application.handle();
    tokio::spawn(application.run());
    TestApp {
        base_url,
        services,
        data_dir,
        handle,
    }
}

/// Another process of the same installation.
pub(crate) async fn spawn_replica(of: &TestApp) -> TestApp {
    let settings = (**of.services.settings).clone();
    let application = Application::build(settings, Clock::system()).await.unwrap();
    let base_url = format!("http://{}", application.address());
    let services = application.services().clone();
    let handle = application.handle();
    tokio::spawn(application.run());
    TestApp {
        base_url,
        services,
        data_dir: tempfile::tempdir().unwrap(),
        handle,
    }
}

/// The application with Alice, Bob and Charlie.
pub(crate) async fn spawn_app() -> TestApp {
    spawn_app_with(|_| ()).await
}

/// The application with Alice, Bob and Charlie, and changed settings.
pub(crate) async fn spawn_app_with(change: impl FnOnce(&mut Settings)) -> TestApp {
    spawn_app_with_clock(Clock::system(), change).await
}

/// The same, at a time the test decides.
pub(crate) async fn spawn_app_with_clock(
    clock: Clock,
    change: impl FnOnce(&mut Settings),
) -> TestApp {
    let app = spawn_empty_app_with_clock(clock, change).await;
    for person in [ALICE, BOB, CHARLIE] {
        let new = NewUser {
            name: person.name.into(),
            email: person.email.into(),
            role: person.role,
            password: PASSWORD.to_owned().into(),
        };
        store::add_user(
            &**app.services.db,
            new,
            None,
            None,
            app.services.clock.now(),
        )
        .await
        .unwrap();
    }
    app
}

impl TestApp {
    /// A browser nobody has signed in with.
    pub(crate) fn browser(&self) -> Browser {
        let client = reqwest::Client::builder()
            .cookie_store(true)
            .redirect(Policy::none())
            .build()
            .unwrap();
        Browser {
            client,
            base_url: self.base_url.clone(),
            lang: "en",
        }
    }

    /// Details of all events of an action, each with a person and an address.
    pub(crate) async fn audited(&self, action: &str) -> Vec<serde_json::Value> {
        let events = audit_event::Entity::find().all(&**self.services.db).await;
        let events = events
            .unwrap()
            .into_iter()
            .filter(|event| event.action == action);
        let details = events.map(|event| {
            assert!(event.user_id.is_some() && event.ip.is_some(), "{event:?}");
            event.detail
        });
        details.collect()
    }

    /// A browser in which a person has signed in.
    pub(crate) async fn sign_in(&self, person: Person) -> Browser {
        let browser = self.browser();
        let answer = browser
            .submit(
                "/sign-in",
                "/sign-in",
                &[("email", person.email), ("password", PASSWORD)],
            )
            .await;
        assert_eq!(
            (answer.status, answer.location.as_deref()),
            (303, Some("/")),
            "{}",
            answer.body
        );
        browser
    }
}

/// A client that keeps cookies and does not follow redirects.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) client: reqwest::Client,
    pub(crate) base_url: String,
    pub(crate) lang: &'static str,
}

/// An answer, read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Browser {
    /// The same browser, asking for another language.
    pub(crate) fn speaking(mut self, lang: &'static str) -> Self {
        self.lang = lang;
        self
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = self
            .client
            .get(self.url(path))
            .header(ACCEPT_LANGUAGE, self.lang);
        Answer::read(request.send().await.unwrap()).await
    }

    /// Posts a form as it is, without a token unless given.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self
            .client
            .post(self.url(path))
            .header(ACCEPT_LANGUAGE, self.lang)
            .form(fields);
        Answer::read(request.send().await.unwrap()).await
    }

    /// Posts a form as [`Self::post`] does, and says which page it was on.
    pub(crate) async fn post_from(
        &self,
        page: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let request = self
            .client
            .post(self.url(path))
            .header(ACCEPT_LANGUAGE, self.lang)
            .header(REFERER, self.url(page))
            .form(fields);
        Answer::read(request.send().await.unwrap()).await
    }

    /// Loads the page a form is on and posts the form with the page's token.
    pub(crate) async fn submit(&self, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf(page).await;
        let mut all = vec![("_csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        self.post_from(page, action, &all).await
    }

    /// Posts an empty multipart form with the token of a page as its first part.
    pub(crate) async fn upload(&self, page: &str, action: &str) -> Answer {
        let form = reqwest::multipart::Form::new().text("_csrf", self.csrf(page).await);
        let request = self
            .client
            .post(self.url(action))
            .header(ACCEPT_LANGUAGE, self.lang);
        Answer::read(request.multipart(form).send().await.unwrap()).await
    }

    /// The token on a page.
    pub(crate) async fn csrf(&self, page: &str) -> String {
        let answer = self.get(page).await;
        answer
            .attribute("input[name=_csrf]", "value")
            .unwrap_or_else(|| panic!("no form on {page}: {answer:?}"))
    }

    pub(crate) fn url(&self, path: &str) -> String {
        if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base_url)
        }
    }
}

impl Answer {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        let headers: HashMap<_, _> = response
            .headers()
            .iter()
            .map(|(name, value)| {
                (
                    name.as_str().to_owned(),
                    value.to_str().unwrap_or_default().to_owned(),
                )
            })
            .collect();
        Self {
            status: response.status().as_u16(),
            location: headers.get(LOCATION.as_str()).cloned(),
            headers,
            body: response.text().await.unwrap(),
        }
    }

    /// Text of every element a selector finds, white space folded.
    pub(crate) fn texts(&self, selector: &str) -> Vec<String> {
        let selector = Selector::parse(selector).unwrap();
        Html::parse_document(&self.body)
            .select(&selector)
            .map(|element| {
                element
                    .text()
                    .collect::<String>()
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect()
    }

    /// Attribute of the first element a selector finds.
    pub(crate) fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let selector = Selector::parse(selector).unwrap();
        Html::parse_document(&self.body)
            .select(&selector)
            .next()?
            .attr(name)
            .map(str::to_owned)
    }

    /// Name and value of every field of a form, as a browser would send it unchanged.
    pub(crate) fn form_fields(&self, form: &str) -> Vec<(String, String)> {
        let all = Selector::parse("input[name], select[name], textarea[name]").unwrap();
        let chosen = Selector::parse("option[selected]").unwrap();
        let first = Selector::parse("option").unwrap();
        let document = Html::parse_document(&self.body);
        let form = document
            .select(&Selector::parse(form).unwrap())
            .next()
            .unwrap();
        let mut fields = Vec::new();
        for field in form.select(&all) {
            let is_choice = matches!(field.attr("type"), Some("checkbox" | "radio"));
            if is_choice && field.attr("checked").is_none() {
                continue;
            }
            let value = match field.value().name() {
                "select" => {
                    let option = field.select(&chosen).next();
                    let option = option.or_else(|| field.select(&first).next());
                    option
                        .and_then(|option| option.attr("value"))
                        .map(str::to_owned)
                }
                "textarea" => Some(field.text().collect()),
                _ => field.attr("value").map(str::to_owned),
            };
            fields.push((
                field.attr("name").unwrap().to_owned(),
                value.unwrap_or_default(),
            ));
        }
        fields
    }

    /// Label of the option a select shows.
    pub(crate) fn selected(&self, select: &str) -> String {
        let texts = self.texts(&format!("{select} option[selected]"));
        texts.into_iter().next().unwrap_or_default()
    }

    /// Whether the page says something, tags left out.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.texts("body").concat().contains(text)
    }
}
