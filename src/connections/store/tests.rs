use jiff::Timestamp;
use migrations::{Migrator, MigratorTrait};
use sea_orm::DatabaseConnection;

use super::*;
use crate::auth::{NewUser, store as people};
use crate::connections::consent::ConsentText;
use crate::connections::tokens::tests::sealed_tokens;
use crate::connections::{Author, Health, Problem, Step};
use crate::locale::Lang;
use crate::names::Name;
use crate::storage;

async fn database() -> (tempfile::TempDir, DatabaseConnection) {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", dir.path().join("t").display());
    let db = storage::connect(&url.into()).await.unwrap();
    Migrator::up(&db, None).await.unwrap();
    (dir, db)
}

async fn person(db: &DatabaseConnection, name: &str, role: Role) -> CurrentUser {
    let new = NewUser {
        name: name.into(),
        email: format!("{name}@example.com"),
        role,
        password: "correct horse battery staple".to_owned().into(),
    };
    people::add_user(db, new, None, None, now()).await.unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap()
}

fn by(user: &CurrentUser) -> Author<'static> {
    Author {
        user_id: user.id,
        ip: "192.0.2.1",
        at: now(),
    }
}

fn new(name: &str, sharing: Sharing) -> NewConnection {
    NewConnection {
        id: Uuid::now_v7(),
        name: Name::parse(name).unwrap(),
        sharing,
        text: ConsentText::in_language(Lang::En),
        client_id: Some("key".into()),
    }
}

async fn complete(db: &DatabaseConnection, new: NewConnection, user: &CurrentUser) -> Connection {
    let id = new.id;
    create(db, new, by(user)).await.unwrap();
    let authorization = NewAuthorization {
        client_id: "key",
        tokens: sealed_tokens(now()),
        organization_name: Some("Harbour Books".into()),
        account_id: None,
    };
    assert!(
        store_authorization(db, id, authorization, by(user))
            .await
            .unwrap()
    );
    let half = find(db, id).await.unwrap().unwrap();
    assert_eq!(half.next_step(), Some(Step::ExportUser));
    set_export_user(db, &half, by(user)).await.unwrap();
    save(db, id, by(user)).await.unwrap();
    find(db, id).await.unwrap().unwrap()
}

