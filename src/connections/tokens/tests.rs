use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use secrecy::SecretString;
use serde_json::json;
use wiremock::matchers::{body_string_contains, method};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::*;
use crate::config::Settings;
use crate::connections::connection::RENEW_IDLE_AFTER;
use crate::connections::consent::ConsentText;
use crate::connections::store::{NewAuthorization, NewConnection};
use crate::connections::{Author, Health, Sharing};
use crate::constant_contact::ClientConfig;
use crate::locale::Lang;
use crate::names::Name;
use crate::storage;

const START: i64 = 1_790_000_000_000;

/// Tokens for a store test.
pub(in crate::connections) fn sealed_tokens(now: Timestamp) -> SealedTokens {
    SealedTokens {
        access_token: vec![1],
        refresh_token: Some(vec![2]),
        expires_at: now + SignedDuration::from_hours(24),
        refresh_due_at: now + SignedDuration::from_hours(23),
    }
}

struct Fixture {
    _dir: tempfile::TempDir,
    url: SecretString,
    key: MasterKey,
    now: Arc<AtomicI64>,
    vendor: MockServer,
    connection_id: Uuid,
}

impl Fixture {
    /// A connection with tokens `access-0` and `refresh-0` that live an hour.
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", dir.path().join("t").display());
        let url = SecretString::from(url);
        let db = storage::connect(&url).await.unwrap();
        Migrator::up(&db, None).await.unwrap();
        let fixture = Self {
            _dir: dir,
            url,
            key: MasterKey::random(),
            now: Arc::new(AtomicI64::new(START)),
            vendor: MockServer::start().await,
            connection_id: Uuid::now_v7(),
        };
        let author = Author {
            user_id: Uuid::nil(),
            ip: "",
            at: Timestamp::from_millisecond(START).unwrap(),
        };
        let new = NewConnection {
            id: fixture.connection_id,
            name: Name::parse("C").unwrap(),
            sharing: Sharing::Administrators,
            text: ConsentText::in_language(Lang::En),
            client_id: Some("key".into()),
        };
        store::create(&db, new, author).await.unwrap();
        let set = TokenSet {
            access_token: AccessToken::new("access-0"),
            expires_in: Duration::from_secs(3600),
            scopes: None,
            refresh_token: Some(RefreshToken::new("refresh-0")),
        };
        let authorization = NewAuthorization {
            client_id: "key",
            tokens: seal(&fixture.key, fixture.connection_id, &set, author.at),
            organization_name: None,
            account_id: None,
        };
        store::store_authorization(&db, fixture.connection_id, authorization, author)
            .await
            .unwrap();
        fixture
    }

    /// A service as another process would have it.
    async fn service(&self) -> TokenService {
        let mut settings = Settings::defaults();
        settings.constant_contact_client_id = Some("key".into());
        settings.constant_contact_client_secret = Some("s3cr3t".to_owned().into());
        settings.constant_contact_token_url =
            format!("{}/token", self.vendor.uri()).parse().unwrap();
        let db = storage::connect(&self.url).await.unwrap();
        let now = self.now.clone();
        let clock = Clock::from_fn(move || {
            Timestamp::from_millisecond(now.load(Ordering::Relaxed)).unwrap()
        });
        let applications = Applications::new(db.clone(), self.key.clone(), &settings);
        let ledger = RequestLedger::new(db.clone(), clock.clone(), &settings);
        let vendor = ConstantContact::new(ClientConfig::from_settings(&settings)).unwrap();
        TokenService::new(db, self.key.clone(), clock, applications, ledger, vendor)
    }

    fn advance(&self, duration: SignedDuration) {
        let ms = i64::try_from(duration.as_millis()).unwrap();
        self.now.fetch_add(ms, Ordering::Relaxed);
    }

    /// Answers each refresh token once, with the next pair, as the rotating type does.
    async fn rotate(&self) -> Arc<AtomicUsize> {
        let count = Arc::new(AtomicUsize::new(0));
        let counter = count.clone();
        Mock::given(method("POST"))
            .respond_with(move |request: &Request| {
                let next = counter.fetch_add(1, Ordering::Relaxed) + 1;
                let body = String::from_utf8_lossy(&request.body).into_owned();
                if !body.contains(&format!("refresh-{}", next - 1)) {
                    return ResponseTemplate::new(400)
                        .set_body_json(json!({ "error": "invalid_grant" }));
                }
                ResponseTemplate::new(200).set_body_json(json!({
                    "token_type": "Bearer", "expires_in": 3600,
                    "access_token": format!("access-{next}"),
                    "refresh_token": format!("refresh-{next}"),
                }))
            })
            .mount(&self.vendor)
            .await;
        count
    }

    async fn answer(&self, answer: ResponseTemplate) {
        Mock::given(method("POST"))
            .respond_with(answer)
            .mount(&self.vendor)
            .await;
    }

    async fn health(&self) -> (Authorization, Health) {
        let db = storage::connect(&self.url).await.unwrap();
        let found = store::find(&db, self.connection_id).await.unwrap().unwrap();
        (found.authorization, found.health())
    }
}

