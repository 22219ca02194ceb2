//! Doing something over HTTP and looking at what it has left in the audit log.

use std::collections::BTreeSet;

use listbridge::auth::store::list_users;
use listbridge::storage::entities::audit_event;
use reqwest::multipart::{Form, Part};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder};
use serde_json::Value;
use uuid::Uuid;

use crate::support::{Answer, Browser, Person, TestApp};
use crate::table::{BEHIND, Entry, Holds, ROWS, Row};

/// Fields of forms that nobody but the person who fills them in may know.
const SECRET_FIELDS: &[&str] = &[
    "password",
    "old_password",
    "link_password",
    "client_secret",
    "token",
];

/// A person, or nobody, at a browser.
pub(crate) struct Actor {
    pub(crate) browser: Browser,
    /// Whom the log must name.
    email: Option<&'static str>,
    /// A page with a form, for its token.
    page: String,
    db: DatabaseConnection,
}

impl Actor {
    /// A browser nobody has signed in with.
    pub(crate) fn nobody(app: &TestApp) -> Self {
        Self {
            browser: app.browser(),
            email: None,
            page: "/sign-in".to_owned(),
            db: (**app.services.db).clone(),
        }
    }

    /// A browser in which a person has signed in.
    pub(crate) async fn signed_in(app: &TestApp, person: Person) -> Self {
        let browser = app.sign_in(person).await;
        let actor = Self::nobody(app).who_is(person.email).at("/account");
        Self { browser, ..actor }
    }

    /// The same browser, in the hands of a person.
    pub(crate) fn who_is(self, email: &'static str) -> Self {
        Self {
            email: Some(email),
            ..self
        }
    }

    /// The same browser, with the token of another page.
    pub(crate) fn at(self, page: &str) -> Self {
        Self {
            page: page.to_owned(),
            ..self
        }
    }

    /// The person's id, as soon as there is one.
    async fn id(&self) -> Option<Uuid> {
        let email = self.email?;
        let users = list_users(&self.db).await.unwrap();
        let found = users.into_iter().find(|user| user.email == email);
        found.map(|user| user.id)
    }
}

/// A route and what stands in its path.
pub(crate) struct Step {
    pattern: &'static str,
    case: &'static str,
    params: Vec<String>,
}

pub(crate) fn to(pattern: &'static str) -> Step {
    Step {
        pattern,
        case: "",
        params: Vec::new(),
    }
}

impl Step {
    /// What stands where the next `{` is.
    pub(crate) fn with(mut self, param: impl ToString) -> Self {
        self.params.push(param.to_string());
        self
    }

    /// Another case than the usual one.
    pub(crate) fn when(mut self, case: &'static str) -> Self {
        self.case = case;
        self
    }

    pub(crate) fn path(&self) -> String {
        let mut params = self.params.iter();
        let mut path = String::new();
        let mut rest = self.pattern;
        while let Some((before, after)) = rest.split_once('{') {
            path.push_str(before);
            path.push_str(params.next().unwrap_or_else(|| panic!("{}", self.pattern)));
            rest = after.split_once('}').unwrap().1;
        }
        path + rest
    }
}

/// What has been done, and what must never be seen in the log.
#[derive(Default)]
pub(crate) struct Book {
    done: BTreeSet<(&'static str, &'static str, &'static str)>,
    secrets: BTreeSet<String>,
    /// Events seen that no request adds.
    behind: BTreeSet<&'static str>,
}

impl Book {
    /// Something that must not be in the log.
    pub(crate) fn hide(&mut self, secret: impl Into<String>) {
        let secret = secret.into();
        assert!(secret.len() > 4, "too short to be told from other text");
        self.secrets.insert(secret.to_lowercase());
    }

    /// Sends a form.
    pub(crate) async fn post(
        &mut self,
        actor: &Actor,
        step: Step,
        fields: &[(&str, &str)],
    ) -> Answer {
        for (name, value) in fields {
            if SECRET_FIELDS.contains(name) && !value.is_empty() {
                self.hide(*value);
            }
        }
        let path = step.path();
        let send = async || actor.browser.submit(&actor.page, &path, fields).await;
        self.perform(actor, "post", &step, send).await
    }

    /// Fills a form of a page in, `changes` over what it shows, and sends it.
    pub(crate) async fn fill_in(
        &mut self,
        actor: &Actor,
        step: Step,
        (page, form): (&str, &str),
        changes: &[(&str, &str)],
    ) -> Answer {
        let shown = actor.browser.get(page).await;
        assert_eq!(shown.status, 200, "{page}: {}", shown.body);
        let fields = shown.form_fields(form);
        let mut fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| *name != "_csrf")
            .collect();
        fields.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        fields.extend_from_slice(changes);
        self.post(actor, step, &fields).await
    }

