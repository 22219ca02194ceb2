//! Settings > Privacy > Exclusion list: what is on it, adding and removing one entry, the list as a file.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Form, Query};
use askama::Template;
use futures_util::stream;
use sea_orm::{DatabaseConnection, DbErr};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::administrator;
use crate::auth;
use crate::exclusions::store::{self, Counts, Listed, PAGE_SIZE, Removed, Upload};
use crate::exclusions::{Entry, EntryProblem, Keys};
use crate::locale::Lang;
use crate::privacy::{add_entry, remove_entry};
use crate::storage::MasterKey;
use crate::storage::audit::{self, AuditEvent};
use crate::web::spreadsheet::{self, BYTE_ORDER_MARK, push_row};
use crate::web::{self, FieldErrors, Page, PageError, SignedIn, paths};

/// Entries of the download read at a time.
const PIECE: u64 = 2_000;

#[derive(Template)]
#[template(path = "privacy/exclusions.html")]
struct ExclusionsPage {
    page: Page,
    counts: Counts,
    entries: Vec<Listed>,
    uploads: Vec<UploadRow>,
    names: HashMap<Uuid, String>,
    range: String,
    previous: String,
    next: String,
    /// What was typed into the form that was refused.
    entry: String,
    removed: String,
    errors: FieldErrors,
}

struct UploadRow {
    upload: Upload,
    /// Entries that still count.
    left: u64,
}

impl ExclusionsPage {
    fn name(&self, id: &Option<Uuid>) -> &str {
        let name = id.as_ref().and_then(|id| self.names.get(id));
        name.map_or("–", String::as_str)
    }
}

#[derive(Default, Deserialize)]
pub(super) struct Which {
    /// Counted from 1.
    #[serde(default)]
    page: u64,
}

/// `GET /settings/privacy/exclusions`.
pub(super) async fn list(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    which: Query<Which>,
) -> Result<HttpResponse, PageError> {
    administrator(&visit)?;
    web::render(&page(&visit, &db, which.page).await?)
}

async fn page(
    visit: &SignedIn,
    db: &DatabaseConnection,
    number: u64,
) -> Result<ExclusionsPage, PageError> {
    let mut number = number.max(1);
    let (mut entries, mut total) = store::list(db, number - 1).await?;
    if let Some(last) = web::last_if_past(number, total, PAGE_SIZE) {
        number = last;
        (entries, total) = store::list(db, number - 1).await?;
    }
    let uploads = store::list_uploads(db).await?;
    let ids: Vec<Uuid> = uploads.iter().map(|upload| upload.id).collect();
    let left = store::count_by_upload(db, &ids).await?;
    let people = entries.iter().map(|entry| entry.added_by);
    let people = people.chain(uploads.iter().map(|upload| upload.created_by));
    let names = auth::store::names(db, people.flatten()).await?;
    let first = (number - 1) * PAGE_SIZE;
    let last = first + entries.len() as u64;
    let at = |is_there: bool, number: u64| match is_there {
        true => format!("{}?page={number}", paths::exclusions()),
        false => String::new(),
    };
    let range = visit
        .msg("web-list-range")
        .num("from", if entries.is_empty() { 0 } else { first + 1 })
        .num("to", last)
        .num("total", total);
    Ok(ExclusionsPage {
        page: visit.page("privacy"),
        counts: store::counts(db).await?,
        range: range.to_string(),
        previous: at(number > 1, number - 1),
        next: at(last < total, number + 1),
        uploads: uploads
            .into_iter()
            .map(|upload| UploadRow {
                left: left.get(&upload.id).copied().unwrap_or(0),
                upload,
            })
            .collect(),
        entries,
        names,
        entry: String::new(),
        removed: String::new(),
        errors: FieldErrors::default(),
    })
}

