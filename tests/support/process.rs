//! A real `listbridge serve` on the data of an installation, for what only the environment of a process decides.

use std::ffi::OsStr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use listbridge::config::Settings;
use secrecy::ExposeSecret;

use super::port::Port;

/// How long a process may take to get ready, or whatever it is asked for to happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// The process; ends when dropped.
pub(crate) struct Served {
    child: Child,
    pub(crate) base_url: String,
    _port: Port,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    /// Starts a process with these settings and further environment, and waits until it is ready.
    pub(crate) async fn start(settings: &Settings, env: &[(&str, &OsStr)]) -> Self {
        let port = Port::new();
        let listen = port.address().to_string();
        let base_url = format!("http://{listen}");
        let child = command_line(settings)
            .arg("serve")
            .current_dir(&settings.data_dir)
            .env("LISTBRIDGE_LISTEN", &listen)
            .env("LISTBRIDGE_PUBLIC_URL", &base_url)
            .env(
                "LISTBRIDGE_SESSION_STORE",
                settings.session_store.expose_secret(),
            )
            .envs(env.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let served = Self {
            child,
            base_url,
            _port: port,
        };
        let ready = format!("{}/readyz", served.base_url);
        eventually("readiness", async || {
            let answer = reqwest::get(&ready).await;
            answer.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        served
    }
}

/// The command line on the data of an installation.
pub(crate) fn command_line(settings: &Settings) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_listbridge"));
    command.env("LISTBRIDGE_DATA_DIR", &settings.data_dir).env(
        "LISTBRIDGE_DATABASE_URL",
        settings.database_url().expose_secret(),
    );
    command
}

/// Waits for something that must happen.
pub(crate) async fn eventually(what: &str, mut has_happened: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !has_happened().await {
        assert!(begun.elapsed() < PATIENCE, "no {what} in {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
