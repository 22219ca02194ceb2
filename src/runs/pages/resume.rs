//! **Resume**: takes up a run that failed or was canceled, and sends what is missing of it.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::{author, require_edit};
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
    let export = exports::store::find(&**db, run.export_id).await?;
    require_edit(&visit, &db, export.as_ref()).await?;
    let resumed = match export {
        Some(_) => store::resume(&db, run.id, author(&visit)).await?,
        None => Resumed::Refused(Obstacle::ExportGone),
    };
    match resumed {
        Resumed::Now => engine.wake(),
        Resumed::Already => visit.flash_warning(visit.t("runs-already-running")),
        Resumed::Refused(obstacle) => visit.flash_warning(visit.t(obstacle.message_key())),
    }
    Ok(web::see_other(&paths::run(run.id)))
}
