//! **Check**: asks for a look at an export, and shows what it found.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use futures_util::FutureExt;
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::check_view::CheckView;
use super::{access, author, require_edit};
use crate::auth::Permission;
use crate::clock::Clock;
use crate::exports::{self, Export};
use crate::runs::checks::{CheckKind, Checks, store};
use crate::runs::{Account, store as runs_store};
use crate::sources::Loads;
use crate::web::live::{self, Shown};
use crate::web::{self, Page, PageError, SignedIn, paths};

#[derive(Template)]
#[template(path = "checks/show.html")]
struct CheckPage {
    page: Page,
    view: CheckView,
    may_edit: bool,
    has_export: bool,
}

#[derive(Template)]
#[template(path = "checks/delivery.html")]
struct DeliveryPage {
    page: Page,
    view: CheckView,
    account: Account,
    may_edit: bool,
    may_see_profiles: bool,
}

#[derive(Template)]
#[template(path = "checks/progress.html")]
struct Progress {
    page: Page,
    view: CheckView,
}

#[derive(Template)]
#[template(path = "checks/none.html")]
struct NonePage {
    page: Page,
    export: Export,
    may_edit: bool,
}

/// `GET /exports/{id}/check`: the latest check, or the offer to make one.
pub(super) async fn open(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    let export = exports::store::get(&**db, *id).await?;
    if let Some(check) = store::find_latest(&**db, export.id).await? {
        return Ok(web::see_other(&paths::check(check.id)));
    }
    web::render(&NonePage {
        may_edit: access(&visit, &db, &export).await?.may_edit(),
        page: visit.page("exports"),
        export,
    })
}

/// `POST /exports/{id}/check`. A second press while a check is unfinished leads to the same one.
pub(super) async fn start(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    checks: Data<Checks>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditExports)?;
    let export = exports::store::get(&**db, *id).await?;
    require_edit(&visit, &db, Some(&export)).await?;
    let subject = (export.id, export.id);
    let by = author(&visit);
    let asked = store::request(&db, CheckKind::Export, subject, &export.definition, by).await?;
    checks.wake();
    Ok(web::see_other(&paths::check(asked.run_id)))
}

/// `GET /checks/{id}`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    loads: Data<Loads>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    let mut view = CheckView::load(&db, *id).await?;
    if visit.user.role.may(Permission::ViewProfiles) {
        view.read_values(&db, &loads).await?;
    }
    let export = exports::store::find(&**db, view.check.export_id).await?;
    let may_edit = match &export {
        Some(export) => access(&visit, &db, export).await?.may_edit(),
        None => visit.user.is_administrator(),
    };
    if view.check.kind == CheckKind::Delivery {
        let run = runs_store::get(&**db, view.check.subject_id).await?;
        let parts = runs_store::parts(&**db, run.id).await?;
        return web::render(&DeliveryPage {
            page: visit.page("exports"),
            account: runs_store::summaries::account(&**db, &run, &parts).await?,
            may_edit,
            may_see_profiles: visit.user.role.may(Permission::ViewProfiles),
            view,
        });
    }
    web::render(&CheckPage {
        page: visit.page("exports"),
        view,
        may_edit,
        has_export: export.is_some(),
    })
}

/// `GET /checks/{id}/events`.
pub(super) async fn follow(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    clock: Data<Clock>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    CheckView::load(&db, *id).await?;
    let looked = db.clone();
    Ok(live::follow(&visit, "exports", db, clock, move |page| {
        let (db, id) = (looked.clone(), *id);
        async move {
            let view = CheckView::load(&db, id).await.ok()?;
            let is_over = view.is_finished();
            let html = Progress { page, view }.render().ok()?;
            Some(Shown { html, is_over })
        }
        .boxed_local()
    }))
}

/// `POST /checks/{id}/cancel`.
pub(super) async fn cancel(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditExports)?;
    let check = store::get(&**db, *id).await?;
    let export = exports::store::find(&**db, check.export_id).await?;
    require_edit(&visit, &db, export.as_ref()).await?;
    store::cancel(&db, check.id, author(&visit)).await?;
    Ok(web::see_other(&paths::check(check.id)))
}
