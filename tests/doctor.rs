//! `listbridge doctor`, as a person types it: each finding, on SQLite and on PostgreSQL.
#![allow(clippy::unwrap_used, reason = "a step that fails fails its test")]

mod support;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use actix_web::http::header::DATE;
use actix_web::{App, HttpResponse, HttpServer, web};
use serde_json::Value;
use support::openid::{CLIENT_ID, CLIENT_SECRET, Fault, TestProvider};
use support::port::Port;
use support::postgres::Postgres;
use support::redis::Redis;
use support::tls::TestCa;
use tempfile::TempDir;

/// An installation on this machine, with its environment.
struct Installation {
    dir: TempDir,
    settings: Vec<(String, String)>,
    /// Certificates to trust instead of the system's.
    trusts: Option<PathBuf>,
}

/// Something that answers as Constant Contact would without a token, and says it is this time.
fn vendor(date: jiff::Timestamp) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v3", listener.local_addr().unwrap());
    let date = jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&date)
        .unwrap();
    let server = HttpServer::new(move || {
        let date = date.clone();
        let answer = move || {
            let date = date.clone();
            async move {
                HttpResponse::Unauthorized()
                    .insert_header((DATE, date))
                    .finish()
            }
        };
        App::new().default_service(web::to(answer))
    });
    tokio::spawn(
        server
            .workers(1)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run(),
    );
    url
}

fn now() -> jiff::Timestamp {
    listbridge::clock::Clock::system().now()
}

impl Installation {
    fn new() -> Self {
        let installation = Self {
            dir: tempfile::tempdir().unwrap(),
            settings: Vec::new(),
            trusts: None,
        };
        let data = installation.data();
        fs::create_dir(&data).unwrap();
        installation
            .with("DATA_DIR", data.to_str().unwrap())
            .with("CONSTANT_CONTACT_API_URL", &vendor(now()))
    }

    fn data(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    fn with(mut self, key: &str, value: &str) -> Self {
        self.settings.retain(|(name, _)| name != key);
        self.settings.push((key.to_owned(), value.to_owned()));
        self
    }

    async fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_listbridge"));
        command.args(arguments).current_dir(self.dir.path());
        for (key, value) in &self.settings {
            command.env(format!("LISTBRIDGE_{key}"), value);
        }
        if let Some(file) = &self.trusts {
            command.env("SSL_CERT_FILE", file);
        }
        let typed = self.dir.path().join("typed");
        fs::write(&typed, input).unwrap();
        command.stdin(fs::File::open(typed).unwrap());
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }

    /// Migrated, with somebody who can sign in.
    async fn set_up(self) -> Self {
        let add = [
            "user",
            "add",
            "--email",
            "a@example.com",
            "--name",
            "A",
            "--role",
            "administrator",
        ];
        let added = self.run(&add, support::PASSWORD).await;
        assert!(
            added.status.success(),
            "{}",
            String::from_utf8_lossy(&added.stderr)
        );
        self
    }

    /// Level and detail of one finding, and the exit status.
    async fn finding(&self, check: &str) -> (String, String, i32) {
        let output = self.run(&["doctor", "--json"], "").await;
        let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        let found = findings.iter().find(|finding| finding["check"] == check);
        let found = found.unwrap_or_else(|| panic!("no {check} in {findings:?}"));
        let text = |name: &str| found[name].as_str().unwrap().to_owned();
        (text("level"), text("detail"), output.status.code().unwrap())
    }
}

async fn expect(installation: &Installation, check: &str, level: &str, detail: &str) {
    let (found, said, status) = installation.finding(check).await;
    assert_eq!(found, level, "{check}: {said}");
    assert!(said.contains(detail), "{check}: {said}");
    let is_failure = level == "failed";
    assert_eq!(status, i32::from(is_failure), "{check}: {said}");
}

