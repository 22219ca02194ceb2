//! Data > Sources and Data > Profiles: list, upload, preview, load, report, replace, remove. Everybody may look; administrators change.

mod chosen;
mod confirm;
mod list;
mod load;
mod preview;
mod profiles;
mod remove;
mod show;
mod upload;
mod words;

use actix_web::web::{self, ServiceConfig};

use super::store::StoreError;
use super::{Author, LoadError};
use crate::web::{PageError, SignedIn, nearest_page};

/// Routes of this concept.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/profiles", web::get().to(profiles::list))
        .route("/sources", web::get().to(list::list))
        .route("/sources/new", web::get().to(upload::new))
        .route("/sources/upload", web::get().to(nearest_page))
        .route("/sources/upload", web::post().to(upload::receive))
        .route("/sources/uploads/{id}", web::get().to(preview::show))
        .route("/sources/uploads/{id}", web::post().to(confirm::answer))
        .route(
            "/sources/uploads/{id}/discard",
            web::post().to(confirm::discard),
        )
        .route("/sources/loads/{id}", web::get().to(load::show))
        .route("/sources/loads/{id}/events", web::get().to(load::events))
        .route("/sources/loads/{id}/cancel", web::post().to(load::cancel))
        .route("/sources/{id}", web::get().to(show::show))
        .route("/sources/{id}/replace", web::get().to(upload::replace))
        .route("/sources/{id}/remove", web::get().to(remove::ask))
        .route("/sources/{id}/remove", web::post().to(remove::remove));
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            StoreError::NameTaken | StoreError::Loading | StoreError::InUse => Self::Conflict,
            StoreError::Database(error) => error.into(),
            StoreError::LoadLost | StoreError::Unreadable(_) => Self::internal(error),
        }
    }
}

impl From<LoadError> for PageError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Store(error) => error.into(),
            LoadError::File(problem) => Self::internal(problem),
        }
    }
}

fn author(visit: &SignedIn) -> Author {
    Author {
        user_id: Some(visit.user.id),
        ip: Some(visit.ip.clone()),
        at: visit.now,
    }
}
