use std::sync::atomic::{AtomicI64, Ordering};

use migrations::{Migrator, MigratorTrait};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::constant_contact::{AccessToken, ClientConfig, ConstantContact};
use crate::storage;

/// 2026-11-23 23:59:58 UTC.
const LATE: i64 = 1_795_478_398_000;

struct Fixture {
    _dir: tempfile::TempDir,
    url: secrecy::SecretString,
    now: Arc<AtomicI64>,
    settings: Settings,
}

impl Fixture {
    async fn new(per_second: u32, per_day: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", dir.path().join("t").display());
        let mut settings = Settings::defaults();
        settings.constant_contact_requests_per_second = per_second;
        settings.constant_contact_requests_per_day = per_day;
        let fixture = Self {
            _dir: dir,
            url: url.into(),
            now: Arc::new(AtomicI64::new(LATE)),
            settings,
        };
        let db = storage::connect(&fixture.url).await.unwrap();
        Migrator::up(&db, None).await.unwrap();
        fixture
    }

    /// A ledger as another process would have it: with its own database connection.
    async fn ledger(&self) -> RequestLedger {
        let now = self.now.clone();
        let clock = Clock::from_fn(move || {
            Timestamp::from_millisecond(now.load(Ordering::Relaxed)).unwrap()
        });
        let db = storage::connect(&self.url).await.unwrap();
        RequestLedger::new(db, clock, &self.settings)
    }

    fn advance_ms(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::Relaxed);
    }
}

async fn slots(ledger: &RequestLedger, key: &str, count: usize) -> Vec<Option<i64>> {
    let mut all = Vec::new();
    for _ in 0..count {
        let now = ledger.clock.now().as_millisecond() - LATE;
        let ahead = ledger.reserve(key, Endpoint::Api).await.unwrap();
        all.push(ahead.map(|ahead| now + i64::try_from(ahead.as_millis()).unwrap()));
    }
    all
}

#[tokio::test]
async fn requests_of_one_key_are_spaced_across_processes() {
    let fixture = Fixture::new(4, 100).await;
    let (one, other) = (fixture.ledger().await, fixture.ledger().await);
    assert_eq!(slots(&one, "k", 2).await, [Some(0), Some(260)]);
    assert_eq!(slots(&other, "k", 2).await, [Some(520), Some(780)]);
    assert_eq!(slots(&other, "another key", 1).await, [Some(0)]);
    fixture.advance_ms(1500);
    assert_eq!(slots(&one, "k", 1).await, [Some(1500)]);
    one.push_back("k").await.unwrap();
    assert_eq!(slots(&one, "k", 1).await, [Some(2500)]);
    assert_eq!(one.requests_left_today("k").await.unwrap(), 94);
}

#[tokio::test]
async fn no_more_than_the_days_requests_are_allowed_whoever_asks() {
    let fixture = Fixture::new(1000, 40).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let ledger = fixture.ledger().await;
        tasks.spawn(async move { slots(&ledger, "k", 25).await });
    }
    let all: Vec<Option<i64>> = tasks.join_all().await.concat();
    let mut allowed: Vec<i64> = all.into_iter().flatten().collect();
    allowed.sort_unstable();
    assert_eq!(allowed, (0..40).collect::<Vec<_>>(), "each moment once");
}

