//! The same on PostgreSQL.

use std::time::Duration;

use listbridge::runs::{RunState, store};
use listbridge::sandbox::{Endpoint, Fault, FaultKind, When};

use crate::postgres::Postgres;
use crate::support::{Stage, author, ending, wide_people};

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
