//! Contact lists: get, list, create, change, delete.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    activities::{self, ActivityFault, Intake, Report},
    book::{Book, new_id},
    errors::Refusal,
    members::Members,
    server::Core,
    wire,
};

/// Lists an account may have (API guide "Contact lists overview").
const MAX_LISTS: usize = 1_000;
/// Longest name and description, in characters (vendor's API description; guide page on creating lists).
const MAX_TEXT_CHARS: usize = 255;

/// A contact list. Deleted lists stay, empty and marked.
pub(super) struct List {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) favorite: bool,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) deleted_at: Option<Timestamp>,
    pub(super) members: Members,
}

impl List {
    pub(super) fn new(name: &str, now: Timestamp) -> Self {
        Self {
            id: new_id(),
            name: name.to_owned(),
            description: None,
            favorite: false,
            created_at: now,
            updated_at: now,
            deleted_at: None,
            members: Members::default(),
        }
    }

    fn json(&self) -> Value {
        let mut body = json!({
            "list_id": self.id,
            "name": self.name,
            "description": self.description.as_deref().unwrap_or_default(),
            "favorite": self.favorite,
            "created_at": wire::time(self.created_at),
            "updated_at": wire::time(self.updated_at),
        });
        if let Some(deleted_at) = self.deleted_at {
            body["deleted_at"] = wire::time(deleted_at);
        }
        body
    }
}

/// Which members `membership_count` counts.
#[derive(Clone, Copy)]
enum Counted {
    All,
    Active,
}

impl Counted {
    fn asked(query: &wire::Query) -> Result<Option<Self>, Refusal> {
        match query.get("include_membership_count") {
            None => Ok(None),
            Some("all") => Ok(Some(Self::All)),
            Some("active") => Ok(Some(Self::Active)),
            Some(_) => Err(Refusal::invalid(
                "include_membership_count must be all or active.",
            )),
        }
    }
}

fn json_with_count(book: &Book, list: &List, counted: Option<Counted>) -> Value {
    let mut body = list.json();
    match counted {
        None => {}
        Some(Counted::All) => body["membership_count"] = json!(list.members.len()),
        Some(Counted::Active) => {
            let active = list
                .members
                .iter()
                .filter(|position| book.contact(*position).is_active())
                .count();
            body["membership_count"] = json!(active);
        }
    }
    body
}

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/v3/contact_lists", web::get().to(index))
        .route("/v3/contact_lists", web::post().to(create))
        .route("/v3/contact_lists/{list_id}", web::get().to(show))
        .route("/v3/contact_lists/{list_id}", web::put().to(update))
        .route("/v3/contact_lists/{list_id}", web::delete().to(delete));
}

async fn index(core: web::Data<Core>, request: HttpRequest) -> Result<HttpResponse, Refusal> {
    let query = wire::Query::read(&request)?;
    let limit = query.limit(50, 1_000)?;
    let counted = Counted::asked(&query)?;
    let statuses = query.list("status");
    if statuses
        .iter()
        .any(|status| !["all", "active", "deleted"].contains(status))
    {
        return Err(Refusal::invalid("status must be all, active or deleted."));
    }
    let wants_deleted = statuses
        .iter()
        .any(|status| ["all", "deleted"].contains(status));
    let wants_active = statuses.is_empty()
        || statuses
            .iter()
            .any(|status| ["all", "active"].contains(status));
    // The sandbox has no SMS lists.
    let is_email = query
        .get("channel_type")
        .is_none_or(|channel| channel != "sms");
    let state = core.state();
    let book = &state.book;
    let matching: Vec<(u64, &List)> = (0u64..)
        .zip(&book.lists)
        .filter(|(_, list)| {
            is_email
                && if list.deleted_at.is_some() {
                    wants_deleted
                } else {
                    wants_active
                }
        })
        .filter(|(_, list)| query.get("name").is_none_or(|name| list.name == name))
        .collect();
    let count = matching.len();
    let mut page: Vec<(u64, &List)> = matching
        .into_iter()
        .filter(|(position, _)| query.after().is_none_or(|after| *position > after))
        .take(limit + 1)
        .collect();
    let has_more = page.len() > limit;
    page.truncate(limit);
    let lists: Vec<Value> = page
        .iter()
        .map(|(_, list)| json_with_count(book, list, counted))
        .collect();
    let mut body = json!({ "lists": lists });
    if query.flag("include_count") {
        body["lists_count"] = json!(count);
    }
    if let Some((last, _)) = page.last().filter(|_| has_more) {
        body["_links"] = query.next_link("/v3/contact_lists", limit, *last);
    }
    Ok(HttpResponse::Ok().json(body))
}

