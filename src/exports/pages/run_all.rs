//! **Run all**: every export with an active schedule that the visitor may run.

use actix_web::HttpResponse;
use actix_web::web::Data;
use sea_orm::DatabaseConnection;

use super::desk::author;
use super::selection::tell_started;
use crate::auth::Permission;
use crate::connections;
use crate::exports::store;
use crate::runs::{self, Engine, Trigger};
use crate::web::{self, PageError, SignedIn, paths};

/// `POST /exports/run-all`.
pub(super) async fn run_all(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    engine: Data<Engine>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditExports)?;
    let usable = connections::store::list_usable_by(&**db, &visit.user).await?;
    let usable: Vec<_> = usable.iter().map(|connection| connection.id).collect();
    let (mut new, mut running) = (0, 0);
    let mut after = None;
    loop {
        let some = store::list_scheduled(&**db, &usable, after.as_ref()).await?;
        let Some(last) = some.last() else {
            break;
        };
        after = Some(last.clone());
        let asked = runs::store::request_all(&db, &some, Trigger::Person, author(&visit)).await?;
        new += asked.new;
        running += asked.running;
    }
    engine.wake();
    tell_started(&visit, new, running);
    if new + running == 0 {
        visit.flash_warning(visit.t("exports-run-all-none"));
    }
    Ok(web::see_other(&paths::exports()))
}
