//! What an installation needs before it can run an export: settings, a connection, a source, a segment, the export.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use listbridge::auth::{self, NewUser, Role};
use listbridge::config::Settings;
use listbridge::connections::consent::{ConsentText, TEXT_VERSION};
use listbridge::exports::{self, Attribute, Brake, Delivery, Export, ExportDefinition};
use listbridge::locale::Lang;
use listbridge::names::Name;
use listbridge::runs::Run;
use listbridge::sandbox::Sandbox;
use listbridge::segments::{self, Combine, Rule};
use listbridge::sources::{self, plan_import};
use listbridge::startup::Services;
use listbridge::storage::entities::{connection, consent};
use sea_orm::{ActiveModelTrait, Set};
use uuid::Uuid;

const SCOPES: &[&str] = &["contact_data", "account_read", "offline_access"];

/// Settings of an installation that knows a sandbox, without request limits.
pub(crate) fn settings(sandbox: &Sandbox, data_dir: &Path) -> Settings {
    let mut settings = Settings::defaults();
    settings.data_dir = data_dir.to_owned();
    // Tests about the waiting set it themselves.
    settings.sign_in_wait_hours = 0;
    settings.constant_contact_client_id = Some(sandbox.client_id());
    settings.constant_contact_client_secret = Some(sandbox.client_secret().into());
    settings.constant_contact_token_url = sandbox.token_url().parse().unwrap();
    settings.constant_contact_api_url = sandbox.api_url().parse().unwrap();
    settings.constant_contact_requests_per_second = 1_000;
    settings.constant_contact_requests_per_day = 1_000_000;
    settings
}

/// A connection to a sandbox, a segment of everybody and the export "Newsletter" of both to a list.
pub(crate) async fn set_up(
    services: &Services,
    sandbox: &Sandbox,
    list: Uuid,
    source: Uuid,
    attributes: &[(&str, &str)],
) -> Export {
    let connection_id = connect(services, sandbox).await;
    let segment = segment(services, source, "Everyone", everyone()).await;
    let attributes = attributes.iter().map(|(target, field)| Attribute {
        target: target.parse().unwrap(),
        field: (*field).to_owned(),
    });
    let definition = ExportDefinition {
        name: "Newsletter".to_owned(),
        connection_id: Some(connection_id),
        list_id: list.into(),
        list_name: Some("Everyone".to_owned()),
        source_id: source,
        email_field: "EMail".to_owned(),
        attributes: attributes.collect(),
        segment_ids: vec![segment],
        brake: Brake::OFF,
        delivery: Delivery::default(),
    };
    exports::store::create(&**services.db, definition, author(services))
        .await
        .unwrap()
}

/// Code of the run's outcome, or its state's name while there is none.
pub(crate) fn ending(run: &Run) -> String {
    run.outcome
        .as_ref()
        .map_or_else(|| run.state.name().to_owned(), |ended| ended.code.clone())
}

pub(crate) fn everyone() -> Rule {
    Rule::Group {
        combine: Combine::And,
        rules: Vec::new(),
    }
}

pub(crate) fn author(services: &Services) -> exports::Author<'static> {
    exports::Author {
        user_id: None,
        ip: None,
        at: services.clock.now(),
    }
}

pub(crate) fn source_author(services: &Services) -> sources::Author {
    sources::Author {
        user_id: None,
        ip: None,
        at: services.clock.now(),
    }
}

pub(crate) async fn import(services: &Services, file: &Path, name: &str) -> Uuid {
    let name = Name::parse(name).unwrap();
    let author = source_author(services);
    let request = plan_import(&services.db, file, name, None, author)
        .await
        .unwrap();
    let started = services.loads.start(request).await.unwrap();
    started.finished.await.unwrap().unwrap();
    started.source_id
}

pub(crate) async fn segment(services: &Services, source_id: Uuid, name: &str, rule: Rule) -> Uuid {
    let definition = segments::store::SegmentDefinition {
        name: Name::parse(name).unwrap(),
        source_id,
        rule,
    };
    let author = source_author(services);
    segments::store::create(&**services.db, &definition, &author)
        .await
        .unwrap()
        .id
}

/// A saved connection to the sandbox, with an administrator as its export user.
async fn connect(services: &Services, sandbox: &Sandbox) -> Uuid {
    let now: Timestamp = services.clock.now();
    let new = NewUser {
        name: "Alice Admin".into(),
        email: "alice@example.com".into(),
        role: Role::Administrator,
        password: "correct horse battery staple".to_owned().into(),
    };
    let db = &**services.db;
    let user = auth::store::add_user(db, new, None, None, now)
        .await
        .unwrap();
    let (id, consent_id) = (Uuid::now_v7(), Uuid::now_v7());
    let tokens = sandbox.issue_tokens("owner", SCOPES).unwrap();
    let row = id.to_string();
    let seal = |column: &str, secret: &str| {
        Some(
            services
                .key
                .seal(("connections", column, &row), secret.as_bytes()),
        )
    };
    connection::ActiveModel {
        id: Set(id),
        kind: Set("constant_contact".into()),
        name: Set("Harbour Books".into()),
        name_key: Set(Some("harbour books".into())),
        sharing: Set("administrators".into()),
        version: Set(1),
        created_at: Set(now.into()),
        created_by: Set(user.id),
        consent_id: Set(Some(consent_id)),
        client_id: Set(Some(sandbox.client_id())),
        authorization: Set("authorized".into()),
        authenticated_at: Set(Some(now.into())),
        authenticated_by: Set(Some(user.id)),
        organization_name: Set(Some("Harbour Books".into())),
        account_id: Set(None),
        access_token: Set(seal("access_token", &tokens.access_token)),
        refresh_token: Set(seal(
            "refresh_token",
            tokens.refresh_token.as_ref().unwrap(),
        )),
        access_expires_at: Set(Some((now + Duration::from_secs(86_400)).into())),
        token_version: Set(1),
        export_user_id: Set(Some(user.id)),
        export_user_at: Set(Some(now.into())),
        saved_at: Set(Some(now.into())),
        saved_by: Set(Some(user.id)),
        ..Default::default()
    }
    .insert(db)
    .await
    .unwrap();
    let text = ConsentText::in_language(Lang::En);
    consent::ActiveModel {
        id: Set(consent_id),
        connection_id: Set(id),
        user_id: Set(user.id),
        at: Set(now.into()),
        ip: Set("127.0.0.1".into()),
        lang: Set("en".into()),
        text_version: Set(TEXT_VERSION),
        text_sha256: Set(text.sha256.clone()),
        text: Set(text.text()),
    }
    .insert(db)
    .await
    .unwrap();
    id
}
