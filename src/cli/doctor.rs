//! `listbridge doctor`: looks for what would go wrong later, changes nothing, calls nobody outside.

use std::os::unix::fs::PermissionsExt;

use migrations::{Migrator, MigratorTrait};
use sea_orm::DatabaseConnection;
use serde::Serialize;

use crate::auth::SetUpState;
use crate::config::Settings;
use crate::storage;
use crate::web::paths;

#[derive(clap::Args)]
pub(super) struct Doctor {
    /// Answer as JSON.
    #[arg(long)]
    json: bool,
}

/// One thing looked at.
#[derive(Serialize)]
struct Finding {
    check: &'static str,
    level: Level,
    detail: String,
}

#[derive(Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Ok,
    Warning,
    Failed,
}

impl Finding {
    fn new(check: &'static str, level: Level, detail: impl Into<String>) -> Self {
        Self {
            check,
            level,
            detail: detail.into(),
        }
    }
}

/// Prints the findings; fails when one of them failed.
pub(super) async fn run(settings: Settings, arguments: Doctor) -> anyhow::Result<()> {
    let mut findings = vec![
        data_dir(&settings),
        public_url(&settings),
        master_key(&settings),
    ];
    findings.extend(database(&settings).await);
    findings.push(client_registration(&settings));
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        for finding in &findings {
            let mark = match finding.level {
                Level::Ok => "ok     ",
                Level::Warning => "warning",
                Level::Failed => "FAILED ",
            };
            println!("{mark}  {}: {}", finding.check, finding.detail);
        }
    }
    let failed = findings
        .iter()
        .filter(|finding| finding.level == Level::Failed)
        .count();
    anyhow::ensure!(failed == 0, "{failed} of {} checks failed", findings.len());
    Ok(())
}

fn data_dir(settings: &Settings) -> Finding {
    let path = settings.data_dir.display();
    match tempfile::NamedTempFile::new_in(&settings.data_dir) {
        Ok(_) => Finding::new("data directory", Level::Ok, format!("{path} is writable")),
        Err(error) => Finding::new("data directory", Level::Failed, format!("{path}: {error}")),
    }
}

fn public_url(settings: &Settings) -> Finding {
    let url = &settings.public_url;
    let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if settings.is_public_https() || is_local {
        Finding::new("public URL", Level::Ok, url.as_str())
    } else {
        Finding::new(
            "public URL",
            Level::Warning,
            format!("{url} is not https: sign-ins can be read on the way"),
        )
    }
}

fn master_key(settings: &Settings) -> Finding {
    let path = settings.master_key_file();
    match std::fs::metadata(&path) {
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => Finding::new(
            "master key",
            Level::Warning,
            format!("{} can be read by others", path.display()),
        ),
        Ok(_) => match storage::MasterKey::load_or_create(&path) {
            Ok(_) => Finding::new("master key", Level::Ok, "readable by its owner only"),
            Err(error) => Finding::new("master key", Level::Failed, error.to_string()),
        },
        Err(_) => Finding::new(
            "master key",
            Level::Warning,
            "not there yet; the first start creates it",
        ),
    }
}

async fn database(settings: &Settings) -> Vec<Finding> {
    let db = match storage::connect(&settings.database_url()).await {
        Ok(db) => db,
        Err(error) => return vec![Finding::new("database", Level::Failed, error.to_string())],
    };
    let migrations = match Migrator::get_pending_migrations(&db).await {
        Ok(pending) if pending.is_empty() => {
            Finding::new("database", Level::Ok, "reachable, schema up to date")
        }
        Ok(pending) => {
            let detail = format!(
                "{} migrations pending; run `listbridge migrate`",
                pending.len()
            );
            Finding::new("database", Level::Warning, detail)
        }
        Err(error) => return vec![Finding::new("database", Level::Failed, error.to_string())],
    };
    let is_current = migrations.level == Level::Ok;
    let mut findings = vec![migrations];
    if is_current {
        findings.push(people(&db).await);
    }
    findings
}

async fn people(db: &DatabaseConnection) -> Finding {
    match SetUpState::new().is_done(db).await {
        Ok(true) => Finding::new("people", Level::Ok, "somebody can sign in"),
        Ok(false) => Finding::new(
            "people",
            Level::Warning,
            "nobody can sign in; run `listbridge user add`",
        ),
        Err(error) => Finding::new("people", Level::Failed, error.to_string()),
    }
}

fn client_registration(settings: &Settings) -> Finding {
    let redirect = settings.public(&paths::constant_contact_callback());
    let detail = match &settings.constant_contact_client_id {
        Some(_) => format!("configured; register the redirect URI {redirect}"),
        None => {
            format!("an administrator types it when adding a connection; redirect URI {redirect}")
        }
    };
    Finding::new("Constant Contact application", Level::Ok, detail)
}
