//! **Manage exports** of a segment: every export, those that send it first, and a way to add it to the others.

use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path, Query};
use askama::Template;
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::add_segment::{add_to_all, tell_added};
use super::chosen::{Chosen, MAX_CHOSEN};
use super::list::{Row, row};
use crate::auth::Permission;
use crate::connections;
use crate::exports::store::{self, ExportColumn, ExportQuery};
use crate::segments;
use crate::web::{
    self, Column, Heading, ListQuery, ListView, PAGE_ENTRIES, Page, PageError, Pager, SignedIn,
    paths,
};

#[derive(Template)]
#[template(path = "exports/of_segment.html")]
struct ExportsOfSegmentPage {
    page: Page,
    segment_id: Uuid,
    segment: String,
    view: ListView<ExportColumn>,
    problem: String,
    headings: Vec<Heading>,
    /// Those that send it, then the others; either may be empty on a page.
    groups: [Group; 2],
    pager: Pager,
    total: u64,
    may_add: bool,
    may_edit_any: bool,
}

struct Group {
    title_key: &'static str,
    has_segment: bool,
    rows: Vec<SegmentRow>,
}

struct SegmentRow {
    row: Row,
    /// Whether the export reads the segment's source; one that does not can never send it.
    has_source: bool,
}

/// `GET /segments/{id}/exports`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
    query: Query<ListQuery>,
) -> Result<HttpResponse, PageError> {
    let segment = segments::store::get(&**db, *id).await?;
    let path = paths::segment_exports(segment.id);
    let mut view = ListView::read(path, &query, ExportColumn::Name, Vec::new());
    let search = view.search.clone();
    let asked = ExportQuery {
        search: &search,
        state: None,
        connection: None,
        schedule: None,
        sort: view.sort,
        is_descending: view.is_descending,
        segment_first: Some(segment.id),
    };
    let total = store::count_listed(&**db, &asked).await?;
    let offset = view.fit(total);
    let found = store::list_exports(&**db, &visit.user, &asked, offset, PAGE_ENTRIES).await?;
    let shown = found.len();
    let (with, without): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|export| export.has_segment);
    let group = |title_key, has_segment, exports: Vec<store::ListedExport>| Group {
        title_key,
        has_segment,
        rows: exports
            .into_iter()
            .map(|export| SegmentRow {
                has_source: export.source_id == segment.source_id,
                row: row(&visit, export),
            })
            .collect(),
    };
    let may_edit = visit.user.role.may(Permission::EditExports);
    let may_use = connections::store::may_use_any(&**db, &visit.user).await?;
    let page = ExportsOfSegmentPage {
        page: visit.page("segments"),
        problem: view.problem(&visit),
        headings: shown_headings(view.headings(&visit)),
        groups: [
            group("exports-with-segment", true, with),
            group("exports-without-segment", false, without),
        ],
        pager: view.pager(&visit, shown, total),
        total,
        may_add: may_edit && may_use,
        may_edit_any: may_edit,
        segment_id: segment.id,
        segment: segment.name,
        view,
    };
    web::render_with(page.view.status(), &page)
}

/// Those of the columns that this list shows.
fn shown_headings(headings: Vec<Heading>) -> Vec<Heading> {
    let shown = [
        ExportColumn::Name,
        ExportColumn::Status,
        ExportColumn::Connection,
        ExportColumn::Permissions,
        ExportColumn::Updated,
    ]
    .map(Column::name);
    headings
        .into_iter()
        .filter(|heading| shown.contains(&heading.name))
        .collect()
}

/// `POST /segments/{id}/exports`: **Add segment** to the exports that were ticked.
pub(super) async fn add(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
    pairs: Form<Vec<(String, String)>>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditExports)?;
    let segment = segments::store::get(&**db, *id).await?;
    let ticked = pairs.iter().filter(|(name, _)| name == "export");
    let mut ids: Vec<Uuid> = ticked.filter_map(|(_, id)| id.parse().ok()).collect();
    ids.truncate(MAX_CHOSEN);
    if ids.is_empty() {
        visit.flash_warning(visit.t("exports-choose-first"));
    } else {
        let chosen = Chosen::load(&visit, &db, &ids).await?;
        let added = add_to_all(&visit, &db, &chosen, &segment).await?;
        tell_added(&visit, &segment.name, added);
    }
    Ok(web::see_other(&paths::segment_exports(segment.id)))
}
