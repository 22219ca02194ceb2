//! The list of connections.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use sea_orm::DatabaseConnection;

use crate::auth::Permission;
use crate::connections::{Connection, store};
use crate::web::{self, Page, PageError, SignedIn};

#[derive(Template)]
#[template(path = "connections/list.html")]
struct ConnectionsPage {
    page: Page,
    connections: Vec<Connection>,
}

/// `GET /settings/connections`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::ManageConnections)?;
    let connections = store::list(&**db).await?;
    web::render(&ConnectionsPage {
        page: visit.page("connections"),
        connections,
    })
}
