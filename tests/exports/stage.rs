//! The application with a connected account, a source and segments, without going through their pages.

use jiff::Timestamp;
use listbridge::clock::Clock;
use listbridge::config::Settings;
use listbridge::connections::Sharing;
use listbridge::exports::{Author, Export, ExportDefinition, store};
use listbridge::sandbox::{Limits, Sandbox, SandboxOptions};
use listbridge::storage::UtcMillis;
use listbridge::storage::entities::{audit_event, connection, run, segment, snapshot, source};
use scraper::{Html, Selector};
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, QueryOrder, Set};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{ALICE, Answer, Browser, TestApp, spawn_app_with_clock};

pub(crate) struct Stage {
    pub(crate) app: TestApp,
    pub(crate) sandbox: Sandbox,
    /// Shared with contributors.
    pub(crate) connection: Uuid,
    pub(crate) source: Uuid,
    /// 7 members.
    pub(crate) segment: Uuid,
    /// The sandbox's list "Newsletter".
    pub(crate) list: Uuid,
}

impl Stage {
    pub(crate) async fn set() -> Self {
        Self::set_with(|_| ()).await
    }

    /// The same, with changed settings.
    pub(crate) async fn set_with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::set_at(Clock::system(), change).await
    }

    /// The same, at a time the test decides.
    pub(crate) async fn set_at(clock: Clock, change: impl FnOnce(&mut Settings)) -> Self {
        let options = SandboxOptions {
            limits: Limits::unlimited(),
            ..SandboxOptions::default()
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        let app = spawn_app_with_clock(clock, |settings| {
            settings.constant_contact_api_url = sandbox.api_url().parse().unwrap();
            settings.constant_contact_token_url = sandbox.token_url().parse().unwrap();
            settings.constant_contact_authorize_url = sandbox.authorize_url().parse().unwrap();
            settings.constant_contact_client_id = Some(sandbox.client_id());
            settings.constant_contact_client_secret = Some(sandbox.client_secret().into());
            settings.constant_contact_requests_per_second = 1000;
            change(settings);
        })
        .await;
        let list = sandbox.find_list("Newsletter").unwrap();
        let nil = Uuid::nil();
        let mut stage = Self {
            app,
            sandbox,
            connection: nil,
            source: nil,
            segment: nil,
            list,
        };
        let shared = Sharing::AdministratorsAndContributors;
        stage.connection = stage.add_connection("Harbour newsletter", shared).await;
        stage.source = stage.add_source("CRM", &["Mail", "Given", "Town"]).await;
        stage.segment = stage.add_segment(stage.source, "Regulars", Some(7)).await;
        stage
    }

    /// A finished connection to the sandbox's account, made by Alice.
    pub(crate) async fn add_connection(&self, name: &str, sharing: Sharing) -> Uuid {
        let services = &self.app.services;
        let id = Uuid::now_v7();
        let row = id.to_string();
        let scopes = ["contact_data", "account_read", "offline_access"];
        let tokens = self.sandbox.issue_tokens("owner", &scopes).unwrap();
        let seal = |column, token: &str| {
            let place = ("connections", column, row.as_str());
            Set(Some(services.key.seal(place, token.as_bytes())))
        };
        let now = services.clock.now();
        let later = UtcMillis(now.as_millisecond() + 3_600_000);
        connection::ActiveModel {
            id: Set(id),
            kind: Set("constant_contact".into()),
            name: Set(name.into()),
            name_key: Set(Some(name.to_lowercase())),
            sharing: Set(sharing.name().into()),
            version: Set(1),
            created_at: Set(now.into()),
            created_by: Set(self.user_id(ALICE.email).await),
            client_id: Set(Some(self.sandbox.client_id())),
            authorization: Set("authorized".into()),
            access_token: seal("access_token", &tokens.access_token),
            refresh_token: seal("refresh_token", tokens.refresh_token.as_deref().unwrap()),
            access_expires_at: Set(Some(later)),
            refresh_due_at: Set(Some(later)),
            token_version: Set(1),
            export_user_id: Set(Some(self.user_id(ALICE.email).await)),
            saved_at: Set(Some(now.into())),
            saved_by: Set(Some(self.user_id(ALICE.email).await)),
            ..Default::default()
        }
        .insert(&**services.db)
        .await
        .unwrap();
        id
    }

    /// A source whose first field holds the address and whose second holds the first name.
    pub(crate) async fn add_source(&self, name: &str, fields: &[&str]) -> Uuid {
        let id = Uuid::now_v7();
        let now = UtcMillis::from(self.app.services.clock.now());
        source::ActiveModel {
            id: Set(id),
            name: Set(name.into()),
            name_key: Set(name.to_lowercase()),
            kind: Set("file".into()),
            current_snapshot_id: Set(None),
            loading_snapshot_id: Set(None),
            created_at: Set(now),
            created_by: Set(None),
            updated_at: Set(now),
        }
        .insert(&**self.app.services.db)
        .await
        .unwrap();
        self.replace_profiles(id, fields).await;
        id
    }

    /// A new current snapshot with these fields.
    pub(crate) async fn replace_profiles(&self, source_id: Uuid, fields: &[&str]) {
        let db = &**self.app.services.db;
        let snapshot_id = Uuid::now_v7();
        let now = UtcMillis::from(self.app.services.clock.now());
        let meanings = [Some("email"), Some("first_name"), None];
        let fields: Vec<Value> = fields
            .iter()
            .zip(meanings.into_iter().chain(std::iter::repeat(None)))
            .map(|(name, meaning)| json!({ "name": name, "type": "text", "semantic": meaning }))
            .collect();
        snapshot::ActiveModel {
            id: Set(snapshot_id),
            source_id: Set(source_id),
            state: Set("ready".into()),
            file_name: Set("profiles.csv".into()),
            file_bytes: Set(100),
            fields: Set(json!(fields)),
            rows: Set(10),
            refused: Set(0),
            content_sha256: Set(None),
            report: Set(None),
            failure: Set(None),
            started_at: Set(now),
            finished_at: Set(Some(now)),
            created_by: Set(None),
        }
        .insert(db)
        .await
        .unwrap();
        let mut row: source::ActiveModel = source::Entity::find_by_id(source_id)
            .one(db)
            .await
            .unwrap()
            .unwrap()
            .into();
        row.current_snapshot_id = Set(Some(snapshot_id));
        row.update(db).await.unwrap();
    }

    pub(crate) async fn add_segment(&self, source: Uuid, name: &str, members: Option<i64>) -> Uuid {
        let id = Uuid::now_v7();
        let now = UtcMillis::from(self.app.services.clock.now());
        segment::ActiveModel {
            id: Set(id),
            name: Set(name.into()),
            name_key: Set(name.to_lowercase()),
            source_id: Set(source),
            rule: Set(json!({ "kind": "group", "combine": "and", "rules": [] })),
            member_count: Set(members),
            counted_at: Set(members.map(|_| now)),
            counted_snapshot_id: Set(members.map(|_| Uuid::now_v7())),
            version: Set(1),
            created_at: Set(now),
            created_by: Set(None),
            updated_at: Set(now),
            updated_by: Set(None),
        }
        .insert(&**self.app.services.db)
        .await
        .unwrap();
        id
    }

    /// Gives a connection to contributors or takes it back.
    pub(crate) async fn share(&self, connection: Uuid, sharing: Sharing) {
        self.change_connection(connection, |row| row.sharing = Set(sharing.name().into()))
            .await;
    }

    pub(crate) async fn change_connection(
        &self,
        id: Uuid,
        change: impl FnOnce(&mut connection::ActiveModel),
    ) {
        let db = &**self.app.services.db;
        let found = connection::Entity::find_by_id(id).one(db).await.unwrap();
        let mut row: connection::ActiveModel = found.unwrap().into();
        change(&mut row);
        row.update(db).await.unwrap();
    }

    pub(crate) async fn user_id(&self, email: &str) -> Uuid {
        let users = listbridge::auth::store::list_users(&**self.app.services.db)
            .await
            .unwrap();
        users
            .into_iter()
            .find(|user| user.email == email)
            .unwrap()
            .id
    }

    /// Every field of a form that can be saved.
    pub(crate) fn complete(&self, name: &str) -> Fields {
        Fields::default()
            .with("connection", self.connection)
            .with("name", name)
            .with("list", self.list)
            .with("source", self.source)
            .with("email_field", "Mail")
            .with("attribute.first_name", "Given")
            .with("segment", self.segment)
    }

    /// An export, saved by somebody through the form.
    pub(crate) async fn add_export(&self, browser: &Browser, name: &str) -> Export {
        let answer = self.complete(name).create(browser).await;
        assert_eq!(
            answer.location.as_deref(),
            Some("/exports"),
            "{}",
            answer.body
        );
        self.exports()
            .await
            .into_iter()
            .find(|export| export.definition.name == name)
            .unwrap()
    }

    /// An export like [`Stage::complete`]'s, saved without a browser by the command line.
    pub(crate) async fn store_export(
        &self,
        name: &str,
        change: impl FnOnce(&mut ExportDefinition),
    ) -> Export {
        let mut definition = ExportDefinition {
            name: name.to_owned(),
            connection_id: Some(self.connection),
            list_id: self.list.into(),
            list_name: Some("Newsletter".into()),
            source_id: self.source,
            email_field: "Mail".into(),
            attributes: Vec::new(),
            segment_ids: vec![self.segment],
            brake: Default::default(),
            delivery: Default::default(),
        };
        change(&mut definition);
        let author = Author {
            user_id: None,
            ip: None,
            at: self.app.services.clock.now(),
        };
        store::create(&**self.app.services.db, definition, author)
            .await
            .unwrap()
    }

    /// A run of an export as the engine leaves it behind. Later calls are later runs.
    pub(crate) async fn add_run(&self, export: &Export, trigger: &str, state: &str, at: &str) {
        let at = UtcMillis::from(at.parse::<Timestamp>().unwrap());
        let is_finished = !["queued", "refreshing"].contains(&state);
        run::ActiveModel {
            id: Set(Uuid::now_v7()),
            export_id: Set(export.id),
            trigger: Set(trigger.into()),
            definition: Set(serde_json::to_value(&export.definition).unwrap()),
            state: Set(state.into()),
            read: Set(0),
            sent: Set(0),
            duplicates: Set(0),
            rejected: Set(json!({})),
            adjusted: Set(0),
            is_planned: Set(false),
            requests: Set(0),
            queued_at: Set(at),
            finished_at: Set(is_finished.then_some(at)),
            // Held by another engine for good, so that the one of this test leaves it alone.
            owner: Set(Some(Uuid::now_v7())),
            lease_until: Set(Some(UtcMillis(i64::MAX / 2))),
            claims: Set(1),
            ..Default::default()
        }
        .insert(&**self.app.services.db)
        .await
        .unwrap();
    }

    /// Gives every unfinished run to another engine for good.
    pub(crate) async fn hold_runs(&self) {
        let sql = "UPDATE runs SET lease_until = 4611686018427387903 WHERE finished_at IS NULL";
        self.app.services.db.execute_unprepared(sql).await.unwrap();
    }

    pub(crate) async fn exports(&self) -> Vec<Export> {
        let db = &**self.app.services.db;
        store::list_page(db, 0).await.unwrap().exports
    }

    /// Action and detail of what the audit log says about exports, oldest first.
    pub(crate) async fn audit(&self) -> Vec<(String, Value)> {
        let events = audit_event::Entity::find()
            .order_by_asc(audit_event::Column::Id)
            .all(&**self.app.services.db)
            .await
            .unwrap();
        events
            .into_iter()
            .filter(|event| event.action.starts_with("export."))
            .map(|event| (event.action, event.detail))
            .collect()
    }
}

