//! Removing a saved connection and discarding a half-finished one.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::{author, find};
use crate::connections::removal::Removal;
use crate::connections::{Connection, Connections, Dependent, Uses};
use crate::web::{self, Page, PageError, SignedIn, Tone, paths};

#[derive(Template)]
#[template(path = "connections/remove.html")]
struct RemoveConnectionPage {
    page: Page,
    connection: Connection,
    /// The first exports that use it.
    dependents: Vec<Dependent>,
    /// All that do.
    total: usize,
}

impl RemoveConnectionPage {
    fn new(visit: &SignedIn, connection: Connection, uses: Uses) -> Self {
        Self {
            page: visit.page("connections"),
            connection,
            dependents: uses.exports,
            total: usize::try_from(uses.total).unwrap_or(usize::MAX),
        }
    }

    /// This page, to come back to after an export was removed or detached.
    fn here(&self) -> String {
        paths::connection_action(self.connection.id, "remove")
    }

    fn is_draft(&self) -> bool {
        self.connection.saved.is_none()
    }
}

/// `GET /settings/connections/{id}/remove`: what will happen, or which exports stand in the way, with a way to remove or detach each.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    connections: Data<Connections>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    let connection = find(&visit, &db, id).await?;
    let uses = connections.exports_using(&connection).await?;
    web::render(&RemoveConnectionPage::new(&visit, connection, uses))
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
        Removal::InUse(uses) => {
            let page = RemoveConnectionPage::new(&visit, connection, uses);
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