/// What holds on every database.
async fn look_at(installation: Installation) {
    let output = installation.run(&["doctor"], "").await;
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(
        !said.contains("warning") && !said.contains("FAILED"),
        "{said}"
    );
    expect(&installation, "database", "ok", "schema up to date").await;
    expect(&installation, "people", "ok", "somebody can sign in").await;
    expect(&installation, "master key", "ok", "its owner only").await;
    expect(&installation, "data directory", "ok", "writable").await;
    expect(&installation, "session store", "ok", "cookie").await;
    expect(&installation, "Constant Contact", "ok", "127.0.0.1 answers").await;
    expect(&installation, "clock", "ok", "agrees").await;

    let key = installation.data().join("master.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    expect(&installation, "master key", "warning", "chmod 600").await;
    let good = fs::read(&key).unwrap();
    fs::write(&key, "nonsense").unwrap();
    expect(&installation, "master key", "failed", "32 bytes in base64").await;
    fs::remove_file(&key).unwrap();
    expect(
        &installation,
        "master key",
        "failed",
        "put it back from the backup",
    )
    .await;
    assert!(!key.exists(), "nothing was made in its place");
    fs::write(&key, good).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();

    let http = installation.with("PUBLIC_URL", "http://listbridge.example");
    expect(&http, "public URL", "warning", "not https").await;
    let https = http.with("PUBLIC_URL", "https://listbridge.example");
    expect(&https, "public URL", "ok", "https://listbridge.example").await;
}

#[tokio::test]
async fn an_installation_on_sqlite_is_looked_at() {
    let installation = Installation::new().set_up().await;
    look_at(installation).await;
}

#[tokio::test]
async fn an_installation_on_postgresql_is_looked_at() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let url = postgres.create_database("doctor").await;
    look_at(
        Installation::new()
            .with("DATABASE_URL", &url)
            .set_up()
            .await,
    )
    .await;
    // Not the database, and not its password either.
    let nobody = Port::new();
    let gone = format!("postgres://listbridge:hush@{}/doctor", nobody.address());
    let installation = Installation::new().with("DATABASE_URL", &gone);
    expect(&installation, "database", "failed", "cannot be reached").await;
    let output = installation.run(&["doctor"], "").await;
    let all = [output.stdout, output.stderr].concat();
    assert!(!String::from_utf8_lossy(&all).contains("hush"));
    let empty = postgres.create_database("empty").await;
    let installation = Installation::new().with("DATABASE_URL", &empty);
    expect(&installation, "database", "warning", "migrations pending").await;
}

