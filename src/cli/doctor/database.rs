//! What the application database tells.

use jiff::{SignedDuration, Timestamp};
use migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use super::local::OtherClock;
use super::{Finding, Level};
use crate::auth::SetUpState;
use crate::clock::Clock;
use crate::config::Settings;
use crate::storage;

/// What other checks want to know of it.
#[derive(Default)]
pub(super) struct State {
    pub(super) has_people: bool,
    pub(super) clock: Option<OtherClock>,
}

pub(super) async fn look(settings: &Settings, clock: &Clock) -> (Vec<Finding>, State) {
    let url = settings.database_url();
    let file = settings.data_dir.join("listbridge.sqlite");
    if settings.database_url.is_none() && !file.exists() {
        let detail = "not there yet; the first start creates it";
        return (
            vec![Finding::new("database", Level::Warning, detail)],
            State::default(),
        );
    }
    let failed = |error: &sea_orm::DbErr| {
        // The error may hold the address, and with it a password.
        tracing::debug!(%error, "database not reachable");
        let detail = "cannot be reached or opened: check the address and whether the server runs";
        (
            vec![Finding::new("database", Level::Failed, detail)],
            State::default(),
        )
    };
    let db = match storage::connect(&url).await {
        Ok(db) => db,
        Err(error) => return failed(&error),
    };
    let migrations = match Migrator::get_pending_migrations(&db).await {
        Ok(pending) if pending.is_empty() => {
            Finding::new("database", Level::Ok, "reachable, schema up to date")
        }
        Ok(pending) => {
            let count = pending.len();
            let detail = format!("{count} migrations pending; run `listbridge migrate`");
            Finding::new("database", Level::Warning, detail)
        }
        Err(error) => return failed(&error),
    };
    let is_current = migrations.level == Level::Ok;
    let mut state = State {
        has_people: false,
        clock: server_clock(&db, &url, clock).await,
    };
    let mut findings = vec![migrations];
    if is_current {
        let (finding, has_people) = people(&db).await;
        findings.push(finding);
        state.has_people = has_people;
    }
    (findings, state)
}

async fn people(db: &DatabaseConnection) -> (Finding, bool) {
    match SetUpState::new().is_done(db).await {
        Ok(true) => (
            Finding::new("people", Level::Ok, "somebody can sign in"),
            true,
        ),
        Ok(false) => {
            let detail = "nobody can sign in; run `listbridge user add`";
            (Finding::new("people", Level::Warning, detail), false)
        }
        Err(error) => (
            Finding::new("people", Level::Failed, error.to_string()),
            false,
        ),
    }
}

/// PostgreSQL may run on another machine; SQLite has no clock of its own.
async fn server_clock(
    db: &DatabaseConnection,
    url: &secrecy::SecretString,
    clock: &Clock,
) -> Option<OtherClock> {
    if !storage::is_postgres(url) {
        return None;
    }
    let question = "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT";
    let statement = Statement::from_string(db.get_database_backend(), question);
    let row = db.query_one_raw(statement).await.ok()??;
    let theirs: i64 = row.try_get_by_index(0).ok()?;
    let theirs = Timestamp::from_millisecond(theirs).ok()?;
    let ahead: SignedDuration = theirs.duration_since(clock.now());
    Some(OtherClock {
        whose: "PostgreSQL",
        ahead,
    })
}
