//! **Run**: asks for a run and shows it.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::{author, require_edit};
use crate::auth::Permission;
use crate::exports;
use crate::runs::{Engine, Trigger, store};
use crate::web::{self, PageError, SignedIn, paths};

/// `POST /exports/{id}/run`. A second press while the export runs leads to the same run. One without a connection is
/// inactive and does not run.
pub(super) async fn start(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    engine: Data<Engine>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditExports)?;
    let export = exports::store::get(&**db, *id).await?;
    require_edit(&visit, &db, Some(&export)).await?;
    if export.definition.connection_id.is_none() {
        visit.flash_warning(
            visit
                .msg("exports-left-detached")
                .num("count", 1)
                .to_string(),
        );
        return Ok(web::see_other(&paths::exports()));
    }
    let requested = store::request(&db, &export, Trigger::Person, author(&visit)).await?;
    if requested.is_new {
        engine.wake();
    } else {
        visit.flash_warning(visit.t("runs-already-running"));
    }
    Ok(web::see_other(&paths::run(requested.run_id)))
}