/// A deleted list is shown too, with `deleted_at` (an assumption).
async fn show(
    core: web::Data<Core>,
    id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let counted = Counted::asked(&wire::Query::read(&request)?)?;
    let id = wire::path_id(&id, "List")?;
    let state = core.state();
    let book = &state.book;
    let list = book.lists.iter().find(|list| list.id == id);
    let list = list.ok_or_else(list_not_found)?;
    Ok(HttpResponse::Ok().json(json_with_count(book, list, counted)))
}

fn list_not_found() -> Refusal {
    Refusal::not_found("List not found.")
}

/// The position of a list that can be changed.
fn find(book: &Book, id: Uuid) -> Result<usize, Refusal> {
    book.find_list(id).ok_or_else(list_not_found)
}

/// Name, description and favourite mark of a body.
fn input(body: &Value) -> Result<(String, Option<String>, bool), Refusal> {
    let name = wire::text(body, "name", MAX_TEXT_CHARS)?
        .ok_or_else(|| Refusal::invalid("name is required."))?;
    let description = wire::text(body, "description", MAX_TEXT_CHARS)?;
    Ok((
        name,
        description,
        body["favorite"].as_bool().unwrap_or(false),
    ))
}

/// Whether another list that is not deleted has this name; case matters, names of deleted lists are free again.
fn is_taken(book: &Book, name: &str, except: Option<usize>) -> bool {
    let mut active = book
        .lists
        .iter()
        .enumerate()
        .filter(|(_, list)| list.deleted_at.is_none());
    active.any(|(position, list)| Some(position) != except && list.name == name)
}

async fn create(
    core: web::Data<Core>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, Refusal> {
    let (name, description, favorite) = input(&wire::json_body(&request, &body)?)?;
    let now = core.options.clock.now();
    let mut state = core.state();
    let book = &mut state.book;
    if is_taken(book, &name, None) {
        return Err(Refusal::conflict(format!(
            "A list with the name {name} already exists."
        )));
    }
    if book
        .lists
        .iter()
        .filter(|list| list.deleted_at.is_none())
        .count()
        >= MAX_LISTS
    {
        return Err(Refusal::invalid(format!(
            "An account may have {MAX_LISTS} lists at most."
        )));
    }
    let mut list = List::new(&name, now);
    list.description = description;
    list.favorite = favorite;
    let answer = list.json();
    book.lists.push(list);
    Ok(HttpResponse::Created().json(answer))
}

async fn update(
    core: web::Data<Core>,
    id: web::Path<String>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, Refusal> {
    let id = wire::path_id(&id, "List")?;
    let (name, description, favorite) = input(&wire::json_body(&request, &body)?)?;
    let now = core.options.clock.now();
    let mut state = core.state();
    let position = find(&state.book, id)?;
    if is_taken(&state.book, &name, Some(position)) {
        return Err(Refusal::conflict(format!(
            "A list with the name {name} already exists."
        )));
    }
    let list = &mut state.book.lists[position];
    list.name = name;
    list.description = description;
    list.favorite = favorite;
    list.updated_at = now;
    Ok(HttpResponse::Ok().json(list.json()))
}

/// Answers 202 with an activity; the list goes when the activity is worked on, its contacts stay.
async fn delete(
    core: web::Data<Core>,
    id: web::Path<String>,
    fault: Option<web::ReqData<ActivityFault>>,
) -> Result<HttpResponse, Refusal> {
    let id = wire::path_id(&id, "List")?;
    find(&core.state().book, id)?;
    let intake = Intake::new(fault);
    let activity = activities::accept(&core, intake, move |core: &Core| delete_lists(core, &[id]))?;
    let href = activity["_links"]["self"]["href"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    Ok(HttpResponse::Accepted()
        .insert_header((header::LOCATION, href))
        .json(activity))
}

/// The work of `DELETE /contact_lists/{list_id}` and of `POST /activities/list_delete`.
pub(super) fn delete_lists(core: &Core, ids: &[Uuid]) -> Report {
    let now = core.options.clock.now();
    let mut state = core.state();
    let deleted = ids
        .iter()
        .filter(|id| state.book.delete_list(**id, now))
        .count();
    Report::done(json!({ "list_count": deleted }))
}
