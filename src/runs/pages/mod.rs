//! What people see of runs: starting one, its page with live progress, canceling it, the history of an export.
//!
//! Everybody who is signed in sees runs; starting and canceling asks what the person may do with the export.

mod approve;
mod cancel;
mod check;
mod check_view;
mod events;
mod history;
mod resume;
mod rows;
mod show;
mod start;
mod verify;
mod view;

use actix_web::web::{self, ServiceConfig};
use sea_orm::DatabaseConnection;

use super::store::StoreError;
use crate::auth::Permission;
use crate::connections;
use crate::exports::{Access, Author, Export};
use crate::web::{PageError, SignedIn};

/// Routes of this concept.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/exports/{id}/run", web::post().to(start::start))
        .route("/exports/{id}/runs", web::get().to(history::list))
        .route("/runs/{id}", web::get().to(show::show))
        .route("/runs/{id}/events", web::get().to(events::follow))
        .route("/runs/{id}/cancel", web::post().to(cancel::cancel))
        .route("/runs/{id}/resume", web::post().to(resume::resume))
        .route("/runs/{id}/rejected.csv", web::get().to(rows::rejected))
        .route("/runs/{id}/adjusted.csv", web::get().to(rows::adjusted))
        .route(
            "/runs/{id}/undelivered.csv",
            web::get().to(rows::undelivered),
        )
        .route("/runs/{id}/verify", web::post().to(verify::start))
        .route("/runs/{id}/approve", web::post().to(approve::approve))
        .route("/exports/{id}/check", web::get().to(check::open))
        .route("/exports/{id}/check", web::post().to(check::start))
        .route("/checks/{id}", web::get().to(check::show))
        .route("/checks/{id}/events", web::get().to(check::follow))
        .route("/checks/{id}/cancel", web::post().to(check::cancel));
}

/// What the visitor may do with an export.
async fn access(
    visit: &SignedIn,
    db: &DatabaseConnection,
    export: &Export,
) -> Result<Access, PageError> {
    let connection = match export.definition.connection_id {
        Some(id) => connections::store::find(db, id).await?,
        None => None,
    };
    Ok(Access::of(&visit.user, connection.as_ref()))
}

/// Stops whoever may change and run exports, but not this one; only administrators answer for one that is gone.
async fn require_edit(
    visit: &SignedIn,
    db: &DatabaseConnection,
    export: Option<&Export>,
) -> Result<(), PageError> {
    match export {
        Some(export) if access(visit, db, export).await?.may_edit() => Ok(()),
        Some(_) => Err(PageError::ViewOnly),
        None => visit.require(Permission::Administer),
    }
}

fn author(visit: &SignedIn) -> Author<'_> {
    Author {
        user_id: Some(visit.user.id),
        ip: Some(&visit.ip),
        at: visit.now,
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            StoreError::Database(error) => error.into(),
            error => Self::internal(error),
        }
    }
}
