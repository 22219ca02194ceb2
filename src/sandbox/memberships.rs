//! Bulk jobs on memberships, contacts and lists: `add_list_memberships`, `remove_list_memberships`,
//! `contact_delete` and `list_delete`.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    activities::{self, ActivityFault, Intake, Report},
    book::Book,
    errors::Refusal,
    lists,
    server::Core,
    wire,
};

/// Contacts, lists and tags one request may name (vendor's API description; its `maxItems: 0` are errors).
const MAX_CONTACTS: usize = 500;
const MAX_LISTS: usize = 50;
const MAX_TAGS: usize = 50;
/// Lists one `list_delete` may name (same source).
const MAX_DELETED_LISTS: usize = 100;

type Fault = Option<web::ReqData<ActivityFault>>;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/v3/activities/add_list_memberships", web::post().to(add))
        .route(
            "/v3/activities/remove_list_memberships",
            web::post().to(remove),
        )
        .route(
            "/v3/activities/contact_delete",
            web::post().to(delete_contacts),
        )
        .route("/v3/activities/list_delete", web::post().to(delete_lists));
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Add,
    Remove,
}

/// Whose memberships change.
enum Source {
    Contacts(Vec<Uuid>),
    Lists(Vec<Uuid>),
    AllActive,
    NewSubscribers,
    /// Tags, engagement levels and segments are not simulated: nobody has one.
    Nobody,
}

impl Source {
    fn read(body: &Value, direction: Direction) -> Result<Self, Refusal> {
        let source = &body["source"];
        let mut found = Vec::new();
        if let Some(ids) = wire::ids(source, "contact_ids", MAX_CONTACTS)? {
            found.push(Self::Contacts(ids));
        }
        if let Some(ids) = wire::ids(source, "list_ids", MAX_LISTS)? {
            found.push(Self::Lists(ids));
        }
        if wire::ids(source, "tag_ids", MAX_TAGS)?.is_some() {
            found.push(Self::Nobody);
        }
        if source["all_active_contacts"] == true {
            found.push(Self::AllActive);
        }
        match source["engagement_level"].as_str() {
            None => {}
            Some("unqualified" | "low" | "medium" | "high") => found.push(Self::Nobody),
            Some(_) => return Err(Refusal::invalid("engagement_level is not a known level.")),
        }
        if direction == Direction::Add {
            if !source["segment_id"].is_null() {
                found.push(Self::Nobody);
            }
            if source["new_subscriber"] == true {
                found.push(Self::NewSubscribers);
            }
        }
        match found.pop() {
            Some(only) if found.is_empty() => Ok(only),
            _ => Err(Refusal::invalid("source must have exactly one property.")),
        }
    }

    fn contacts(&self, book: &Book, now: jiff::Timestamp) -> Vec<u32> {
        let all = || {
            (0..)
                .zip(&book.contacts)
                .map(|(position, contact): (u32, _)| (position, contact))
        };
        match self {
            Self::Contacts(ids) => ids.iter().filter_map(|id| book.find_by_id(*id)).collect(),
            Self::Lists(ids) => {
                let lists: Vec<usize> = ids.iter().filter_map(|id| book.find_list(*id)).collect();
                let is_member = |position: u32| {
                    lists
                        .iter()
                        .any(|list| book.lists[*list].members.contains(position))
                };
                all()
                    .map(|(position, _)| position)
                    .filter(|position| is_member(*position))
                    .collect()
            }
            Self::AllActive => all()
                .filter(|(_, contact)| contact.is_active())
                .map(|(position, _)| position)
                .collect(),
            Self::NewSubscribers => {
                let new =
                    all().filter(|(_, contact)| super::contacts::is_new_subscriber(contact, now));
                new.map(|(position, _)| position).collect()
            }
            Self::Nobody => Vec::new(),
        }
    }
}

async fn add(
    core: web::Data<Core>,
    request: HttpRequest,
    body: web::Bytes,
    fault: Fault,
) -> Result<HttpResponse, Refusal> {
    change(
        &core,
        &wire::json_body(&request, &body)?,
        fault,
        Direction::Add,
    )
}

async fn remove(
    core: web::Data<Core>,
    request: HttpRequest,
    body: web::Bytes,
    fault: Fault,
) -> Result<HttpResponse, Refusal> {
    change(
        &core,
        &wire::json_body(&request, &body)?,
        fault,
        Direction::Remove,
    )
}

