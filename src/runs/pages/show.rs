//! The page of a run.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use jiff::Timestamp;
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::access;
use super::view::RunView;
use crate::auth::{self, Permission};
use crate::config::Settings;
use crate::connections::Connections;
use crate::exports;
use crate::runs::{Checks, Obstacle, checks, resume, rows};
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
    /// Who resumed it last, and when.
    resumed: Option<(Timestamp, String)>,
    /// Whether it can be resumed, and a reason worth saying if not.
    may_resume: bool,
    obstacle: Option<Obstacle>,
    /// Until when its rows can be downloaded.
    rows_until: Option<Timestamp>,
    may_see_profiles: bool,
    /// The latest look at its delivery.
    delivery: Option<Uuid>,
}

/// `GET /runs/{id}`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    connections: Data<Connections>,
    checks: Data<Checks>,
    settings: Data<Settings>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    let view = RunView::load(&db, &connections, *id).await?;
    let (has_export, may_edit) = match exports::store::get(&**db, view.run.export_id).await {
        Ok(export) => (true, access(&visit, &db, &export).await?.may_edit()),
        Err(exports::StoreError::NotFound) => (false, visit.user.is_administrator()),
        Err(error) => return Err(error.into()),
    };
    let requested_by = match view.run.requested_by {
        Some(user) => auth::store::find_name(&**db, user).await?,
        None => None,
    };
    let resumed = match view.run.resumed {
        None => None,
        Some((at, by)) => {
            let name = match by {
                Some(user) => auth::store::find_name(&**db, user).await?,
                None => None,
            };
            Some((
                at,
                name.unwrap_or_else(|| visit.t("runs-trigger-command-line")),
            ))
        }
    };
    let obstacle = resume::obstacle(&**db, &view.run, &view.parts, visit.now).await?;
    let kept = super::rows::rows_kept(&db, &settings).await?;
    let rows_until = rows::kept_until(checks.desk(), &view.run, kept).await;
    let delivery = checks::store::find_latest(&**db, view.run.id).await?;
    web::render(&RunPage {
        resumed,
        may_resume: obstacle.is_none(),
        obstacle: obstacle.filter(|obstacle| obstacle.is_worth_saying()),
        rows_until: rows_until.map_err(PageError::internal)?,
        may_see_profiles: visit.user.role.may(Permission::ViewProfiles),
        delivery: delivery.map(|check| check.id),
        requested_by: requested_by.unwrap_or_else(|| visit.t(view.run.trigger.label_key())),
        page: visit.page("exports"),
        view,
        may_edit,
        has_export,
    })
}
