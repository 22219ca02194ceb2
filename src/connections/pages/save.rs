//! **Save** completes the connection, once everything before it is done.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::{author, find, refuse_out_of_order};
use crate::connections::{Step, store};
use crate::web::{self, PageError, SignedIn, paths};

/// `POST /settings/connections/{id}/save`.
pub(super) async fn submit(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    let connection = find(&visit, &db, id).await?;
    if let Some(refusal) = refuse_out_of_order(&visit, &connection, Step::Save) {
        return Ok(refusal);
    }
    if !connection.is_done(Step::Save) {
        store::save(&db, connection.id, author(&visit)).await?;
    }
    let text = visit.msg("connections-saved").text("name", connection.name);
    visit.flash_success(text.to_string());
    Ok(web::see_other(&paths::connections()))
}
