//! **Add segment** to one or several exports.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Query};
use askama::Template;
use sea_orm::{DatabaseConnection, TransactionTrait};
use serde::Deserialize;
use uuid::Uuid;

use super::chosen::{Chosen, names, read_ids, way_back, write_ids};
use super::desk::author;
use crate::auth::Permission;
use crate::exports::store::{self, AddedSegment};
use crate::exports::{Export, MAX_SEGMENTS, StoreError};
use crate::segments::{self, store::Segment};
use crate::web::{self, FieldErrors, Page, PageError, SignedIn};

#[derive(Template)]
#[template(path = "exports/add_segment.html")]
struct AddSegmentPage {
    page: Page,
    errors: FieldErrors,
    ids: String,
    return_to: String,
    names: Vec<String>,
    view_only: Vec<String>,
    /// Segments of the sources the exports read: id and name.
    segments: Vec<(Uuid, String)>,
}

/// What the page is asked for.
#[derive(Deserialize)]
pub(super) struct Which {
    /// Separated by commas.
    #[serde(default)]
    ids: String,
    #[serde(default)]
    segment: String,
    /// A path of ours to go back to; the list when empty.
    #[serde(default)]
    return_to: String,
}

/// `GET /exports/add-segment?ids=`.
pub(super) async fn ask(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    which: Query<Which>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditExports)?;
    let ids = read_ids(&which.ids);
    if ids.is_empty() {
        return Ok(nothing_chosen(&visit, &which));
    }
    let chosen = Chosen::load(&visit, &db, &ids).await?;
    draw(
        &visit,
        &db,
        StatusCode::OK,
        &which,
        chosen,
        FieldErrors::default(),
    )
    .await
}

/// `POST /exports/add-segment`.
pub(super) async fn add(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    which: Form<Which>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditExports)?;
    let ids = read_ids(&which.ids);
    if ids.is_empty() {
        return Ok(nothing_chosen(&visit, &which));
    }
    let chosen = Chosen::load(&visit, &db, &ids).await?;
    let segment = match which.segment.parse() {
        Ok(id) => segments::store::get(&**db, id).await.ok(),
        Err(_) => None,
    };
    let Some(segment) = segment else {
        let errors = FieldErrors::one("segment", visit.t("exports-add-segment-choose"));
        return draw(
            &visit,
            &db,
            StatusCode::UNPROCESSABLE_ENTITY,
            &which,
            chosen,
            errors,
        )
        .await;
    };
    let added = add_to_all(&visit, &db, &chosen, &segment).await?;
    tell_added(&visit, &segment.name, added);
    Ok(web::see_other(&way_back(&which.return_to)))
}

/// How adding a segment to several exports went: how many of each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Added {
    done: usize,
    there: usize,
    other: usize,
    full: usize,
    view_only: usize,
}

/// Adds a segment to every export that the visitor may change.
pub(super) async fn add_to_all(
    visit: &SignedIn,
    db: &DatabaseConnection,
    chosen: &Chosen,
    segment: &Segment,
) -> Result<Added, PageError> {
    let mut added = Added {
        view_only: chosen.view_only.len(),
        ..Added::default()
    };
    for export in &chosen.editable {
        match add_to(visit, db, export, segment.id, segment.source_id).await? {
            Some(AddedSegment::Done) => added.done += 1,
            Some(AddedSegment::WasThere) => added.there += 1,
            Some(AddedSegment::OtherSource) => added.other += 1,
            Some(AddedSegment::Full) => added.full += 1,
            None => {}
        }
    }
    Ok(added)
}

/// Says how it went.
pub(super) fn tell_added(visit: &SignedIn, segment: &str, added: Added) {
    if added.done > 0 {
        let told = visit.msg("exports-segment-added").text("segment", segment);
        visit.flash_success(told.num("count", added.done).to_string());
    }
    for (count, key) in [
        (added.there, "exports-segment-was-there"),
        (added.other, "exports-segment-other-source"),
        (added.view_only, "exports-left-view-only"),
    ] {
        if count > 0 {
            visit.flash_warning(visit.msg(key).num("count", count).to_string());
        }
    }
    if added.full > 0 {
        let warning = visit.msg("exports-segment-full").num("max", MAX_SEGMENTS);
        visit.flash_warning(warning.num("count", added.full).to_string());
    }
}

/// One transaction for each export. `None` when it has been removed meanwhile.
async fn add_to(
    visit: &SignedIn,
    db: &DatabaseConnection,
    export: &Export,
    segment_id: Uuid,
    source_id: Uuid,
) -> Result<Option<AddedSegment>, PageError> {
    let transaction = db.begin().await?;
    let author = author(visit);
    match store::add_segment(&transaction, export.id, segment_id, source_id, author).await {
        Ok(added) => {
            transaction.commit().await?;
            Ok(Some(added))
        }
        Err(StoreError::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn draw(
    visit: &SignedIn,
    db: &DatabaseConnection,
    status: StatusCode,
    which: &Which,
    chosen: Chosen,
    errors: FieldErrors,
) -> Result<HttpResponse, PageError> {
    let mut sources: Vec<Uuid> = Vec::new();
    for export in &chosen.editable {
        let source_id = export.definition.source_id;
        if !sources.contains(&source_id) {
            sources.push(source_id);
        }
    }
    let all = segments::store::list(db).await?;
    let page = AddSegmentPage {
        page: visit.page("exports"),
        errors,
        ids: write_ids(&chosen.editable),
        return_to: way_back(&which.return_to),
        names: names(&chosen.editable),
        view_only: names(&chosen.view_only),
        segments: all
            .into_iter()
            .filter(|segment| sources.contains(&segment.source_id))
            .map(|segment| (segment.id, segment.name))
            .collect(),
    };
    web::render_with(status, &page)
}

fn nothing_chosen(visit: &SignedIn, which: &Which) -> HttpResponse {
    visit.flash_warning(visit.t("exports-choose-first"));
    web::see_other(&way_back(&which.return_to))
}
