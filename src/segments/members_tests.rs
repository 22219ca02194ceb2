use std::io::Write;

use jiff::Timestamp;
use migrations::{Migrator, MigratorTrait};
use sea_orm::TransactionTrait;

use super::*;
use crate::names::Name;
use crate::profiles::{SnapshotId, SqliteSnapshots};
use crate::segments::store::SegmentDefinition;
use crate::segments::{Combine, Comparison, Condition, TextValue};
use crate::sources::file::{Overrides, inspect};
use crate::sources::{Author, LoadRequest, LoadTarget, Loads};

struct Fixture {
    folder: tempfile::TempDir,
    db: DatabaseConnection,
    loads: Loads,
    members: Members,
}

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn author() -> Author {
    Author {
        user_id: Some(Uuid::from_u128(1)),
        ip: None,
        at: now(),
    }
}

impl Fixture {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!(
            "sqlite://{}?mode=rwc",
            folder.path().join("app.sqlite").display()
        );
        let db = crate::storage::connect(&url.into()).await.unwrap();
        Migrator::up(&db, None).await.unwrap();
        let snapshots: Arc<dyn Snapshots> = Arc::new(SqliteSnapshots::open(folder.path()).unwrap());
        let clock = Clock::from_fn(now);
        Self {
            loads: Loads::new(db.clone(), snapshots.clone(), clock.clone()),
            members: Members::new(db.clone(), snapshots, clock),
            folder,
            db,
        }
    }

    async fn load(&self, target: LoadTarget, text: &str) -> Uuid {
        let path = self.folder.path().join("upload.csv");
        let mut file = std::fs::File::options()
            .create(true)
            .truncate(true)
            .read(true)
            .write(true)
            .open(&path)
            .unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let request = LoadRequest {
            snapshot_id: SnapshotId::new(),
            target,
            path,
            file_name: "people.csv".into(),
            plan: inspect(&mut file, &Overrides::default()).unwrap().plan(&[]),
            author: author(),
        };
        let started = self.loads.start(request).await.unwrap();
        started.finished.await.unwrap().unwrap();
        started.source_id
    }

    async fn create(&self, name: &str, source_id: Uuid, rule: Rule) -> Result<Segment, StoreError> {
        let transaction = self.db.begin().await.unwrap();
        let segment =
            store::create(&transaction, &definition(name, source_id, rule), &author()).await?;
        transaction.commit().await.unwrap();
        Ok(segment)
    }
}

fn definition(name: &str, source_id: Uuid, rule: Rule) -> SegmentDefinition {
    SegmentDefinition {
        name: Name::parse(name).unwrap(),
        source_id,
        rule,
    }
}

fn tier(value: &str) -> Rule {
    let value = TextValue {
        value: value.into(),
        ignore_case: true,
    };
    let condition = Condition {
        field: "Tier".into(),
        comparison: Comparison::Is(value),
    };
    Rule::flat(Combine::And, [condition])
}

const PEOPLE: &str = "Id,Tier\n1,Gold\n2,gold\n3,Silver\n";

fn new_source() -> LoadTarget {
    LoadTarget::New(Name::parse("People").unwrap())
}

#[tokio::test]
async fn members_are_counted_and_recounted_after_a_load() {
    let fixture = Fixture::new().await;
    let source_id = fixture.load(new_source(), PEOPLE).await;
    let gold = fixture
        .create("Gold", source_id, tier("GOLD"))
        .await
        .unwrap();
    assert_eq!(gold.count, None);
    assert_eq!(fixture.members.count(&gold).await.unwrap().members, 2);
    fixture
        .load(LoadTarget::Existing(source_id), "Id,Tier\n1,Gold\n")
        .await;
    fixture.members.recount(source_id).await.unwrap();
    let gold = store::get(&fixture.db, gold.id).await.unwrap();
    assert_eq!(gold.count.unwrap().members, 1);
    assert_eq!(gold.version, 1, "a count is no change");
}

