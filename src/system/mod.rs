//! The installation as a whole: home page, audit log, about, health, metrics. Reads other concepts, changes nothing.

mod about;
mod api_usage;
mod audit;
mod audit_details;
pub mod audit_labels;
pub mod general;
pub(crate) mod health;
mod home;
pub(crate) mod metrics;
pub mod sweeper;

pub use metrics::Metrics;

use actix_web::web::{self, ServiceConfig};

/// Routes of this concept.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(home::show))
        .route(
            "/settings/system/general",
            web::get().to(general::page::show),
        )
        .route(
            "/settings/system/general",
            web::post().to(general::page::answer),
        )
        .route("/settings/system/about", web::get().to(about::show))
        .route("/settings/system/api-usage", web::get().to(api_usage::show))
        .route("/settings/audit", web::get().to(audit::list))
        .route("/settings/audit/download", web::get().to(audit::download))
        .route("/settings/audit/verify", web::post().to(audit::verify));
}
