//! An installation with one export, connected to a sandbox, whose engine is stepped by the test.

#[path = "../support/waiting.rs"]
mod waiting;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use listbridge::auth::{self, NewUser, Role};
use listbridge::clock::Clock;
use listbridge::config::Settings;
use listbridge::connections::consent::{ConsentText, TEXT_VERSION};
use listbridge::exports::{self, Attribute, Brake, Delivery, Export, ExportDefinition};
use listbridge::locale::Lang;
use listbridge::names::Name;
use listbridge::runs::{self, Account, Desk, Engine, Pace, Part, Run, Trigger};
use listbridge::sandbox::{ActivitySpeed, Limits, Sandbox, SandboxOptions};
use listbridge::segments::{self, Combine, Rule};
use listbridge::sources::{self, plan_import};
use listbridge::startup::Services;
use listbridge::storage::entities::{connection, consent};
use sea_orm::{ActiveModelTrait, Set};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) use waiting::until;

const SCOPES: &[&str] = &["contact_data", "account_read", "offline_access"];

/// Time that moves when a test says so, and otherwise as usual.
#[derive(Clone, Default)]
pub(crate) struct Shift(Arc<Mutex<SignedDuration>>);

impl Shift {
    pub(crate) fn clock(&self) -> Clock {
        let (shift, system) = (self.0.clone(), Clock::system());
        Clock::from_fn(move || system.now() + *shift.lock().unwrap())
    }

    pub(crate) fn forward(&self, by: Duration) {
        *self.0.lock().unwrap() += SignedDuration::try_from(by).unwrap();
    }

    pub(crate) fn back(&self, by: Duration) {
        *self.0.lock().unwrap() -= SignedDuration::try_from(by).unwrap();
    }
}

pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) services: Services,
    pub(crate) export: Export,
    pub(crate) list: Uuid,
    pub(crate) source: Uuid,
    pub(crate) time: Shift,
    pub(crate) dir: TempDir,
}

/// Options for tests about something else than limits and waiting.
pub(crate) fn quick() -> SandboxOptions {
    SandboxOptions {
        limits: Limits::unlimited(),
        activity_speed: ActivitySpeed::immediate(),
        lists: Vec::new(),
        ..SandboxOptions::default()
    }
}

/// Profiles with an address and a first name each; `rows` of them.
pub(crate) fn people(rows: usize) -> String {
    let mut csv = "CustomerId,FirstName,EMail\n".to_owned();
    for row in 0..rows {
        csv.push_str(&format!("C{row},Ann{row},ann{row}@example.com\n"));
    }
    csv
}

/// Profiles so wide that about 7,800 fill a part.
pub(crate) fn wide_people(rows: usize) -> String {
    let wide = "x".repeat(250);
    let mut csv = "CustomerId,FirstName,EMail,Street,Street2\n".to_owned();
    for row in 0..rows {
        csv.push_str(&format!("C{row},Ann,ann{row}@example.com,{wide},{wide}\n"));
    }
    csv
}

/// What [`dirty_people`] made; units: rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dirt {
    pub(crate) rows: u64,
    pub(crate) valid_unique: u64,
    pub(crate) duplicates: u64,
    pub(crate) no_email: u64,
    pub(crate) bad_email: u64,
    pub(crate) long_first: u64,
}

/// Profiles with the dirt real files have, and how much of it.
pub(crate) fn dirty_people(rows: usize) -> (String, Dirt) {
    let mut random = fastrand::Rng::with_seed(7);
    let mut csv = "CustomerId,FirstName,EMail\n".to_owned();
    let mut dirt = Dirt::default();
    let mut good: Vec<String> = Vec::new();
    for row in 0..rows {
        dirt.rows += 1;
        let mut name = ["James", "小明", "O'Hara, \"\"Bud\"\"", "Ann\nII", "Zoë"]
            [random.usize(..5)]
        .to_owned();
        if random.u32(..500) == 0 {
            name = "長".repeat(80);
            dirt.long_first += 1;
        }
        let fresh = format!("user.{row}@example.com");
        let email = match random.u32(..1_000) {
            0..5 => {
                dirt.no_email += 1;
                " ".to_owned()
            }
            5..15 => {
                dirt.bad_email += 1;
                let bad = [
                    "user",
                    "user@",
                    "@example.com",
                    "us er@example.com",
                    "a@@b.example",
                    "a@b..example",
                ];
                bad[random.usize(..bad.len())].to_owned()
            }
            15..25 if !good.is_empty() => {
                dirt.duplicates += 1;
                let earlier = &good[random.usize(..good.len())];
                [earlier.to_uppercase(), format!(" {earlier} ")][random.usize(..2)].clone()
            }
            _ => {
                dirt.valid_unique += 1;
                good.push(fresh.clone());
                fresh
            }
        };
        csv.push_str(&format!("C{row},\"{name}\",{email}\n"));
    }
    (csv, dirt)
}

