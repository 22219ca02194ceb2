//! Removing a segment, unless an export sends it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use sea_orm::{DatabaseConnection, TransactionTrait};
use uuid::Uuid;

use super::author;
use crate::auth::Permission;
use crate::segments::{SegmentUse, SegmentUses, store};
use crate::web::{self, Page, PageError, SignedIn, paths};

#[derive(Template)]
#[template(path = "segments/remove.html")]
struct RemovePage {
    page: Page,
    id: Uuid,
    name: String,
    /// Exports that send it; then it cannot be removed.
    uses: Vec<SegmentUse>,
}

/// `GET /segments/{id}/remove`.
pub(super) async fn ask(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    uses: Data<dyn SegmentUses>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditSegments)?;
    let segment = store::get(&**db, *id).await?;
    let transaction = db.begin().await?;
    let uses = uses.using(&transaction, *id).await?;
    transaction.rollback().await?;
    web::render(&RemovePage {
        page: visit.page("segments"),
        id: *id,
        name: segment.name,
        uses,
    })
}

/// `POST /segments/{id}/remove`.
pub(super) async fn remove(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    uses: Data<dyn SegmentUses>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditSegments)?;
    let transaction = db.begin().await?;
    // Removed before asking, so that on SQLite no export can begin to use it in between.
    let segment = store::remove(&transaction, *id, &author(&visit)).await?;
    let uses = uses.using(&transaction, *id).await?;
    if !uses.is_empty() {
        transaction.rollback().await?;
        let page = RemovePage {
            page: visit.page("segments"),
            id: *id,
            name: segment.name,
            uses,
        };
        return web::render_with(StatusCode::CONFLICT, &page);
    }
    transaction.commit().await?;
    let message = visit.msg("segments-removed").text("name", segment.name);
    visit.flash_success(message.to_string());
    Ok(web::see_other(&paths::segments()))
}
