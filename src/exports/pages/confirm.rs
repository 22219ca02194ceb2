//! The question before one or several exports are removed or detached, and what happens then.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use askama::Template;
use sea_orm::{DatabaseConnection, TransactionTrait};
use serde::Deserialize;
use uuid::Uuid;

use super::chosen::{Chosen, names, read_ids, way_back, write_ids};
use super::desk::author;
use crate::auth::Permission;
use crate::exports::store::{self, Detached};
use crate::exports::{Export, StoreError};
use crate::runs;
use crate::web::{self, Page, PageError, SignedIn, paths};

/// What is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Remove,
    Detach,
}

#[derive(Template)]
#[template(path = "exports/confirm.html")]
struct ConfirmPage {
    page: Page,
    title: String,
    text: String,
    button: String,
    is_danger: bool,
    action: String,
    ids: String,
    return_to: String,
    /// What happens to these.
    names: Vec<String>,
    /// A run of these is in progress, so they stay.
    running: Vec<String>,
    /// The visitor may only view these, so they stay.
    view_only: Vec<String>,
}

/// Which exports, and where the visitor came from.
#[derive(Deserialize)]
pub(super) struct Which {
    /// Separated by commas.
    #[serde(default)]
    ids: String,
    /// A path of ours to go back to; the list when empty.
    #[serde(default)]
    return_to: String,
}

/// `GET /exports/remove?ids=`.
pub(super) async fn ask_removal(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    which: Query<Which>,
) -> Result<HttpResponse, PageError> {
    ask(&visit, &db, Act::Remove, &read_ids(&which.ids), &which).await
}

/// `POST /exports/remove`.
pub(super) async fn remove(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    which: Form<Which>,
) -> Result<HttpResponse, PageError> {
    act(&visit, &db, Act::Remove, &read_ids(&which.ids), &which).await
}

/// `GET /exports/{id}/remove`.
pub(super) async fn ask_removal_of_one(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
    which: Query<Which>,
) -> Result<HttpResponse, PageError> {
    ask(&visit, &db, Act::Remove, &[*id], &which).await
}

/// `POST /exports/{id}/remove`: refused while a run is active.
pub(super) async fn remove_one(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
    which: Form<Which>,
) -> Result<HttpResponse, PageError> {
    act(&visit, &db, Act::Remove, &[*id], &which).await
}

/// `GET /exports/detach?ids=`.
pub(super) async fn ask_detaching(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    which: Query<Which>,
) -> Result<HttpResponse, PageError> {
    ask(&visit, &db, Act::Detach, &read_ids(&which.ids), &which).await
}

/// `POST /exports/detach`.
pub(super) async fn detach(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    which: Form<Which>,
) -> Result<HttpResponse, PageError> {
    act(&visit, &db, Act::Detach, &read_ids(&which.ids), &which).await
}

async fn ask(
    visit: &SignedIn,
    db: &DatabaseConnection,
    act: Act,
    ids: &[Uuid],
    which: &Which,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditExports)?;
    if ids.is_empty() {
        return Ok(nothing_chosen(visit, which));
    }
    let chosen = Chosen::load(visit, db, ids).await?;
    let mut running = Vec::new();
    let mut free = Vec::new();
    for export in chosen.editable {
        if runs::store::has_active_run(db, export.id).await? {
            running.push(export);
        } else {
            free.push(export);
        }
    }
    draw(
        visit,
        StatusCode::OK,
        act,
        which,
        &free,
        &running,
        &chosen.view_only,
    )
}