#[tokio::test]
async fn a_token_is_renewed_ten_minutes_before_it_expires() {
    let fixture = Fixture::new().await;
    let renewals = fixture.rotate().await;
    let service = fixture.service().await;
    let grant = service.access_token(fixture.connection_id).await.unwrap();
    assert_eq!((grant.token.expose(), grant.version), ("access-0", 1));
    assert_eq!(grant.client_id, "key");
    fixture.advance(SignedDuration::from_mins(49));
    service.access_token(fixture.connection_id).await.unwrap();
    assert_eq!(renewals.load(Ordering::Relaxed), 0);
    fixture.advance(SignedDuration::from_mins(2));
    let grant = service.access_token(fixture.connection_id).await.unwrap();
    assert_eq!((grant.token.expose(), grant.version), ("access-1", 2));
}

#[tokio::test]
async fn many_who_ask_at_once_in_several_processes_cause_one_renewal() {
    let fixture = Fixture::new().await;
    let renewals = fixture.rotate().await;
    fixture.advance(SignedDuration::from_hours(2));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let service = fixture.service().await;
        for _ in 0..4 {
            let (service, id) = (service.clone(), fixture.connection_id);
            tasks.spawn(async move { service.access_token(id).await.unwrap().token });
        }
    }
    for token in tasks.join_all().await {
        assert_eq!(token.expose(), "access-1");
    }
    assert_eq!(renewals.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn after_a_401_the_token_is_renewed_once_for_everybody() {
    let fixture = Fixture::new().await;
    let renewals = fixture.rotate().await;
    let service = fixture.service().await;
    for _ in 0..2 {
        let grant = service
            .refresh_after_401(fixture.connection_id, 1)
            .await
            .unwrap();
        assert_eq!(grant.token.expose(), "access-1");
    }
    assert_eq!(renewals.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_token_that_lives_for_moments_is_handed_out_and_not_asked_for_again_and_again() {
    let fixture = Fixture::new().await;
    let service = fixture.service().await;
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let brief = move |_: &Request| {
        let next = counter.fetch_add(1, Ordering::Relaxed) + 1;
        ResponseTemplate::new(200).set_body_json(json!({
            "token_type": "Bearer", "expires_in": 5, "access_token": format!("brief-{next}"),
            "refresh_token": format!("refresh-{next}"),
        }))
    };
    Mock::given(method("POST"))
        .respond_with(brief)
        .mount(&fixture.vendor)
        .await;
    let id = fixture.connection_id;
    let first = service.access_token(id).await.unwrap();
    let renewed = service.refresh_after_401(id, first.version).await.unwrap();
    assert_eq!(renewed.token.expose(), "brief-1");
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn an_answer_without_refresh_token_keeps_the_stored_one() {
    let fixture = Fixture::new().await;
    let answer = json!({ "token_type": "Bearer", "expires_in": 3600, "access_token": "access-1" });
    Mock::given(body_string_contains("refresh-0"))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer))
        .expect(2)
        .mount(&fixture.vendor)
        .await;
    let service = fixture.service().await;
    for _ in 0..2 {
        fixture.advance(SignedDuration::from_hours(2));
        service.access_token(fixture.connection_id).await.unwrap();
    }
}

#[tokio::test]
async fn invalid_grant_asks_for_a_new_sign_in() {
    let fixture = Fixture::new().await;
    let body = json!({ "error": "invalid_grant", "error_description": "expired" });
    fixture
        .answer(ResponseTemplate::new(400).set_body_json(body))
        .await;
    fixture.advance(SignedDuration::from_hours(2));
    let service = fixture.service().await;
    for _ in 0..2 {
        let error = service
            .access_token(fixture.connection_id)
            .await
            .unwrap_err();
        assert!(matches!(error, TokenError::SignInAgain), "{error}");
    }
    assert_eq!(fixture.health().await.0, Authorization::SignInAgain);
    assert_eq!(fixture.vendor.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn invalid_grant_for_tokens_that_were_replaced_meanwhile_is_not_the_end() {
    let fixture = Fixture::new().await;
    let (service, key, id) = (
        fixture.service().await,
        fixture.key.clone(),
        fixture.connection_id,
    );
    let other = storage::connect(&fixture.url).await.unwrap();
    let handle = tokio::runtime::Handle::current();
    let at = Timestamp::from_millisecond(START).unwrap() + SignedDuration::from_hours(2);
    // While the vendor refuses the old token, somebody authenticates again.
    Mock::given(method("POST"))
        .respond_with(move |_: &Request| {
            let set = TokenSet {
                access_token: AccessToken::new("access-new"),
                expires_in: Duration::from_secs(3600),
                scopes: None,
                refresh_token: Some(RefreshToken::new("refresh-new")),
            };
            let authorization = NewAuthorization {
                client_id: "key",
                tokens: seal(&key, id, &set, at),
                organization_name: None,
                account_id: None,
            };
            let author = Author {
                user_id: Uuid::nil(),
                ip: "",
                at,
            };
            let other = other.clone();
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    handle
                        .block_on(store::store_authorization(
                            &other,
                            id,
                            authorization,
                            author,
                        ))
                        .unwrap()
                });
            });
            ResponseTemplate::new(400).set_body_json(json!({ "error": "invalid_grant" }))
        })
        .mount(&fixture.vendor)
        .await;
    fixture.advance(SignedDuration::from_hours(2));
    let grant = service.access_token(id).await.unwrap();
    assert_eq!(grant.token.expose(), "access-new");
    assert_eq!(fixture.health().await.0, Authorization::Authorized);
}

