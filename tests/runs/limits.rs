//! The vendor's limits, enforced by a strict sandbox: they are kept to, and what they cost is waited for.

use std::time::Duration;

use listbridge::runs::{Account, WaitingFor};
use listbridge::sandbox::{ActivitySpeed, Endpoint, Limits, SandboxOptions};
use listbridge::startup::Services;

use crate::pages::browse;
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

#[tokio::test]
async fn a_full_queue_of_activities_is_waited_for() {
    let stage = Stage::with(
        SandboxOptions {
            limits: Limits {
                queued_activities: 1,
                ..Limits::unlimited()
            },
            activity_speed: ActivitySpeed {
                initialized_for: Duration::from_millis(50),
                processing_for: Duration::from_millis(250),
            },
            ..quick()
        },
        &wide_people(20_000),
    )
    .await;
    let (run, parts) = stage.run().await;
    assert_eq!(ending(&run), "delivered");
    assert!(stage.sandbox.refused_requests() >= 1, "the queue was full");
    assert_eq!(Account::of(&run, &parts).delivered, 20_000);
    stage.assert_delivered(&parts, 20_000);
}
