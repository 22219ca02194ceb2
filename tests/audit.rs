//! The audit log: chained, verified, searched, downloaded; on both databases.
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use futures_util::future::join_all;
use jiff::Timestamp;
use listbridge::storage;
use listbridge::storage::audit::{self, AuditEvent, Break, Flaw};
use listbridge::system::audit_labels;
use migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, TransactionTrait};
use serde_json::json;
use support::postgres::Postgres;
use support::routes::rust_files;
use support::{ALICE, PASSWORD, spawn_app};

async fn migrated(url: String) -> DatabaseConnection {
    let db = storage::connect(&url.into()).await.unwrap();
    Migrator::up(&db, None).await.unwrap();
    db
}

async fn sqlite() -> (tempfile::TempDir, DatabaseConnection) {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", dir.path().join("t").display());
    (dir, migrated(url).await)
}

fn event(number: usize) -> AuditEvent<'static> {
    AuditEvent {
        at: Timestamp::from_second(1_790_000_000).unwrap(),
        user_id: None,
        ip: Some("192.0.2.1"),
        action: "export.changed",
        object_id: number.to_string(),
        detail: json!({ "before": { "b": number, "a": [1.5, "é"] }, "after": null }),
    }
}

/// What somebody with access to the database would do first.
async fn without_guards(db: &DatabaseConnection) {
    for trigger in ["audit_events_unchanged", "audit_events_kept"] {
        let on = match db.get_database_backend() {
            DbBackend::Postgres => " ON audit_events",
            _ => "",
        };
        db.execute_unprepared(&format!("DROP TRIGGER {trigger}{on}"))
            .await
            .unwrap();
    }
}

/// Two events change places.
const SWAP: &str = "UPDATE audit_events SET seq = -9 WHERE seq = 8; UPDATE audit_events SET seq = 8 WHERE seq = 9; \
             UPDATE audit_events SET seq = 9 WHERE seq = -9";

