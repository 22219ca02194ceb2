//! Every run of an export, latest first.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use askama::Template;
use sea_orm::DatabaseConnection;
use serde::Deserialize;
use uuid::Uuid;

use crate::exports;
use crate::runs::{Run, store};
use crate::web::{self, Page, PageError, SignedIn, paths};

#[derive(Template)]
#[template(path = "runs/history.html")]
struct HistoryPage {
    page: Page,
    export_id: Uuid,
    export_name: String,
    runs: Vec<Run>,
    range: String,
    previous: String,
    next: String,
}

#[derive(Deserialize)]
pub(super) struct Which {
    /// Counted from 1.
    #[serde(default)]
    page: u64,
}

/// `GET /exports/{id}/runs`.
pub(super) async fn list(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
    which: Query<Which>,
) -> Result<HttpResponse, PageError> {
    let export = exports::store::get(&**db, *id).await?;
    let mut number = which.page.max(1);
    let mut found = store::history(&**db, export.id, number - 1).await?;
    if let Some(last) = web::last_if_past(number, found.total, store::PAGE_SIZE) {
        number = last;
        found = store::history(&**db, export.id, number - 1).await?;
    }
    let first = (number - 1) * store::PAGE_SIZE;
    let last = first + found.runs.len() as u64;
    let at = |number: u64| format!("{}?page={number}", paths::export_runs(export.id));
    web::render(&HistoryPage {
        range: visit
            .msg("runs-history-range")
            .num("first", if found.runs.is_empty() { 0 } else { first + 1 })
            .num("last", last)
            .num("total", found.total)
            .to_string(),
        previous: if number > 1 {
            at(number - 1)
        } else {
            String::new()
        },
        next: if last < found.total {
            at(number + 1)
        } else {
            String::new()
        },
        page: visit.page("exports"),
        export_id: export.id,
        export_name: export.definition.name,
        runs: found.runs,
    })
}