fn draw(
    visit: &SignedIn,
    status: StatusCode,
    act: Act,
    which: &Which,
    free: &[Export],
    running: &[Export],
    view_only: &[Export],
) -> Result<HttpResponse, PageError> {
    let all: Vec<&Export> = free.iter().chain(running).chain(view_only).collect();
    let title = match (act, all.as_slice()) {
        (Act::Remove, [one]) => visit
            .msg("exports-remove-title")
            .text("name", one.definition.name.as_str()),
        (Act::Remove, _) => visit.msg("exports-remove-many").num("count", all.len()),
        (Act::Detach, [one]) => visit
            .msg("exports-detach-title")
            .text("name", one.definition.name.as_str()),
        (Act::Detach, _) => visit.msg("exports-detach-many").num("count", all.len()),
    };
    let text = match (act, visit.user.is_administrator()) {
        (Act::Remove, _) => visit.t("exports-remove-text"),
        (Act::Detach, true) => visit.t("exports-detach-text"),
        (Act::Detach, false) => visit.t("exports-detach-text-contributor"),
    };
    let page = ConfirmPage {
        page: visit.page("exports"),
        title: title.to_string(),
        text,
        button: visit.t(match act {
            Act::Remove => "exports-remove",
            Act::Detach => "exports-detach",
        }),
        is_danger: act == Act::Remove,
        action: match (act, all.as_slice()) {
            (Act::Remove, [one]) => paths::remove_export(one.id),
            (Act::Remove, _) => paths::remove_exports(""),
            (Act::Detach, _) => paths::detach_exports(""),
        },
        ids: write_ids(free),
        return_to: way_back(&which.return_to),
        names: names(free),
        running: names(running),
        view_only: names(view_only),
    };
    web::render_with(status, &page)
}

async fn act(
    visit: &SignedIn,
    db: &DatabaseConnection,
    act: Act,
    ids: &[Uuid],
    which: &Which,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditExports)?;
    if ids.is_empty() {
        return Ok(nothing_chosen(visit, which));
    }
    let chosen = Chosen::load(visit, db, ids).await?;
    let mut running = Vec::new();
    let mut done = Vec::new();
    for export in chosen.editable {
        match act_on(visit, db, act, export.id).await? {
            Acted::Done => done.push(export),
            Acted::Running => running.push(export),
            Acted::Nothing => {}
        }
    }
    if done.is_empty() && !running.is_empty() {
        return draw(
            visit,
            StatusCode::CONFLICT,
            act,
            which,
            &[],
            &running,
            &chosen.view_only,
        );
    }
    let told = match (act, done.as_slice()) {
        (_, []) => None,
        (Act::Remove, [one]) => Some(
            visit
                .msg("exports-removed")
                .text("name", one.definition.name.as_str()),
        ),
        (Act::Remove, many) => Some(visit.msg("exports-removed-many").num("count", many.len())),
        (Act::Detach, [one]) => Some(
            visit
                .msg("exports-detached")
                .text("name", one.definition.name.as_str()),
        ),
        (Act::Detach, many) => Some(visit.msg("exports-detached-many").num("count", many.len())),
    };
    if let Some(told) = told {
        visit.flash_success(told.to_string());
    }
    if !running.is_empty() {
        let warning = visit
            .msg("exports-left-running")
            .num("count", running.len());
        visit.flash_warning(warning.to_string());
    }
    if !chosen.view_only.is_empty() {
        let warning = visit
            .msg("exports-left-view-only")
            .num("count", chosen.view_only.len());
        visit.flash_warning(warning.to_string());
    }
    Ok(web::see_other(&way_back(&which.return_to)))
}

enum Acted {
    Done,
    /// A run is in progress; nothing was changed.
    Running,
    /// Somebody was faster.
    Nothing,
}

/// One transaction for each export, so that what one refuses is not undone for the others.
async fn act_on(
    visit: &SignedIn,
    db: &DatabaseConnection,
    act: Act,
    id: Uuid,
) -> Result<Acted, PageError> {
    let transaction = db.begin().await?;
    // Locked first, so that the answer still holds when the export is changed.
    match store::lock(&transaction, id).await {
        Ok(_) => {}
        Err(StoreError::NotFound) => return Ok(Acted::Nothing),
        Err(error) => return Err(error.into()),
    }
    if runs::store::has_active_run(&transaction, id).await? {
        transaction.rollback().await?;
        return Ok(Acted::Running);
    }
    match act {
        Act::Remove => store::remove(&transaction, id, author(visit)).await?,
        Act::Detach => {
            if store::detach(&transaction, id, author(visit)).await? == Detached::HadNone {
                return Ok(Acted::Nothing);
            }
        }
    }
    transaction.commit().await?;
    Ok(Acted::Done)
}

fn nothing_chosen(visit: &SignedIn, which: &Which) -> HttpResponse {
    visit.flash_warning(visit.t("exports-choose-first"));
    web::see_other(&way_back(&which.return_to))
}