impl Stage {
    pub(crate) async fn new(csv: &str) -> Self {
        Self::with(quick(), csv).await
    }

    pub(crate) async fn with(options: SandboxOptions, csv: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("people.csv");
        std::fs::write(&file, csv).unwrap();
        Self::build(options, dir, &file, None, true).await
    }

    /// The same with the application's state in another database.
    pub(crate) async fn on_database(url: String, csv: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("people.csv");
        std::fs::write(&file, csv).unwrap();
        Self::build(quick(), dir, &file, Some(url), true).await
    }

    /// The same with the application's state in a file, whatever the tests run on.
    pub(crate) async fn on_sqlite(csv: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("people.csv");
        std::fs::write(&file, csv).unwrap();
        let state = dir.path().join("state.sqlite");
        let url = format!("sqlite://{}?mode=rwc", state.display());
        Self::build(quick(), dir, &file, Some(url), true).await
    }

    /// The same at a vendor whose clock goes on as usual when ours steps.
    pub(crate) async fn beside_a_vendor_with_its_own_clock(csv: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("people.csv");
        std::fs::write(&file, csv).unwrap();
        Self::build(quick(), dir, &file, None, false).await
    }

    async fn build(
        options: SandboxOptions,
        dir: TempDir,
        file: &Path,
        database_url: Option<String>,
        is_one_clock: bool,
    ) -> Self {
        let time = Shift::default();
        let sandbox = Sandbox::start(SandboxOptions {
            clock: if is_one_clock {
                time.clock()
            } else {
                Clock::system()
            },
            ..options
        })
        .await
        .unwrap();
        let list = sandbox.create_list("Everyone");
        let mut settings = settings(&sandbox, &dir.path().join("data"));
        let database_url = match database_url {
            Some(url) => Some(url),
            None => crate::postgres::fresh_database().await,
        };
        settings.database_url = database_url.map(Into::into);
        let services = Services::open(settings, time.clock()).await.unwrap();
        let source = import(&services, file, "People").await;
        let mut attributes = vec![("first_name", "FirstName")];
        if std::fs::read_to_string(file).unwrap().contains("Street2") {
            attributes.extend([("street", "Street"), ("street2", "Street2")]);
        }
        let export = set_up(&services, &sandbox, list, source, &attributes).await;
        Self {
            sandbox,
            services,
            export,
            list,
            source,
            time,
            dir,
        }
    }

    /// Snapshots that take space.
    pub(crate) async fn stored_snapshots(&self) -> Vec<listbridge::profiles::SnapshotId> {
        let snapshots = self.services.loads.snapshots().clone();
        let list = tokio::task::spawn_blocking(move || snapshots.list());
        list.await.unwrap().unwrap()
    }

    /// An engine on the same database, as another process would have it.
    pub(crate) fn engine(&self) -> Engine {
        self.engine_with(Pace::QUICK)
    }

    pub(crate) fn engine_with(&self, pace: Pace) -> Engine {
        Engine::new(Desk {
            db: (**self.services.db).clone(),
            clock: (**self.services.clock).clone(),
            loads: (**self.services.loads).clone(),
            connections: (**self.services.connections).clone(),
            pace,
        })
    }

    /// Asks for a run; its id.
    pub(crate) async fn request(&self) -> Uuid {
        runs::store::request(
            &self.services.db,
            &self.export,
            Trigger::Person,
            author(&self.services),
        )
        .await
        .unwrap()
        .run_id
    }

    /// Asks for a run and works on it until it ends or is interrupted.
    pub(crate) async fn run(&self) -> (Run, Vec<Part>) {
        let id = self.request().await;
        self.engine().tick().await.unwrap();
        self.read(id).await
    }