#[tokio::test]
async fn a_field_that_is_gone_is_named_and_the_last_count_kept() {
    let fixture = Fixture::new().await;
    let source_id = fixture.load(new_source(), PEOPLE).await;
    let gold = fixture
        .create("Gold", source_id, tier("GOLD"))
        .await
        .unwrap();
    fixture.members.count(&gold).await.unwrap();
    fixture
        .load(LoadTarget::Existing(source_id), "Id,Level\n1,Gold\n")
        .await;
    let error = fixture.members.count(&gold).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the rule does not fit the source: condition 1 (Tier): the source has no field of this name"
    );
    let kept = store::get(&fixture.db, gold.id).await.unwrap();
    assert_eq!(kept.count.unwrap().members, 2);
}

#[tokio::test]
async fn the_second_of_two_editors_is_told() {
    let fixture = Fixture::new().await;
    let source_id = fixture.load(new_source(), PEOPLE).await;
    let segment = fixture
        .create("Gold", source_id, tier("Gold"))
        .await
        .unwrap();
    fixture.members.count(&segment).await.unwrap();
    let update = |name: &str, rule| {
        let definition = definition(name, source_id, rule);
        let db = fixture.db.clone();
        async move { store::update(&db, segment.id, 1, &definition, &author()).await }
    };
    let changed = update("Gold members", tier("Gold")).await.unwrap();
    assert_eq!(
        (changed.version, changed.count.unwrap().members),
        (2, 2),
        "the rule is the same"
    );
    match update("Mine", tier("Silver")).await {
        Err(StoreError::Changed(now)) => assert_eq!(now.name, "Gold members"),
        other => panic!("{other:?}"),
    }
    let definition = definition("Gold members", source_id, tier("Silver"));
    let changed = store::update(&fixture.db, segment.id, 2, &definition, &author())
        .await
        .unwrap();
    assert_eq!(changed.count, None, "another rule, not counted yet");
}

#[tokio::test]
async fn names_are_unique_without_case_and_keep_the_source() {
    let fixture = Fixture::new().await;
    let source_id = fixture.load(new_source(), PEOPLE).await;
    let segment = fixture
        .create("Été", source_id, Rule::EVERYONE)
        .await
        .unwrap();
    let again = fixture
        .create("E\u{301}TE\u{301}", source_id, Rule::EVERYONE)
        .await;
    assert!(matches!(again, Err(StoreError::NameTaken)));
    let found = store::find_by_name(&fixture.db, &Name::parse("été").unwrap())
        .await
        .unwrap();
    assert_eq!(found.as_ref(), Some(&segment));
    let removed = sources::store::remove(&fixture.db, source_id, &author()).await;
    assert!(matches!(removed, Err(sources::store::StoreError::InUse)));
    store::remove(&fixture.db, segment.id, &author())
        .await
        .unwrap();
    assert!(matches!(
        store::get(&fixture.db, segment.id).await,
        Err(StoreError::NotFound)
    ));
    sources::store::remove(&fixture.db, source_id, &author())
        .await
        .unwrap();
}

#[tokio::test]
async fn the_day_changes_at_midnight_utc() {
    let fixture = Fixture::new().await;
    let snapshots: Arc<dyn Snapshots> =
        Arc::new(SqliteSnapshots::open(fixture.folder.path()).unwrap());
    for (now, today) in [
        ("2026-11-23T23:59:59.999Z", jiff::civil::date(2026, 11, 23)),
        ("2026-11-24T00:00:00Z", jiff::civil::date(2026, 11, 24)),
        // Already the next day in Hong Kong, still the day before in New York.
        ("2026-11-24T16:00:00Z", jiff::civil::date(2026, 11, 24)),
        ("2026-11-25T00:30:00Z", jiff::civil::date(2026, 11, 25)),
    ] {
        let clock = Clock::from_fn(move || now.parse().unwrap());
        let members = Members::new(fixture.db.clone(), snapshots.clone(), clock);
        assert_eq!(members.today(), today, "{now}");
    }
}
