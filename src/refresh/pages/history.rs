//! The latest refreshes of one source, segment or export.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::{TaskRow, subject_path};
use crate::refresh::job::{TaskKind, store};
use crate::web::{self, Page, PageError, SignedIn};
use crate::{exports, segments, sources};

/// Refreshes shown.
const MAX_SHOWN: u64 = 20;

#[derive(Template)]
#[template(path = "refresh/history.html")]
struct HistoryPage {
    page: Page,
    name: String,
    /// Its own page.
    href: String,
    tasks: Vec<TaskRow>,
}

/// `GET /settings/system/tasks/{kind}/{id}`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    place: Path<(String, Uuid)>,
) -> Result<HttpResponse, PageError> {
    let (kind, id) = place.into_inner();
    let kind = TaskKind::ALL.into_iter().find(|known| known.name() == kind);
    let kind = kind.ok_or(PageError::NotFound)?;
    let name = match kind {
        TaskKind::Source => match sources::store::get(&**db, id).await {
            Ok(source) => source.name,
            Err(sources::store::StoreError::NotFound) => return Err(PageError::NotFound),
            Err(error) => return Err(PageError::internal(error)),
        },
        TaskKind::Segment => segments::store::get(&**db, id).await?.name,
        TaskKind::Export => exports::store::get(&**db, id).await?.definition.name,
    };
    let page = visit.page("system");
    let found = store::history(&**db, id, MAX_SHOWN).await?;
    let tasks = found.into_iter().map(|task| TaskRow::new(&page, task));
    web::render(&HistoryPage {
        name,
        href: subject_path(kind, id),
        tasks: tasks.collect(),
        page,
    })
}
