//! **Cancel**: stops a run between two requests.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::{access, author};
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
    let may_cancel = match exports::store::get(&**db, run.export_id).await {
        Ok(export) => access(&visit, &db, &export).await?.may_edit(),
        // The export has been removed: nobody but an administrator answers for its runs.
        Err(exports::StoreError::NotFound) => visit.user.is_administrator(),
        Err(error) => return Err(error.into()),
    };
    if !may_cancel {
        return Err(PageError::NotAllowed);
    }
    store::cancel(&db, run.id, author(&visit)).await?;
    engine.wake();
    Ok(web::see_other(&paths::run(run.id)))
}
