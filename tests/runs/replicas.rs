//! Several real processes on one PostgreSQL: one session, one run, one limiter, and somebody else when one is killed.

use std::time::{Duration, Instant};

use listbridge::runs::RunState;
use listbridge::sandbox::{Endpoint, Fault, FaultKind, Limits, When};
use scraper::{Html, Selector};
use uuid::Uuid;

use crate::postgres::Postgres;
use crate::process::{Replica, client};
use crate::support::{Stage, ending, until, wide_people};

/// A process that is gone is replaced within this (issue of the engine: 30 s).
const TAKEOVER: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_killed_replica_is_replaced_and_nothing_is_sent_twice() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let url = postgres.create_database("replicas").await;
    let stage = Stage::on_database(url, &wide_people(60_000)).await;
    stage.sandbox.set_limits(Limits::default());
    // The third upload arrives, and its answer comes long after its sender is dead.
    stage.sandbox.set_fault(Fault {
        endpoint: Endpoint::ImportFile,
        when: When::Nth(3),
        kind: FaultKind::Slow(Duration::from_secs(60)),
    });
    let mut replicas = Vec::new();
    for name in ["a", "b", "c"] {
        replicas.push(Replica::start(&stage, name, 1).await);
    }

    let client = client();
    sign_in(&client, &replicas[0].base_url).await;
    for replica in &replicas {
        let home = client.get(&replica.base_url).send().await.unwrap();
        assert_eq!(home.status(), 200, "one session, every replica");
    }
    let run_id = press_run(&client, &replicas[1].base_url, stage.export.id).await;
    until("three parts", async || {
        stage.read(run_id).await.1.len() >= 3
    })
    .await;
    let arrived = async || stage.sandbox.activities().len() >= 3;
    until("the third upload", arrived).await;

    let owner = replicas
        .iter()
        .position(|replica| replica.log().contains("run taken"))
        .expect("somebody took the run");
    let mut killed = replicas.remove(owner);
    killed.child.kill().unwrap();
    killed.child.wait().unwrap();
    let died = Instant::now();
    until("a new owner", async || {
        stage.read(run_id).await.0.claims == 2
    })
    .await;
    assert!(died.elapsed() < TAKEOVER, "{:?}", died.elapsed());
    let finished = async || stage.read(run_id).await.0.state.is_finished();
    until("the end", finished).await;

    let (run, parts) = stage.read(run_id).await;
    assert_eq!(
        (ending(&run).as_str(), run.state),
        ("delivered", RunState::Successful)
    );
    stage.assert_delivered(&parts, 60_000);
    let account = Stage::account(&run, &parts);
    assert_eq!(account.delivered, 60_000);
    // At 4 requests a second over all processes the vendor has next to nothing to refuse.
    let refused: usize = replicas
        .iter()
        .chain([&killed])
        .map(|replica| replica.log().matches("status=429").count())
        .sum();
    assert!(refused <= 2, "{refused} requests were refused");
}

pub(crate) async fn sign_in(client: &reqwest::Client, base_url: &str) {
    let page = format!("{base_url}/sign-in");
    let token = token_of(client, &page).await;
    let fields = [
        ("_csrf", token.as_str()),
        ("email", "alice@example.com"),
        ("password", "correct horse battery staple"),
    ];
    let answer = client.post(&page).form(&fields).send().await.unwrap();
    assert_eq!(answer.status(), 303);
}

pub(crate) async fn press_run(client: &reqwest::Client, base_url: &str, export_id: Uuid) -> Uuid {
    let token = token_of(client, &format!("{base_url}/exports")).await;
    let run = format!("{base_url}/exports/{export_id}/run");
    let fields = [("_csrf", token.as_str())];
    let answer = client.post(&run).form(&fields).send().await.unwrap();
    let location = answer.headers()["location"].to_str().unwrap();
    location.trim_start_matches("/runs/").parse().unwrap()
}

async fn token_of(client: &reqwest::Client, page: &str) -> String {
    let body = client.get(page).send().await.unwrap().text().await.unwrap();
    let field = Selector::parse("input[name=_csrf]").unwrap();
    let document = Html::parse_document(&body);
    let token = document
        .select(&field)
        .next()
        .and_then(|field| field.attr("value"));
    token
        .unwrap_or_else(|| panic!("no form: {body}"))
        .to_owned()
}
