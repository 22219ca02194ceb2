//! A sandbox with a client that holds an owner's token.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::Timestamp;
use listbridge::{
    clock::Clock,
    sandbox::{ActivitySpeed, Limits, Sandbox, SandboxOptions},
};
use reqwest::{Method, RequestBuilder, Response, StatusCode, multipart};
use serde_json::Value;
use uuid::Uuid;

pub(crate) const ALL_SCOPES: &[&str] = &["contact_data", "account_read", "offline_access"];
pub(crate) const REDIRECT_URI: &str = "http://localhost:8080/oauth/constant-contact/callback";

/// Time that moves when a test says so.
#[derive(Clone)]
pub(crate) struct TestTime(Arc<Mutex<Timestamp>>);

impl TestTime {
    pub(crate) fn starting(at: &str) -> Self {
        Self(Arc::new(Mutex::new(at.parse().unwrap())))
    }

    pub(crate) fn clock(&self) -> Clock {
        let time = self.0.clone();
        Clock::from_fn(move || *time.lock().unwrap())
    }

    pub(crate) fn pass(&self, duration: Duration) {
        let mut now = self.0.lock().unwrap();
        *now += duration;
    }
}

/// Options for tests about something else than limits and waiting.
pub(crate) fn quick() -> SandboxOptions {
    SandboxOptions {
        limits: Limits::unlimited(),
        activity_speed: ActivitySpeed::immediate(),
        ..SandboxOptions::default()
    }
}

pub(crate) struct Visitor {
    pub(crate) sandbox: Sandbox,
    pub(crate) http: reqwest::Client,
    pub(crate) token: String,
}

impl Visitor {
    pub(crate) async fn new(options: SandboxOptions) -> Self {
        let sandbox = Sandbox::start(options).await.unwrap();
        let token = sandbox
            .issue_tokens("owner", ALL_SCOPES)
            .unwrap()
            .access_token;
        Self {
            sandbox,
            http: browser(),
            token,
        }
    }

    pub(crate) async fn quick() -> Self {
        Self::new(quick()).await
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.sandbox.base_url());
        self.http.request(method, url).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        read(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Value,
    ) -> (StatusCode, Value) {
        read(self.request(method, path).json(&body).send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.send(Method::POST, path, body).await
    }

    pub(crate) async fn import(
        &self,
        csv: impl Into<Vec<u8>>,
        lists: &[Uuid],
    ) -> (StatusCode, Value) {
        let request = self.request(Method::POST, "/v3/activities/contacts_file_import");
        read(
            request
                .multipart(import_form(csv, lists, "part.csv"))
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    /// The activity once its work is done.
    pub(crate) async fn finished(&self, accepted: &Value) -> Value {
        self.sandbox.settle().await;
        let (status, activity) = self
            .get(accepted["_links"]["self"]["href"].as_str().unwrap())
            .await;
        assert_eq!(status, 200);
        activity
    }

    /// Imports and gives the finished activity.
    pub(crate) async fn imported(&self, csv: impl Into<Vec<u8>>, lists: &[Uuid]) -> Value {
        let (status, accepted) = self.import(csv, lists).await;
        assert_eq!(status, 201, "{accepted}");
        self.finished(&accepted).await
    }

    pub(crate) fn list(&self, name: &str) -> Uuid {
        self.sandbox.find_list(name).unwrap()
    }
}

/// A client that follows no redirects and keeps no connections, so that each request shows what happens to it.
pub(crate) fn browser() -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(20))
        .pool_max_idle_per_host(0)
        .build()
        .unwrap()
}

pub(crate) fn import_form(
    csv: impl Into<Vec<u8>>,
    lists: &[Uuid],
    file_name: &str,
) -> multipart::Form {
    let ids: Vec<String> = lists.iter().map(Uuid::to_string).collect();
    multipart::Form::new()
        .part(
            "file",
            multipart::Part::bytes(csv.into()).file_name(file_name.to_owned()),
        )
        .text("list_ids", ids.join(","))
}

/// Status and JSON body, null when there is none.
pub(crate) async fn read(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let body = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

/// The counters of a finished import: items, persons, errors, correctable, not added.
pub(crate) fn counters(activity: &Value) -> [u64; 5] {
    [
        "items_total_count",
        "person_count",
        "error_count",
        "correctable_count",
        "cannot_add_to_list_count",
    ]
    .map(|name| {
        activity["status"][name]
            .as_u64()
            .unwrap_or_else(|| panic!("{name} in {activity}"))
    })
}
