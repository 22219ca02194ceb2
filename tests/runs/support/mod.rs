//! An installation with one export, connected to a sandbox, whose engine is stepped by the test.

#![allow(unused_imports, reason = "each test binary uses a part")]

mod environment;
mod profiles;
#[path = "../../support/waiting.rs"]
mod waiting;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use listbridge::clock::Clock;
use listbridge::exports::{self, Export, ExportDefinition};
use listbridge::runs::{self, Account, Desk, Engine, Pace, Part, Run, Trigger};
use listbridge::sandbox::{ActivitySpeed, Limits, Sandbox, SandboxOptions};
use listbridge::startup::Services;
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) use environment::*;
pub(crate) use profiles::*;
pub(crate) use waiting::until;

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

    /// Moves to the next noon in UTC, so that no day ends in the middle of a test.
    pub(crate) fn to_noon(&self) {
        let left = (43_200 - self.clock().now().as_second()).rem_euclid(86_400);
        self.forward(Duration::from_secs(left.unsigned_abs()));
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
