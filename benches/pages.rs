//! How fast every list answers with 5,000 exports and 100,000 runs: `cargo bench --bench pages [-- EXPORTS RUNS] [postgres:URL]`.
//!
//! Fills an empty database (SQLite in a temporary folder, unless another one is named) through the real schema, starts
//! the real server on it and asks for each page over HTTP as a signed-in administrator, one request after the other;
//! prints the median and the 99th percentile.
#![allow(clippy::print_stdout, reason = "the table is the point")]
#![allow(clippy::unwrap_used, reason = "a benchmark that fails stops")]

use std::time::{Duration, Instant};

use listbridge::auth::{NewUser, Role, store as people};
use listbridge::clock::Clock;
use listbridge::config::Settings;
use listbridge::startup::{Application, Services};
use listbridge::storage::UtcMillis;
use listbridge::storage::audit::{self, AuditEvent};
use listbridge::storage::entities::{
    connection, export, export_segment, run, segment, snapshot, source,
};
use reqwest::redirect::Policy;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Set, TransactionTrait};
use serde_json::json;
use uuid::Uuid;

/// Requests of each page that count, after a few that do not.
const REQUESTS: usize = 200;
const WARM_UP: usize = 5;
const CONNECTIONS: usize = 40;
const SEGMENTS: usize = 500;
const SOURCES: usize = 10;
const PEOPLE: usize = 40;
/// Rows in one statement: SQLite takes 32,766 values.
const CHUNK: usize = 500;
const PASSWORD: &str = "correct horse battery staple";
const STATES: [&str; 5] = [
    "successful",
    "successful",
    "failure",
    "skipped",
    "failed_permanent",
];

fn main() {
    // Cargo passes --bench; numbers are the counts.
    let mut numbers = std::env::args().filter_map(|argument| argument.parse().ok());
    let exports: usize = numbers.next().unwrap_or(5_000);
    let runs: usize = numbers.next().unwrap_or(100_000);
    actix_web::rt::System::new().block_on(measure_all(exports, runs));
}

