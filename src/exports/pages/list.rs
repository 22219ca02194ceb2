//! Data > Exports.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use jiff::Timestamp;
use sea_orm::DatabaseConnection;
use serde::Deserialize;
use uuid::Uuid;

use crate::auth::Permission;
use crate::connections::{self, Connection, ConnectionKind};
use crate::exports::store::{self, ExportPage, PAGE_SIZE};
use crate::exports::{Access, Export};
use crate::runs;
use crate::web::{self, Page, PageError, SignedIn, Tone, paths};

#[derive(Template)]
#[template(path = "exports/list.html")]
struct ExportsPage {
    page: Page,
    product_name: &'static str,
    rows: Vec<Row>,
    total: u64,
    range: String,
    previous: String,
    next: String,
    is_administrator: bool,
    may_add: bool,
    may_edit_any: bool,
    empty_text_key: &'static str,
}

struct Row {
    id: Uuid,
    name: String,
    last_run: Option<LastRun>,
    connection: String,
    may_edit: bool,
    may_run: bool,
    updated_at: Timestamp,
    updated_by: String,
}

struct LastRun {
    href: String,
    status: String,
    tone: Tone,
    at: Timestamp,
}

#[derive(Deserialize)]
pub(super) struct Paging {
    /// Counts from 1.
    #[serde(default)]
    page: Option<u64>,
}

/// `GET /exports`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    paging: Query<Paging>,
) -> Result<HttpResponse, PageError> {
    let number = paging.page.unwrap_or(1).max(1);
    let found = store::list_page(&**db, number - 1).await?;
    let usable = connections::store::list_usable_by(&**db, &visit.user).await?;
    let may_edit = visit.user.role.may(Permission::EditExports);
    let empty_text_key = match (may_edit, usable.is_empty(), visit.user.is_administrator()) {
        (false, ..) => "exports-empty-viewer",
        (true, false, _) => "exports-empty-text",
        (true, true, true) => "exports-empty-connection",
        (true, true, false) => "exports-empty-ask",
    };
    let first = (number - 1).saturating_mul(PAGE_SIZE);
    let total = found.total;
    let has_next = first.saturating_add(PAGE_SIZE) < total;
    let rows = rows(&visit, &db, found, &usable).await?;
    web::render(&ExportsPage {
        page: visit.page("exports"),
        product_name: ConnectionKind::ConstantContact.product_name(),
        range: visit
            .msg("exports-pager")
            .num("from", first.saturating_add(1))
            .num("to", first.saturating_add(rows.len() as u64))
            .num("total", total)
            .to_string(),
        previous: link_to(number > 1, number - 1),
        next: link_to(has_next, number.saturating_add(1)),
        is_administrator: visit.user.is_administrator(),
        may_add: may_edit && !usable.is_empty(),
        may_edit_any: may_edit,
        empty_text_key,
        rows,
        total,
    })
}

/// URL of a page of the list, or nothing where there is none.
fn link_to(exists: bool, number: u64) -> String {
    if exists {
        paths::exports_page(number)
    } else {
        String::new()
    }
}

async fn rows(
    visit: &SignedIn,
    db: &Data<DatabaseConnection>,
    found: ExportPage,
    usable: &[Connection],
) -> Result<Vec<Row>, PageError> {
    let exports = found.exports;
    let connection_ids: Vec<Uuid> = exports
        .iter()
        .filter_map(|export| export.definition.connection_id)
        .collect();
    let connections = connections::store::names(&***db, &connection_ids).await?;
    let editors = exports.iter().filter_map(|export| export.updated_by);
    let people = store::people_names(&***db, editors).await?;
    let ids: Vec<Uuid> = exports.iter().map(|export| export.id).collect();
    let mut runs = runs::store::last_runs(&***db, &ids).await?;
    let row = |export: Export| {
        let id = export.definition.connection_id;
        let connection = usable.iter().find(|connection| Some(connection.id) == id);
        let access = Access::of(&visit.user, connection);
        Row {
            id: export.id,
            last_run: runs.remove(&export.id).map(|run| LastRun {
                href: paths::run(run.id),
                status: visit.t(run.state.label_key()),
                tone: run.state.tone(),
                at: run.at,
            }),
            connection: connection_name(visit, id, &connections),
            may_edit: access.may_edit(),
            may_run: access.may_edit() && id.is_some(),
            updated_at: export.updated_at,
            updated_by: export
                .updated_by
                .and_then(|id| people.get(&id).cloned())
                .unwrap_or_else(|| visit.t("exports-by-command-line")),
            name: export.definition.name,
        }
    };
    Ok(exports.into_iter().map(row).collect())
}

fn connection_name(visit: &SignedIn, id: Option<Uuid>, names: &HashMap<Uuid, String>) -> String {
    match id {
        None => visit.t("exports-no-connection"),
        Some(id) => names
            .get(&id)
            .cloned()
            .unwrap_or_else(|| visit.t("exports-connection-removed")),
    }
}