#[tokio::test]
async fn the_day_starts_again_at_midnight_utc() {
    let fixture = Fixture::new(1000, 2).await;
    let ledger = fixture.ledger().await;
    let permits = ledger.permits("k");
    for _ in 0..2 {
        permits.acquire(RequestKind::Read).await.unwrap();
    }
    match permits.acquire(RequestKind::Upload).await {
        Err(PermitRefused::QuotaSpent { resets_at }) => {
            assert_eq!(resets_at.as_millisecond(), LATE + 2000);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(ledger.requests_left_today("k").await.unwrap(), 0);
    permits
        .acquire(RequestKind::Token)
        .await
        .expect("tokens have their own limit");
    fixture.advance_ms(2000);
    assert_eq!(ledger.requests_left_today("k").await.unwrap(), 2);
    permits.acquire(RequestKind::Read).await.unwrap();
    assert_eq!(ledger.requests_left_today("k").await.unwrap(), 1);
    fixture.advance_ms(-3000);
    assert_eq!(
        ledger.requests_left_today("k").await.unwrap(),
        1,
        "a clock that goes back over midnight gives nothing away"
    );
    ledger.mark_day_spent("k").await.unwrap();
    assert_eq!(ledger.requests_left_today("k").await.unwrap(), 0);
}

/// A request of the last second of a day is answered in the next, and the vendor's clock may be late.
#[tokio::test]
async fn a_spent_quota_told_right_after_midnight_is_of_the_day_before() {
    let fixture = Fixture::new(4, 3).await;
    let ledger = fixture.ledger().await;
    let vendor = MockServer::start().await;
    let said = r#"{"error_key":"quota_exceeded","error_message":"Limit Exceeded"}"#;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(429).set_body_string(said))
        .mount(&vendor)
        .await;
    let mut settings = Settings::defaults();
    settings.constant_contact_api_url = vendor.uri().parse().unwrap();
    let client = ConstantContact::new(ClientConfig::from_settings(&settings)).unwrap();
    let api = client.api(ledger.permits("another"));
    let spent = api
        .account_summary(&AccessToken::new("the-access-token"))
        .await
        .unwrap_err();
    assert!(matches!(spent, ClientError::QuotaExceeded(_)), "{spent}");
    fixture.advance_ms(3_000);
    ledger.heed("k", &spent).await.unwrap();
    assert_eq!(ledger.requests_left_today("k").await.unwrap(), 3);
    let at = |ms: i64| Timestamp::from_millisecond(LATE + ms).unwrap();
    assert_eq!(ledger.quota_over_at(), at(63_000));
    fixture.advance_ms(600_000);
    ledger.heed("k", &spent).await.unwrap();
    assert_eq!(ledger.requests_left_today("k").await.unwrap(), 0);
    assert_eq!(ledger.quota_over_at(), at(2_000 + DAY_MS));
}

#[tokio::test]
async fn a_clock_that_jumped_back_keeps_nobody_waiting() {
    let fixture = Fixture::new(4, 100).await;
    let ledger = fixture.ledger().await;
    fixture.advance_ms(3_600_000);
    slots(&ledger, "k", 1).await;
    fixture.advance_ms(-3_600_000);
    assert_eq!(slots(&ledger, "k", 1).await, [Some(0)]);
}

/// The step happens between the reservation and the wait.
#[tokio::test]
async fn a_clock_that_steps_back_under_a_request_keeps_it_no_longer() {
    let fixture = Fixture::new(4, 100).await;
    let db = fixture.ledger().await.db;
    let (asked, settings) = (AtomicI64::new(0), &fixture.settings);
    let clock = Clock::from_fn(move || {
        let steps = asked.fetch_add(1, Ordering::Relaxed).min(1);
        Timestamp::from_millisecond(LATE - steps * 7_200_000).unwrap()
    });
    let permits = RequestLedger::new(db, clock, settings).permits("k");
    let asking = permits.acquire(RequestKind::Read);
    let in_time = tokio::time::timeout(Duration::from_secs(30), asking).await;
    in_time.expect("it waits for the old time").unwrap();
}

#[tokio::test]
async fn a_small_step_back_costs_a_minute_at_the_most() {
    let fixture = Fixture::new(4, 100).await;
    let ledger = fixture.ledger().await;
    slots(&ledger, "k", 1).await;
    fixture.advance_ms(-30_000);
    assert_eq!(slots(&ledger, "k", 1).await, [Some(260)], "in its turn");
    fixture.advance_ms(-31_000);
    assert_eq!(slots(&ledger, "k", 1).await, [Some(-61_000)], "at once");
}
