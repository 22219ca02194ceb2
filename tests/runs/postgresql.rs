//! The same on PostgreSQL.

use std::time::Duration;

use listbridge::runs::{RunState, WaitingFor, store};
use listbridge::sandbox::{Endpoint, Fault, FaultKind, When};

use listbridge::storage;
use sea_orm::{ConnectionTrait, TransactionTrait};

use crate::postgres::Postgres;
use crate::support::{Stage, author, ending, people, until, wide_people};

#[tokio::test]
async fn runs_are_asked_for_interrupted_and_ended() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let url = postgres.create_database("runs").await;
    let stage = Stage::on_database(url, &wide_people(20_000)).await;
    let ids = futures_util::future::join_all((0..8).map(|_| stage.request())).await;
    assert!(
        ids.iter().all(|id| *id == ids[0]),
        "a double click makes one run"
    );
    stage.sandbox.set_fault(Fault {
        endpoint: Endpoint::ImportFile,
        when: When::Nth(2),
        kind: FaultKind::Slow(Duration::from_secs(30)),
    });
    let engine = stage.engine().start();
    stage.until(ids[0], |_, parts| parts.len() == 2).await;
    engine.kill();
    stage.sandbox.lift_faults();
    stage.outlive_lease();
    let engines: Vec<_> = (0..3).map(|_| stage.engine().start()).collect();
    stage.until(ids[0], |run, _| run.state.is_finished()).await;
    for engine in engines {
        engine.stop().await;
    }
    let (run, parts) = stage.read(ids[0]).await;
    assert_eq!((ending(&run).as_str(), run.claims), ("delivered", 2));
    stage.assert_delivered(&parts, 20_000);

    let db = &**stage.services.db;
    let queued = stage.request().await;
    let last = store::last_runs(db, &[stage.export.id]).await.unwrap()[&stage.export.id];
    assert_eq!((last.id, last.state), (queued, RunState::Queued));
    store::cancel(db, queued, author(&stage.services))
        .await
        .unwrap();
    assert!(!store::has_active_run(db, stage.export.id).await.unwrap());
    assert_eq!(
        store::history(db, stage.export.id, 0).await.unwrap().total,
        2
    );
}

/// Somebody else holds a table for longer than a statement waits: the run waits, too.
#[tokio::test]
async fn a_table_that_is_locked_while_a_run_prepares_does_not_end_it() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let url = postgres.create_database("locked").await;
    let stage = Stage::on_database(url.clone(), &people(20)).await;
    let other = storage::connect(&url.into()).await.unwrap();
    let locked = other.begin().await.unwrap();
    let lock = "LOCK TABLE sources IN ACCESS EXCLUSIVE MODE";
    locked.execute_unprepared(lock).await.unwrap();
    let (run, _) = stage.run().await;
    assert_eq!(run.state, RunState::Refreshing, "{}", ending(&run));
    assert_eq!(run.waiting.unwrap().reason, WaitingFor::Storage);
    locked.rollback().await.unwrap();
    stage.time.forward(Duration::from_secs(6));
    let (run, parts) = stage.finish(run.id).await;
    assert_eq!(ending(&run), "delivered");
    stage.assert_delivered(&parts, 20);
}

/// The connection that the profiles come through is cut in mid-run: they are read again, nobody is sent twice.
#[tokio::test]
async fn profiles_whose_connection_is_lost_are_read_again() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let url = postgres.create_database("cut").await;
    let stage = Stage::on_database(url.clone(), &wide_people(60_000)).await;
    stage.sandbox.set_fault(Fault {
        endpoint: Endpoint::ImportFile,
        when: When::Nth(1),
        kind: FaultKind::Held,
    });
    let id = stage.request().await;
    let engine = stage.engine();
    let working = tokio::spawn(async move { engine.tick().await.unwrap() });
    let arrived = async || stage.sandbox.requests(Endpoint::ImportFile) == 1;
    until("the first upload", arrived).await;
    let other = storage::connect(&url.into()).await.unwrap();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY (%'";
    let cut = other.execute_unprepared(cut).await.unwrap();
    assert_eq!(cut.rows_affected(), 1, "the profiles were being read");
    stage.sandbox.lift_faults();
    working.await.unwrap();
    let (run, parts) = stage.read(id).await;
    assert_eq!((ending(&run).as_str(), run.claims), ("delivered", 1));
    stage.assert_delivered(&parts, 60_000);
}
