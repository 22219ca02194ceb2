//! Runs whose connection has lost its sign-in wait for a person, and go on by themselves.

use std::time::Duration;

use listbridge::runs::{PartState, WaitingFor, store};
use listbridge::sandbox::{Endpoint, Fault, FaultKind, When};
use listbridge::startup::Services;
use listbridge::storage::entities::{connection, notice};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, Set};

use crate::support::{Stage, ending, people};

/// A stage whose runs wait a day for a person.
async fn patient() -> Stage {
    let mut stage = Stage::new(&people(20)).await;
    let mut settings = (**stage.services.settings).clone();
    settings.sign_in_wait_hours = 24;
    stage.services = Services::open(settings, stage.time.clock()).await.unwrap();
    stage
}

/// The same with tokens that are dead.
async fn signed_out() -> Stage {
    let stage = patient().await;
    stage.sandbox.revoke_tokens();
    stage
}

/// What an administrator's new authentication leaves behind.
pub(crate) async fn authenticate(stage: &Stage) {
    let db = &**stage.services.db;
    let scopes = ["contact_data", "account_read", "offline_access"];
    let tokens = stage.sandbox.issue_tokens("owner", &scopes).unwrap();
    let id = stage.export.definition.connection_id.unwrap();
    let row = id.to_string();
    let seal = |column: &str, secret: &str| {
        let place = ("connections", column, row.as_str());
        Some(stage.services.key.seal(place, secret.as_bytes()))
    };
    let found = connection::Entity::find_by_id(id).one(db).await.unwrap();
    let found = found.unwrap();
    let version = found.token_version + 1;
    let mut change = found.into_active_model();
    change.authorization = Set("authorized".into());
    change.access_token = Set(seal("access_token", &tokens.access_token));
    change.refresh_token = Set(seal(
        "refresh_token",
        tokens.refresh_token.as_ref().unwrap(),
    ));
    change.token_version = Set(version);
    change.problem = Set(None);
    change.update(db).await.unwrap();
}

#[tokio::test]
async fn a_run_waits_for_somebody_to_sign_in_and_goes_on_at_once() {
    let stage = signed_out().await;
    let (run, _) = stage.run().await;
    assert!(!run.state.is_finished(), "{}", ending(&run));
    assert_eq!(run.waiting.unwrap().reason, WaitingFor::SignIn);
    let (same, _) = stage.look(run.id).await;
    assert_eq!(same.claims, 1, "nobody takes it before its time");

    authenticate(&stage).await;
    store::wake_sign_in_waits(&stage.services.db).await.unwrap();
    let (run, parts) = stage.finish(run.id).await;
    assert_eq!(ending(&run), "delivered");
    stage.assert_delivered(&parts, 20);
}

#[tokio::test]
async fn a_run_looks_again_by_itself_within_a_minute_and_fails_after_a_day() {
    let stage = signed_out().await;
    let (run, _) = stage.run().await;
    stage.time.forward(Duration::from_secs(61));
    let (run, _) = stage.look(run.id).await;
    assert_eq!(
        (run.claims, run.waiting.unwrap().reason),
        (2, WaitingFor::SignIn)
    );
    stage.time.forward(Duration::from_secs(24 * 3600));
    let (run, _) = stage.look(run.id).await;
    assert_eq!(ending(&run), "sign_in_again");
    assert_eq!(stage.sandbox.member_count(stage.list), 0);
}

/// Tokens can be renewed, and none of them is accepted: the connection says so, and the run waits as it does for dead ones.
#[tokio::test]
async fn a_run_waits_when_even_a_renewed_token_is_refused() {
    let stage = patient().await;
    let refused = |endpoint| Fault {
        endpoint,
        when: When::Always,
        kind: FaultKind::Status(401),
    };
    stage.sandbox.set_fault(refused(Endpoint::ImportFile));
    let (run, parts) = stage.run().await;
    assert!(!run.state.is_finished(), "{}", ending(&run));
    assert_eq!(run.waiting.unwrap().reason, WaitingFor::SignIn);
    assert_eq!(parts[0].state, PartState::Recorded);

    let id = stage.export.definition.connection_id.unwrap();
    let db = &**stage.services.db;
    let found = connection::Entity::find_by_id(id).one(db).await.unwrap();
    let found = found.unwrap();
    assert_eq!(found.authorization, "sign_in_again");
    assert!(found.problem_words.unwrap().contains("401"));
    let notices = notice::Entity::find()
        .filter(notice::Column::Kind.eq("sign_in_needed"))
        .filter(notice::Column::Subject.eq(id.to_string()))
        .all(db);
    assert_eq!(notices.await.unwrap().len(), 1, "somebody is told");

    stage.sandbox.lift_faults();
    authenticate(&stage).await;
    store::wake_sign_in_waits(&stage.services.db).await.unwrap();
    let (run, parts) = stage.finish(run.id).await;
    assert_eq!(ending(&run), "delivered");
    stage.assert_delivered(&parts, 20);
}
