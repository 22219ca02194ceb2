use migrations::{Migrator, MigratorTrait};
use sea_orm::{DatabaseConnection, TransactionTrait};

use super::*;
use crate::constant_contact::limits::StandardField;
use crate::exports::{Attribute, Target};
use crate::storage;
use crate::storage::entities::audit_event;

async fn database() -> (tempfile::TempDir, DatabaseConnection) {
    let dir = tempfile::tempdir().unwrap();
    let url = format!(
        "sqlite://{}?mode=rwc",
        dir.path().join("t.sqlite").display()
    );
    let db = storage::connect(&url.into()).await.unwrap();
    Migrator::up(&db, None).await.unwrap();
    (dir, db)
}

fn author() -> Author<'static> {
    Author {
        user_id: Some(Uuid::from_u128(7)),
        ip: Some("127.0.0.1"),
        at: Timestamp::from_millisecond(1_700_000_000_000).unwrap(),
    }
}

fn definition(name: &str) -> ExportDefinition {
    ExportDefinition {
        name: name.into(),
        connection_id: Some(Uuid::from_u128(1)),
        list_id: Uuid::from_u128(5).into(),
        list_name: Some("Newsletter".into()),
        source_id: Uuid::from_u128(2),
        email_field: "E-mail".into(),
        attributes: vec![Attribute {
            target: Target::Standard(StandardField::FirstName),
            field: "Given".into(),
        }],
        segment_ids: vec![Uuid::from_u128(9), Uuid::from_u128(3)],
        brake: Default::default(),
        delivery: Default::default(),
    }
}

#[tokio::test]
async fn an_export_is_read_as_it_was_saved() {
    let (_dir, db) = database().await;
    let saved = create(&db, definition("Newsletter"), author())
        .await
        .unwrap();
    assert_eq!(get(&db, saved.id).await.unwrap(), saved);
    let name = Name::parse(" NEWSLETTER ").unwrap();
    assert_eq!(find_by_name(&db, &name).await.unwrap().unwrap(), saved);
    let page = list_page(&db, 0).await.unwrap();
    assert_eq!((page.total, &page.exports[0]), (1, &saved));
    assert!(list_page(&db, 1).await.unwrap().exports.is_empty());
    assert!(list_page(&db, u64::MAX).await.unwrap().exports.is_empty());
}

#[tokio::test]
async fn names_are_unique_without_case() {
    let (_dir, db) = database().await;
    create(&db, definition("E\u{301}té"), author())
        .await
        .unwrap();
    let error = create(&db, definition("éTÉ"), author()).await.unwrap_err();
    assert!(matches!(error, StoreError::NameTaken), "{error:?}");
    let other = create(&db, definition("Other"), author()).await.unwrap();
    let error = update(&db, other.id, 1, definition("été"), author())
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::NameTaken), "{error:?}");
}

#[tokio::test]
async fn the_second_of_two_editors_is_told() {
    let (_dir, db) = database().await;
    let saved = create(&db, definition("Newsletter"), author())
        .await
        .unwrap();
    let mut changed = definition("Newsletter");
    changed.segment_ids = vec![Uuid::from_u128(4)];
    changed.connection_id = None;
    let first = update(&db, saved.id, 1, changed.clone(), author())
        .await
        .unwrap();
    assert_eq!((first.version, &first.definition), (2, &changed));
    assert_eq!(get(&db, saved.id).await.unwrap(), first);
    match update(&db, saved.id, 1, definition("Mine"), author()).await {
        Err(StoreError::Changed(present)) => assert_eq!(*present, first),
        other => panic!("{other:?}"),
    }
    assert_eq!(get(&db, saved.id).await.unwrap(), first);
}

#[tokio::test]
async fn what_uses_a_connection_a_source_or_a_segment_is_known() {
    let (_dir, db) = database().await;
    let saved = create(&db, definition("Newsletter"), author())
        .await
        .unwrap();
    let expected = vec![ExportUse {
        id: saved.id,
        name: "Newsletter".into(),
    }];
    assert_eq!(
        exports_using_connection(&db, Uuid::from_u128(1))
            .await
            .unwrap(),
        expected
    );
    assert_eq!(
        exports_using_source(&db, Uuid::from_u128(2)).await.unwrap(),
        expected
    );
    assert_eq!(
        exports_using_segment(&db, Uuid::from_u128(3))
            .await
            .unwrap(),
        expected
    );
    assert!(
        exports_using_segment(&db, Uuid::from_u128(2))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_removed_export_is_gone_and_the_log_keeps_what_it_was() {
    let (_dir, db) = database().await;
    let saved = create(&db, definition("Newsletter"), author())
        .await
        .unwrap();
    let transaction = db.begin().await.unwrap();
    remove(&transaction, saved.id, author()).await.unwrap();
    transaction.commit().await.unwrap();
    assert!(find(&db, saved.id).await.unwrap().is_none());
    assert!(
        exports_using_segment(&db, Uuid::from_u128(3))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(matches!(
        remove(&db, saved.id, author()).await,
        Err(StoreError::NotFound)
    ));
    let mut log = audit_event::Entity::find()
        .order_by_asc(audit_event::Column::Id)
        .all(&db)
        .await
        .unwrap();
    let removed = log.pop().unwrap();
    assert_eq!(removed.action, "export.removed");
    assert_eq!(removed.detail["before"]["name"], "Newsletter");
    assert_eq!(log.pop().unwrap().action, "export.created");
}
