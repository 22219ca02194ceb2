use std::fs;
use std::io::Write;

use jiff::Timestamp;
use migrations::{Migrator, MigratorTrait};
use sea_orm::EntityTrait;

use super::*;
use crate::profiles::{Filter, SqliteSnapshots};
use crate::sources::SnapshotState;
use crate::sources::file::{Overrides, inspect};

struct Fixture {
    folder: tempfile::TempDir,
    db: DatabaseConnection,
    snapshots: Arc<dyn Snapshots>,
    loads: Loads,
}

fn clock() -> Clock {
    Clock::from_fn(|| "2026-11-23T12:00:00Z".parse().unwrap())
}

fn author() -> Author {
    Author {
        user_id: None,
        ip: None,
        at: clock().now(),
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
        let loads = Loads::new(db.clone(), snapshots.clone(), clock());
        Self {
            folder,
            db,
            snapshots,
            loads,
        }
    }

    fn request(&self, target: LoadTarget, text: &str) -> LoadRequest {
        let path = self.folder.path().join("upload.csv");
        let mut file = fs::File::options()
            .create(true)
            .truncate(true)
            .read(true)
            .write(true)
            .open(&path)
            .unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let plan = inspect(&mut file, &Overrides::default()).unwrap().plan(&[]);
        LoadRequest {
            snapshot_id: SnapshotId::new(),
            target,
            path,
            file_name: "people.csv".into(),
            plan,
            author: author(),
        }
    }

    async fn load(
        &self,
        target: LoadTarget,
        text: &str,
    ) -> (Uuid, SnapshotId, Result<(), LoadError>) {
        let started = self.loads.start(self.request(target, text)).await.unwrap();
        (
            started.source_id,
            started.snapshot_id,
            started.finished.await.unwrap(),
        )
    }

    async fn state(&self, id: SnapshotId) -> SnapshotState {
        store::get_snapshot(&self.db, id).await.unwrap().state
    }
}

fn new_source(name: &str) -> LoadTarget {
    LoadTarget::New(Name::parse(name).unwrap())
}

const TWO: &str = "Id,Email\n1,a@example.com\n2,b@example.com\n";
const THREE: &str = "Id,Email\n1,a@example.com\n2,b@example.com\n3,c@example.com\n";

#[tokio::test]
async fn a_load_publishes_its_snapshot_and_the_next_one_replaces_it() {
    let fixture = Fixture::new().await;
    let (source_id, first, result) = fixture.load(new_source("People"), TWO).await;
    result.unwrap();
    let source = store::get(&fixture.db, source_id).await.unwrap();
    let current = source.current.unwrap();
    assert_eq!((current.id, current.rows, source.loading), (first, 2, None));
    assert_eq!(current.fields[1].name, "Email");
    assert_eq!(current.report.unwrap().rows, 2);
    assert_eq!(fixture.loads.progress(first), None);

    let (_, second, result) = fixture.load(LoadTarget::Existing(source_id), THREE).await;
    result.unwrap();
    assert_eq!(fixture.snapshots.list().unwrap(), [second]);
    assert_eq!(fixture.state(first).await, SnapshotState::Replaced);
    assert_eq!(
        fixture.snapshots.count(second, &Filter::EVERYONE).unwrap(),
        3
    );
    let loads = store::list_loads(&fixture.db, source_id).await.unwrap();
    assert_eq!(loads.len(), 2);
}

#[tokio::test]
async fn a_failed_load_leaves_the_snapshot_in_use() {
    let fixture = Fixture::new().await;
    let (source_id, first, result) = fixture.load(new_source("People"), TWO).await;
    result.unwrap();
    let (_, failed, result) = fixture
        .load(LoadTarget::Existing(source_id), "Id,Email\n1\n2\n")
        .await;
    assert!(matches!(
        result,
        Err(LoadError::File(FileProblem::NothingLoaded(_)))
    ));
    let source = store::get(&fixture.db, source_id).await.unwrap();
    assert_eq!(source.current.unwrap().id, first);
    assert_eq!(source.loading, None);
    assert_eq!(fixture.snapshots.list().unwrap(), [first]);
    let snapshot = store::get_snapshot(&fixture.db, failed).await.unwrap();
    assert_eq!(snapshot.failure, Some(LoadFailure::NothingLoaded));
    assert_eq!(snapshot.report.unwrap().refused, 2);
    let failures = store::latest_failures(&fixture.db).await.unwrap();
    assert_eq!(failures[&source_id].id, failed);
}

