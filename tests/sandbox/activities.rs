use std::time::Duration;

use listbridge::sandbox::{
    ActivitySpeed, ActivityState, Endpoint, Fault, FaultKind, ImposedOutcome, Limits,
    SandboxOptions, When,
};
use serde_json::Value;

use crate::support::{TestTime, Visitor, counters, quick};

const CSV: &str = "email\nann@x.example\n";

async fn slow(time: &TestTime) -> Visitor {
    Visitor::new(SandboxOptions {
        clock: time.clock(),
        activity_speed: ActivitySpeed {
            initialized_for: Duration::from_secs(10),
            processing_for: Duration::from_secs(100),
        },
        ..quick()
    })
    .await
}

fn path(activity: &Value) -> String {
    activity["_links"]["self"]["href"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn an_activity_is_initialized_then_processing_then_completed() {
    let time = TestTime::starting("2026-03-01T10:00:00Z");
    let visitor = slow(&time).await;
    let list = visitor.list("Newsletter");
    let (_, accepted) = visitor.import(CSV, &[list]).await;
    assert_eq!(accepted["state"], "initialized");
    assert_eq!(accepted["percent_done"], 0);
    assert_eq!(accepted["created_at"], "2026-03-01T10:00:00.000Z");
    assert!(accepted.get("started_at").is_none() && accepted.get("completed_at").is_none());
    assert_eq!(counters(&accepted), [0; 5]);
    assert_eq!(visitor.sandbox.member_count(list), 5, "not begun");

    time.pass(Duration::from_secs(10));
    let processing = visitor.finished(&accepted).await;
    assert_eq!(processing["state"], "processing");
    assert_eq!(processing["started_at"], "2026-03-01T10:00:10.000Z");
    assert!(processing.get("completed_at").is_none());
    time.pass(Duration::from_secs(50));
    let (_, halfway) = visitor.get(&path(&accepted)).await;
    assert_eq!(halfway["percent_done"], 50);
    assert_eq!(counters(&halfway), [0; 5], "no counters before the end");

    time.pass(Duration::from_secs(50));
    let (_, done) = visitor.get(&path(&accepted)).await;
    assert_eq!(done["state"], "completed");
    assert_eq!(done["percent_done"], 100);
    assert_eq!(done["completed_at"], "2026-03-01T10:01:50.000Z");
    assert_eq!(counters(&done), [2, 1, 0, 0, 0]);
    assert_eq!(visitor.sandbox.member_count(list), 6);
}

#[tokio::test]
async fn activities_are_listed_newest_first_filtered_and_in_pages() {
    let time = TestTime::starting("2026-03-01T10:00:00Z");
    let visitor = slow(&time).await;
    let list = visitor.list("Newsletter");
    for _ in 0..3 {
        visitor.import(CSV, &[list]).await;
    }
    time.pass(Duration::from_secs(200));
    visitor.sandbox.settle().await;
    let (_, newest) = visitor.import(CSV, &[list]).await;
    let (_, all) = visitor.get("/v3/activities").await;
    assert_eq!(all["activities"].as_array().unwrap().len(), 4);
    assert_eq!(all["activities"][0]["activity_id"], newest["activity_id"]);
    assert!(all.get("_links").is_none());
    let (_, page) = visitor.get("/v3/activities?limit=3").await;
    let next = page["_links"]["next"]["href"].as_str().unwrap();
    assert_eq!(
        visitor.get(next).await.1["activities"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    for (query, status, count) in [
        ("?state=completed", 200, 3),
        ("?state=processing", 200, 0),
        ("?state=initialized", 400, 0),
        ("?limit=0", 400, 0),
        ("?limit=501", 400, 0),
        ("?limit=500", 200, 4),
    ] {
        let (found, body) = visitor.get(&format!("/v3/activities{query}")).await;
        assert_eq!(found, status, "{query}");
        assert_eq!(
            body["activities"].as_array().map_or(0, Vec::len),
            count,
            "{query}"
        );
    }
}

#[tokio::test]
async fn activities_are_kept_for_ten_days() {
    let time = TestTime::starting("2026-03-01T10:00:00Z");
    let visitor = slow(&time).await;
    let (_, accepted) = visitor.import(CSV, &[visitor.list("Newsletter")]).await;
    let ten_days = Duration::from_secs(10 * 86_400);
    time.pass(ten_days - Duration::from_secs(1));
    let token = || {
        visitor
            .sandbox
            .issue_tokens("owner", crate::support::ALL_SCOPES)
            .unwrap()
            .access_token
    };
    let ask = async || {
        let url = format!("{}{}", visitor.sandbox.base_url(), path(&accepted));
        visitor
            .http
            .get(url)
            .bearer_auth(token())
            .send()
            .await
            .unwrap()
            .status()
    };
    assert_eq!(ask().await, 200);
    time.pass(Duration::from_secs(1));
    assert_eq!(ask().await, 404);
    assert!(visitor.sandbox.activities().is_empty());
}

#[tokio::test]
async fn the_queue_takes_so_many_unfinished_activities() {
    let time = TestTime::starting("2026-03-01T10:00:00Z");
    let visitor = slow(&time).await;
    visitor.sandbox.set_limits(Limits {
        queued_activities: 2,
        ..Limits::unlimited()
    });
    let list = visitor.list("Newsletter");
    for expected in [201, 201, 429] {
        let (status, body) = visitor.import(CSV, &[list]).await;
        assert_eq!(status, expected);
        if expected == 429 {
            let text = body["error_message"].as_str().unwrap();
            assert!(text.contains("queued activities"), "{text}");
        }
    }
    time.pass(Duration::from_secs(200));
    visitor.sandbox.settle().await;
    assert_eq!(visitor.import(CSV, &[list]).await.0, 201);
}

#[tokio::test]
async fn outcomes_can_be_imposed() {
    for (outcome, state) in [
        (ImposedOutcome::Failed, ActivityState::Failed),
        (ImposedOutcome::Cancelled, ActivityState::Cancelled),
        (ImposedOutcome::TimedOut, ActivityState::TimedOut),
        (ImposedOutcome::Stuck, ActivityState::Processing),
    ] {
        let visitor = Visitor::quick().await;
        let list = visitor.list("Newsletter");
        visitor.sandbox.set_fault(Fault {
            endpoint: Endpoint::ImportFile,
            when: When::Nth(1),
            kind: FaultKind::ActivityOutcome(outcome),
        });
        let activity = visitor.imported(CSV, &[list]).await;
        assert_eq!(activity["state"], state.as_str());
        assert_eq!(
            visitor.sandbox.member_count(list),
            5,
            "{outcome:?} has no effect"
        );
        assert_eq!(visitor.imported(CSV, &[list]).await["state"], "completed");
    }
}

#[tokio::test]
async fn an_activity_can_be_gone() {
    let visitor = Visitor::quick().await;
    let list = visitor.list("Newsletter");
    visitor.sandbox.set_fault(Fault {
        endpoint: Endpoint::ImportFile,
        when: When::Always,
        kind: FaultKind::ActivityGone,
    });
    let (_, accepted) = visitor.import(CSV, &[list]).await;
    visitor.sandbox.settle().await;
    assert_eq!(visitor.get(&path(&accepted)).await.0, 404);
    assert_eq!(
        visitor.get("/v3/activities").await.1["activities"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
    assert_eq!(visitor.sandbox.member_count(list), 6, "its work was done");
}
