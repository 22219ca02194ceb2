//! The page with the notices, and the number of unread ones in the frame.

mod deliveries;
mod list;
mod own;
mod read;
mod settings;
mod webhooks;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Error, HttpMessage};
use sea_orm::DatabaseConnection;

use super::store;
use crate::web::{PageError, Visit};

/// Routes of this concept.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/notices", web::get().to(list::list))
        .route("/notices/read", web::post().to(read::all))
        .route("/notices/{id}/read", web::post().to(read::one))
        .route("/account/notices", web::post().to(own::choose))
        .route("/settings/system/notices", web::get().to(settings::show))
        .route("/settings/system/notices", web::post().to(settings::save))
        .route(
            "/settings/system/notices/test",
            web::post().to(settings::test_mail),
        )
        .route(
            "/settings/system/notices/webhooks",
            web::post().to(webhooks::add),
        )
        .route(
            "/settings/system/notices/webhooks/{id}/test",
            web::post().to(webhooks::test),
        )
        .route(
            "/settings/system/notices/webhooks/{id}/remove",
            web::post().to(webhooks::remove),
        )
        .route(
            "/settings/system/notices/deliveries/{id}/retry",
            web::post().to(deliveries::retry),
        );
}

/// Middleware inside `load_visit`: counts the unread notices of whoever asks for a page, for its frame.
///
/// # Errors
/// The database's.
pub async fn count_unread(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let visit = request.extensions().get::<Visit>().cloned();
    let is_live = request.path().ends_with("/events");
    if let Some(visit) = visit
        && let Some(user) = &visit.user
        && !is_live
    {
        let db = request
            .app_data::<Data<DatabaseConnection>>()
            .expect("startup registers it")
            .clone();
        let unread = store::unread(&**db, user, visit.now)
            .await
            .map_err(PageError::internal)?;
        if let Some(visit) = request.extensions_mut().get_mut::<Visit>() {
            visit.unread_notices = unread;
        }
    }
    next.call(request).await
}