#[tokio::test]
async fn names_are_taken_without_case_and_a_source_loads_one_file_at_a_time() {
    let fixture = Fixture::new().await;
    let (source_id, ..) = fixture.load(new_source("People"), TWO).await;
    let taken = fixture
        .loads
        .start(fixture.request(new_source("PEOPLE"), TWO))
        .await;
    assert!(matches!(
        taken,
        Err(LoadError::Store(StoreError::NameTaken))
    ));
    let new = NewLoad {
        snapshot_id: SnapshotId::new(),
        target: LoadTarget::Existing(source_id),
        file_name: "x.csv".into(),
        file_bytes: 1,
    };
    let writer = fixture.snapshots.begin(new.snapshot_id, 1).unwrap();
    store::begin_load(&fixture.db, &new, &author())
        .await
        .unwrap();
    let busy = fixture
        .loads
        .start(fixture.request(LoadTarget::Existing(source_id), TWO))
        .await;
    assert!(matches!(busy, Err(LoadError::Store(StoreError::Loading))));
    let removed = store::remove(&fixture.db, source_id, &author()).await;
    assert!(matches!(removed, Err(StoreError::Loading)));
    let missing = fixture
        .loads
        .start(fixture.request(LoadTarget::Existing(Uuid::now_v7()), TWO))
        .await;
    assert!(matches!(
        missing,
        Err(LoadError::Store(StoreError::NotFound))
    ));
    drop(writer);
    assert_eq!(
        fixture.snapshots.list().unwrap().len(),
        1,
        "refused loads leave nothing"
    );
    let (_, _, result) = fixture.load(LoadTarget::Existing(source_id), THREE).await;
    result.expect("a load whose process has ended stops nobody");
}

#[tokio::test]
async fn loads_of_a_process_that_ended_are_swept_and_living_ones_are_not() {
    let fixture = Fixture::new().await;
    let (dead_source, ..) = fixture.load(new_source("Dead"), TWO).await;
    let (live_source, ..) = fixture.load(new_source("Live"), TWO).await;
    let begin = async |source_id| {
        let snapshot_id = SnapshotId::new();
        let new = NewLoad {
            snapshot_id,
            target: LoadTarget::Existing(source_id),
            file_name: "x.csv".into(),
            file_bytes: 1,
        };
        store::begin_load(&fixture.db, &new, &author())
            .await
            .unwrap();
        snapshot_id
    };
    let dead = begin(dead_source).await;
    let leftover = fixture
        .folder
        .path()
        .join("snapshots")
        .join(format!("{dead}.loading"));
    fs::write(&leftover, b"half").unwrap();
    let live = begin(live_source).await;
    let writer = fixture.snapshots.begin(live, 2).unwrap();
    let stray = fixture
        .folder
        .path()
        .join("snapshots")
        .join(format!("{}.sqlite", SnapshotId::new()));
    fs::write(&stray, b"published but never recorded").unwrap();

    fixture.loads.sweep().await.unwrap();

    let snapshot = store::get_snapshot(&fixture.db, dead).await.unwrap();
    assert_eq!(snapshot.failure, Some(LoadFailure::Interrupted));
    assert!(!leftover.exists() && !stray.exists());
    assert_eq!(fixture.state(live).await, SnapshotState::Loading);
    assert!(fixture.snapshots.is_being_written(live).unwrap());
    drop(writer);
    let source = store::get(&fixture.db, dead_source).await.unwrap();
    assert_eq!(source.loading, None);
    assert!(source.current.is_some());
}

