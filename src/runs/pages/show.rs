//! The page of a run.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::access;
use super::view::RunView;
use crate::auth;
use crate::connections::Connections;
use crate::exports;
use crate::runs::Budget;
use crate::web::{self, Page, PageError, SignedIn};

#[derive(Template)]
#[template(path = "runs/show.html")]
struct RunPage {
    page: Page,
    view: RunView,
    /// Who asked for it.
    requested_by: String,
    /// Whether the visitor may cancel it, or run the export again.
    may_edit: bool,
    has_export: bool,
    /// What it still needs, while it is unfinished.
    budget: Option<Budget>,
}

/// `GET /runs/{id}`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    connections: Data<Connections>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    let view = RunView::load(&db, *id).await?;
    let (has_export, may_edit) = match exports::store::get(&**db, view.run.export_id).await {
        Ok(export) => (true, access(&visit, &db, &export).await?.may_edit()),
        Err(exports::StoreError::NotFound) => (false, visit.user.is_administrator()),
        Err(error) => return Err(error.into()),
    };
    let requested_by = match view.run.requested_by {
        Some(user) => auth::store::find_name(&**db, user).await?,
        None => None,
    };
    let budget = Budget::of(&db, &connections, &view.run, &view.parts).await?;
    web::render(&RunPage {
        requested_by: requested_by.unwrap_or_else(|| visit.t(view.run.trigger.label_key())),
        page: visit.page("exports"),
        view,
        may_edit,
        has_export,
        budget,
    })
}
