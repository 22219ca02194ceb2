//! An export for people who may look at it but not change it.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use jiff::Timestamp;
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::OpenExport;
use super::schedule_view::ScheduleView;
use super::words::target_label;
use crate::auth;
use crate::connections::ConnectionKind;
use crate::segments;
use crate::web::{self, Page, PageError, SignedIn};

#[derive(Template)]
#[template(path = "exports/view.html")]
struct ViewPage {
    page: Page,
    schedule: ScheduleView,
    id: Uuid,
    name: String,
    product_name: &'static str,
    connection: String,
    list_name: String,
    list_id: String,
    segments: String,
    mode: String,
    leavers: String,
    email_field: String,
    attributes: Vec<(String, String)>,
    created_at: Timestamp,
    created_by: String,
    updated_at: Timestamp,
    updated_by: String,
}

pub(super) async fn draw(
    visit: &SignedIn,
    db: &Data<DatabaseConnection>,
    open: OpenExport,
) -> Result<HttpResponse, PageError> {
    let export = open.export;
    let editors = export.created_by.into_iter().chain(export.updated_by);
    let people = auth::store::names(&***db, editors).await?;
    let name_of = |id: Option<Uuid>| {
        id.and_then(|id| people.get(&id).cloned())
            .unwrap_or_else(|| visit.t("exports-by-command-line"))
    };
    let definition = export.definition;
    let segments = segments::store::list_of_source(&***db, definition.source_id)
        .await
        .map_err(PageError::internal)?;
    let segment_names = definition.segment_ids.iter().map(|id| {
        let found = segments.iter().find(|segment| segment.id == *id);
        found.map_or_else(
            || visit.t("exports-segment-gone"),
            |segment| segment.name.clone(),
        )
    });
    let schedule = ScheduleView::load(visit, db, export.id).await?;
    web::render(&ViewPage {
        schedule,
        page: visit.page("exports"),
        id: export.id,
        product_name: ConnectionKind::ConstantContact.product_name(),
        connection: open
            .connection
            .map(|connection| connection.name)
            .unwrap_or_else(|| visit.t("exports-no-connection")),
        list_name: definition.list_name.unwrap_or_default(),
        list_id: definition.list_id.to_string(),
        segments: segment_names.collect::<Vec<_>>().join(", "),
        leavers: visit.t(definition.delivery.leavers.label_key()),
        mode: visit.t(definition.delivery.mode.label_key()),
        email_field: definition.email_field,
        attributes: definition
            .attributes
            .into_iter()
            .map(|attribute| (target_label(visit.lang, &attribute.target), attribute.field))
            .collect(),
        created_at: export.created_at,
        created_by: name_of(export.created_by),
        updated_at: export.updated_at,
        updated_by: name_of(export.updated_by),
        name: definition.name,
    })
}
