//! Settings > System > Status and Schedule: what was refreshed when, and when it is refreshed next.

mod history;
mod job;
mod schedule;
mod status;

use actix_web::web::{self, Data, ServiceConfig};
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::job::store::StoreError;
use super::job::{Task, TaskKind};
use crate::auth;
use crate::exports::Author;
use crate::web::{Page, PageError, SignedIn, paths};

/// Routes of this concept.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/settings/system", web::get().to(status::show))
        .route(
            "/settings/system/refresh",
            web::post().to(status::refresh_all),
        )
        .route("/settings/system/schedule", web::get().to(schedule::show))
        .route(
            "/settings/system/schedule",
            web::post().to(schedule::answer),
        )
        .route("/settings/system/jobs/{id}", web::get().to(job::show))
        .route(
            "/settings/system/jobs/{id}/events",
            web::get().to(job::follow),
        )
        .route(
            "/settings/system/jobs/{id}/cancel",
            web::post().to(job::cancel),
        )
        .route(
            "/settings/system/tasks/{kind}/{id}",
            web::get().to(history::show),
        );
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            StoreError::Database(error) => error.into(),
            error @ StoreError::LeaseLost => Self::internal(error),
        }
    }
}

/// The visitor as the author of a change.
fn author(visit: &SignedIn) -> Author<'_> {
    Author {
        user_id: Some(visit.user.id),
        ip: Some(&visit.ip),
        at: visit.now,
    }
}

/// Name of a person; empty when there is none.
async fn name_of(db: &Data<DatabaseConnection>, id: Option<Uuid>) -> Result<String, PageError> {
    Ok(match id {
        Some(id) => auth::store::find_name(&***db, id)
            .await?
            .unwrap_or_default(),
        None => String::new(),
    })
}

/// A task as pages show it.
struct TaskRow {
    task: Task,
    /// Why it ended as it did; empty when there is nothing to say.
    reason: String,
    /// How long it took; empty until it is over.
    took: String,
    /// Its own page.
    href: String,
    /// Its run; empty without one.
    run: String,
}

impl TaskRow {
    fn new(page: &Page, task: Task) -> Self {
        let reason = task.reason.map(|reason| {
            let names = task.names.join(", ");
            page.msg(reason.message_key())
                .text("names", names)
                .to_string()
        });
        let times = task.started_at.zip(task.finished_at);
        Self {
            reason: reason.unwrap_or_default(),
            took: times.map_or(String::new(), |(from, to)| page.time_between(from, to)),
            href: subject_path(task.kind, task.subject_id),
            run: task.run_id.map(paths::run).unwrap_or_default(),
            task,
        }
    }
}

/// The page of what a task refreshes.
fn subject_path(kind: TaskKind, id: Uuid) -> String {
    match kind {
        TaskKind::Source => paths::source(id),
        TaskKind::Segment => paths::segment(id),
        TaskKind::Export => paths::export(id),
    }
}
