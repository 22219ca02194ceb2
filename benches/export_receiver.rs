//! The other side of `export.sh`: a sandbox that only counts what arrives, and an installation that is connected to it.
//!
//! `export_receiver DATA_DIR SOURCE [TIER]` adds a connection and the exports "Newsletter" and "Changes", which sends what
//! is new or changed alone, of everybody in SOURCE, or of those whose `LoyaltyTier` is TIER, to the installation in
//! `DATA_DIR`, prints the settings that point Listbridge at the sandbox, answers until its standard input
//! ends, and then prints what has arrived.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on has failed"
)]
#![allow(clippy::print_stdout, reason = "the script reads it")]

#[allow(dead_code, reason = "tests use the rest")]
#[path = "../tests/support/postgres.rs"]
mod postgres;
#[allow(dead_code, reason = "tests use the rest")]
#[path = "../tests/runs/support/mod.rs"]
mod support;

use std::path::Path;

use listbridge::clock::Clock;
use listbridge::exports::{self, Leavers, Mode};
use listbridge::names::Name;
use listbridge::sandbox::{Receiver, Sandbox, SandboxOptions};
use listbridge::segments::store::SegmentDefinition;
use listbridge::segments::{self, Combine, Comparison, Condition, Rule, TextValue};
use listbridge::sources;
use listbridge::startup::Services;
use tokio::io::AsyncReadExt;
use uuid::Uuid;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // `cargo bench` and `cargo test --benches` call it without: there is nothing to do then.
    let (data_dir, source, tier) = match arguments.as_slice() {
        [_, data_dir, source] => (data_dir, source, None),
        [_, data_dir, source, tier] => (data_dir, source, Some(tier)),
        _ => return,
    };
    let options = SandboxOptions {
        receiver: Receiver::CountOnly,
        ..support::quick()
    };
    let sandbox = Sandbox::start(options).await.unwrap();
    let list = sandbox.create_list("Everyone");
    let settings = support::settings(&sandbox, Path::new(data_dir));
    let services = Services::open(settings, Clock::system()).await.unwrap();
    let name = Name::parse(source).unwrap();
    let source = sources::store::find_by_name(&**services.db, &name)
        .await
        .unwrap()
        .unwrap();
    let attributes = [("first_name", "FirstName"), ("last_name", "LastName")];
    let export = support::set_up(&services, &sandbox, list, source.id, &attributes).await;
    let mut changes = export.definition.clone();
    changes.name = "Changes".to_owned();
    changes.delivery.mode = Mode::ChangesOnly;
    // The receiver keeps nobody: a look at the list would find that everybody has left it.
    changes.delivery.leavers = Leavers::PutBack;
    exports::store::create(&**services.db, changes, support::author(&services))
        .await
        .unwrap();
    if let Some(tier) = tier {
        narrow(&services, export.definition.segment_ids[0], tier).await;
    }
    let token = sandbox.issue_tokens("owner", &["contact_data"]).unwrap();
    println!("export LISTBRIDGE_DATA_DIR='{data_dir}'");
    println!(
        "export LISTBRIDGE_CONSTANT_CONTACT_TOKEN_URL='{}'",
        sandbox.token_url()
    );
    println!(
        "export LISTBRIDGE_CONSTANT_CONTACT_API_URL='{}'",
        sandbox.api_url()
    );
    println!(
        "export LISTBRIDGE_CONSTANT_CONTACT_CLIENT_ID='{}'",
        sandbox.client_id()
    );
    println!(
        "export LISTBRIDGE_CONSTANT_CONTACT_CLIENT_SECRET='{}'",
        sandbox.client_secret()
    );
    println!(
        "export RECEIVER_TOKEN='{}' RECEIVER_LIST='{list}'",
        token.access_token
    );
    println!("# ready");
    let mut rest = Vec::new();
    tokio::io::stdin().read_to_end(&mut rest).await.unwrap();
    println!("# received: {:?}", sandbox.received());
}

/// Makes the members of a segment those of one tier.
async fn narrow(services: &Services, segment_id: Uuid, tier: &str) {
    let db = &**services.db;
    let segment = segments::store::get(db, segment_id).await.unwrap();
    let is_tier = Comparison::Is(TextValue {
        value: tier.to_owned(),
        ignore_case: false,
    });
    let condition = Condition {
        field: "LoyaltyTier".to_owned(),
        comparison: is_tier,
    };
    let definition = SegmentDefinition {
        name: Name::parse(tier).unwrap(),
        source_id: segment.source_id,
        rule: Rule::flat(Combine::And, [condition]),
    };
    let author = support::source_author(services);
    segments::store::update(db, segment_id, segment.version, &definition, &author)
        .await
        .unwrap();
}
