//! The vendor's limits, enforced by a strict sandbox: they are kept to, and what they cost is waited for.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use listbridge::runs::{Account, PartState, WaitingFor};
use listbridge::sandbox::{ActivitySpeed, Endpoint, Limits, SandboxOptions};
use listbridge::startup::Services;
use serde_json::json;

use crate::pages::browse;
use crate::process::client;
use crate::support::{Stage, ending, people, quick, wide_people};

/// The same installation in another process, at the vendor's request limits or fewer a day.
async fn reopen(stage: &Stage, requests_per_day: u32) -> Services {
    let mut settings = (**stage.services.settings).clone();
    settings.constant_contact_requests_per_second = 4;
    settings.constant_contact_requests_per_day = requests_per_day;
    Services::open(settings, stage.time.clock()).await.unwrap()
}

#[tokio::test]
async fn a_run_at_the_vendors_limits_is_hardly_ever_refused() {
    let mut stage = Stage::new(&wide_people(60_000)).await;
    stage.services = reopen(&stage, 10_000).await;
    stage.sandbox.set_limits(Limits::default());
    let (run, parts) = stage.run().await;
    assert_eq!(ending(&run), "delivered");
    assert!(parts.len() >= 7, "{}", parts.len());
    stage.assert_delivered(&parts, 60_000);
    let refused = stage.sandbox.refused_requests();
    assert!(refused <= 3, "{refused} requests were refused");
}

#[tokio::test]
async fn every_request_of_every_process_is_counted_until_midnight_utc() {
    let mut stage = Stage::new(&people(30)).await;
    stage.time.to_noon();
    // The sandbox counts only what it limits.
    stage.sandbox.set_limits(Limits {
        requests_per_day: Some(10_000),
        ..Limits::unlimited()
    });
    let key = stage.sandbox.client_id();
    let left = async |services: &Services| {
        let left = services.connections.ledger.requests_left_today(&key);
        u64::from(left.await.unwrap())
    };
    let mut requests = 0;
    for process in 0..3 {
        stage.services = reopen(&stage, 5_000).await;
        assert_eq!(
            left(&stage.services).await,
            5_000 - requests,
            "restart {process}"
        );
        let (run, _) = stage.run().await;
        assert_eq!(ending(&run), "delivered");
        requests += run.requests;
        assert_eq!(stage.sandbox.requests_today(), requests);
        assert_eq!(left(&stage.services).await, 5_000 - requests);
    }
    stage.time.forward(Duration::from_secs(86_400));
    assert_eq!(left(&stage.services).await, 5_000);
}

#[tokio::test]
async fn when_the_days_requests_are_used_up_the_page_says_until_when_it_waits() {
    let mut stage = Stage::new(&wide_people(20_000)).await;
    stage.time.to_noon();
    // The list, two uploads.
    stage.services = reopen(&stage, 3).await;
    let (run, parts) = stage.run().await;
    let waiting = run.waiting.unwrap();
    assert_eq!(waiting.reason, WaitingFor::Quota);
    assert_eq!(waiting.until.as_second() % 86_400, 0, "midnight UTC");
    assert_eq!(parts.len(), 3);
    assert_eq!(stage.sandbox.requests(Endpoint::ImportFile), 2);
    assert_eq!(stage.sandbox.refused_requests(), 0, "nobody had to say no");
    let page = browse(&stage).await.get(&format!("/runs/{}", run.id)).await;
    let sentence = &page.texts("[data-announce]")[0];
    assert!(
        sentence.contains("used up. The run goes on by itself at"),
        "{sentence}"
    );
    stage.time.forward(Duration::from_secs(86_400));
    let (run, parts) = stage.finish(run.id).await;
    assert!(!run.state.is_finished() || ending(&run) == "delivered");
    assert_eq!(stage.sandbox.requests(Endpoint::ImportFile), 3);
    stage.assert_delivered(&parts, 20_000);
}

/// Others have queued as many activities as the vendor allows but one.
#[tokio::test]
async fn a_queue_of_a_thousand_activities_is_waited_for() {
    let ten_minutes = Duration::from_mins(10);
    let options = SandboxOptions {
        limits: Limits {
            queued_activities: Limits::default().queued_activities,
            ..Limits::unlimited()
        },
        activity_speed: ActivitySpeed {
            initialized_for: ten_minutes,
            processing_for: Duration::ZERO,
        },
        ..quick()
    };
    let stage = Stage::with(options, &wide_people(20_000)).await;
    queue_others(&stage, 999).await;
    let id = stage.request().await;
    let engine = stage.engine().start();
    stage
        .until(id, |run, _| {
            let waiting = run.waiting.map(|waiting| waiting.reason);
            waiting == Some(WaitingFor::Queue)
        })
        .await;
    assert!(stage.sandbox.refused_requests() >= 1, "the queue was full");
    let (_, parts) = stage.read(id).await;
    let states: Vec<PartState> = parts.iter().map(|part| part.state).collect();
    assert_eq!(states[0], PartState::Accepted, "the last place was ours");
    assert!(states.len() == 2 && states[1] != PartState::Accepted);

    // The queue moves on, and so do the other parts.
    stage.time.forward(ten_minutes);
    stage
        .until(id, |_, parts| {
            let arrived = parts.iter().filter(|part| part.state.has_arrived());
            arrived.count() == 3
        })
        .await;
    stage.time.forward(ten_minutes);
    stage.until(id, |run, _| run.state.is_finished()).await;
    engine.stop().await;
    let (run, parts) = stage.read(id).await;
    assert_eq!(ending(&run), "delivered");
    assert_eq!(Account::of(&run, &parts).delivered, 20_000);
    stage.assert_delivered(&parts, 20_000);
    assert_eq!(stage.sandbox.activities().len(), 999 + 3);
}

/// Imports of somebody else in the same account, of one contact each to another list.
async fn queue_others(stage: &Stage, imports: usize) {
    let sandbox = &stage.sandbox;
    let tokens = sandbox.issue_tokens("owner", &["contact_data"]).unwrap();
    let list = sandbox.create_list("Somebody else's");
    let client = client();
    let url = format!("{}/activities/contacts_json_import", sandbox.api_url());
    let body = json!({ "import_data": [{ "email": "eve@example.com" }], "list_ids": [list] });
    let import = || async {
        let request = client.post(&url).bearer_auth(&tokens.access_token);
        let answer = request.json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 201);
    };
    stream::iter(0..imports)
        .for_each_concurrent(16, |_| import())
        .await;
}