#[tokio::test]
async fn trouble_at_the_vendor_is_not_the_end() {
    let odd = r#"{"errorCode":"E0000021","errorSummary":"Odd"}"#;
    for (status, body) in [
        (503, ""),
        (429, ""),
        (400, odd),
        (504, ""),
        (200, "not json"),
    ] {
        let fixture = Fixture::new().await;
        fixture
            .answer(ResponseTemplate::new(status).set_body_string(body))
            .await;
        let service = fixture.service().await;
        fixture.advance(SignedDuration::from_mins(55));
        let grant = service.access_token(fixture.connection_id).await.unwrap();
        assert_eq!(grant.token.expose(), "access-0", "the old one still serves");
        fixture.advance(SignedDuration::from_mins(10));
        let error = service
            .access_token(fixture.connection_id)
            .await
            .unwrap_err();
        match status {
            503 | 429 => assert!(matches!(error, TokenError::Temporary(_)), "{error}"),
            400 => assert!(error.to_string().contains("Odd"), "{error}"),
            _ => assert!(matches!(error, TokenError::OutcomeUnknown(_)), "{error}"),
        }
        assert_eq!(fixture.health().await.0, Authorization::Authorized);
    }
}

#[tokio::test]
async fn a_wrong_secret_is_an_administrators_business() {
    let fixture = Fixture::new().await;
    let body =
        json!({ "error": "invalid_client", "error_description": "The client secret is invalid." });
    fixture
        .answer(ResponseTemplate::new(401).set_body_json(body))
        .await;
    fixture.advance(SignedDuration::from_hours(2));
    let error = fixture
        .service()
        .await
        .access_token(fixture.connection_id)
        .await
        .unwrap_err();
    assert!(matches!(error, TokenError::Application(words) if words.contains("secret")));
    assert_eq!(fixture.health().await.0, Authorization::Authorized);
}

#[tokio::test]
async fn a_renewal_goes_on_when_whoever_asked_is_gone() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    fixture.advance(SignedDuration::from_hours(2));
    let service = fixture.service().await;
    let asked = service.access_token(fixture.connection_id);
    assert!(
        futures_util::FutureExt::now_or_never(asked).is_none(),
        "dropped before it ended"
    );
    let grant = service.access_token(fixture.connection_id).await.unwrap();
    assert_eq!(grant.token.expose(), "access-1");
}

#[tokio::test]
async fn a_lost_answer_is_told_apart_from_a_dead_token() {
    let fixture = Fixture::new().await;
    let service = fixture.service().await;
    let db = storage::connect(&fixture.url).await.unwrap();
    let problem = async || {
        let connection = store::find(&db, fixture.connection_id).await.unwrap();
        connection.unwrap().problem.map(|problem| problem.problem)
    };
    fixture
        .answer(ResponseTemplate::new(200).set_body_string("not json"))
        .await;
    fixture.advance(SignedDuration::from_hours(2));
    let lost = service.access_token(fixture.connection_id).await;
    assert!(matches!(lost, Err(TokenError::OutcomeUnknown(_))));
    assert_eq!(problem().await, Some(Problem::RenewalLost));

    fixture.vendor.reset().await;
    let body = json!({ "error": "invalid_grant" });
    fixture
        .answer(ResponseTemplate::new(400).set_body_json(body))
        .await;
    let dead = service.access_token(fixture.connection_id).await;
    assert!(matches!(dead, Err(TokenError::SignInAgain)));
    assert_eq!(problem().await, Some(Problem::GrantReplaced));
}

