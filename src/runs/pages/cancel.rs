//! **Cancel**: stops a run between two requests.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::{author, require_edit};
use crate::auth::Permission;
use crate::exports;
use crate::runs::{Engine, store};
use crate::web::{self, PageError, SignedIn, paths};

/// `POST /runs/{id}/cancel`.
pub(super) async fn cancel(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    engine: Data<Engine>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditExports)?;
    let run = store::get(&**db, *id).await?;
    let export = exports::store::find(&**db, run.export_id).await?;
    require_edit(&visit, &db, export.as_ref()).await?;
    store::cancel(&db, run.id, author(&visit)).await?;
    engine.wake();
    Ok(web::see_other(&paths::run(run.id)))
}
