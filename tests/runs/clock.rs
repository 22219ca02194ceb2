//! A clock that steps back keeps nobody waiting; what it does in mid-run are cells of the table in `faults`.

use std::time::Duration;

use jiff::Timestamp;
use listbridge::runs::Tick;
use listbridge::sandbox::{Endpoint, Fault, FaultKind, When};
use listbridge::storage::entities::run;
use sea_orm::EntityTrait;

use crate::support::{Stage, ending, people, until};

const TWO_HOURS: Duration = Duration::from_hours(2);

#[tokio::test]
async fn a_dead_owner_is_replaced_although_the_clock_has_stepped_back() {
    let csv = people(40);
    let stage = Stage::beside_a_vendor_with_its_own_clock(&csv).await;
    stage.sandbox.set_fault(Fault {
        endpoint: Endpoint::ImportFile,
        when: When::First(1),
        kind: FaultKind::NeverEnds,
    });
    let id = stage.request().await;
    let engine = stage.engine().start();
    let is_sent = async || stage.sandbox.requests(Endpoint::ImportFile) > 0;
    until("the upload", is_sent).await;
    engine.kill();
    stage.time.back(TWO_HOURS);
    let tick = stage.engine().tick().await.unwrap();
    assert_eq!(tick, Tick::Idle, "the owner may be alive");
    stage.outlive_lease();
    let (run, parts) = stage.finish(id).await;
    assert_eq!(ending(&run), "delivered", "{run:?}");
    stage.assert_delivered(&parts, 40);
}

#[tokio::test]
async fn a_living_owner_keeps_its_run_when_the_clock_steps_back() {
    let csv = people(40);
    let stage = Stage::beside_a_vendor_with_its_own_clock(&csv).await;
    stage.sandbox.set_fault(Fault {
        endpoint: Endpoint::ImportFile,
        when: When::First(1),
        kind: FaultKind::Held,
    });
    let id = stage.request().await;
    let engine = stage.engine().start();
    let is_sent = async || stage.sandbox.requests(Endpoint::ImportFile) > 0;
    until("the upload", is_sent).await;
    stage.time.back(TWO_HOURS);
    // A look that began before the step still has the old time, to which a lease that was cut since is long over.
    let is_cut = async || {
        let found = run::Entity::find_by_id(id).one(&**stage.services.db).await;
        let lease_until = found.unwrap().unwrap().lease_until.map(Timestamp::from);
        lease_until.is_none_or(|until| until < stage.services.clock.now() + TWO_HOURS / 2)
    };
    until("the lease that is cut", is_cut).await;
    let other = stage.engine();
    assert_eq!(other.tick().await.unwrap(), Tick::Idle, "it has its owner");
    let other = other.start();
    stage.sandbox.lift_faults();
    stage.until(id, |run, _| run.state.is_finished()).await;
    let (run, parts) = stage.read(id).await;
    assert_eq!((ending(&run), run.claims), ("delivered".to_owned(), 1));
    stage.assert_delivered(&parts, 40);
    engine.stop().await;
    other.stop().await;
}
