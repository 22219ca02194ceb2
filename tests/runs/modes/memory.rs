//! What exports remember of their deliveries, and how it is forgotten.

use listbridge::deliveries::{self, Kind};
use listbridge::storage::entities::{delivery_chunk, delivery_entries, delivery_state};
use sea_orm::EntityTrait;

use super::{changes_only, renamed, replace_profiles, run};
use crate::support::{author, ending, people};

#[tokio::test]
async fn what_is_remembered_holds_no_address_and_one_person_can_be_forgotten() {
    let csv = people(30);
    let stage = changes_only(&csv).await;
    run(&stage).await;
    let db = &**stage.services.db;
    let kept = delivery_entries::Entity::find().all(db).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].entries.len(), 30 * deliveries::ENTRY_BYTES);
    for plain in [&b"ann"[..], b"Ann", b"example"] {
        let mut windows = kept[0].entries.windows(plain.len());
        assert!(!windows.any(|window| window == plain));
    }
    let keys = deliveries::Keys::new(&stage.services.key);
    let ann = keys.address("Ann7@Example.com");
    for expected in [1, 0] {
        let forgotten = deliveries::store::forget_address(&stage.services.db, ann).await;
        assert_eq!(forgotten.unwrap(), expected);
    }
    let state = delivery_state::Entity::find()
        .one(db)
        .await
        .unwrap()
        .unwrap();
    let set = deliveries::store::load(db, stage.export.id, state.version).await;
    let set = set.unwrap();
    assert!(set.find_address(ann).is_none());
    assert_eq!((set.len(), set.count(Kind::Delivered)), (29, 29));
    let (_, _, account, _) = run(&stage).await;
    assert_eq!((account.delivered, account.unchanged), (1, 29));
}

#[tokio::test]
async fn a_removed_export_is_forgotten() {
    let stage = changes_only(&people(5)).await;
    run(&stage).await;
    let db = &**stage.services.db;
    listbridge::exports::store::remove(db, stage.export.id, author(&stage.services))
        .await
        .unwrap();
    assert!(
        delivery_state::Entity::find()
            .all(db)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        delivery_chunk::Entity::find()
            .all(db)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        delivery_entries::Entity::find()
            .all(db)
            .await
            .unwrap()
            .is_empty()
    );
}

/// Many small runs are folded into what they come to.
#[tokio::test]
async fn a_long_memory_is_folded_and_means_the_same() {
    let csv = people(6);
    let stage = changes_only(&csv).await;
    run(&stage).await;
    let db = &**stage.services.db;
    let mut chunks = 0;
    for round in 0..70 {
        let csv = renamed(&csv, std::iter::once(round % 6));
        replace_profiles(&stage, &csv).await;
        let (run, _, account, _) = run(&stage).await;
        assert_eq!(ending(&run), "delivered");
        assert_eq!(account.read, account.delivered + account.unchanged);
        let expected = if round == 0 { 1 } else { 2 };
        assert_eq!(account.delivered, expected, "round {round}");
        let now = delivery_chunk::Entity::find().all(db).await.unwrap().len();
        chunks = chunks.max(now);
    }
    assert!(chunks <= 68, "{chunks}");
    let left = delivery_chunk::Entity::find().all(db).await.unwrap().len();
    assert!(left < chunks, "it was folded: {left}");
}