    /// Sends a file.
    pub(crate) async fn upload(
        &mut self,
        actor: &Actor,
        step: Step,
        (name, text): (&str, String),
    ) -> Answer {
        let path = step.path();
        let send = async || {
            let part = Part::bytes(text.into_bytes()).file_name(name.to_owned());
            let form = Form::new()
                .text("_csrf", actor.browser.csrf(&actor.page).await)
                .part("file", part);
            let request = actor.browser.client.post(actor.browser.url(&path));
            Answer::read(request.multipart(form).send().await.unwrap()).await
        };
        self.perform(actor, "post", &step, send).await
    }

    /// Opens an address of the step's route; `query` comes after its path.
    pub(crate) async fn get(&mut self, actor: &Actor, step: Step, query: &str) -> Answer {
        let path = step.path() + query;
        let send = async || actor.browser.get(&path).await;
        self.perform(actor, "get", &step, send).await
    }

    async fn perform(
        &mut self,
        actor: &Actor,
        method: &'static str,
        step: &Step,
        send: impl AsyncFnOnce() -> Answer,
    ) -> Answer {
        let key = (method, step.pattern, step.case);
        let row = ROWS.iter().find(|row| row.key() == key);
        let row = row.unwrap_or_else(|| panic!("{key:?} is not in the table"));
        let before = events_after(&actor.db, 0).await.last().map_or(0, number);
        let answer = send().await;
        if !row.is_failure {
            let is_done = matches!(answer.status, 200 | 303 | 307);
            assert!(is_done, "{key:?}: {} {}", answer.status, answer.body);
        }
        let mut events = events_after(&actor.db, before).await;
        events.retain(|event| !BEHIND.contains(&&*event.action));
        compare(row, actor.id().await, &events, &answer);
        let is_known = actor.email.is_none() || actor.id().await.is_some();
        assert!(is_known || events.is_empty(), "{key:?} by nobody");
        self.done.insert(key);
        answer
    }

    /// Asserts that nothing secret and no profile is in the log of an application.
    pub(crate) async fn close(&mut self, app: &TestApp) {
        let events = events_after(&app.services.db, 0).await;
        assert!(!events.is_empty());
        for event in events {
            if let Some(action) = BEHIND.iter().find(|action| event.action == **action) {
                self.behind.insert(action);
            }
            let text = format!("{} {}", event.object_id, event.detail).to_lowercase();
            for secret in &self.secrets {
                assert!(
                    !text.contains(secret),
                    "{secret} in {}: {text}",
                    event.action
                );
            }
        }
    }

    /// Asserts that every row of the table has been seen.
    pub(crate) fn is_complete(&self) {
        let left: Vec<_> = ROWS
            .iter()
            .map(Row::key)
            .filter(|key| !self.done.contains(key))
            .collect();
        assert!(left.is_empty(), "never done: {left:#?}");
        assert_eq!(self.behind, BEHIND.iter().copied().collect());
    }
}

async fn events_after(db: &DatabaseConnection, number: i64) -> Vec<audit_event::Model> {
    audit_event::Entity::find()
        .filter(audit_event::Column::Seq.gt(number))
        .order_by_asc(audit_event::Column::Seq)
        .all(db)
        .await
        .unwrap()
}

fn number(event: &audit_event::Model) -> i64 {
    event.seq.unwrap()
}

/// Whether the log says what the row promises: what, by whom, from where, with what was changed.
fn compare(row: &Row, user: Option<Uuid>, events: &[audit_event::Model], answer: &Answer) {
    let key = row.key();
    let marks = match row.entry {
        Entry::Adds(marks) => marks,
        Entry::Nothing(_) => &[],
    };
    let found: Vec<&str> = events.iter().map(|event| &*event.action).collect();
    let expected: Vec<&str> = marks.iter().map(|mark| mark.action).collect();
    assert_eq!(found, expected, "{key:?}, answered: {answer:?}");
    for (event, mark) in events.iter().zip(marks) {
        let who = user.filter(|_| !mark.is_by_nobody);
        assert_eq!(event.user_id, who, "{key:?}: {event:?}");
        assert_eq!(event.ip.as_deref(), Some("127.0.0.1"), "{key:?}: {event:?}");
        let (before, after) = (&event.detail["before"], &event.detail["after"]);
        let told = match (before, after) {
            (Value::Object(before), Value::Object(after)) if before != after => Holds::Both,
            (Value::Object(_), Value::Null) => Holds::Before,
            (Value::Null, Value::Object(_)) => Holds::After,
            _ => Holds::Neither,
        };
        assert_eq!(told, mark.holds, "{key:?}: {event:?}");
    }
}
