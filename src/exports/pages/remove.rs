//! Removing an export, after a question.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use sea_orm::{DatabaseConnection, TransactionTrait};
use uuid::Uuid;

use super::desk::author;
use super::open_to_edit;
use crate::exports::store;
use crate::runs;
use crate::web::{self, Page, PageError, SignedIn, paths};

#[derive(Template)]
#[template(path = "exports/remove.html")]
struct RemovePage {
    page: Page,
    name: String,
    action: String,
    is_running: bool,
}

/// `GET /exports/{id}/remove`.
pub(super) async fn ask(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    let open = open_to_edit(&visit, &db, *id).await?;
    let is_running = runs::store::has_active_run(&**db, *id).await?;
    let name = open.export.definition.name;
    draw(&visit, StatusCode::OK, *id, name, is_running)
}

/// `POST /exports/{id}/remove`: refused while a run is active.
pub(super) async fn remove(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    let name = open_to_edit(&visit, &db, *id).await?.export.definition.name;
    let transaction = db.begin().await?;
    // Locked first, so that the answer still holds when the export is removed.
    store::lock(&transaction, *id).await?;
    if runs::store::has_active_run(&transaction, *id).await? {
        transaction.rollback().await?;
        return draw(&visit, StatusCode::CONFLICT, *id, name, true);
    }
    store::remove(&transaction, *id, author(&visit)).await?;
    transaction.commit().await?;
    visit.flash_success(visit.msg("exports-removed").text("name", name).to_string());
    Ok(web::see_other(&paths::exports()))
}

fn draw(
    visit: &SignedIn,
    status: StatusCode,
    id: Uuid,
    name: String,
    is_running: bool,
) -> Result<HttpResponse, PageError> {
    let page = RemovePage {
        page: visit.page("exports"),
        name,
        action: paths::remove_export(id),
        is_running,
    };
    web::render_with(status, &page)
}
