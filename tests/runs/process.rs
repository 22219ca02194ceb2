//! Real `listbridge serve` processes on the data of a stage.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use listbridge::storage;
use secrecy::ExposeSecret;

use crate::support::{Stage, until};
use crate::web::port::Port;

/// A real `listbridge serve`; ends when dropped.
pub(crate) struct Replica {
    pub(crate) child: Child,
    pub(crate) base_url: String,
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
    /// Starts a process on the stage's database and waits until it is ready. On PostgreSQL it has a data directory of its
    /// own; on SQLite the stage's. `engine_speed` divides its waits.
    pub(crate) async fn start(stage: &Stage, name: &str, engine_speed: u32) -> Self {
        let replica = Self::spawn(stage, name, engine_speed);
        let ready = format!("{}/readyz", replica.base_url);
        let client = client();
        until("readiness", async || {
            let answer = client.get(&ready).send().await;
            answer.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        replica
    }

    /// Starts a process and waits for nothing.
    pub(crate) fn spawn(stage: &Stage, name: &str, engine_speed: u32) -> Self {
        let (settings, sandbox) = (&stage.services.settings, &stage.sandbox);
        let url = settings.database_url();
        let data_dir = if storage::is_postgres(&url) {
            stage.dir.path().join(name)
        } else {
            settings.data_dir.clone()
        };
        let log = stage.dir.path().join(format!("{name}.log"));
        let port = Port::new();
        let listen = port.address().to_string();
        let base_url = format!("http://{listen}");
        let child = Command::new(env!("CARGO_BIN_EXE_listbridge"))
            .arg("serve")
            .current_dir(stage.dir.path())
            .env("RUST_LOG", "info,listbridge::constant_contact=debug")
            .env("LISTBRIDGE_LISTEN", &listen)
            .env("LISTBRIDGE_PUBLIC_URL", &base_url)
            .env("LISTBRIDGE_DATA_DIR", data_dir)
            .env("LISTBRIDGE_DATABASE_URL", url.expose_secret())
            .env("LISTBRIDGE_MASTER_KEY_FILE", settings.master_key_file())
            .env("LISTBRIDGE_CONSTANT_CONTACT_TOKEN_URL", sandbox.token_url())
            .env("LISTBRIDGE_CONSTANT_CONTACT_API_URL", sandbox.api_url())
            .env("LISTBRIDGE_CONSTANT_CONTACT_CLIENT_ID", sandbox.client_id())
            .env(
                "LISTBRIDGE_CONSTANT_CONTACT_CLIENT_SECRET",
                sandbox.client_secret(),
            )
            .env("LISTBRIDGE_ENGINE_SPEED", engine_speed.to_string())
            .env(
                "LISTBRIDGE_CONSTANT_CONTACT_REQUESTS_PER_SECOND",
                if engine_speed > 1 { "1000" } else { "4" },
            )
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Self {
            child,
            base_url,
            log,
            _port: port,
        }
    }

    pub(crate) fn log(&self) -> String {
        read(&self.log)
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status();
        assert!(sent.unwrap().success());
    }

    /// How it ended, once it has, and how long that took; it must within `longest`.
    pub(crate) async fn ended(&mut self, longest: Duration) -> (ExitStatus, Duration) {
        let began = Instant::now();
        let log = self.log.clone();
        let child = std::sync::Mutex::new(&mut self.child);
        let ending = std::cell::Cell::new(None);
        until("the end of the process", async || {
            let status = child.lock().unwrap().try_wait().unwrap();
            assert!(
                status.is_some() || began.elapsed() < longest,
                "still running: {}",
                read(&log)
            );
            ending.set(status);
            status.is_some()
        })
        .await;
        (ending.get().expect("it has ended"), began.elapsed())
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .cookie_store(true)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}
