//! Counting a segment's members anew.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::{author, describe_count_error};
use crate::auth::Permission;
use crate::segments::{Members, store};
use crate::web::{self, PageError, SignedIn, paths};

/// `POST /segments/{id}/refresh`.
pub(super) async fn refresh(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    members: Data<Members>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditSegments)?;
    let segment = store::get(&**db, *id).await?;
    match members.count(&segment).await {
        Ok(count) => {
            store::record_refresh(&**db, &segment, count, &author(&visit)).await?;
            let message = visit
                .msg("segments-refreshed")
                .text("name", segment.name)
                .num("count", count.members);
            visit.flash_success(message.to_string());
        }
        Err(error) => {
            let reason = describe_count_error(&visit, error)?;
            let message = visit
                .msg("segments-not-refreshed")
                .text("name", segment.name)
                .text("reason", reason);
            visit.flash_danger(message.to_string());
        }
    }
    Ok(web::see_other(&paths::segments()))
}
