//! **Approve**: lets a run go on that waits because it would send far fewer or far more rows than the last one.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::author;
use crate::auth::Permission;
use crate::runs::Engine;
use crate::runs::store::approvals;
use crate::web::{self, PageError, SignedIn, paths};

/// `POST /runs/{id}/approve`. Administrators only.
pub(super) async fn approve(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    engine: Data<Engine>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    if approvals::approve(&db, *id, author(&visit)).await? {
        engine.wake();
        visit.flash_success(visit.t("runs-approved"));
    } else {
        visit.flash_warning(visit.t("runs-approve-too-late"));
    }
    Ok(web::see_other(&paths::run(*id)))
}