/// The page with the message of a file or an entry that was refused.
pub(super) async fn refuse(
    visit: &SignedIn,
    db: &DatabaseConnection,
    field: &str,
    typed: &str,
    message: String,
) -> Result<HttpResponse, PageError> {
    let mut page = page(visit, db, 1).await?;
    page.errors = FieldErrors::one(field, message);
    match field {
        "entry" => typed.clone_into(&mut page.entry),
        "removed" => typed.clone_into(&mut page.removed),
        _ => {}
    }
    web::render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

#[derive(Deserialize)]
pub(super) struct AddForm {
    #[serde(default)]
    entry: String,
}

/// `POST /settings/privacy/exclusions`.
pub(super) async fn add(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    key: Data<MasterKey>,
    form: Form<AddForm>,
) -> Result<HttpResponse, PageError> {
    let author = administrator(&visit)?;
    let entry = match Entry::parse(&form.entry) {
        Ok(entry) => entry,
        Err(problem) => {
            let message = words(&visit, problem);
            return refuse(&visit, &db, "entry", &form.entry, message).await;
        }
    };
    if add_entry(&db, &Keys::new(&key), &entry, &author).await? {
        visit.flash_success(visit.t("privacy-exclusion-added"));
    } else {
        visit.flash_warning(visit.t("privacy-exclusion-known"));
    }
    Ok(web::see_other(&paths::exclusions()))
}

#[derive(Deserialize)]
pub(super) struct RemoveForm {
    #[serde(default)]
    removed: String,
}

/// `POST /settings/privacy/exclusions/remove`.
pub(super) async fn remove(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    key: Data<MasterKey>,
    form: Form<RemoveForm>,
) -> Result<HttpResponse, PageError> {
    let author = administrator(&visit)?;
    let message = match Entry::parse(&form.removed) {
        Err(problem) => words(&visit, problem),
        Ok(entry) => match remove_entry(&db, &Keys::new(&key), &entry, &author).await? {
            Removed::Done => {
                visit.flash_success(visit.t("privacy-exclusion-removed"));
                return Ok(web::see_other(&paths::exclusions()));
            }
            Removed::NotThere => visit.t("privacy-exclusion-not-there"),
            Removed::Erased => visit.t("privacy-exclusion-erased"),
        },
    };
    refuse(&visit, &db, "removed", &form.removed, message).await
}

fn words(visit: &SignedIn, problem: EntryProblem) -> String {
    visit.t(match problem {
        EntryProblem::Empty => "privacy-exclusion-empty",
        EntryProblem::Malformed => "privacy-exclusion-malformed",
    })
}

/// `GET /settings/privacy/exclusions/download`.
pub(super) async fn download(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
) -> Result<HttpResponse, PageError> {
    administrator(&visit)?;
    let event = AuditEvent {
        at: visit.now,
        user_id: Some(visit.user.id),
        ip: Some(&visit.ip),
        action: "exclusion.downloaded",
        object_id: String::new(),
        detail: json!({}),
    };
    audit::record(&**db, event).await?;
    let (db, lang) = (db.into_inner(), visit.lang);
    let pieces = stream::try_unfold(Some(Uuid::nil()), move |after| {
        let db = db.clone();
        async move {
            match after {
                Some(after) => piece(&db, lang, after).await.map(Some),
                None => Ok::<_, DbErr>(None),
            }
        }
    });
    let name = format!("exclusions-{}.csv", visit.now.strftime("%Y-%m-%d"));
    Ok(spreadsheet::download(name, pieces))
}

/// The rows after an entry, the headings before the first, and where to go on.
async fn piece(
    db: &DatabaseConnection,
    lang: Lang,
    after: Uuid,
) -> Result<(Bytes, Option<Uuid>), DbErr> {
    let entries = store::list_after(db, after, PIECE).await?;
    let names = auth::store::names(db, entries.iter().filter_map(|entry| entry.added_by)).await?;
    let mut file = Vec::new();
    if after.is_nil() {
        file.extend_from_slice(BYTE_ORDER_MARK.as_bytes());
        let headings = [
            "privacy-exclusions-what",
            "privacy-exclusions-origin",
            "privacy-exclusions-when",
            "privacy-exclusions-who",
        ];
        let headings = headings.map(|key| lang.t(key));
        push_row(&mut file, headings.iter().map(String::as_str));
    }
    for entry in &entries {
        let who = entry.added_by.and_then(|id| names.get(&id));
        let cells = [
            entry.domain.clone().unwrap_or_else(|| entry.mark.clone()),
            lang.t(entry.origin.label_key()),
            entry.added_at.to_string(),
            who.cloned().unwrap_or_default(),
        ];
        push_row(&mut file, cells.iter().map(String::as_str));
    }
    let is_last = (entries.len() as u64) < PIECE;
    let next = entries.last().map(|entry| entry.id).filter(|_| !is_last);
    Ok((file.into(), next))
}