async fn measure_all(exports: usize, runs: usize) {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::defaults();
    settings.listen = "127.0.0.1:0".parse().unwrap();
    settings.data_dir = folder.path().join("data");
    let postgres = std::env::args().find(|argument| argument.starts_with("postgres:"));
    settings.database_url = postgres.map(Into::into);
    let application = Application::build(settings, Clock::system()).await.unwrap();
    let base = format!("http://{}", application.address());
    let services = application.services().clone();
    let started = Instant::now();
    let filled = fill(&services, exports, runs).await;
    if services.db.get_database_backend() == DbBackend::Postgres {
        // As autovacuum does soon after; a database that has just been filled plans blindly.
        services.db.execute_unprepared("ANALYZE").await.unwrap();
    }
    println!(
        "{exports} exports, {runs} runs, {CONNECTIONS} connections, {SEGMENTS} segments; filled in {:.1} s",
        started.elapsed().as_secs_f64()
    );
    let handle = application.handle();
    let server = tokio::spawn(application.run());
    let client = sign_in(&base).await;
    println!(
        "{:<44} {:>8} {:>8} {:>8}",
        "page", "p50 ms", "p99 ms", "KiB"
    );
    for (name, path) in pages(&filled) {
        let mut times = Vec::new();
        let mut bytes = 0;
        for turn in 0..WARM_UP + REQUESTS {
            let asked = Instant::now();
            let answer = client.get(format!("{base}{path}")).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{path}");
            bytes = answer.bytes().await.unwrap().len();
            if turn >= WARM_UP {
                times.push(asked.elapsed());
            }
        }
        times.sort_unstable();
        println!(
            "{name:<44} {:>8.1} {:>8.1} {:>8}",
            milliseconds(times[REQUESTS / 2]),
            milliseconds(times[REQUESTS * 99 / 100]),
            bytes / 1024
        );
    }
    handle.stop(false).await;
    server.await.unwrap().unwrap();
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Ids that paths need.
struct Filled {
    connection: Uuid,
    segment: Uuid,
    export: Uuid,
}

fn pages(filled: &Filled) -> Vec<(&'static str, String)> {
    let Filled {
        connection,
        segment,
        export,
    } = filled;
    let mut pages = vec![
        ("home", "/".to_owned()),
        ("exports", "/exports".into()),
        ("exports, last page", "/exports?page=1000000".into()),
    ];
    for (name, column) in [
        ("exports by type", "type"),
        ("exports by status", "status"),
        ("exports by refreshed", "refreshed"),
        ("exports by schedule", "schedule"),
        ("exports by connection", "connection"),
        ("exports by permissions", "permissions"),
        ("exports by last updated", "updated"),
        ("exports by updated by", "updated_by"),
    ] {
        pages.push((name, format!("/exports?sort={column}&dir=desc&page=3")));
    }
    pages.extend([
        (
            "exports, search for a name",
            "/exports?q=mailing+004".into(),
        ),
        (
            "exports, search for a connection",
            "/exports?q=account+17".into(),
        ),
        (
            "exports, search for nothing",
            "/exports?q=nothing+like+it".into(),
        ),
        (
            "exports, search by status",
            "/exports?q=mailing&sort=status".into(),
        ),
        (
            "exports that failed",
            "/exports?status=failure&sort=refreshed".into(),
        ),
        (
            "exports of a connection",
            format!("/exports?connection={connection}"),
        ),
        (
            "exports of a segment",
            format!("/segments/{segment}/exports"),
        ),
        ("run history", format!("/exports/{export}/runs")),
        (
            "run history, last page",
            format!("/exports/{export}/runs?page=20"),
        ),
        ("connections", "/settings/connections?sort=health".into()),
        (
            "removal of a connection in use",
            format!("/settings/connections/{connection}/remove"),
        ),
        ("segments", "/segments".into()),
        (
            "segments by members",
            "/segments?sort=members&dir=desc&page=5".into(),
        ),
        ("sources", "/sources".into()),
        ("people", "/settings/people".into()),
        ("audit", "/settings/audit".into()),
    ]);
    pages
}

async fn sign_in(base: &str) -> reqwest::Client {
    let client = reqwest::Client::builder()
        .cookie_store(true)
        .redirect(Policy::none())
        .build()
        .unwrap();
    let page = client.get(format!("{base}/sign-in")).send().await.unwrap();
    let page = page.text().await.unwrap();
    let (_, rest) = page.split_once("name=\"_csrf\" value=\"").unwrap();
    let csrf = rest.split('"').next().unwrap();
    let form = [
        ("_csrf", csrf),
        ("email", "person0@example.com"),
        ("password", PASSWORD),
    ];
    let answer = client.post(format!("{base}/sign-in")).form(&form).send();
    assert_eq!(answer.await.unwrap().status(), 303);
    client
}

async fn fill(services: &Services, exports: usize, runs: usize) -> Filled {
    let now = services.clock.now();
    let mut users = Vec::new();
    for number in 0..PEOPLE {
        let new = NewUser {
            name: format!("Person {number:02}"),
            email: format!("person{number}@example.com"),
            role: if number < 3 {
                Role::Administrator
            } else {
                Role::Contributor
            },
            password: PASSWORD.to_owned().into(),
        };
        let user = people::add_user(&**services.db, new, None, None, now)
            .await
            .unwrap();
        users.push(user.id);
    }
    let transaction = services.db.begin().await.unwrap();
    let at = |minutes_ago: usize| UtcMillis(now.as_millisecond() - 60_000 * minutes_ago as i64);
    let connections: Vec<_> = (0..CONNECTIONS)
        .map(|number| connection::ActiveModel {
            id: Set(Uuid::now_v7()),
            kind: Set("constant_contact".into()),
            name: Set(format!("Account {number:02}")),
            name_key: Set(Some(format!("account {number:02}"))),
            sharing: Set(["administrators", "administrators_and_contributors"][number % 2].into()),
            version: Set(1),
            created_at: Set(at(number)),
            created_by: Set(users[number % 3]),
            authorization: Set("authorized".into()),
            token_version: Set(1),
            export_user_id: Set(Some(users[number % PEOPLE])),
            export_user_at: Set(Some(at(number))),
            saved_at: Set(Some(at(number))),
            saved_by: Set(Some(users[0])),
            ..Default::default()
        })
        .collect();
    let connection_ids: Vec<Uuid> = connections.iter().map(|row| *row.id.as_ref()).collect();
    connection::Entity::insert_many(connections)
        .exec_without_returning(&transaction)
        .await
        .unwrap();
    let mut source_ids = Vec::new();
    for number in 0..SOURCES {
        let (id, snapshot_id) = (Uuid::now_v7(), Uuid::now_v7());
        source_ids.push(id);
        source::Entity::insert(source::ActiveModel {
            id: Set(id),
            name: Set(format!("Source {number}")),
            name_key: Set(format!("source {number}")),
            kind: Set("file".into()),
            current_snapshot_id: Set(Some(snapshot_id)),
            loading_snapshot_id: Set(None),
            created_at: Set(at(number)),
            created_by: Set(Some(users[0])),
            updated_at: Set(at(number)),
        })
        .exec_without_returning(&transaction)
        .await
        .unwrap();
        let fields = ["Mail", "Given", "Town"]
            .map(|name| json!({ "name": name, "type": "text", "semantic": null }));
        snapshot::Entity::insert(snapshot::ActiveModel {
            id: Set(snapshot_id),
            source_id: Set(id),
            state: Set("ready".into()),
            file_name: Set("profiles.csv".into()),
            file_bytes: Set(100),
            fields: Set(json!(fields)),
            rows: Set(10),
            refused: Set(0),
            content_sha256: Set(None),
            report: Set(None),
            failure: Set(None),
            started_at: Set(at(number)),
            finished_at: Set(Some(at(number))),
            created_by: Set(None),
        })
        .exec_without_returning(&transaction)
        .await
        .unwrap();
    }
    let segments: Vec<_> = (0..SEGMENTS)
        .map(|number| segment::ActiveModel {
            id: Set(Uuid::now_v7()),
            name: Set(format!("Segment {number:03}")),
            name_key: Set(format!("segment {number:03}")),
            source_id: Set(source_ids[number % SOURCES]),
            rule: Set(json!({
                "kind": "condition", "field": "Town", "operator": "is", "value": "Boston",
            })),
            member_count: Set(Some((number * 7919 % 100_000) as i64)),
            counted_at: Set(Some(at(number))),
            counted_snapshot_id: Set(Some(Uuid::now_v7())),
            version: Set(1),
            created_at: Set(at(number)),
            created_by: Set(Some(users[number % PEOPLE])),
            updated_at: Set(at(number)),
            updated_by: Set(Some(users[number % PEOPLE])),
        })
        .collect();
    let segment_ids: Vec<Uuid> = segments.iter().map(|row| *row.id.as_ref()).collect();
    segment::Entity::insert_many(segments)
        .exec_without_returning(&transaction)
        .await
        .unwrap();

    let export_ids: Vec<Uuid> = (0..exports).map(|_| Uuid::now_v7()).collect();
    let attributes = json!([{ "target": "first_name", "field": "Given" }]);
    for chunk in (0..exports).collect::<Vec<_>>().chunks(CHUNK) {
        let rows = chunk.iter().map(|number| export::ActiveModel {
            id: Set(export_ids[*number]),
            // Names and times in an order that is not the order of insertion.
            name: Set(format!(
                "Mailing {:04} for somebody",
                number * 7919 % 100_003
            )),
            name_key: Set(format!(
                "mailing {:04} for somebody",
                number * 7919 % 100_003
            )),
            connection_id: Set((number % 50 > 0).then(|| connection_ids[number % CONNECTIONS])),
            list_id: Set(Uuid::now_v7()),
            list_name: Set(Some("Newsletter".into())),
            source_id: Set(source_ids[number % SOURCES]),
            email_field: Set("Mail".into()),
            attributes: Set(attributes.clone()),
            version: Set(1),
            created_at: Set(at(*number)),
            created_by: Set(Some(users[number % PEOPLE])),
            updated_at: Set(at(number * 104_729 % 500_000)),
            updated_by: Set((number % 9 > 0).then(|| users[number % PEOPLE])),
            // Thresholds as they are for a new export.
            ..Default::default()
        });
        export::Entity::insert_many(rows)
            .exec_without_returning(&transaction)
            .await
            .unwrap();
        let rows = chunk.iter().map(|number| export_segment::ActiveModel {
            export_id: Set(export_ids[*number]),
            segment_id: Set(segment_ids[number % SEGMENTS]),
            position: Set(0),
        });
        export_segment::Entity::insert_many(rows)
            .exec_without_returning(&transaction)
            .await
            .unwrap();
    }
    // One export has many runs, the others share the rest; one in twenty has never run.
    let busy = export_ids[exports / 2];
    for chunk in (0..runs).collect::<Vec<_>>().chunks(CHUNK) {
        let rows = chunk.iter().map(|number| {
            let other = export_ids[number * 104_729 % exports.max(1) / 20 * 20 + number % 19];
            let ended = at(runs - number);
            run::ActiveModel {
                id: Set(Uuid::now_v7()),
                export_id: Set(if number % 20 == 0 { busy } else { other }),
                trigger: Set("person".into()),
                requested_by: Set(Some(users[number % PEOPLE])),
                definition: Set(json!({
                    "name": "Mailing", "connection_id": null, "list_id": Uuid::nil(), "list_name": null,
                    "source_id": Uuid::nil(), "email_field": "Mail", "attributes": [], "segment_ids": [],
                })),
                state: Set(STATES[number % STATES.len()].into()),
                outcome: Set(Some("delivered".into())),
                members: Set(Some(1_000)),
                read: Set(1_000),
                sent: Set(980),
                delivered: Set(Some(980)),
                duplicates: Set(15),
                rejected: Set(json!({ "email_missing": 5 })),
                adjusted: Set(3),
                is_planned: Set(true),
                requests: Set(4),
                queued_at: Set(ended),
                started_at: Set(Some(ended)),
                finished_at: Set(Some(ended)),
                claims: Set(1),
                ..Default::default()
            }
        });
        run::Entity::insert_many(rows)
            .exec_without_returning(&transaction)
            .await
            .unwrap();
    }
    for number in 0..runs / 10 {
        let event = AuditEvent {
            at: now,
            user_id: Some(users[number % PEOPLE]),
            ip: Some("192.0.2.1"),
            action: "run.requested",
            object_id: export_ids[number % exports].to_string(),
            detail: json!({ "trigger": "person", "name": "Mailing" }),
        };
        audit::record(&transaction, event).await.unwrap();
    }
    transaction.commit().await.unwrap();
    if services.db.get_database_backend() == DbBackend::Postgres {
        // What the server does by itself within a minute or so after that many rows.
        let tidy = services.db.execute_unprepared("VACUUM ANALYZE").await;
        tidy.unwrap();
    }
    Filled {
        connection: connection_ids[17],
        segment: segment_ids[123],
        export: busy,
    }
}
