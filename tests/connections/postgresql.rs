//! The same on PostgreSQL.

use crate::stage::id_of;
use crate::support::ALICE;
use crate::support::connections::{
    Application, add_connection, connect, spawn_app_at_with, start_sandbox, try_connect,
};
use crate::support::postgres::Postgres;

#[tokio::test]
async fn postgresql_serves_the_wizard_and_the_ledger_as_well() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let url = postgres.create_database("application").await;
    let sandbox = start_sandbox().await;
    let app = spawn_app_at_with(&sandbox, Application::Typed, |settings| {
        settings.database_url = Some(url.into());
        settings.constant_contact_requests_per_day = 12;
    })
    .await;
    let alice = app.sign_in(ALICE).await;
    let pending = connect(&alice, "Newsletter", "administrators").await;
    let (client_id, secret) = (sandbox.client_id(), sandbox.client_secret());
    let fields = [
        ("client_id", client_id.as_str()),
        ("client_secret", &secret),
    ];
    alice
        .submit(&pending, &format!("{pending}/application"), &fields)
        .await;
    let taken = [
        ("name", "NEWSLETTER"),
        ("sharing", "administrators"),
        ("i_agree", "true"),
    ];
    assert_eq!(try_connect(&alice, &taken).await.status, 422);
    let remove = format!("{pending}/remove");
    alice.submit(&remove, &remove, &[]).await;

    let connection = add_connection(&alice, &sandbox, "Newsletter").await;
    let services = &app.services.connections;
    let tokens = &services.tokens;
    let grant = tokens.access_token(id_of(&connection)).await.unwrap();
    sandbox.expire_access_tokens();
    let renewed = tokens
        .refresh_after_401(id_of(&connection), grant.version)
        .await
        .unwrap();
    assert!(renewed.version > grant.version && renewed.token.expose() != grant.token.expose());

    let left = services
        .ledger
        .requests_left_today(&client_id)
        .await
        .unwrap();
    assert_eq!(left, 10, "account summary and privileges were counted");
    let permits = services.ledger.permits(&client_id);
    let mut asked = Vec::new();
    for _ in 0..15 {
        asked.push(permits.acquire(listbridge::constant_contact::RequestKind::Read));
    }
    let granted = futures_util::future::join_all(asked).await;
    assert_eq!(granted.iter().filter(|answer| answer.is_ok()).count(), 10);
    services.ledger.push_back(&client_id).await.unwrap();
    services.ledger.mark_day_spent(&client_id).await.unwrap();
    assert_eq!(
        services
            .ledger
            .requests_left_today(&client_id)
            .await
            .unwrap(),
        0
    );
    let remove = format!("{connection}/remove");
    alice.submit(&remove, &remove, &[]).await;
    assert_eq!(sandbox.live_refresh_tokens(), 0);
}