/// Fields of the form.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The fields as a browser would send them from a page, without any button.
    pub(crate) fn of(answer: &Answer) -> Self {
        let page = Html::parse_document(&answer.body);
        let controls = "form[data-export-form] :is(input, select)";
        let option = Selector::parse("option[selected]").unwrap();
        let mut fields = Self::default();
        for control in page.select(&Selector::parse(controls).unwrap()) {
            let name = control.attr("name").unwrap();
            let value = match (control.value().name(), control.attr("type")) {
                ("select", _) => control.select(&option).next().and_then(|o| o.attr("value")),
                (_, Some("checkbox" | "radio")) if control.attr("checked").is_none() => continue,
                _ => control.attr("value"),
            };
            fields = fields.with(name, value.unwrap_or_default());
        }
        fields
    }

    /// Another field, also of a name that is there.
    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.0.push((name.to_owned(), value.to_string()));
        self
    }

    /// Another value of a field.
    pub(crate) fn set(mut self, name: &str, value: impl ToString) -> Self {
        self.0.retain(|(other, _)| other != name);
        self.with(name, value)
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(other, _)| other != name);
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Presses a button of the form for a new export.
    pub(crate) async fn press(&self, browser: &Browser, button: &str) -> Answer {
        self.clone()
            .set("action", button)
            .send(browser, "/exports/new")
            .await
    }

    /// Presses Save on the form for a new export.
    pub(crate) async fn create(&self, browser: &Browser) -> Answer {
        self.press(browser, "save").await
    }

    /// Presses Save on the form of a saved export.
    pub(crate) async fn save(&self, browser: &Browser, export: &Export) -> Answer {
        let path = format!("/exports/{}", export.id);
        self.clone()
            .set("action", "save")
            .send(browser, &path)
            .await
    }

    async fn send(self, browser: &Browser, path: &str) -> Answer {
        let fields = self.without("_csrf");
        let pairs: Vec<_> = fields
            .0
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        browser.submit("/exports", path, &pairs).await
    }
}

/// The message beside a field.
pub(crate) fn problem(answer: &Answer, field: &str) -> String {
    let selector = format!("[id='{field}-error']");
    answer.texts(&selector).pop().unwrap_or_default()
}
