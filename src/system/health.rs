//! Whether the process is up and ready, for whatever watches it.

use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};
use migrations::{Migrator, MigratorTrait};
use sea_orm::DatabaseConnection;
use serde_json::json;

use crate::web::BrowserSessions;

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

/// `GET /readyz`: the database is reachable, its migrations are applied, and the session store answers; 503 otherwise.
async fn ready(db: Data<DatabaseConnection>, sessions: Data<BrowserSessions>) -> HttpResponse {
    if let Err(error) = sessions.check().await {
        tracing::warn!(%error, "session store not reachable");
        let answer = json!({ "status": "session store not reachable" });
        return HttpResponse::ServiceUnavailable().json(answer);
    }
    match Migrator::get_pending_migrations(&**db).await {
        Ok(pending) if pending.is_empty() => HttpResponse::Ok().json(json!({ "status": "ready" })),
        Ok(_) => HttpResponse::ServiceUnavailable().json(json!({ "status": "migrations pending" })),
        Err(error) => {
            tracing::warn!(%error, "database not reachable");
            HttpResponse::ServiceUnavailable().json(json!({ "status": "database not reachable" }))
        }
    }
}
