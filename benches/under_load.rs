//! How fast pages answer while a large run is in progress: `cargo bench --bench under_load -- FILE.csv [PROGRAM]`.
//!
//! FILE.csv has the columns `EMail`, `FirstName` and `LastName`. PROGRAM is the `listbridge` to measure, by default the one of
//! the release build. Starts a sandbox that only counts and a real `listbridge serve`, presses Run, and asks for pages at
//! a steady 100 requests a second for as long as the run takes, whether the earlier ones have been answered or not: a
//! slow answer delays nobody's question. Once at the vendor's 4 requests a second, once without that limit, where the
//! engine has all of its work to do at once. Prints when the first part arrived, what was asked of the sandbox, and the
//! latencies per page, in milliseconds.
#![allow(clippy::print_stdout, reason = "the table is the point")]
#![allow(clippy::unwrap_used, reason = "a benchmark that fails stops")]

#[allow(dead_code, reason = "tests use the rest")]
#[path = "../tests/runs/support/mod.rs"]
mod installation;
#[allow(unused_imports, reason = "tests use the rest")]
#[path = "../tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use listbridge::clock::Clock;
use listbridge::sandbox::{Endpoint, Receiver, Sandbox, SandboxOptions};
use listbridge::startup::Services;
use support::{ALICE, Browser, PASSWORD, postgres};
use tokio::task::JoinSet;

/// Requests a second.
const RATE: u32 = 100;
/// A run that takes longer than this has gone wrong.
const PATIENCE: Duration = Duration::from_secs(300);

#[tokio::main]
async fn main() {
    // `cargo bench` and `cargo test --benches` pass options of their own: there is nothing to do without a file.
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"));
    let Some(file) = arguments.next() else { return };
    let program = arguments.next().map_or_else(release_build, PathBuf::from);
    for (name, per_second) in [("4 requests a second", 4), ("no limit", 1_000)] {
        measure(name, Path::new(&file), &program, per_second).await;
    }
}

fn release_build() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/release/listbridge")
}

async fn measure(name: &str, file: &Path, program: &Path, per_second: u32) {
    let dir = tempfile::tempdir().unwrap();
    let options = SandboxOptions {
        receiver: Receiver::CountOnly,
        ..installation::quick()
    };
    let sandbox = Sandbox::start(options).await.unwrap();
    let list = sandbox.create_list("Everyone");
    let settings = installation::settings(&sandbox, &dir.path().join("data"));
    let services = Services::open(settings, Clock::system()).await.unwrap();
    let source = installation::import(&services, file, "People").await;
    let attributes = [("first_name", "FirstName"), ("last_name", "LastName")];
    let export = installation::set_up(&services, &sandbox, list, source, &attributes).await;
    drop(services);

    let server = Server::start(program, dir.path(), &sandbox, per_second).await;
    let browser = server.sign_in().await;
    let press = format!("/exports/{}/run", export.id);
    sandbox.forget_requests();
    let pressed = Instant::now();
    let started = browser.submit("/exports", &press, &[]).await;
    let run = started.location.expect("the run was started");
    let pages = [
        "/".to_owned(),
        "/exports".to_owned(),
        format!("/exports/{}/runs", export.id),
        run.clone(),
        "/segments".to_owned(),
        "/sources".to_owned(),
        format!("/profiles?source={source}"),
        "/settings/connections".to_owned(),
    ];
    let latencies = ask_until_finished(&browser, &run, &pages, &sandbox).await;
    let took = latencies.took;
    println!(
        "\n1 run in progress, {name}: {:.1} s, {} rows received",
        took.as_secs_f64(),
        sandbox.received().rows
    );
    let first_part = latencies.first_part.expect("a part has arrived");
    println!(
        "first part {:.2} s after Run; {} uploads, {} other requests",
        (first_part - pressed).as_secs_f64(),
        sandbox.requests(Endpoint::ImportFile),
        sandbox.all_requests().values().sum::<u64>() - sandbox.requests(Endpoint::ImportFile)
    );
    println!(
        "{:<28} {:>8} {:>8} {:>8} {:>8}",
        "page", "requests", "p50", "p99", "worst"
    );
    let mut all = Vec::new();
    for (page, times) in latencies.by_page {
        all.extend_from_slice(&times);
        print_line(&page, times);
    }
    print_line("all pages", all);
}

