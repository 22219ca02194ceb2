//! A private PostgreSQL cluster in a temporary directory, for tests that need the real thing. It listens on a socket in
//! there, so that it needs no port that somebody else might take first.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// The running cluster; stops when dropped.
pub(crate) struct Postgres {
    child: Child,
    dir: TempDir,
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Postgres {
    /// Starts a cluster, or answers `None` where the server programs are not installed.
    ///
    /// With `TEST_POSTGRES=required` a missing server fails the test instead.
    #[expect(
        clippy::disallowed_methods,
        reason = "the variable steers tests, not the program"
    )]
    pub(crate) fn start() -> Option<Self> {
        let Some(bin) = server_programs() else {
            let is_required = std::env::var("TEST_POSTGRES").is_ok_and(|value| value == "required");
            assert!(
                !is_required,
                "PostgreSQL's initdb and postgres are required but not installed"
            );
            eprintln!("PostgreSQL is not installed: this test looked at SQLite only");
            return None;
        };
        let dir = tempfile::tempdir().unwrap();
        let owner = server_owner();
        if let Some((user, group)) = owner {
            chown(dir.path(), Some(user), Some(group)).unwrap();
        }
        let data = dir.path().join("data");
        let initdb = as_owner(bin.join("initdb"), owner, dir.path())
            .args([
                "--auth=trust",
                "--username=listbridge",
                "--no-sync",
                "--encoding=UTF8",
                "--locale=C",
                "--pgdata",
            ])
            .arg(&data)
            .output()
            .unwrap();
        assert!(
            initdb.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&initdb.stderr)
        );
        let child = as_owner(bin.join("postgres"), owner, dir.path())
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(dir.path())
            .args(["-h", "", "-c", "fsync=off", "-c", "max_connections=60"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Some(Self { child, dir })
    }

    /// URL of a fresh, empty database; waits until the server answers.
    pub(crate) async fn create_database(&self, name: &str) -> String {
        use sea_orm::ConnectionTrait;
        let socket = self.dir.path().display();
        let url =
            |database: &str| format!("postgres://listbridge@localhost/{database}?host={socket}");
        let admin = loop {
            match sea_orm::Database::connect(url("postgres")).await {
                Ok(admin) => break admin,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        admin
            .execute_unprepared(&format!("CREATE DATABASE {name}"))
            .await
            .unwrap();
        url(name)
    }
}

/// URL of a fresh, empty database on the server that `TEST_DATABASE_URL` names; `None` when it names none, and the
/// application's state goes where it goes by default.
#[expect(
    clippy::disallowed_methods,
    reason = "the variable steers tests, not the program"
)]
pub(crate) async fn fresh_database() -> Option<String> {
    use sea_orm::ConnectionTrait;
    let server = std::env::var("TEST_DATABASE_URL").ok()?;
    let mut url = url::Url::parse(&server).unwrap();
    let name = format!("test_{}", uuid::Uuid::now_v7().simple());
    let admin = sea_orm::Database::connect(&server).await.unwrap();
    admin
        .execute_unprepared(&format!("CREATE DATABASE {name}"))
        .await
        .unwrap();
    url.set_path(&name);
    Some(url.into())
}

fn server_programs() -> Option<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"));
    debian
        .chain([PathBuf::from("/usr/local/bin"), PathBuf::from("/usr/bin")])
        .find(|bin| bin.join("initdb").exists())
}

/// The server refuses to run as root; then it runs as the system's user `postgres`.
fn server_owner() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    let is_root = fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
    let passwd = fs::read_to_string("/etc/passwd").ok().filter(|_| is_root)?;
    let line = passwd
        .lines()
        .find(|line| line.starts_with("postgres:"))
        .expect("a user for the server");
    let mut fields = line.split(':').skip(2).map(|field| field.parse().unwrap());
    Some((fields.next().unwrap(), fields.next().unwrap()))
}

fn as_owner(program: PathBuf, owner: Option<(u32, u32)>, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(dir);
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}
