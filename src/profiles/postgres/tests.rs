use std::ops::ControlFlow;

use migrations::{Migrator, MigratorTrait};

use super::*;
use crate::profiles::contract_tests::{keeps_the_contract, sample, write};

#[path = "../../../tests/support/postgres.rs"]
#[allow(dead_code, reason = "each test binary uses a part")]
mod cluster;

/// A storage in a database of its own; `None` where PostgreSQL is not installed.
fn with_store(test: impl FnOnce(PostgresSnapshots)) {
    let Some(postgres) = cluster::Postgres::start() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = runtime.block_on(async {
        let url = postgres.create_database("snapshots").await;
        let db = sea_orm::Database::connect(&url).await.unwrap();
        Migrator::up(&db, None).await.unwrap();
        url
    });
    test(PostgresSnapshots::new(&url, runtime.handle().clone()).unwrap());
}

#[test]
fn tables_keep_the_contract_of_snapshots() {
    with_store(|store| {
        keeps_the_contract(&store);
        removal_does_not_disturb_a_scan(&store);
    });
}

fn removal_does_not_disturb_a_scan(store: &PostgresSnapshots) {
    // More than a chunk, so that the scan is still under way when its first row is handed over.
    let rows: Vec<Vec<String>> = (0..200)
        .map(|row| vec![format!("{row}-{}", "x".repeat(20_000))])
        .collect();
    let id = write(store, 1, &rows);
    let mut seen = 0;
    let everyone = Filter::EVERYONE;
    let scan = Scan::new(&everyone, &[0]);
    let scanned = store.scan(id, &scan, &mut |_| {
        if seen == 0 {
            store.delete(id).unwrap();
        }
        seen += 1;
        ControlFlow::Continue(())
    });
    scanned.unwrap();
    assert_eq!(seen, 200);
    store.delete(id).unwrap();
    assert!(!store.list().unwrap().contains(&id));
    assert_eq!(
        store
            .count(write(store, 3, &sample()), &Filter::EVERYONE)
            .unwrap(),
        20
    );
}
