//! Several real processes on one PostgreSQL start one run of what is due.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command};

use jiff::SignedDuration;
use listbridge::exports::store as exports;
use listbridge::refresh::Status;
use listbridge::refresh::job::{JobTrigger, store as jobs};
use listbridge::runs::{RunState, Trigger};
use listbridge::sandbox::{Endpoint, Fault, FaultKind, When};
use listbridge::schedules::{Recurrence, Schedule};
use listbridge::storage::UtcMillis;
use listbridge::storage::entities::{export_schedule, refresh_task, run};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};

use crate::jobs::store;
use crate::postgres::Postgres;
use crate::support::{Stage, author, people, until};
use crate::web::port::Port;

#[tokio::test]
async fn of_two_processes_one_starts_what_is_due() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let url = postgres.create_database("schedules").await;
    let stage = Stage::on_database(url.clone(), &people(50)).await;
    let db = &**stage.services.db;
    let schedule = Schedule {
        is_on: true,
        recurrence: Recurrence::Hourly { minute: 0 },
        zone: "UTC".to_owned(),
    };
    let now = stage.services.clock.now();
    exports::set_schedule(db, stage.export.id, 0, &schedule, author(&stage.services))
        .await
        .unwrap();
    let replicas = [
        Replica::start(&stage, &url, "a").await,
        Replica::start(&stage, &url, "b").await,
    ];
    // Due now, while both are looking.
    let found = export_schedule::Entity::find_by_id(stage.export.id)
        .one(db)
        .await;
    let mut row = found.unwrap().unwrap().into_active_model();
    row.next_run_at = Set(Some(UtcMillis::from(now - SignedDuration::from_secs(1))));
    row.update(db).await.unwrap();

    let read = async || {
        let found = run::Entity::find().one(db).await.unwrap()?;
        Some(stage.read(found.id).await.0)
    };
    until("the end of the run", async || {
        read().await.is_some_and(|run| run.state.is_finished())
    })
    .await;
    let run = read().await.unwrap();
    assert_eq!(
        (run.state, run.trigger),
        (RunState::Successful, Trigger::Schedule)
    );
    // Both have looked again since.
    let looks = |replica: &Replica| replica.log().matches("looked what is due").count();
    let before: Vec<usize> = replicas.iter().map(looks).collect();
    until("another look of each", async || {
        let mut both = replicas.iter().zip(&before);
        both.all(|(replica, before)| looks(replica) > *before)
    })
    .await;
    assert_eq!(run::Entity::find().all(db).await.unwrap().len(), 1);
    let started = |replica: &Replica| replica.log().matches("started by its schedule").count();
    assert_eq!(replicas.iter().map(started).sum::<usize>(), 1);
    assert_eq!(stage.sandbox.member_count(stage.list), 50);
}

#[tokio::test]
async fn a_job_whose_process_is_killed_goes_on_in_the_other_one() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let url = postgres.create_database("takeover").await;
    let stage = Stage::on_database(url.clone(), &people(50)).await;
    let db = &**stage.services.db;
    let mut exports = vec![stage.export.id];
    for name in ["B", "C", "D"] {
        exports.push(store(&stage, name, |_| ()).await.id);
    }
    let mut replicas = vec![
        Replica::start(&stage, &url, "a").await,
        Replica::start(&stage, &url, "b").await,
    ];
    // No run ends before the kill.
    stage.sandbox.set_fault(Fault {
        endpoint: Endpoint::ImportFile,
        when: When::Always,
        kind: FaultKind::Held,
    });
    let by = author(&stage.services);
    let (job, _) = jobs::request(db, JobTrigger::Person, by).await.unwrap();

    // Killed as soon as its first run is there: in the middle of the work.
    until("a run that was asked for", async || {
        run::Entity::find().one(db).await.unwrap().is_some()
    })
    .await;
    let has_taken = |replica: &Replica| replica.log().contains("refresh job taken");
    let working = replicas.iter().position(has_taken).unwrap();
    let mut killed = replicas.remove(working);
    killed.child.kill().unwrap();
    killed.child.wait().unwrap();
    stage.sandbox.lift_faults();
    let active = jobs::active(db).await.unwrap();
    assert_eq!(
        active.map(|active| active.id),
        Some(job),
        "it is unfinished"
    );
    assert!(!has_taken(&replicas[0]), "only one had it");

    until("the end of the job", async || {
        jobs::active(db).await.unwrap().is_none()
    })
    .await;
    assert!(has_taken(&replicas[0]));
    assert_eq!(jobs::get(db, job).await.unwrap().status, Status::Successful);
    let tasks = refresh_task::Entity::find().all(db).await.unwrap();
    assert_eq!(tasks.len(), 2 + exports.len());
    for task in &tasks {
        assert_eq!(task.state, "successful", "{}", task.name);
    }
    // No export ran twice, and none was left out.
    let runs = run::Entity::find().all(db).await.unwrap();
    let mut ran: Vec<_> = runs.iter().map(|run| run.export_id).collect();
    ran.sort();
    exports.sort();
    assert_eq!(ran, exports);
    assert!(runs.iter().all(|run| run.state == "successful"));
    assert_eq!(stage.sandbox.member_count(stage.list), 50);
}

/// A real `listbridge serve`; ends when dropped.
struct Replica {
    child: Child,
    log: PathBuf,
    _port: Port,
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Replica {
    async fn start(stage: &Stage, database_url: &str, name: &str) -> Self {
        let settings = &stage.services.settings;
        let log = stage.dir.path().join(format!("{name}.log"));
        let port = Port::new();
        let listen = port.address().to_string();
        let base_url = format!("http://{listen}");
        let sandbox = &stage.sandbox;
        let child = Command::new(env!("CARGO_BIN_EXE_listbridge"))
            .arg("serve")
            .current_dir(stage.dir.path())
            .env("RUST_LOG", "info,listbridge::refresh=debug")
            .env("LISTBRIDGE_LISTEN", &listen)
            .env("LISTBRIDGE_PUBLIC_URL", &base_url)
            .env("LISTBRIDGE_DATA_DIR", stage.dir.path().join(name))
            .env("LISTBRIDGE_DATABASE_URL", database_url)
            .env("LISTBRIDGE_MASTER_KEY_FILE", settings.master_key_file())
            .env("LISTBRIDGE_CONSTANT_CONTACT_TOKEN_URL", sandbox.token_url())
            .env("LISTBRIDGE_CONSTANT_CONTACT_API_URL", sandbox.api_url())
            .env("LISTBRIDGE_CONSTANT_CONTACT_CLIENT_ID", sandbox.client_id())
            .env(
                "LISTBRIDGE_CONSTANT_CONTACT_CLIENT_SECRET",
                sandbox.client_secret(),
            )
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let replica = Self {
            child,
            log,
            _port: port,
        };
        let ready = format!("{base_url}/readyz");
        until("readiness", async || {
            let answer = reqwest::get(&ready).await;
            answer.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        replica
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}