#[tokio::test]
async fn before_the_first_start_nothing_is_made() {
    let installation = Installation::new();
    expect(
        &installation,
        "database",
        "warning",
        "the first start creates it",
    )
    .await;
    expect(
        &installation,
        "master key",
        "warning",
        "the first start creates it",
    )
    .await;
    assert_eq!(fs::read_dir(installation.data()).unwrap().count(), 0);

    // A database file that nothing has been put into, and one that is none.
    let file = installation.data().join("listbridge.sqlite");
    fs::write(&file, "").unwrap();
    expect(&installation, "database", "warning", "migrations pending").await;
    fs::write(
        &file,
        "this is not a database, and long enough to be read as one".repeat(40),
    )
    .unwrap();
    expect(
        &installation,
        "database",
        "failed",
        "cannot be reached or opened",
    )
    .await;
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_written_to_is_told() {
    let installation = Installation::new();
    let file = installation.dir.path().join("a-file");
    fs::write(&file, "").unwrap();
    let inside = |path: &Path| path.to_str().unwrap().to_owned();
    let installation = installation.with("DATA_DIR", &inside(&file));
    expect(&installation, "data directory", "failed", "not writable").await;
    let missing = inside(&installation.dir.path().join("missing"));
    let installation = installation.with("DATA_DIR", &missing);
    expect(
        &installation,
        "data directory",
        "warning",
        "the first start creates it",
    )
    .await;
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_told() {
    let at = |seconds: i64| vendor(now() + jiff::SignedDuration::from_secs(seconds));
    let installation = Installation::new();
    for (seconds, level, detail) in [
        (0, "ok", "agrees with the clock of Constant Contact"),
        (120, "warning", "s behind the clock of Constant Contact"),
        (-3_600, "failed", "s ahead of the clock of Constant Contact"),
    ] {
        let settings = installation.settings.clone();
        let shifted = Installation {
            trusts: None,
            dir: tempfile::tempdir().unwrap(),
            settings,
        }
        .with("CONSTANT_CONTACT_API_URL", &at(seconds));
        expect(&shifted, "clock", level, detail).await;
    }
}

#[tokio::test]
async fn whoever_is_not_there_is_told() {
    let nobody = Port::new();
    let url = format!("http://{}/v3", nobody.address());
    let installation = Installation::new().with("CONSTANT_CONTACT_API_URL", &url);
    expect(
        &installation,
        "Constant Contact",
        "failed",
        "cannot be reached",
    )
    .await;
    let (level, detail, _) = installation.finding("clock").await;
    assert_eq!(level, "warning");
    assert!(detail.contains("nobody answered"), "{detail}");
}

#[tokio::test]
async fn a_session_store_that_is_down_is_told() {
    let nobody = Port::new();
    let gone = format!("redis://:hush@{}", nobody.address());
    let installation = Installation::new().with("SESSION_STORE", &gone);
    expect(&installation, "session store", "failed", "does not answer").await;
    let output = installation.run(&["doctor"], "").await;
    let all = [output.stdout, output.stderr].concat();
    assert!(!String::from_utf8_lossy(&all).contains("hush"));
    let Some(redis) = Redis::start().await else {
        return;
    };
    let installation = installation.with("SESSION_STORE", &redis.url());
    expect(&installation, "session store", "ok", "Redis answers").await;
    redis.fill_up().await;
    expect(
        &installation,
        "session store",
        "failed",
        "answers but keeps nothing: OOM",
    )
    .await;
}

#[tokio::test]
async fn a_session_store_over_tls_is_asked_over_tls() {
    let ca = TestCa::new();
    let Some(redis) = Redis::start_with_tls(&ca).await else {
        return;
    };
    let installation = Installation::new().with("SESSION_STORE", &redis.url());
    let distrust = "its certificate is not trusted here";
    expect(&installation, "session store", "failed", distrust).await;
    let mut installation = installation;
    installation.trusts = Some(ca.authority_file());
    expect(&installation, "session store", "ok", "Redis answers").await;
}

#[tokio::test]
async fn a_provider_of_sign_ins_that_is_wrong_is_told() {
    let provider = TestProvider::start(|| now().as_second());
    let with = |url: &str| {
        Installation::new()
            .with("OPENID_ISSUER_URL", url)
            .with("OPENID_CLIENT_ID", CLIENT_ID)
            .with("OPENID_CLIENT_SECRET", CLIENT_SECRET)
    };
    let check = "sign-in with OpenID Connect";
    let installation = with(&provider.url);
    expect(&installation, check, "warning", "no groups give a role").await;
    let installation = installation.with("OPENID_VIEWER_GROUPS", "staff");
    expect(&installation, check, "ok", "/oauth/openid/callback").await;
    provider.fail(Fault::Discovery("{}".into()));
    expect(&installation, check, "failed", "bad-discovery").await;
    let nobody = Port::new();
    let installation = with(&format!("http://{}", nobody.address()));
    expect(&installation, check, "failed", "unreachable").await;
    // Half a provider is not a provider: said before anything is looked at.
    let half = Installation::new().with("OPENID_ISSUER_URL", &provider.url);
    let output = half.run(&["doctor"], "").await;
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("openid_client_id"));
}

#[tokio::test]
async fn wrong_usage_ends_with_status_2() {
    let output = Installation::new().run(&["doctor", "--nonsense"], "").await;
    assert_eq!(output.status.code(), Some(2));
}