#[tokio::test]
async fn names_are_unique_without_case_and_free_after_removal() {
    let (_dir, db) = database().await;
    let alice = person(&db, "alice", Role::Administrator).await;
    let first = new("Été", Sharing::Administrators);
    let id = first.id;
    create(&db, first, by(&alice)).await.unwrap();
    let again = new("E\u{301}TE\u{301}", Sharing::Administrators);
    assert!(matches!(
        create(&db, again, by(&alice)).await,
        Err(ChangeProblem::NameTaken)
    ));
    let connection = find(&db, id).await.unwrap().unwrap();
    remove(&db, &connection, by(&alice)).await.unwrap();
    assert_eq!(find(&db, id).await.unwrap(), None);
    assert_eq!(names(&db, &[id]).await.unwrap()[&id], "Été");
    create(&db, new("ÉTÉ", Sharing::Administrators), by(&alice))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_form_sent_twice_creates_one_connection() {
    let (_dir, db) = database().await;
    let alice = person(&db, "alice", Role::Administrator).await;
    let other = person(&db, "other", Role::Administrator).await;
    let id = Uuid::now_v7();
    let form = || NewConnection {
        id,
        ..new("Newsletter", Sharing::Administrators)
    };
    create(&db, form(), by(&alice)).await.unwrap();
    create(&db, form(), by(&alice)).await.unwrap();
    assert_eq!(list(&db).await.unwrap().len(), 1);
    let stolen = create(&db, form(), by(&other)).await;
    assert!(matches!(stolen, Err(ChangeProblem::Changed)));
}

#[tokio::test]
async fn who_may_use_what() {
    let (_dir, db) = database().await;
    let alice = person(&db, "alice", Role::Administrator).await;
    let bob = person(&db, "bob", Role::Contributor).await;
    let charlie = person(&db, "charlie", Role::Viewer).await;
    complete(&db, new("Private", Sharing::Administrators), &alice).await;
    let shared = Sharing::AdministratorsAndContributors;
    let for_all = complete(&db, new("Shared", shared), &alice).await;
    create(&db, new("Half", shared), by(&alice)).await.unwrap();
    let usable = async |user: &CurrentUser| -> Vec<String> {
        let found = list_usable_by(&db, user).await.unwrap();
        found
            .into_iter()
            .map(|connection| connection.name)
            .collect()
    };
    assert_eq!(usable(&alice).await, ["Private", "Shared"]);
    assert_eq!(usable(&bob).await, ["Shared"]);
    assert!(usable(&charlie).await.is_empty());
    assert!(
        find_usable_by(&db, for_all.id, &bob)
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        find_usable_by(&db, for_all.id, &charlie)
            .await
            .unwrap()
            .is_none()
    );
    change_details(
        &db,
        &for_all,
        1,
        &Name::parse("Shared").unwrap(),
        Sharing::Administrators,
        by(&alice),
    )
    .await
    .unwrap();
    assert!(usable(&bob).await.is_empty());
    let other = Name::parse("Other").unwrap();
    let late = change_details(&db, &for_all, 1, &other, shared, by(&alice));
    assert!(matches!(late.await, Err(ChangeProblem::Changed)));
}

#[tokio::test]
async fn readiness_follows_consent_tokens_and_export_user() {
    let (_dir, db) = database().await;
    let alice = person(&db, "alice", Role::Administrator).await;
    let connection = complete(&db, new("C", Sharing::Administrators), &alice).await;
    let id = connection.id;
    let ready = async || {
        check_ready(&db, id)
            .await
            .unwrap()
            .map(|found| found.health())
    };
    assert_eq!(ready().await, Ok(Health::Connected));

    people::set_role(&db, alice.id, Role::Viewer, now())
        .await
        .unwrap();
    assert_eq!(ready().await, Err(NotReady::ExportUserGone));
    people::set_role(&db, alice.id, Role::Contributor, now())
        .await
        .unwrap();
    assert_eq!(ready().await, Ok(Health::Connected));
    people::disable_user(&db, alice.id, now()).await.unwrap();
    assert_eq!(ready().await, Err(NotReady::ExportUserGone));
    let bella = person(&db, "bella", Role::Administrator).await;
    set_export_user(&db, &connection, by(&bella)).await.unwrap();
    assert_eq!(ready().await, Ok(Health::Connected));

    assert!(
        !give_up_tokens(&db, id, 0, Problem::GrantLost, "old", now())
            .await
            .unwrap()
    );
    assert_eq!(ready().await, Ok(Health::Connected));
    assert!(
        give_up_tokens(&db, id, 1, Problem::GrantLost, "dead", now())
            .await
            .unwrap()
    );
    assert_eq!(ready().await, Err(NotReady::AuthenticateAgain));
    let broken = find(&db, id).await.unwrap().unwrap();
    assert_eq!(broken.health(), Health::SignInAgain);
    assert_eq!(broken.problem.unwrap().words, "dead");

    consent::Entity::update_many()
        .col_expr(
            consent::Column::TextSha256,
            sea_orm::sea_query::Expr::value("0".repeat(64)),
        )
        .exec(&db)
        .await
        .unwrap();
    assert_eq!(ready().await, Err(NotReady::ConsentNeeded));
    let text = ConsentText::in_language(Lang::ZhHk);
    record_consent(&db, id, text, by(&bella)).await.unwrap();
    assert_eq!(ready().await, Err(NotReady::AuthenticateAgain));
    assert_eq!(
        check_ready(&db, Uuid::now_v7()).await.unwrap().err(),
        Some(NotReady::NotFound)
    );
}

#[tokio::test]
async fn a_state_is_found_unused_once() {
    let (_dir, db) = database().await;
    let alice = person(&db, "alice", Role::Administrator).await;
    let draft = new("C", Sharing::Administrators);
    let connection_id = draft.id;
    create(&db, draft, by(&alice)).await.unwrap();
    let state = |hash: &'static str, at| NewState {
        state_hash: hash,
        connection_id,
        session_id: Uuid::nil(),
        user_id: alice.id,
        client_id: "key",
        now: at,
        lifetime: jiff::SignedDuration::from_mins(10),
    };
    insert_state(&db, state("a", now())).await.unwrap();
    assert!(
        !consume_state(&db, "a", now())
            .await
            .unwrap()
            .unwrap()
            .was_used
    );
    assert!(
        consume_state(&db, "a", now())
            .await
            .unwrap()
            .unwrap()
            .was_used
    );
    assert!(consume_state(&db, "b", now()).await.unwrap().is_none());
    let next_week = now() + jiff::SignedDuration::from_hours(200);
    insert_state(&db, state("b", next_week)).await.unwrap();
    assert!(
        consume_state(&db, "a", now()).await.unwrap().is_none(),
        "old states are forgotten"
    );
}
