//! Home over real HTTP and in a real Chromium: what each role is told, and where it leads.
#![allow(clippy::unwrap_used, reason = "a step that fails fails its test")]
#![cfg(feature = "sandbox")]

mod browser;
#[path = "../runs/support/mod.rs"]
#[allow(dead_code, reason = "made for the tests of runs")]
mod engine;
mod language;
mod pages;
#[path = "../exports/stage.rs"]
#[allow(dead_code, reason = "made for the tests of exports")]
mod stage;
#[path = "../support/mod.rs"]
mod support;
mod zone;

use jiff::{SignedDuration, Timestamp};
use listbridge::connections::consent::{ConsentText, TEXT_VERSION};
use listbridge::exports::Export;
use listbridge::locale::Lang;
use listbridge::storage::UtcMillis;
use listbridge::storage::entities::{consent, run};
use sea_orm::{ActiveModelTrait, Set};
use serde_json::json;
use stage::Stage;
use support::{ALICE, postgres};
use uuid::Uuid;

/// A stage whose connection is ready for runs, at noon in UTC, so that no day ends in the middle of a test.
async fn ready_stage() -> Stage {
    let time = engine::Shift::default();
    time.to_noon();
    let stage = Stage::set_at(time.clock(), |_| ()).await;
    let text = ConsentText::in_language(Lang::En);
    let (id, now) = (Uuid::now_v7(), stage.app.services.clock.now());
    let user_id = stage.user_id(ALICE.email).await;
    consent::ActiveModel {
        id: Set(id),
        connection_id: Set(stage.connection),
        user_id: Set(user_id),
        at: Set(now.into()),
        ip: Set("127.0.0.1".into()),
        lang: Set("en".into()),
        text_version: Set(TEXT_VERSION),
        text_sha256: Set(text.sha256.clone()),
        text: Set(text.text()),
    }
    .insert(&**stage.app.services.db)
    .await
    .unwrap();
    stage
        .change_connection(stage.connection, |row| {
            row.consent_id = Set(Some(id));
            row.export_user_at = Set(Some(now.into()));
        })
        .await;
    stage
}

/// A run as the engine leaves it behind; `change` says how. Later calls are later runs.
async fn add_run(
    stage: &Stage,
    export: &Export,
    ago: SignedDuration,
    change: impl FnOnce(&mut run::ActiveModel),
) -> Uuid {
    let id = Uuid::now_v7();
    let at: Timestamp = stage.app.services.clock.now() - ago;
    let mut row = run::ActiveModel {
        id: Set(id),
        export_id: Set(export.id),
        trigger: Set("person".into()),
        definition: Set(serde_json::to_value(&export.definition).unwrap()),
        state: Set("successful".into()),
        outcome: Set(Some("delivered".into())),
        read: Set(0),
        sent: Set(0),
        delivered: Set(Some(0)),
        duplicates: Set(0),
        rejected: Set(json!({})),
        adjusted: Set(0),
        is_planned: Set(true),
        requests: Set(0),
        queued_at: Set(at.into()),
        finished_at: Set(Some(at.into())),
        claims: Set(1),
        ..Default::default()
    };
    change(&mut row);
    row.insert(&**stage.app.services.db).await.unwrap();
    id
}

/// Makes a run one that failed.
fn failed(row: &mut run::ActiveModel) {
    row.state = Set("failed_permanent".into());
    row.outcome = Set(Some("list_not_found".into()));
}

/// Makes a run one that waits, held by another engine for good.
fn waiting(row: &mut run::ActiveModel, reason: &str) {
    row.state = Set("refreshing".into());
    row.outcome = Set(None);
    row.delivered = Set(None);
    row.finished_at = Set(None);
    row.waiting_for = Set(Some(reason.into()));
    row.waiting_until = Set(Some(UtcMillis(i64::from(u32::MAX) * 1000)));
    row.owner = Set(Some(Uuid::now_v7()));
    row.lease_until = Set(Some(UtcMillis(i64::MAX / 2)));
}