    /// Lets an engine look once whether there is anything to do.
    pub(crate) async fn look(&self, id: Uuid) -> (Run, Vec<Part>) {
        self.engine().tick().await.unwrap();
        self.read(id).await
    }

    pub(crate) async fn read(&self, id: Uuid) -> (Run, Vec<Part>) {
        let run = runs::store::get(&**self.services.db, id).await.unwrap();
        let parts = runs::store::parts(&**self.services.db, id).await.unwrap();
        (run, parts)
    }

    /// Works until the run has ended; claims again what was interrupted.
    pub(crate) async fn finish(&self, id: Uuid) -> (Run, Vec<Part>) {
        let engine = self.engine();
        until("the end of the run", async || {
            engine.tick().await.unwrap();
            self.read(id).await.0.state.is_finished()
        })
        .await;
        self.read(id).await
    }

    pub(crate) async fn save_export(&mut self, change: impl FnOnce(&mut ExportDefinition)) {
        let mut definition = self.export.definition.clone();
        change(&mut definition);
        let (id, version) = (self.export.id, self.export.version);
        let db = &**self.services.db;
        self.export = exports::store::update(db, id, version, definition, author(&self.services))
            .await
            .unwrap();
    }

    /// Waits until `is_so` of the run and its parts.
    pub(crate) async fn until(&self, id: Uuid, is_so: impl Fn(&Run, &[Part]) -> bool) {
        until(&format!("what is waited for of run {id}"), async || {
            let (run, parts) = self.read(id).await;
            is_so(&run, &parts)
        })
        .await;
    }

    /// The account of a run, which must add up.
    pub(crate) fn account(run: &Run, parts: &[Part]) -> Account {
        let account = Account::of(run, parts);
        assert_eq!(
            account.read,
            account.planned + account.duplicates + account.unchanged + account.rejected.total()
        );
        assert_eq!(
            account.planned,
            account.delivered + account.under_way + account.lost + account.not_sent
        );
        account
    }

    /// Activities of the sandbox, by file name; each must be there once.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut files: Vec<String> = self
            .sandbox
            .activities()
            .into_iter()
            .filter_map(|activity| activity.source_file_name)
            .collect();
        files.sort();
        let mut once = files.clone();
        once.dedup();
        assert_eq!(files, once, "a part was sent twice");
        files
    }

    /// The lease of an engine that is gone runs out.
    pub(crate) fn outlive_lease(&self) {
        self.time
            .forward(Pace::QUICK.lease + Duration::from_millis(1));
    }

    /// Asserts that the list holds `count` members and nothing was sent twice.
    pub(crate) fn assert_delivered(&self, parts: &[Part], count: usize) {
        let sent: Vec<String> = parts.iter().map(|part| part.file_name.clone()).collect();
        assert_eq!(self.files(), sent);
        assert_eq!(self.sandbox.member_count(self.list), count);
    }
}

/// Settings of an installation that knows a sandbox, without request limits.
pub(crate) fn settings(sandbox: &Sandbox, data_dir: &Path) -> Settings {
    let mut settings = Settings::defaults();
    settings.data_dir = data_dir.to_owned();
    // Tests about the waiting set it themselves.
    settings.sign_in_wait_hours = 0;
    settings.constant_contact_client_id = Some(sandbox.client_id());
    settings.constant_contact_client_secret = Some(sandbox.client_secret().into());
    settings.constant_contact_token_url = sandbox.token_url().parse().unwrap();
    settings.constant_contact_api_url = sandbox.api_url().parse().unwrap();
    settings.constant_contact_requests_per_second = 1_000;
    settings.constant_contact_requests_per_day = 1_000_000;
    settings
}

/// A connection to a sandbox, a segment of everybody and the export "Newsletter" of both to a list.
pub(crate) async fn set_up(
    services: &Services,
    sandbox: &Sandbox,
    list: Uuid,
    source: Uuid,
    attributes: &[(&str, &str)],
) -> Export {
    let connection_id = connect(services, sandbox).await;
    let segment = segment(services, source, "Everyone", everyone()).await;
    let attributes = attributes.iter().map(|(target, field)| Attribute {
        target: target.parse().unwrap(),
        field: (*field).to_owned(),
    });
    let definition = ExportDefinition {
        name: "Newsletter".to_owned(),
        connection_id: Some(connection_id),
        list_id: list.into(),
        list_name: Some("Everyone".to_owned()),
        source_id: source,
        email_field: "EMail".to_owned(),
        attributes: attributes.collect(),
        segment_ids: vec![segment],
        brake: Brake::OFF,
        delivery: Delivery::default(),
    };
    exports::store::create(&**services.db, definition, author(services))
        .await
        .unwrap()
}

