//! Downloads of rows that were rejected or cut, or did not arrive. For people who may see profiles; every download is in the audit log.

use std::sync::{Arc, LazyLock};

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use futures_util::stream;
use jiff::SignedDuration;
use sea_orm::DatabaseConnection;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::auth::Permission;
use crate::config::Settings;
use crate::runs::checks::store as check_store;
use crate::runs::rows::{self, Pieces, RowKind};
use crate::runs::{Checks, Run, retention, store};
use crate::storage::audit::{self, AuditEvent};
use crate::web::{PageError, SignedIn, spreadsheet};

/// Downloads made at a time by one process; each reads a whole snapshot.
static DOWNLOADS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(4)));

/// `GET /runs/{id}/rejected.csv`.
pub(super) async fn rejected(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    checks: Data<Checks>,
    settings: Data<Settings>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    download(&visit, &db, &checks, &settings, *id, RowKind::Rejected).await
}

/// `GET /runs/{id}/adjusted.csv`.
pub(super) async fn adjusted(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    checks: Data<Checks>,
    settings: Data<Settings>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    download(&visit, &db, &checks, &settings, *id, RowKind::Adjusted).await
}

/// `GET /runs/{id}/undelivered.csv`: what the latest look at the delivery found missing.
pub(super) async fn undelivered(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    checks: Data<Checks>,
    settings: Data<Settings>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::ViewProfiles)?;
    let run = kept_run(&db, &checks, &settings, *id).await?;
    let found = check_store::find_latest(&**db, run.id).await?;
    let found = found.filter(|check| check.delivery.is_some());
    let found = found.ok_or(PageError::NotFound)?;
    let missing = check_store::undelivered(&**db, found.id).await?;
    let slot = slot()?;
    record(&visit, &db, &run, "undelivered").await?;
    let pieces = rows::read_undelivered(checks.desk(), &run, missing, visit.lang, slot).await;
    let pieces = pieces.map_err(|_| PageError::NotFound)?;
    Ok(send(format!("undelivered-{}.csv", run.id), pieces))
}

async fn download(
    visit: &SignedIn,
    db: &DatabaseConnection,
    checks: &Checks,
    settings: &Settings,
    id: Uuid,
    kind: RowKind,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::ViewProfiles)?;
    let run = kept_run(db, checks, settings, id).await?;
    let slot = slot()?;
    record(visit, db, &run, kind.name()).await?;
    let pieces = rows::read(checks.desk(), &run, kind, visit.lang, slot).await;
    let pieces = pieces.map_err(|_| PageError::NotFound)?;
    Ok(send(format!("{}-{}.csv", kind.name(), run.id), pieces))
}

/// The run, while its rows can be made again.
async fn kept_run(
    db: &DatabaseConnection,
    checks: &Checks,
    settings: &Settings,
    id: Uuid,
) -> Result<Run, PageError> {
    let run = store::get(db, id).await?;
    let until = rows::kept_until(checks.desk(), &run, rows_kept(db, settings).await?).await;
    match until.map_err(PageError::internal)? {
        Some(_) => Ok(run),
        None => Err(PageError::NotFound),
    }
}

fn slot() -> Result<OwnedSemaphorePermit, PageError> {
    let slot = DOWNLOADS.clone().try_acquire_owned();
    slot.map_err(|_| PageError::TooManyRequests)
}

/// How long rows can be downloaded after a run has ended.
pub(super) async fn rows_kept(
    db: &DatabaseConnection,
    settings: &Settings,
) -> Result<SignedDuration, PageError> {
    let kept = retention::load(db, settings.rows_kept_days).await?;
    Ok(kept.rows_kept())
}

async fn record(
    visit: &SignedIn,
    db: &DatabaseConnection,
    run: &Run,
    rows: &str,
) -> Result<(), PageError> {
    let event = AuditEvent {
        at: visit.now,
        user_id: Some(visit.user.id),
        ip: Some(&visit.ip),
        action: "run.rows-downloaded",
        object_id: run.id.to_string(),
        detail: json!({ "export": run.export_id, "rows": rows }),
    };
    Ok(audit::record(db, event).await?)
}

fn send(name: String, pieces: Pieces) -> HttpResponse {
    let pieces = stream::unfold(pieces, |mut pieces| async move {
        let piece = pieces.recv().await?;
        Some((piece, pieces))
    });
    spreadsheet::download(name, pieces)
}
