//! Removing a segment, after a warning about the exports that send it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use askama::Template;
use sea_orm::{DatabaseConnection, TransactionTrait};
use serde::Deserialize;
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
    /// Exports that send it; they cannot run without it.
    uses: Vec<SegmentUse>,
}

/// What the visitor was told before.
#[derive(Deserialize)]
pub(super) struct Told {
    /// Exports that were named.
    #[serde(default)]
    uses: usize,
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

/// `POST /segments/{id}/remove`. Exports that send it stay, and say at their next run that it is gone.
pub(super) async fn remove(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    uses: Data<dyn SegmentUses>,
    id: Path<Uuid>,
    told: Form<Told>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditSegments)?;
    let transaction = db.begin().await?;
    // Removed before asking, so that on SQLite no export can begin to use it in between.
    let segment = store::remove(&transaction, *id, &author(&visit)).await?;
    let uses = uses.using(&transaction, *id).await?;
    // More exports than the visitor was told of: told first.
    if uses.len() > told.uses {
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
