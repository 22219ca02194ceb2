//! What leaves by mail and webhook, to a real mail server and a real web server.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use listbridge::auth::{NewUser, Role, store as people};
use listbridge::clock::Clock;
use listbridge::locale::Lang;
use listbridge::notices::deliver::outbox::{self, State};
use listbridge::notices::deliver::{Courier, MAX_TRIES, Problem};
use listbridge::notices::settings::{self, NewPassword, Typed};
use listbridge::notices::{self, Details, Kind, webhooks};
use listbridge::startup::Services;
use secrecy::ExposeSecret;
use sha2::Sha256;
use uuid::Uuid;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::engine::{Shift, Stage};
use crate::receivers::MailServer;
use crate::support::PASSWORD;
use crate::support::port::Port;

/// An installation whose courier goes when the test says so.
pub(crate) struct Post {
    pub(crate) services: Services,
    pub(crate) time: Shift,
    _dir: tempfile::TempDir,
}

impl Post {
    pub(crate) async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let time = Shift::default();
        let mut settings = listbridge::config::Settings::defaults();
        settings.data_dir = dir.path().join("data");
        settings.public_url = "https://listbridge.example.com".parse().unwrap();
        settings.database_url = crate::postgres::fresh_database().await.map(Into::into);
        let services = Services::open(settings, time.clock()).await.unwrap();
        Self {
            services,
            time,
            _dir: dir,
        }
    }

    pub(crate) async fn add(&self, name: &str, role: Role) -> Uuid {
        add_person(&self.services, name, role).await
    }

    pub(crate) async fn tick(&self) -> u64 {
        self.services.courier.tick().await.unwrap()
    }

    pub(crate) async fn raise(&self, kind: Kind, subject: Uuid) {
        let at = self.services.clock.now();
        let details = Details::named("Weekly");
        notices::raise(&**self.services.db, kind, subject, details, at)
            .await
            .unwrap();
    }

    async fn resolve(&self, kind: Kind, subject: Uuid) {
        let at = self.services.clock.now();
        let closed = notices::resolve(&**self.services.db, kind, subject, at).await;
        assert!(closed.unwrap());
    }

    pub(crate) async fn latest(&self) -> Vec<outbox::Delivery> {
        outbox::latest(&**self.services.db).await.unwrap()
    }
}

async fn add_person(services: &Services, name: &str, role: Role) -> Uuid {
    let new = NewUser {
        name: name.into(),
        email: format!("{}@example.com", name.to_lowercase()),
        role,
        password: PASSWORD.to_owned().into(),
    };
    let added = people::add_user(&**services.db, new, None, None, services.clock.now()).await;
    added.unwrap().id
}

/// Sends mail through a server on this machine.
async fn send_through(services: &Services, port: u16) {
    send_protected(services, port, "none").await;
}

/// The same, protected in one of the ways of the form.
pub(crate) async fn send_protected(services: &Services, port: u16, security: &str) {
    let typed = Typed {
        rejected_percent: "5".into(),
        host: "127.0.0.1".into(),
        port: port.to_string(),
        security: security.into(),
        user: String::new(),
        from: "Listbridge <listbridge@example.com>".into(),
    };
    let before = settings::load(&**services.db).await.unwrap();
    let after = settings::read(&typed, &NewPassword::Keep, &before, &services.key).unwrap();
    let by = (Uuid::nil(), services.clock.now());
    settings::save(&**services.db, &after, by).await.unwrap();
}

/// Adds a webhook; its id and secret.
async fn add_hook(services: &Services, url: &str) -> (Uuid, String) {
    let by = (Uuid::nil(), services.clock.now());
    let added = webhooks::add(&**services.db, &services.key, url, by).await;
    let (hook, secret) = added.unwrap();
    (hook.id, secret.expose_secret().to_owned())
}

