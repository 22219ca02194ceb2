//! Whether the process is up and ready, for whatever watches it.

use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};
use migrations::{Migrator, MigratorTrait};
use sea_orm::DatabaseConnection;
use serde_json::json;

/// Routes of this concept; outside sessions, languages and error pages.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/healthz", web::get().to(up))
        .route("/readyz", web::get().to(ready));
}

/// `GET /healthz`: the process answers.
async fn up() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "up" }))
}

/// `GET /readyz`: the database is reachable and its migrations are applied; 503 otherwise.
async fn ready(db: Data<DatabaseConnection>) -> HttpResponse {
    match Migrator::get_pending_migrations(&**db).await {
        Ok(pending) if pending.is_empty() => HttpResponse::Ok().json(json!({ "status": "ready" })),
        Ok(_) => HttpResponse::ServiceUnavailable().json(json!({ "status": "migrations pending" })),
        Err(error) => {
            tracing::warn!(%error, "database not reachable");
            HttpResponse::ServiceUnavailable().json(json!({ "status": "database not reachable" }))
        }
    }
}
