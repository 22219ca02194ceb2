//! **Resume**: takes up a run that failed or was canceled, and sends what is missing of it.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::{access, author};
use crate::auth::Permission;
use crate::exports;
use crate::runs::store::Resumed;
use crate::runs::{Engine, Obstacle, store};
use crate::web::{self, PageError, SignedIn, paths};

/// `POST /runs/{id}/resume`. Whoever may run the export may; a second press leads to the same run.
pub(super) async fn resume(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    engine: Data<Engine>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditExports)?;
    let run = store::get(&**db, *id).await?;
    let resumed = match exports::store::get(&**db, run.export_id).await {
        Ok(export) if !access(&visit, &db, &export).await?.may_edit() => {
            return Err(PageError::NotAllowed);
        }
        Ok(_) => store::resume(&db, run.id, author(&visit)).await?,
        Err(exports::StoreError::NotFound) if visit.user.is_administrator() => {
            Resumed::Refused(Obstacle::ExportGone)
        }
        Err(exports::StoreError::NotFound) => return Err(PageError::NotAllowed),
        Err(error) => return Err(error.into()),
    };
    match resumed {
        Resumed::Now => engine.wake(),
        Resumed::Already => visit.flash_warning(visit.t("runs-already-running")),
        Resumed::Refused(obstacle) => visit.flash_warning(visit.t(obstacle.message_key())),
    }
    Ok(web::see_other(&paths::run(run.id)))
}
