//! **Verify delivery**: asks for a look at what became of a finished run at Constant Contact.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::{author, require_edit};
use crate::auth::Permission;
use crate::exports;
use crate::runs::checks::{self, CheckKind};
use crate::runs::{Checks, store};
use crate::web::{self, PageError, SignedIn, paths};

/// `POST /runs/{id}/verify`. A second press while a look is unfinished leads to the same one.
pub(super) async fn start(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    checks: Data<Checks>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditExports)?;
    let run = store::get(&**db, *id).await?;
    let export = exports::store::find(&**db, run.export_id).await?;
    require_edit(&visit, &db, export.as_ref()).await?;
    if !run.state.is_finished() || run.totals.sent == 0 {
        return Err(PageError::Conflict);
    }
    let subject = (run.id, run.export_id);
    let by = author(&visit);
    let kind = CheckKind::Delivery;
    let asked = checks::store::request(&db, kind, subject, &run.definition, by).await?;
    checks.wake();
    Ok(web::see_other(&paths::check(asked.run_id)))
}
