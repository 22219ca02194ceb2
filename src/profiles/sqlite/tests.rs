use super::*;
use crate::profiles::contract_tests::{keeps_the_contract, sample, write};

fn store() -> (tempfile::TempDir, SqliteSnapshots) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteSnapshots::open(folder.path()).unwrap();
    (folder, store)
}

#[test]
fn files_keep_the_contract_of_snapshots() {
    let (_folder, store) = store();
    keeps_the_contract(&store);
}

#[test]
fn what_is_being_written_is_listed() {
    let (_folder, store) = store();
    let id = SnapshotId::new();
    let writer = store.begin(id, 1).unwrap();
    assert_eq!(store.list().unwrap(), [id]);
    drop(writer);
    assert_eq!(store.list().unwrap(), []);
}

#[test]
fn what_a_killed_writer_left_is_seen_and_can_be_removed() {
    let (_folder, store) = store();
    let id = SnapshotId::new();
    fs::write(store.path(id, LOADING), b"half").unwrap();
    assert_eq!(store.list().unwrap(), [id]);
    assert!(!store.is_being_written(id).unwrap());
    store.delete(id).unwrap();
    store.delete(id).unwrap();
    assert_eq!(store.list().unwrap(), []);
}

#[test]
fn folders_with_odd_names_work() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteSnapshots::open(&folder.path().join("a ?b#c%41 資料")).unwrap();
    let id = write(&store, 3, &sample());
    assert_eq!(store.count(id, &Filter::EVERYONE).unwrap(), 20);
}
