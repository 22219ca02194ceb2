//! Live progress of a run.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use futures_util::FutureExt;
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::view::RunView;
use crate::clock::Clock;
use crate::connections::Connections;
use crate::web::live::{self, Shown};
use crate::web::{Page, PageError, SignedIn};

#[derive(Template)]
#[template(path = "runs/progress.html")]
struct Progress {
    page: Page,
    view: RunView,
}

/// `GET /runs/{id}/events`. Ends with the run, with the visitor's session, or after ten minutes.
pub(super) async fn follow(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    connections: Data<Connections>,
    clock: Data<Clock>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    RunView::load(&db, &connections, *id).await?;
    let looked = db.clone();
    Ok(live::follow(&visit, "exports", db, clock, move |page| {
        let (db, connections, id) = (looked.clone(), connections.clone(), *id);
        async move {
            let view = RunView::load(&db, &connections, id).await.ok()?;
            let is_over = view.is_finished();
            let html = Progress { page, view }.render().ok()?;
            Some(Shown { html, is_over })
        }
        .boxed_local()
    }))
}