async fn receiver(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

#[tokio::test]
async fn administrators_are_told_in_their_language_and_zone_once_and_when_it_is_over() {
    let post = Post::open().await;
    let server = MailServer::start().await;
    send_through(&post.services, server.port).await;
    post.add("Alice", Role::Administrator).await;
    let ming = post.add("Ming", Role::Administrator).await;
    let olga = post.add("Olga", Role::Administrator).await;
    post.add("Bob", Role::Contributor).await;
    let db = &**post.services.db;
    people::set_lang(db, ming, Lang::ZhHk).await.unwrap();
    people::set_time_zone(db, ming, Some("Asia/Hong_Kong"))
        .await
        .unwrap();
    people::set_notices_by_mail(db, olga, false).await.unwrap();
    let export = Uuid::now_v7();
    for _ in 0..3 {
        post.raise(Kind::RunFailed, export).await;
        post.tick().await;
    }
    let mails = server.mails();
    let to: Vec<_> = mails.iter().map(|mail| mail.to.join(",")).collect();
    assert_eq!(to, ["alice@example.com", "ming@example.com"]);
    assert_eq!(mails[0].subject, "Listbridge: “Weekly” was not delivered");
    assert_eq!(mails[1].subject, "Listbridge：「Weekly」未能傳送");
    let page = format!("https://listbridge.example.com/exports/{export}");
    for mail in &mails {
        assert!(mail.body.contains(&page), "{}", mail.body);
        assert!(
            mail.raw.contains("Auto-Submitted: auto-generated"),
            "{}",
            mail.raw
        );
        assert!(mail.body.contains("https://listbridge.example.com/account"));
    }
    assert!(mails[0].body.contains(" UTC."), "{}", mails[0].body);
    assert!(
        mails[1].body.contains("HKT (Asia/Hong_Kong, UTC+08:00)"),
        "{}",
        mails[1].body
    );

    post.resolve(Kind::RunFailed, export).await;
    post.tick().await;
    post.tick().await;
    let mails = server.mails();
    assert_eq!(mails.len(), 4);
    assert_eq!(
        mails[0].subject,
        "Listbridge: “Weekly” has been delivered again"
    );
    // Opening again is news again.
    post.raise(Kind::RunFailed, export).await;
    post.tick().await;
    assert_eq!(server.mails().len(), 6);
    assert!(
        post.latest()
            .await
            .iter()
            .all(|one| one.state == State::Delivered)
    );
}

#[tokio::test]
async fn a_server_that_is_down_loses_nothing() {
    let post = Post::open().await;
    let port = Port::new();
    send_through(&post.services, port.number()).await;
    post.add("Alice", Role::Administrator).await;
    post.raise(Kind::SignInNeeded, Uuid::now_v7()).await;
    assert_eq!(post.tick().await, 1);
    let waiting = &post.latest().await[0];
    assert_eq!(
        (waiting.state, waiting.tries, waiting.problem),
        (State::Waiting, 1, Some(Problem::Unreachable))
    );
    assert_eq!(post.tick().await, 0, "not before its time");
    let server = MailServer::start_at(port.number(), None).await;
    post.time.forward(Duration::from_secs(120));
    assert_eq!(post.tick().await, 1);
    assert_eq!(server.mails().len(), 1);
    assert_eq!(post.latest().await[0].state, State::Delivered);
}

#[tokio::test]
async fn tries_come_to_an_end_and_can_begin_again() {
    let post = Post::open().await;
    let refusing = MailServer::refusing(550).await;
    send_through(&post.services, refusing.port).await;
    post.add("Alice", Role::Administrator).await;
    post.raise(Kind::DidNotRun, Uuid::now_v7()).await;
    for _ in 0..MAX_TRIES {
        assert_eq!(post.tick().await, 1);
        post.time.forward(Duration::from_secs(8 * 3600));
    }
    assert_eq!(post.tick().await, 0);
    let failed = post.latest().await.remove(0);
    assert_eq!(
        (failed.state, failed.problem),
        (State::Failed, Some(Problem::MailRefused(550)))
    );
    let server = MailServer::start().await;
    send_through(&post.services, server.port).await;
    let (db, now) = (&**post.services.db, post.services.clock.now());
    assert!(outbox::try_again(db, failed.id, now).await.unwrap());
    assert_eq!(post.tick().await, 1);
    assert_eq!(server.mails().len(), 1);
    assert!(!outbox::try_again(db, failed.id, now).await.unwrap());
}

#[tokio::test]
async fn webhooks_are_signed_retried_and_never_redirected() {
    let post = Post::open().await;
    let good = receiver(ResponseTemplate::new(204)).await;
    let elsewhere = receiver(ResponseTemplate::new(200)).await;
    let moved =
        receiver(ResponseTemplate::new(302).insert_header("location", elsewhere.uri().as_str()))
            .await;
    let broken = receiver(ResponseTemplate::new(500)).await;
    let (_, secret) = add_hook(&post.services, &format!("{}/hook?key=1", good.uri())).await;
    let (moved_id, _) = add_hook(&post.services, &moved.uri()).await;
    let (broken_id, _) = add_hook(&post.services, &broken.uri()).await;
    let export = Uuid::now_v7();
    post.raise(Kind::RowsRejected, export).await;
    assert_eq!(post.tick().await, 3);

    let requests = good.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1);
    let request = &requests[0];
    assert_eq!(request.url.query(), Some("key=1"));
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["event"], "opened");
    assert_eq!(body["kind"], "rows_rejected");
    assert_eq!(body["subject"]["id"], export.to_string());
    assert_eq!(body["title"], "Many rows of “Weekly” were rejected");
    let header = |name: &str| request.headers[name].to_str().unwrap().to_owned();
    assert_eq!(body["id"], header("listbridge-delivery"));
    // As the README says, without any of our code.
    let signature = header("listbridge-signature");
    let (time, hex) = signature.split_once(",v1=").unwrap();
    let time = time.strip_prefix("t=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{time}.").as_bytes());
    mac.update(&request.body);
    let expected: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(hex, expected);
    assert!(
        time.parse::<i64>()
            .unwrap()
            .abs_diff(post.services.clock.now().as_second())
            < 60
    );

    let problem = |all: &[outbox::Delivery], id: Uuid| {
        let found = all.iter().find(|one| one.target_id == id).unwrap();
        (found.state, found.problem)
    };
    let all = post.latest().await;
    assert_eq!(
        problem(&all, moved_id),
        (State::Waiting, Some(Problem::Answered(302)))
    );
    assert_eq!(
        problem(&all, broken_id),
        (State::Waiting, Some(Problem::Answered(500)))
    );
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
    post.time.forward(Duration::from_secs(120));
    assert_eq!(post.tick().await, 2);
    let again = broken.received_requests().await.unwrap();
    let delivery = |number: usize| again[number].headers["listbridge-delivery"].clone();
    assert_eq!(
        (again.len(), delivery(0)),
        (2, delivery(1)),
        "the same delivery again"
    );
    assert_eq!(good.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn several_processes_tell_everybody_once() {
    let post = Post::open().await;
    let server = MailServer::start().await;
    send_through(&post.services, server.port).await;
    for number in 0..10 {
        post.add(&format!("Admin{number}"), Role::Administrator)
            .await;
    }
    let hook = receiver(ResponseTemplate::new(200)).await;
    add_hook(&post.services, &hook.uri()).await;
    let services = &post.services;
    let courier = || {
        let (db, key) = ((**services.db).clone(), (**services.key).clone());
        let clock: Clock = (**services.clock).clone();
        Courier::new(db, key, clock, &services.settings).unwrap()
    };
    for _ in 0..3 {
        post.raise(Kind::RunFailed, Uuid::now_v7()).await;
    }
    let (first, second, third) = (courier(), courier(), courier());
    let ticks = tokio::join!(first.tick(), second.tick(), third.tick());
    let tried = ticks.0.unwrap() + ticks.1.unwrap() + ticks.2.unwrap();
    assert_eq!(tried, 33);
    assert_eq!(server.mails().len(), 30);
    assert_eq!(hook.received_requests().await.unwrap().len(), 3);
}

#[tokio::test]
async fn whoever_is_not_to_be_told_any_more_is_not() {
    let post = Post::open().await;
    let port = Port::new();
    send_through(&post.services, port.number()).await;
    let (db, now) = (&**post.services.db, post.services.clock.now());
    let alice = post.add("Alice", Role::Administrator).await;
    let ann = post.add("Ann", Role::Administrator).await;
    let al = post.add("Al", Role::Administrator).await;
    post.raise(Kind::RunFailed, Uuid::now_v7()).await;
    assert_eq!(post.tick().await, 3);
    people::set_notices_by_mail(db, alice, false).await.unwrap();
    people::set_role(db, ann, Role::Viewer, now).await.unwrap();
    people::disable_user(db, al, now).await.unwrap();
    let server = MailServer::start_at(port.number(), None).await;
    post.time.forward(Duration::from_secs(120));
    post.tick().await;
    assert!(server.mails().is_empty());
    assert!(
        post.latest()
            .await
            .iter()
            .all(|one| one.state == State::Dropped)
    );
}

#[tokio::test]
async fn what_happened_before_anybody_was_to_be_told_stays_untold() {
    let post = Post::open().await;
    post.add("Alice", Role::Administrator).await;
    let (old, gone) = (Uuid::now_v7(), Uuid::now_v7());
    post.raise(Kind::RunFailed, old).await;
    post.tick().await;
    let server = MailServer::start().await;
    send_through(&post.services, server.port).await;
    // Opened, and closed because the export was removed, before anybody was told.
    post.raise(Kind::RunFailed, gone).await;
    let now = post.services.clock.now();
    notices::forget(&**post.services.db, gone, now)
        .await
        .unwrap();
    assert_eq!(post.tick().await, 0);
    assert!(server.mails().is_empty());
    // That the old one is over is news.
    post.resolve(Kind::RunFailed, old).await;
    assert_eq!(post.tick().await, 1);
}

#[tokio::test]
async fn a_new_day_closes_the_notice_of_a_spent_one() {
    let post = Post::open().await;
    let server = MailServer::start().await;
    send_through(&post.services, server.port).await;
    post.add("Alice", Role::Administrator).await;
    post.time.to_noon();
    let ledger = &post.services.connections.ledger;
    ledger.mark_day_spent("the-key").await.unwrap();
    post.tick().await;
    post.tick().await;
    assert_eq!(server.mails().len(), 1);
    post.time.forward(Duration::from_secs(24 * 3600));
    post.tick().await;
    let mails = server.mails();
    assert_eq!(mails.len(), 2);
    assert!(
        mails
            .iter()
            .any(|mail| mail.subject.contains("available again"))
    );
}

#[tokio::test]
async fn a_run_that_fails_is_told_without_any_personal_data() {
    let stage = Stage::new(&crate::engine::people(9)).await;
    let server = MailServer::start().await;
    send_through(&stage.services, server.port).await;
    let hook = receiver(ResponseTemplate::new(200)).await;
    add_hook(&stage.services, &hook.uri()).await;
    stage.sandbox.delete_list(stage.list);
    stage.run().await;
    stage.services.courier.tick().await.unwrap();
    let requests = hook.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1);
    let sent = String::from_utf8(requests[0].body.clone()).unwrap();
    let mails = server.mails();
    let alice = mails.iter().find(|mail| mail.to == ["alice@example.com"]);
    let alice = alice.unwrap();
    assert!(alice.body.contains("List not found"), "{}", alice.body);
    for text in [&sent, &alice.body, &alice.raw] {
        assert!(!text.contains("ann0@") && !text.contains("Ann0"), "{text}");
    }
}
