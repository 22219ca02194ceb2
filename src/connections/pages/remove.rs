//! Removing a saved connection and discarding a half-finished one.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::{author, find};
use crate::connections::removal::Removal;
use crate::connections::{Connection, Connections, Dependent};
use crate::web::{self, Page, PageError, SignedIn, Tone, paths};

#[derive(Template)]
#[template(path = "connections/remove.html")]
struct RemoveConnectionPage {
    page: Page,
    connection: Connection,
    dependents: Vec<Dependent>,
}

impl RemoveConnectionPage {
    fn is_draft(&self) -> bool {
        self.connection.saved.is_none()
    }
}

/// `GET /settings/connections/{id}/remove`: what will happen, or which exports stand in the way.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    connections: Data<Connections>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    let connection = find(&visit, &db, id).await?;
    let dependents = connections.exports_using(&connection).await?;
    web::render(&RemoveConnectionPage {
        page: visit.page("connections"),
        connection,
        dependents,
    })
}

/// `POST /settings/connections/{id}/remove`.
pub(super) async fn submit(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    connections: Data<Connections>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    let connection = find(&visit, &db, id).await?;
    match connections.remove(&connection, author(&visit)).await? {
        Removal::InUse(dependents) => {
            let page = RemoveConnectionPage {
                page: visit.page("connections"),
                connection,
                dependents,
            };
            web::render_with(StatusCode::CONFLICT, &page)
        }
        Removal::Done { is_revoked } => {
            let removed = visit.msg("connections-removed");
            visit.flash_success(removed.text("name", connection.name).to_string());
            if !is_revoked {
                visit.flash_warning(visit.t("connections-not-revoked"));
            }
            Ok(web::see_other(&paths::connections()))
        }
    }
}
