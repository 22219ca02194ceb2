//! The installation as a whole: home page, people, audit log, about, health, metrics. Reads other concepts, changes nothing.

mod about;
mod api_usage;
mod audit;
pub(crate) mod health;
mod home;
pub(crate) mod metrics;
mod people;
pub mod sweeper;

pub use metrics::Metrics;

use actix_web::web::{self, ServiceConfig};

/// Routes of this concept.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(home::show))
        .route("/settings/system", web::get().to(about::show))
        .route("/settings/system/api-usage", web::get().to(api_usage::show))
        .route("/settings/people", web::get().to(people::list))
        .route("/settings/audit", web::get().to(audit::list));
}
