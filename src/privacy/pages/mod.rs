//! Settings > Privacy, for administrators.

mod consent;
mod erase;
mod exclusions;
mod find;
mod retention;
mod upload;

use actix_web::web::{self, ServiceConfig};

use crate::auth::Permission;
use crate::sources::Author;
use crate::web::{PageError, SignedIn};

/// Routes of this concept.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route(
            "/settings/connections/{id}/consent-record",
            web::get().to(consent::show),
        )
        .route(
            "/settings/privacy/retention",
            web::get().to(retention::show),
        )
        .route(
            "/settings/privacy/retention",
            web::post().to(retention::save),
        )
        .route("/settings/privacy", web::get().to(find::ask))
        .route("/settings/privacy/find", web::post().to(find::find))
        .route("/settings/privacy/erase", web::post().to(erase::question))
        .route(
            "/settings/privacy/erase/confirm",
            web::post().to(erase::confirm),
        )
        .route("/settings/privacy/erasures", web::get().to(erase::list))
        .route(
            "/settings/privacy/erasures/{id}",
            web::get().to(erase::show),
        )
        .route(
            "/settings/privacy/erasures/{id}/retry",
            web::post().to(erase::retry),
        )
        .route(
            "/settings/privacy/erasures/{id}/give-up",
            web::post().to(erase::give_up),
        )
        .route(
            "/settings/privacy/exclusions",
            web::get().to(exclusions::list),
        )
        .route(
            "/settings/privacy/exclusions",
            web::post().to(exclusions::add),
        )
        .route(
            "/settings/privacy/exclusions/remove",
            web::post().to(exclusions::remove),
        )
        .route(
            "/settings/privacy/exclusions/download",
            web::get().to(exclusions::download),
        )
        .route(
            "/settings/privacy/exclusions/upload",
            web::post().to(upload::receive),
        )
        .route(
            "/settings/privacy/exclusions/uploads/{id}",
            web::get().to(upload::show),
        );
}

/// Only administrators; who they are, for what they change.
fn administrator(visit: &SignedIn) -> Result<Author, PageError> {
    visit.require(Permission::Administer)?;
    Ok(Author {
        user_id: Some(visit.user.id),
        ip: Some(visit.ip.clone()),
        at: visit.now,
    })
}