#[tokio::test]
async fn a_held_snapshot_outlives_its_replacement() {
    let fixture = Fixture::new().await;
    let (source_id, first, _) = fixture.load(new_source("People"), TWO).await;
    let run = Uuid::now_v7();
    let held = store::hold_current_snapshot(&fixture.db, source_id, run)
        .await
        .unwrap();
    assert_eq!(held.id, first);
    let (_, second, _) = fixture.load(LoadTarget::Existing(source_id), THREE).await;
    assert_eq!(fixture.snapshots.list().unwrap(), [first, second]);
    let removed = store::remove(&fixture.db, source_id, &author()).await;
    assert!(matches!(removed, Err(StoreError::InUse)), "{removed:?}");
    store::release_snapshots(&fixture.db, run).await.unwrap();
    fixture.loads.remove_unused().await.unwrap();
    assert_eq!(fixture.snapshots.list().unwrap(), [second]);
    let snapshots = store::remove(&fixture.db, source_id, &author())
        .await
        .unwrap();
    fixture.loads.delete(snapshots).await.unwrap();
    assert_eq!(fixture.snapshots.list().unwrap(), []);
    assert!(matches!(
        store::get(&fixture.db, source_id).await,
        Err(StoreError::NotFound)
    ));
}

#[tokio::test]
async fn a_load_can_be_canceled_and_says_so() {
    let fixture = Fixture::new().await;
    let text = format!("Id\n{}", "1\n".repeat(200_000));
    let started = fixture
        .loads
        .start(fixture.request(new_source("People"), &text))
        .await
        .unwrap();
    assert!(fixture.loads.cancel(started.snapshot_id));
    let result = started.finished.await.unwrap();
    assert!(matches!(
        result,
        Err(LoadError::File(FileProblem::Canceled))
    ));
    let snapshot = store::get_snapshot(&fixture.db, started.snapshot_id)
        .await
        .unwrap();
    assert_eq!(snapshot.failure, Some(LoadFailure::Canceled));
    assert_eq!(
        snapshot.finished_at,
        Some("2026-11-23T12:00:00Z".parse::<Timestamp>().unwrap())
    );
    assert_eq!(fixture.snapshots.list().unwrap(), []);
    fixture.loads.stop().await;
}

#[tokio::test]
async fn of_a_source_one_snapshot_is_ready_at_every_moment() {
    let fixture = Fixture::new().await;
    let (source_id, first, _) = fixture
        .load(new_source("Shop"), "Email\na@b.example\n")
        .await;
    let mut published = fixture.loads.published();
    let started = fixture
        .loads
        .start(fixture.request(LoadTarget::Existing(source_id), "Email\nc@d.example\n"))
        .await
        .unwrap();
    assert_eq!(published.recv().await.unwrap(), source_id);
    let found = crate::storage::entities::snapshot::Entity::find()
        .all(&fixture.db)
        .await
        .unwrap();
    let state = |id: SnapshotId| {
        let row = found.iter().find(|row| row.id == id.0);
        row.map(|row| row.state.clone()).unwrap()
    };
    assert_eq!(state(first), SnapshotState::Replaced.name());
    assert_eq!(state(started.snapshot_id), SnapshotState::Ready.name());
    started.finished.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_same_file_loaded_in_the_same_way_is_known_to_hold_the_same() {
    let fixture = Fixture::new().await;
    let file = "id,note\n1,a\n2,b\n";
    let (source, first, _) = fixture
        .load(LoadTarget::New(Name::parse("People").unwrap()), file)
        .await;
    let target = || LoadTarget::Existing(source);
    let is_same = async |other| {
        let same = store::have_same_content(&fixture.db, first, other).await;
        same.unwrap()
    };
    let (_, again, _) = fixture.load(target(), file).await;
    assert!(is_same(again).await);
    let (_, changed, _) = fixture.load(target(), "id,note\n1,a\n2,c\n").await;
    assert!(!is_same(changed).await);

    let mut request = fixture.request(target(), file);
    request.plan.key = Some(1);
    let otherwise = fixture.loads.start(request).await.unwrap();
    otherwise.finished.await.unwrap().unwrap();
    assert!(!is_same(otherwise.snapshot_id).await);

    let (_, erased_from, _) = fixture.load(target(), file).await;
    assert!(is_same(erased_from).await);
    store::begin_erasing(&fixture.db, source, erased_from, 1)
        .await
        .unwrap();
    assert!(!is_same(erased_from).await);
}