#[tokio::test]
async fn an_idle_sign_in_is_renewed_in_time_and_people_are_warned_before_it_ends() {
    let fixture = Fixture::new().await;
    let service = fixture.service().await;
    let db = storage::connect(&fixture.url).await.unwrap();
    let start = Timestamp::from_millisecond(START).unwrap();
    let days = |days: i64| start + SignedDuration::from_hours(24 * days);
    let idle = async |now: Timestamp| {
        let before = now - RENEW_IDLE_AFTER;
        store::list_idle(&db, before).await.unwrap()
    };
    assert!(idle(days(29)).await.is_empty());
    assert_eq!(idle(days(31)).await, [fixture.connection_id]);
    let connection = store::find(&db, fixture.connection_id).await.unwrap();
    let connection = connection.unwrap();
    assert_eq!(connection.ends_soon(days(160)), None);
    let ends = connection.ends_soon(days(170)).unwrap();
    assert!(days(178) < ends && ends < days(181), "{ends}");

    fixture.rotate().await;
    fixture.advance(SignedDuration::from_hours(24 * 31));
    service.access_token(fixture.connection_id).await.unwrap();
    assert!(idle(days(31)).await.is_empty());
}

/// A process that died while it renewed keeps nobody waiting for longer than its claim lasts, and the token it may have
/// used up is told from one that was revoked.
#[tokio::test]
async fn a_renewal_that_died_is_taken_over_when_its_claim_runs_out() {
    let fixture = Fixture::new().await;
    let renewals = fixture.rotate().await;
    let (service, id) = (fixture.service().await, fixture.connection_id);
    let db = storage::connect(&fixture.url).await.unwrap();
    fixture.advance(SignedDuration::from_hours(2));
    let now = || Timestamp::from_millisecond(fixture.now.load(Ordering::Relaxed)).unwrap();
    let dead = Uuid::now_v7();
    assert!(
        store::take_lease(&db, id, 1, dead, now(), LEASE)
            .await
            .unwrap()
    );
    let mut waiting = tokio::spawn(async move { service.access_token(id).await });
    let looked = tokio::time::timeout(LEASE_POLL * 2, &mut waiting);
    assert!(looked.await.is_err(), "the claim holds");
    assert_eq!(renewals.load(Ordering::Relaxed), 0);
    fixture.advance(LEASE + SignedDuration::from_secs(1));
    let grant = waiting.await.unwrap().unwrap();
    assert_eq!(grant.token.expose(), "access-1");

    fixture.advance(SignedDuration::from_hours(2));
    assert!(
        store::take_lease(&db, id, 2, dead, now(), LEASE)
            .await
            .unwrap()
    );
    fixture.advance(LEASE + SignedDuration::from_secs(1));
    fixture.vendor.reset().await;
    let body = json!({ "error": "invalid_grant" });
    fixture
        .answer(ResponseTemplate::new(400).set_body_json(body))
        .await;
    let refused = fixture.service().await.access_token(id).await;
    assert!(matches!(refused, Err(TokenError::SignInAgain)));
    let found = store::find(&db, id).await.unwrap().unwrap();
    let problem = found.problem.map(|problem| problem.problem);
    assert_eq!(problem, Some(Problem::GrantReplaced));
}

#[tokio::test]
async fn dead_tokens_are_marked_with_their_notice_and_event_or_not_at_all() {
    let fixture = Fixture::new().await;
    let db = storage::connect(&fixture.url).await.unwrap();
    let counted = async |what: &str| {
        let count = format!("SELECT COUNT(*) AS n FROM {what}");
        let row = db.query_one_raw(Statement::from_string(DbBackend::Sqlite, count));
        row.await.unwrap().unwrap().try_get::<i64>("", "n").unwrap()
    };
    let recorded = "audit_events WHERE action = 'connection.sign-in-lost'";
    db.execute_unprepared(
        "CREATE TRIGGER full_disk BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'disk full'); END",
    )
    .await
    .unwrap();
    let body = json!({ "error": "invalid_grant" });
    fixture
        .answer(ResponseTemplate::new(400).set_body_json(body))
        .await;
    fixture.advance(SignedDuration::from_hours(2));
    let service = fixture.service().await;
    let failed = service.access_token(fixture.connection_id).await;
    assert!(matches!(failed, Err(TokenError::Database(_))));
    assert_eq!(fixture.health().await.0, Authorization::Authorized);
    assert_eq!(counted("notices").await, 0);

    db.execute_unprepared("DROP TRIGGER full_disk")
        .await
        .unwrap();
    let dead = service.access_token(fixture.connection_id).await;
    assert!(matches!(dead, Err(TokenError::SignInAgain)));
    assert_eq!(fixture.health().await.0, Authorization::SignInAgain);
    assert_eq!((counted("notices").await, counted(recorded).await), (1, 1));
}
