//! What exports remember of an erased person.

use std::time::Duration;

use listbridge::deliveries;
use listbridge::exports::Mode;
use listbridge::privacy::erase::ErasureState;
use listbridge::runs::RunState;
use listbridge::sandbox::{Endpoint, FaultKind};
use listbridge::storage::entities::{delivery_state, run_removal_batch};
use sea_orm::EntityTrait;
use uuid::Uuid;

use crate::erase::{ask, fault, read};
use crate::stage::{ended_run, replace_profiles, stages};
use crate::support::{Stage, ending, people, until};

#[tokio::test]
async fn exports_forget_that_they_have_delivered_whoever_is_erased() {
    let (all, _postgres) = stages(&people(12)).await;
    for mut stage in all {
        stage
            .save_export(|definition| definition.delivery.mode = Mode::ChangesOnly)
            .await;
        let (run, account) = ended_run(&stage).await;
        assert_eq!(
            (ending(&run).as_str(), account.delivered),
            ("delivered", 12)
        );
        let db = &**stage.services.db;
        let keys = deliveries::Keys::new(&stage.services.key);
        let known = async |email: &str| {
            let state = delivery_state::Entity::find().one(db).await.unwrap();
            let version = state.unwrap().version;
            let set = deliveries::store::load(db, stage.export.id, version).await;
            set.unwrap().find_address(keys.address(email)).is_some()
        };
        assert!(known("ann4@example.com").await);
        let id = ask(&stage, "ANN4@example.com", false).await;
        stage.services.erasures.tick().await.unwrap();
        let erased = read(&stage, id).await;
        assert_eq!((erased.state, erased.deliveries), (ErasureState::Done, 1));
        assert!(!known("ann4@example.com").await && known("ann5@example.com").await);
        let (run, account) = ended_run(&stage).await;
        assert_eq!(ending(&run), "nothing_changed");
        assert_eq!((account.read, account.unchanged), (11, 11));
    }
}

/// Removals hold ids and keyed hashes of the people in them until they are done.
#[tokio::test]
async fn whoever_is_erased_is_in_no_removal_any_more() {
    let (all, _postgres) = stages(&people(12)).await;
    for mut stage in all {
        stage
            .save_export(|definition| definition.delivery.mode = Mode::Mirror)
            .await;
        ended_run(&stage).await;
        let id = interrupted_removal(&stage, 9).await;
        let db = &**stage.services.db;
        let keys = deliveries::Keys::new(&stage.services.key);
        let held = async |email: &str| {
            let batches = run_removal_batch::Entity::find().all(db).await.unwrap();
            let hash = keys.address(email);
            let mut contacts = batches.iter().map(|batch| &batch.contacts);
            contacts.any(|bytes| bytes.windows(hash.len()).any(|some| some == hash))
        };
        assert!(held("ann10@example.com").await && held("ann11@example.com").await);
        ask(&stage, "Ann10@example.com", true).await;
        stage.services.erasures.tick().await.unwrap();
        assert!(!held("ann10@example.com").await && held("ann11@example.com").await);

        // The rest is taken off, and nobody remembers her.
        stage.outlive_lease();
        let (run, _) = stage.finish(id).await;
        assert_eq!(ending(&run), "nothing_changed", "{run:?}");
        assert_eq!(stage.sandbox.member_count(stage.list), 9);
        let version = deliveries::store::latest(db, stage.export.id).await;
        let version = version.unwrap().unwrap();
        let set = deliveries::store::load(db, stage.export.id, version).await;
        let hash = keys.address("ann10@example.com");
        assert!(set.unwrap().find_address(hash).is_none());

        // Nobody is left in it: nothing is sent.
        let id = interrupted_removal(&stage, 8).await;
        ask(&stage, "ann8@example.com", true).await;
        stage.services.erasures.tick().await.unwrap();
        let before = stage.sandbox.requests(Endpoint::RemoveMemberships);
        stage.outlive_lease();
        let (run, _) = stage.finish(id).await;
        assert_eq!(run.state, RunState::Successful, "{run:?}");
        assert_eq!(stage.sandbox.requests(Endpoint::RemoveMemberships), before);
    }
}

/// A run that is killed while it takes off everybody but the first `rows`.
async fn interrupted_removal(stage: &Stage, rows: usize) -> Uuid {
    replace_profiles(stage, &people(rows)).await;
    let before = stage.sandbox.requests(Endpoint::RemoveMemberships);
    let slow = FaultKind::Slow(Duration::from_secs(30));
    fault(stage, Endpoint::RemoveMemberships, slow);
    let id = stage.request().await;
    let engine = stage.engine().start();
    until("the removal", async || {
        stage.sandbox.requests(Endpoint::RemoveMemberships) > before
    })
    .await;
    engine.kill();
    stage.sandbox.lift_faults();
    id
}
