//! Erasing the person found: the question, the request, and what became of it.

use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path, Query};
use askama::Template;
use sea_orm::DatabaseConnection;
use serde::Deserialize;
use serde_json::json;
use std::collections::HashMap;
use uuid::Uuid;

use super::administrator;
use super::find::{ask_again, read_address};
use crate::auth;
use crate::connections;
use crate::exclusions::Keys;
use crate::privacy::erase::store::{self, PAGE_SIZE};
use crate::privacy::erase::{
    Decision, DeletionState, ErasureState, Erasures, PersonErasure, decide as carry_out,
};
use crate::privacy::find;
use crate::runs::Run;
use crate::storage::MasterKey;
use crate::web::{self, Page, PageError, SignedIn, paths};

#[derive(Template)]
#[template(path = "privacy/erase.html")]
struct ErasePage {
    page: Page,
    address: String,
    rows: u64,
    connections: Vec<(Uuid, String)>,
    /// Unfinished runs that read the person's profiles.
    runs: Vec<Run>,
}

#[derive(Template)]
#[template(path = "privacy/erasures.html")]
struct ErasuresPage {
    page: Page,
    erasures: Vec<PersonErasure>,
    names: HashMap<Uuid, String>,
    range: String,
    previous: String,
    next: String,
}

#[derive(Template)]
#[template(path = "privacy/erasure.html")]
struct ErasurePage {
    page: Page,
    erasure: PersonErasure,
    by: String,
}

impl ErasuresPage {
    fn name(&self, id: &Option<Uuid>) -> &str {
        let name = id.as_ref().and_then(|id| self.names.get(id));
        name.map_or("–", String::as_str)
    }
}

type Fields = Form<Vec<(String, String)>>;

fn value<'a>(fields: &'a Fields, name: &str) -> &'a str {
    let found = fields.iter().find(|(field, _)| field == name);
    found.map_or("", |(_, value)| value.as_str())
}

/// `POST /settings/privacy/erase`: what will happen. Changes nothing.
pub(super) async fn question(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    key: Data<MasterKey>,
    erasures: Data<Erasures>,
    form: Fields,
) -> Result<HttpResponse, PageError> {
    let author = administrator(&visit)?;
    let typed = value(&form, "address");
    let Some(address) = read_address(typed) else {
        return ask_again(&visit, typed);
    };
    let hash = Keys::new(&key).hash(address.address().unwrap_or_default());
    // It tells whether the person is here, so it is a look like any other.
    author
        .record(&**db, "person.looked-up", hash, json!({}))
        .await?;
    let found = find::find(erasures.desk(), &address).await?;
    let rows = found.copies.iter().map(|copy| copy.rows.len() as u64).sum();
    let runs = found.sightings.into_iter().map(|sighting| sighting.run);
    web::render(&ErasePage {
        page: visit.page("privacy"),
        address: address.address().unwrap_or_default().to_owned(),
        rows,
        connections: ready_connections(&db).await?,
        runs: runs.filter(|run| !run.state.is_finished()).collect(),
    })
}

/// Connections that have an account.
async fn ready_connections(db: &DatabaseConnection) -> Result<Vec<(Uuid, String)>, PageError> {
    let connections = connections::store::list(db).await?.into_iter();
    let saved = connections.filter(|connection| connection.saved.is_some());
    Ok(saved
        .map(|connection| (connection.id, connection.name))
        .collect())
}

/// `POST /settings/privacy/erase/confirm`.
pub(super) async fn confirm(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    key: Data<MasterKey>,
    erasures: Data<Erasures>,
    form: Fields,
) -> Result<HttpResponse, PageError> {
    let author = administrator(&visit)?;
    let typed = value(&form, "address");
    let Some(address) = read_address(typed) else {
        return ask_again(&visit, typed);
    };
    let chosen: Vec<&str> = form
        .iter()
        .filter(|(field, _)| field == "connection")
        .map(|(_, value)| value.as_str())
        .collect();
    let mut connections = ready_connections(&db).await?;
    connections.retain(|(id, _)| chosen.contains(&id.to_string().as_str()));
    let id = store::request(&db, &key, &address, &connections, &author).await?;
    erasures.wake();
    visit.flash_success(visit.t("privacy-erase-asked"));
    Ok(web::see_other(&paths::erasure(id)))
}

#[derive(Default, Deserialize)]
pub(super) struct Which {
    /// Counted from 1.
    #[serde(default)]
    page: u64,
}

/// `GET /settings/privacy/erasures`.
pub(super) async fn list(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    which: Query<Which>,
) -> Result<HttpResponse, PageError> {
    administrator(&visit)?;
    let mut number = which.page.max(1);
    let (mut erasures, mut total) = store::list(&**db, number - 1).await?;
    if let Some(last) = web::last_if_past(number, total, PAGE_SIZE) {
        number = last;
        (erasures, total) = store::list(&**db, number - 1).await?;
    }
    let people = erasures.iter().filter_map(|erasure| erasure.requested_by);
    let names = auth::store::names(&**db, people).await?;
    let first = (number - 1) * PAGE_SIZE;
    let last = first + erasures.len() as u64;
    let at = |is_there: bool, number: u64| match is_there {
        true => format!("{}?page={number}", paths::erasures()),
        false => String::new(),
    };
    let range = visit
        .msg("web-list-range")
        .num("from", if erasures.is_empty() { 0 } else { first + 1 })
        .num("to", last)
        .num("total", total);
    web::render(&ErasuresPage {
        page: visit.page("privacy"),
        names,
        range: range.to_string(),
        previous: at(number > 1, number - 1),
        next: at(last < total, number + 1),
        erasures,
    })
}

/// `GET /settings/privacy/erasures/{id}`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    administrator(&visit)?;
    let erasure = store::find(&**db, *id).await?.ok_or(PageError::NotFound)?;
    let by = match erasure.requested_by {
        Some(id) => auth::store::find_name(&**db, id).await?,
        None => None,
    };
    web::render(&ErasurePage {
        page: visit.page("privacy"),
        by: by.unwrap_or_else(|| "–".to_owned()),
        erasure,
    })
}

/// `POST /settings/privacy/erasures/{id}/retry`.
pub(super) async fn retry(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    erasures: Data<Erasures>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    decide(&visit, &db, &erasures, *id, Decision::Retry).await
}

/// `POST /settings/privacy/erasures/{id}/give-up`.
pub(super) async fn give_up(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    erasures: Data<Erasures>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    decide(&visit, &db, &erasures, *id, Decision::GiveUp).await
}

async fn decide(
    visit: &SignedIn,
    db: &DatabaseConnection,
    erasures: &Erasures,
    id: Uuid,
    decision: Decision,
) -> Result<HttpResponse, PageError> {
    let author = administrator(visit)?;
    store::find(db, id).await?.ok_or(PageError::NotFound)?;
    if carry_out(db, id, decision, &author).await? {
        erasures.wake();
        visit.flash_success(visit.t(match decision {
            Decision::Retry => "privacy-deletion-retrying",
            Decision::GiveUp => "privacy-deletion-left",
        }));
    }
    Ok(web::see_other(&paths::erasure(id)))
}
