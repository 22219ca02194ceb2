//! The way back from Constant Contact. Answers with a redirect at once, so that the code leaves the address bar.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use sea_orm::DatabaseConnection;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use crate::auth::Permission;
use crate::connections::authorize::{Answer, Outcome, Visitor};
use crate::connections::{Author, Connections};
use crate::storage::audit::{self, AuditEvent};
use crate::web::{self, PageError, Visit, paths};

/// What Constant Contact adds to the redirect URI (RFC 6749, 4.1.2).
#[derive(Deserialize)]
pub(super) struct FromVendor {
    #[serde(default)]
    state: String,
    code: Option<SecretString>,
    error: Option<String>,
    error_description: Option<String>,
}

/// `GET /oauth/constant-contact/callback`.
pub(super) async fn show(
    visit: Visit,
    db: Data<DatabaseConnection>,
    connections: Data<Connections>,
    query: Query<FromVendor>,
) -> Result<HttpResponse, PageError> {
    let query = query.into_inner();
    let answer = Answer {
        state: query.state,
        code: query.code,
        error: query.error,
        error_description: query.error_description,
    };
    let administrator = visit
        .user
        .as_ref()
        .filter(|user| user.role.may(Permission::ManageConnections));
    let visitor = administrator
        .zip(visit.session_id)
        .map(|(user, session_id)| Visitor {
            session_id,
            author: Author {
                user_id: user.id,
                ip: &visit.ip,
                at: visit.now,
            },
        });
    let outcome = connections
        .finish_authorization(answer, visitor, visit.now)
        .await?;
    let next = match outcome {
        Outcome::Connected {
            connection_id,
            organization_name,
        } => {
            let text = visit
                .msg("connections-authenticated")
                .text("organization", organization_name);
            visit.flash_success(text.to_string());
            paths::connection(connection_id)
        }
        // The connection's page says what went wrong, also later.
        Outcome::Failed { connection_id } => paths::connection(connection_id),
        Outcome::NotOurs {
            connection_id,
            problem,
        } => {
            // Not of strangers with made-up answers: the log never shrinks.
            if visit.user.is_some() || connection_id.is_some() {
                let event = AuditEvent {
                    at: visit.now,
                    user_id: visit.user.as_ref().map(|user| user.id),
                    ip: Some(&visit.ip),
                    action: "connection.authentication-failed",
                    object_id: connection_id.map(|id| id.to_string()).unwrap_or_default(),
                    detail: json!({ "problem": problem.name() }),
                };
                audit::record(&**db, event).await?;
            }
            visit.flash_danger(visit.t(problem.message_key()));
            connection_id.map_or_else(paths::connections, paths::connection)
        }
    };
    Ok(web::see_other(&next))
}