struct Latencies {
    by_page: BTreeMap<String, Vec<Duration>>,
    took: Duration,
    /// When the first part had been received, to one step of the rate.
    first_part: Option<Instant>,
}

/// Asks for one page after the other at the steady rate until the run has finished.
async fn ask_until_finished(
    browser: &Browser,
    run: &str,
    pages: &[String],
    sandbox: &Sandbox,
) -> Latencies {
    let started = Instant::now();
    let mut asked = JoinSet::new();
    let mut tick = tokio::time::interval(Duration::from_secs(1) / RATE);
    let mut by_page: BTreeMap<String, Vec<Duration>> = BTreeMap::new();
    let mut is_finished = false;
    let mut first_part = None;
    for number in 0.. {
        tick.tick().await;
        if first_part.is_none() && sandbox.received().rows > 0 {
            first_part = Some(Instant::now());
        }
        let page = pages[number % pages.len()].clone();
        let browser = browser.clone();
        asked.spawn(async move {
            let began = Instant::now();
            let answer = browser.get(&page).await;
            assert_eq!(answer.status, 200, "{page}");
            let has_ended = answer.body.contains("Run again") && page.starts_with("/runs/");
            (page, began.elapsed(), has_ended)
        });
        while let Some(answer) = asked.try_join_next() {
            is_finished |= note(answer.unwrap(), run, &mut by_page);
        }
        assert!(started.elapsed() < PATIENCE, "the run never ended");
        if is_finished {
            break;
        }
    }
    let took = started.elapsed();
    while let Some(answer) = asked.join_next().await {
        note(answer.unwrap(), run, &mut by_page);
    }
    Latencies {
        by_page,
        took,
        first_part,
    }
}

fn note(
    (page, took, has_ended): (String, Duration, bool),
    run: &str,
    by_page: &mut BTreeMap<String, Vec<Duration>>,
) -> bool {
    let name = if page == run {
        "/runs/{id}"
    } else {
        page.split('?').next().unwrap()
    };
    let name = if name.ends_with("/runs") {
        "/exports/{id}/runs"
    } else {
        name
    };
    by_page.entry(name.to_owned()).or_default().push(took);
    has_ended
}

fn print_line(page: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| {
        times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1_000.0
    };
    println!(
        "{page:<28} {:>8} {:>8.1} {:>8.1} {:>8.1}",
        times.len(),
        at(50),
        at(99),
        at(100)
    );
}

/// A running `listbridge serve`; ends when dropped.
struct Server {
    child: Child,
    base_url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    async fn start(program: &Path, dir: &Path, sandbox: &Sandbox, per_second: u32) -> Self {
        let listen = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let base_url = format!("http://{listen}");
        let child = Command::new(program)
            .arg("serve")
            .current_dir(dir)
            .env("RUST_LOG", "error")
            .env("LISTBRIDGE_LISTEN", listen.to_string())
            .env("LISTBRIDGE_PUBLIC_URL", &base_url)
            .env("LISTBRIDGE_DATA_DIR", dir.join("data"))
            .env("LISTBRIDGE_CONSTANT_CONTACT_TOKEN_URL", sandbox.token_url())
            .env("LISTBRIDGE_CONSTANT_CONTACT_API_URL", sandbox.api_url())
            .env("LISTBRIDGE_CONSTANT_CONTACT_CLIENT_ID", sandbox.client_id())
            .env(
                "LISTBRIDGE_CONSTANT_CONTACT_CLIENT_SECRET",
                sandbox.client_secret(),
            )
            .env(
                "LISTBRIDGE_CONSTANT_CONTACT_REQUESTS_PER_SECOND",
                per_second.to_string(),
            )
            .spawn()
            .unwrap();
        let server = Self { child, base_url };
        let began = Instant::now();
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(5))
            .build()
            .unwrap();
        let ready = format!("{}/readyz", server.base_url);
        while !client
            .get(&ready)
            .send()
            .await
            .is_ok_and(|answer| answer.status().is_success())
        {
            assert!(began.elapsed() < PATIENCE, "the server never got ready");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        server
    }

    async fn sign_in(&self) -> Browser {
        let client = reqwest::Client::builder()
            .cookie_store(true)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        let browser = Browser {
            client,
            base_url: self.base_url.clone(),
            lang: "en",
        };
        let fields = [("email", ALICE.email), ("password", PASSWORD)];
        let answer = browser.submit("/sign-in", "/sign-in", &fields).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        browser
    }
}