async fn look_for_tampering(db: DatabaseConnection) {
    // Single statements and transactions, all at once: nobody forks the chain.
    let writers = (0..20).map(|number| {
        let db = db.clone();
        async move {
            if number % 2 == 0 {
                audit::record(&db, event(number)).await.unwrap();
            } else {
                let transaction = db.begin().await.unwrap();
                audit::record(&transaction, event(number)).await.unwrap();
                audit::record(&transaction, event(number + 100))
                    .await
                    .unwrap();
                transaction.commit().await.unwrap();
            }
        }
    });
    join_all(writers.map(tokio::spawn)).await;
    let found = audit::verify(&db).await.unwrap();
    assert_eq!((found.events, found.broken), (30, None));

    for refused in [
        "UPDATE audit_events SET action = 'x' WHERE seq = 7",
        "DELETE FROM audit_events WHERE seq = 7",
    ] {
        let error = db.execute_unprepared(refused).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{error}");
    }
    without_guards(&db).await;

    let broken = |seq, flaw| Some(Break { seq, flaw });
    for (tampering, repair, expected) in [
        (
            "UPDATE audit_events SET ip = '192.0.2.2' WHERE seq = 7",
            "UPDATE audit_events SET ip = '192.0.2.1' WHERE seq = 7",
            broken(7, Flaw::Changed),
        ),
        (SWAP, SWAP, broken(8, Flaw::Changed)),
        (
            "UPDATE audit_events SET seq = NULL WHERE seq = 12",
            "UPDATE audit_events SET seq = 12 WHERE seq IS NULL",
            broken(12, Flaw::Missing),
        ),
        (
            "UPDATE audit_head SET seq = 31",
            "UPDATE audit_head SET seq = 30",
            broken(31, Flaw::Missing),
        ),
        (
            "DELETE FROM audit_events WHERE seq = 30",
            "SELECT 1",
            broken(30, Flaw::Missing),
        ),
        (
            "DELETE FROM audit_events WHERE seq = 1",
            "SELECT 1",
            broken(1, Flaw::Missing),
        ),
    ] {
        db.execute_unprepared(tampering).await.unwrap();
        assert_eq!(
            audit::verify(&db).await.unwrap().broken,
            expected,
            "{tampering}"
        );
        db.execute_unprepared(repair).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tampering_is_found_on_sqlite() {
    let (_dir, db) = sqlite().await;
    look_for_tampering(db).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tampering_is_found_on_postgresql() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    look_for_tampering(migrated(postgres.create_database("audit").await).await).await;
}

#[tokio::test]
async fn events_from_before_the_chain_get_their_place_once() {
    let (_dir, db) = sqlite().await;
    let insert = |id: &str| {
        format!(
            "INSERT INTO audit_events (id, at, action, object_id, detail) \
             VALUES (x'{id}', 1790000000000, 'user.added', '', '{{\"role\":\"viewer\"}}')"
        )
    };
    for id in [
        "00000000000070008000000000000002",
        "00000000000070008000000000000001",
    ] {
        db.execute_unprepared(&insert(id)).await.unwrap();
    }
    assert!(audit::verify(&db).await.unwrap().broken.is_some());
    audit::adopt(&db).await.unwrap();
    audit::record(&db, event(3)).await.unwrap();
    assert_eq!(audit::verify(&db).await.unwrap().events, 3);

    db.execute_unprepared(&insert("00000000000070008000000000000003"))
        .await
        .unwrap();
    audit::adopt(&db).await.unwrap();
    let broken = audit::verify(&db).await.unwrap().broken.unwrap();
    assert_eq!((broken.seq, broken.flaw), (4, Flaw::Inserted));
}

#[tokio::test]
async fn the_log_is_searched_downloaded_and_verified_in_the_browser() {
    let app = spawn_app().await;
    let wrong = [
        ("email", ALICE.email),
        ("password", "not the password at all"),
    ];
    app.browser().submit("/sign-in", "/sign-in", &wrong).await;
    let browser = app.sign_in(ALICE).await;

    let all = browser.get("/settings/audit").await;
    assert!(
        all.says("Sign-in failed") && all.says("user.sign-in-failed"),
        "{}",
        all.body
    );
    assert!(!all.body.contains(PASSWORD));
    let actions = |answer: &support::Answer| answer.texts("td .mono.row-note");
    for (query, expected) in [
        ("q=SIGN-IN-failed", vec!["user.sign-in-failed"]),
        ("person=alice&group=user", vec!["user.signed-in"]),
        ("group=connection", vec![]),
        ("group=us_r", vec![]),
        ("q=%25", vec![]),
        ("q=%27%3B%20DROP%20TABLE%20users%3B--", vec![]),
        ("until=2001-01-01", vec![]),
    ] {
        let found = browser.get(&format!("/settings/audit?{query}")).await;
        assert_eq!(found.status, 200, "{query}");
        assert_eq!(actions(&found), expected, "{query}");
    }
    let oldest = browser.get("/settings/audit?order=oldest&after=x").await;
    assert_eq!(actions(&oldest)[0], "user.added");
    let bad = browser.get("/settings/audit?from=2026-02-30").await;
    assert!(bad.says("This is not a date"), "{}", bad.body);
    // A date that is none must not stand for no date at all.
    for dates in ["from=2026-02-30", "until=2026-13-01", "from=9999-12-31"] {
        for path in ["/settings/audit", "/settings/audit/download"] {
            let refused = browser.get(&format!("{path}?{dates}")).await;
            assert_eq!(refused.status, 422, "{path}?{dates}");
            assert!(refused.texts("tbody tr").is_empty() && !refused.says("user.signed-in"));
        }
    }
    let markup = browser.get("/settings/audit?q=%3Cscript%3E").await;
    assert!(!markup.body.contains("<script>"), "{}", markup.body);

    let file = browser.get("/settings/audit/download?group=user").await;
    assert!(file.headers["content-type"].starts_with("text/csv"));
    let mut reader = csv::Reader::from_reader(file.body.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 5, "three people added, a failure, a sign-in");
    assert!(rows.iter().all(|row| row[8].len() == 64), "hashes");
    let after = browser.get("/settings/audit").await;
    assert_eq!(actions(&after)[0], "audit.downloaded");

    let verified = browser
        .submit("/settings/audit", "/settings/audit/verify", &[])
        .await;
    assert_eq!(verified.status, 303);
    let page = browser.get("/settings/audit").await;
    assert!(
        page.says("events are as they were recorded"),
        "{}",
        page.body
    );
    let chinese = browser
        .clone()
        .speaking("zh-HK")
        .get("/settings/audit")
        .await;
    assert!(chinese.says("登入失敗"), "{}", chinese.body);
}

#[test]
fn every_action_has_a_label() {
    let known: BTreeSet<&str> = audit_labels::LABELS.iter().map(|(name, _)| *name).collect();
    let groups: BTreeSet<&str> = audit_labels::GROUPS.iter().map(|(name, _)| *name).collect();
    let mut found = BTreeSet::new();
    for file in rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        if file.to_string_lossy().contains("tests") {
            continue;
        }
        for literal in fs::read_to_string(file).unwrap().split('"') {
            let is_word = |text: &str| {
                !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '-')
            };
            if let Some((object, verb)) = literal.split_once('.')
                && groups.contains(object)
                && is_word(verb)
            {
                found.insert(literal.to_owned());
            }
        }
    }
    assert!(found.len() > 30, "the sources were read");
    let missing: Vec<_> = found
        .iter()
        .filter(|action| !known.contains(action.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "add to src/system/audit_labels.rs: {missing:?}"
    );
}
