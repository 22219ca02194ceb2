//! A private Redis on a free port, for tests that need the real thing.

use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::port::Port;
use super::tls::TestCa;

/// The running server; stops when dropped.
pub(crate) struct Redis {
    child: Child,
    port: Port,
    dir: TempDir,
    is_tls: bool,
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Redis {
    /// Starts a server, or answers `None` where it is not installed. With `TEST_REDIS=required` that fails the test.
    pub(crate) async fn start() -> Option<Self> {
        Self::start_with(None).await
    }

    /// The same, over TLS alone.
    pub(crate) async fn start_with_tls(ca: &TestCa) -> Option<Self> {
        Self::start_with(Some(ca)).await
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the variable steers tests, not the program"
    )]
    async fn start_with(ca: Option<&TestCa>) -> Option<Self> {
        let port = Port::new();
        let dir = tempfile::tempdir().unwrap();
        let Some(child) = spawn(&port, &dir, ca) else {
            let is_required = std::env::var("TEST_REDIS").is_ok_and(|value| value == "required");
            assert!(!is_required, "redis-server is required but not installed");
            eprintln!("redis-server is not installed: this test was passed over");
            return None;
        };
        let is_tls = ca.is_some();
        let redis = Self {
            child,
            port,
            dir,
            is_tls,
        };
        redis.wait().await;
        Some(redis)
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.is_tls { "rediss" } else { "redis" };
        format!("{scheme}://{}", self.port.address())
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Stops answering without closing anything, as a machine that hangs.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// The same server again, empty.
    pub(crate) async fn start_again(&mut self) {
        assert!(!self.is_tls);
        self.child = spawn(&self.port, &self.dir, None).unwrap();
        self.wait().await;
    }

    /// Answers as before, and refuses to keep anything more.
    pub(crate) async fn fill_up(&self) {
        self.configure("maxmemory", "1").await;
    }

    /// Undoes [`Self::fill_up`].
    pub(crate) async fn make_room(&self) {
        self.configure("maxmemory", "0").await;
    }

    async fn configure(&self, setting: &str, value: &str) {
        use deadpool_redis::redis;
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut command = redis::cmd("CONFIG");
        command.arg("SET").arg(setting).arg(value);
        let () = command.query_async(&mut connection).await.unwrap();
    }

    /// Every key and value, as one text.
    pub(crate) async fn dump(&self) -> String {
        use deadpool_redis::redis;
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let keys: Vec<String> = redis::cmd("KEYS")
            .arg("*")
            .query_async(&mut connection)
            .await
            .unwrap();
        let mut text = String::new();
        for key in keys {
            let value: String = redis::cmd("GET")
                .arg(&key)
                .query_async(&mut connection)
                .await
                .unwrap();
            text += &format!("{key} {value}\n");
        }
        text
    }

    async fn wait(&self) {
        while tokio::net::TcpStream::connect(self.port.address())
            .await
            .is_err()
        {
            tokio::task::yield_now().await;
        }
    }
}

fn spawn(port: &Port, dir: &TempDir, ca: Option<&TestCa>) -> Option<Child> {
    let mut command = Command::new("redis-server");
    let port = port.number().to_string();
    match ca {
        None => command.args(["--port", &port]),
        Some(ca) => command
            .args([
                "--port",
                "0",
                "--tls-port",
                &port,
                "--tls-auth-clients",
                "no",
            ])
            .arg("--tls-cert-file")
            .arg(ca.certificate_file())
            .arg("--tls-key-file")
            .arg(ca.key_file())
            .arg("--tls-ca-cert-file")
            .arg(ca.authority_file()),
    };
    command
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .arg("--dir")
        .arg(dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()
}
