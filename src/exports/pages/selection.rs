//! The command bar over the list: acts on the rows that were selected.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Form};
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::chosen::{Chosen, MAX_CHOSEN};
use super::desk::author;
use crate::exports::Export;
use crate::runs::{self, Engine, Trigger};
use crate::web::{self, PageError, SignedIn, paths};

/// `POST /exports/selected`: sends the browser to the page of the action, which asks for permission itself. Several
/// exports are run right here.
pub(super) async fn act(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    engine: Data<Engine>,
    pairs: Form<Vec<(String, String)>>,
) -> Result<HttpResponse, PageError> {
    let values = |wanted: &'static str| {
        let pairs = pairs.iter().filter(move |(name, _)| name == wanted);
        pairs.map(|(_, value)| value.as_str())
    };
    let mut ids: Vec<Uuid> = values("export").filter_map(|id| id.parse().ok()).collect();
    ids.truncate(MAX_CHOSEN);
    let action = values("action").next().unwrap_or_default();
    let several = ids
        .iter()
        .map(Uuid::to_string)
        .collect::<Vec<_>>()
        .join(",");
    let is_change = matches!(
        action,
        "remove" | "schedule" | "detach" | "add-segment" | "run"
    );
    if is_change && may_only_view(&visit, &db, &ids).await {
        visit.flash_warning(visit.t("exports-stay-view-only"));
        return Ok(web::see_other(&paths::exports()));
    }
    let path = match (action, ids.as_slice()) {
        (_, []) => {
            visit.flash_warning(visit.t("exports-choose-first"));
            paths::exports()
        }
        ("open", [id]) => paths::export(*id),
        ("check", [id]) => paths::check_export(*id),
        ("duplicate", [id]) => paths::duplicate_export(*id),
        ("remove", [id]) => paths::remove_export(*id),
        ("remove", _) => paths::remove_exports(&several),
        ("schedule", _) => paths::schedule_exports(&several),
        ("detach", _) => paths::detach_exports(&several),
        ("add-segment", _) => paths::add_segment_to_exports(&several),
        // 307 keeps the POST and its fields, the token included.
        ("run", [id]) => {
            return Ok(HttpResponse::TemporaryRedirect()
                .insert_header((LOCATION, paths::run_export(*id)))
                .finish());
        }
        ("run", _) => {
            run_several(&visit, &db, &engine, &ids).await?;
            paths::exports()
        }
        ("open" | "check" | "duplicate", _) => {
            visit.flash_warning(visit.t("exports-choose-one"));
            paths::exports()
        }
        _ => return Err(PageError::BadRequest),
    };
    Ok(web::see_other(&path))
}

/// Whether the visitor changes exports, but none of these.
async fn may_only_view(visit: &SignedIn, db: &DatabaseConnection, ids: &[Uuid]) -> bool {
    let chosen = Chosen::load(visit, db, ids).await;
    matches!(chosen, Err(PageError::ViewOnly))
}

async fn run_several(
    visit: &SignedIn,
    db: &DatabaseConnection,
    engine: &Engine,
    ids: &[Uuid],
) -> Result<(), PageError> {
    let chosen = Chosen::load(visit, db, ids).await?;
    let (ready, detached): (Vec<Export>, Vec<Export>) = chosen
        .editable
        .into_iter()
        .partition(|export| export.definition.connection_id.is_some());
    let asked = runs::store::request_all(db, &ready, Trigger::Person, author(visit)).await?;
    engine.wake();
    tell_started(visit, asked.new, asked.running);
    if !detached.is_empty() {
        let warning = visit
            .msg("exports-left-detached")
            .num("count", detached.len());
        visit.flash_warning(warning.to_string());
    }
    if !chosen.view_only.is_empty() {
        let warning = visit
            .msg("exports-left-view-only")
            .num("count", chosen.view_only.len());
        visit.flash_warning(warning.to_string());
    }
    Ok(())
}

/// Says how many runs were asked for.
pub(super) fn tell_started(visit: &SignedIn, new: usize, running: usize) {
    if new > 0 {
        let started = visit.msg("exports-started-many").num("count", new);
        visit.flash_success(started.to_string());
    }
    if running > 0 {
        let warning = visit.msg("exports-running-already").num("count", running);
        visit.flash_warning(warning.to_string());
    }
}