fn change(
    core: &Core,
    body: &Value,
    fault: Fault,
    direction: Direction,
) -> Result<HttpResponse, Refusal> {
    let source = Source::read(body, direction)?;
    let excluded = wire::ids(&body["exclude"], "contact_ids", MAX_CONTACTS)?.unwrap_or_default();
    if !excluded.is_empty() && !matches!(source, Source::AllActive | Source::Lists(_)) {
        return Err(Refusal::invalid(
            "exclude goes only with all_active_contacts or list_ids as the source.",
        ));
    }
    let targets = wire::ids(body, "list_ids", MAX_LISTS)?.unwrap_or_default();
    if targets.is_empty() {
        return Err(Refusal::invalid("list_ids is required."));
    }
    if targets
        .iter()
        .any(|id| core.state().book.find_list(*id).is_none())
    {
        // Removal declares a 404, addition does not.
        return Err(match direction {
            Direction::Add => Refusal::invalid("list_ids names an unknown list."),
            Direction::Remove => Refusal::not_found("List not found."),
        });
    }
    let intake = Intake {
        lists: targets.clone(),
        counters: &["items_total_count", "items_completed_count", "list_count"],
        ..Intake::new(fault)
    };
    let work = move |core: &Core| {
        let now = core.options.clock.now();
        let mut state = core.state();
        let book = &mut state.book;
        let excluded: Vec<u32> = excluded
            .iter()
            .filter_map(|id| book.find_by_id(*id))
            .collect();
        let mut contacts = source.contacts(book, now);
        contacts.retain(|position| !excluded.contains(position));
        let lists: Vec<usize> = targets
            .iter()
            .filter_map(|id| book.find_list(*id))
            .collect();
        for position in &contacts {
            for list in &lists {
                match direction {
                    Direction::Add => {
                        book.join(*position, *list, now);
                    }
                    Direction::Remove => {
                        book.lists[*list].members.remove(*position);
                    }
                }
            }
        }
        Report::done(json!({
            "items_total_count": contacts.len(),
            "items_completed_count": contacts.len(),
            "list_count": lists.len(),
        }))
    };
    Ok(HttpResponse::Created().json(activities::accept(core, intake, work)?))
}

async fn delete_contacts(
    core: web::Data<Core>,
    request: HttpRequest,
    body: web::Bytes,
    fault: Fault,
) -> Result<HttpResponse, Refusal> {
    let body = wire::json_body(&request, &body)?;
    let contacts = wire::ids(&body, "contact_ids", MAX_CONTACTS)?;
    let lists = wire::ids(&body, "list_ids", MAX_LISTS)?;
    let (source, named_lists) = match (contacts, lists) {
        (Some(ids), None) => (Source::Contacts(ids), Vec::new()),
        (None, Some(ids)) => (Source::Lists(ids.clone()), ids),
        _ => {
            return Err(Refusal::invalid(
                "Either contact_ids or list_ids is required.",
            ));
        }
    };
    let list_count = named_lists.len();
    let intake = Intake {
        lists: named_lists,
        counters: &["items_total_count", "items_completed_count"],
        ..Intake::new(fault)
    };
    let work = move |core: &Core| {
        let now = core.options.clock.now();
        let mut state = core.state();
        let contacts = source.contacts(&state.book, now);
        for position in &contacts {
            state.book.delete_contact(*position, now);
        }
        let mut counters =
            json!({ "items_total_count": contacts.len(), "items_completed_count": contacts.len() });
        if list_count > 0 {
            counters["list_count"] = json!(list_count);
        }
        Report::done(counters)
    };
    Ok(HttpResponse::Created().json(activities::accept(&core, intake, work)?))
}

async fn delete_lists(
    core: web::Data<Core>,
    request: HttpRequest,
    body: web::Bytes,
    fault: Fault,
) -> Result<HttpResponse, Refusal> {
    let body = wire::json_body(&request, &body)?;
    let ids = wire::ids(&body, "list_ids", MAX_DELETED_LISTS)?.filter(|ids| !ids.is_empty());
    let ids = ids.ok_or_else(|| Refusal::invalid("list_ids is required."))?;
    let intake = Intake {
        lists: ids.clone(),
        counters: &["list_count"],
        ..Intake::new(fault)
    };
    let activity = activities::accept(&core, intake, move |core: &Core| {
        lists::delete_lists(core, &ids)
    })?;
    Ok(HttpResponse::Created().json(activity))
}