/// Code of the run's outcome, or its state's name while there is none.
pub(crate) fn ending(run: &Run) -> String {
    run.outcome
        .as_ref()
        .map_or_else(|| run.state.name().to_owned(), |ended| ended.code.clone())
}

pub(crate) fn everyone() -> Rule {
    Rule::Group {
        combine: Combine::And,
        rules: Vec::new(),
    }
}

pub(crate) fn author(services: &Services) -> exports::Author<'static> {
    exports::Author {
        user_id: None,
        ip: None,
        at: services.clock.now(),
    }
}

pub(crate) fn source_author(services: &Services) -> sources::Author {
    sources::Author {
        user_id: None,
        ip: None,
        at: services.clock.now(),
    }
}

pub(crate) async fn import(services: &Services, file: &Path, name: &str) -> Uuid {
    let name = Name::parse(name).unwrap();
    let author = source_author(services);
    let request = plan_import(&services.db, file, name, None, author)
        .await
        .unwrap();
    let started = services.loads.start(request).await.unwrap();
    started.finished.await.unwrap().unwrap();
    started.source_id
}

pub(crate) async fn segment(services: &Services, source_id: Uuid, name: &str, rule: Rule) -> Uuid {
    let definition = segments::store::SegmentDefinition {
        name: Name::parse(name).unwrap(),
        source_id,
        rule,
    };
    let author = source_author(services);
    segments::store::create(&**services.db, &definition, &author)
        .await
        .unwrap()
        .id
}

/// A saved connection to the sandbox, with an administrator as its export user.
async fn connect(services: &Services, sandbox: &Sandbox) -> Uuid {
    let now: Timestamp = services.clock.now();
    let new = NewUser {
        name: "Alice Admin".into(),
        email: "alice@example.com".into(),
        role: Role::Administrator,
        password: "correct horse battery staple".to_owned().into(),
    };
    let db = &**services.db;
    let user = auth::store::add_user(db, new, None, None, now)
        .await
        .unwrap();
    let (id, consent_id) = (Uuid::now_v7(), Uuid::now_v7());
    let tokens = sandbox.issue_tokens("owner", SCOPES).unwrap();
    let row = id.to_string();
    let seal = |column: &str, secret: &str| {
        Some(
            services
                .key
                .seal(("connections", column, &row), secret.as_bytes()),
        )
    };
    connection::ActiveModel {
        id: Set(id),
        kind: Set("constant_contact".into()),
        name: Set("Harbour Books".into()),
        name_key: Set(Some("harbour books".into())),
        sharing: Set("administrators".into()),
        version: Set(1),
        created_at: Set(now.into()),
        created_by: Set(user.id),
        consent_id: Set(Some(consent_id)),
        client_id: Set(Some(sandbox.client_id())),
        authorization: Set("authorized".into()),
        authenticated_at: Set(Some(now.into())),
        authenticated_by: Set(Some(user.id)),
        organization_name: Set(Some("Harbour Books".into())),
        account_id: Set(None),
        access_token: Set(seal("access_token", &tokens.access_token)),
        refresh_token: Set(seal(
            "refresh_token",
            tokens.refresh_token.as_ref().unwrap(),
        )),
        access_expires_at: Set(Some((now + Duration::from_secs(86_400)).into())),
        token_version: Set(1),
        export_user_id: Set(Some(user.id)),
        export_user_at: Set(Some(now.into())),
        saved_at: Set(Some(now.into())),
        saved_by: Set(Some(user.id)),
        ..Default::default()
    }
    .insert(db)
    .await
    .unwrap();
    let text = ConsentText::in_language(Lang::En);
    consent::ActiveModel {
        id: Set(consent_id),
        connection_id: Set(id),
        user_id: Set(user.id),
        at: Set(now.into()),
        ip: Set("127.0.0.1".into()),
        lang: Set("en".into()),
        text_version: Set(TEXT_VERSION),
        text_sha256: Set(text.sha256.clone()),
        text: Set(text.text()),
    }
    .insert(db)
    .await
    .unwrap();
    id
}
