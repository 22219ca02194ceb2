//! Reading contacts: one, many by criteria, and counts; deleting one. Writing is in
//! [`contact_writes`](super::contact_writes).

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    book::Book,
    contact::{Contact, Permission},
    contact_json::{self, Include},
    contact_writes,
    errors::Refusal,
    server::Core,
    wire,
};

/// Lists a query may name (vendor's API description, getContacts).
const MAX_LISTS: usize = 25;
/// Someone who joined within this time is a new subscriber (same source, countContact: 30 days).
const NEW_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/v3/contacts", web::get().to(index))
        .route("/v3/contacts", web::post().to(contact_writes::create))
        .route("/v3/contacts/counts", web::get().to(counts))
        .route(
            "/v3/contacts/sign_up_form",
            web::post().to(contact_writes::sign_up),
        )
        .route("/v3/contacts/{contact_id}", web::get().to(show))
        .route(
            "/v3/contacts/{contact_id}",
            web::put().to(contact_writes::update),
        )
        .route("/v3/contacts/{contact_id}", web::delete().to(delete))
        .route("/v3/contact_tags", web::get().to(tags));
}

/// Which contacts a query asks for.
struct Criteria {
    statuses: Vec<String>,
    email: Option<String>,
    lists: Option<Vec<usize>>,
    updated: (Option<Timestamp>, Option<Timestamp>),
    created: (Option<Timestamp>, Option<Timestamp>),
    opted_out: (Option<Timestamp>, Option<Timestamp>),
    /// Tags and segments are not simulated: nobody has one.
    is_nobody: bool,
}

impl Criteria {
    fn read(query: &wire::Query, book: &Book) -> Result<Self, Refusal> {
        const STATUSES: [&str; 7] = [
            "all",
            "active",
            "deleted",
            "not_set",
            "pending_confirmation",
            "temp_hold",
            "unsubscribed",
        ];
        let statuses = query.list("status");
        if let Some(unknown) = statuses.iter().find(|status| !STATUSES.contains(status)) {
            return Err(Refusal::invalid(format!("status does not know {unknown}.")));
        }
        // Same source: segment_id "can only be combined with the limit query parameter".
        if query.get("segment_id").is_some() && query.asks_beside(&["segment_id", "limit"]) {
            return Err(Refusal::invalid(
                "segment_id can be combined with limit only.",
            ));
        }
        let lists = query.list("lists");
        if lists.len() > MAX_LISTS {
            return Err(Refusal::invalid(format!(
                "lists may hold {MAX_LISTS} items at most."
            )));
        }
        let positions: Result<Vec<Option<usize>>, Refusal> = lists
            .iter()
            .map(|id| {
                let id =
                    Uuid::parse_str(id).map_err(|_| Refusal::invalid("lists must hold UUIDs."))?;
                Ok(book.find_list(id))
            })
            .collect();
        let range =
            |after: &str, before: &str| Ok::<_, Refusal>((query.time(after)?, query.time(before)?));
        Ok(Self {
            statuses: statuses.into_iter().map(str::to_owned).collect(),
            email: query.get("email").map(str::to_owned),
            lists: (!lists.is_empty()).then_some(positions?.into_iter().flatten().collect()),
            updated: range("updated_after", "updated_before")?,
            created: range("created_after", "created_before")?,
            opted_out: range("optout_after", "optout_before")?,
            is_nobody: query.get("tags").is_some() || query.get("segment_id").is_some(),
        })
    }

    fn fits(&self, book: &Book, position: u32) -> bool {
        let contact = book.contact(position);
        let in_range = |range: (Option<Timestamp>, Option<Timestamp>), at: Timestamp| {
            range.0.is_none_or(|after| at > after) && range.1.is_none_or(|before| at < before)
        };
        let asks_opt_out = self.opted_out.0.is_some() || self.opted_out.1.is_some();
        !self.is_nobody
            && self.has_status(contact)
            && self
                .email
                .as_ref()
                .is_none_or(|email| contact.email.eq_ignore_ascii_case(email))
            && self.lists.as_ref().is_none_or(|lists| {
                lists
                    .iter()
                    .any(|list| book.lists[*list].members.contains(position))
            })
            && in_range(self.updated, contact.updated_at)
            && in_range(self.created, contact.created_at)
            && (!asks_opt_out
                || contact
                    .opted_out_at()
                    .is_some_and(|at| in_range(self.opted_out, at)))
    }

    /// Deleted contacts are shown only when asked for.
    fn has_status(&self, contact: &Contact) -> bool {
        if self.statuses.is_empty() {
            return !contact.is_deleted();
        }
        self.statuses.iter().any(|status| match status.as_str() {
            "all" => true,
            "deleted" => contact.is_deleted(),
            "active" => contact.is_active(),
            permission => !contact.is_deleted() && contact.permission.as_str() == permission,
        })
    }
}

async fn index(core: web::Data<Core>, request: HttpRequest) -> Result<HttpResponse, Refusal> {
    let query = wire::Query::read(&request)?;
    let limit = query.limit(50, 500)?;
    let include = Include::asked(&query)?;
    let state = core.state();
    let book = &state.book;
    let criteria = Criteria::read(&query, book)?;
    let all = 0..u32::try_from(book.contacts.len()).unwrap_or(u32::MAX);
    let fitting = |positions: std::ops::Range<u32>| {
        positions.filter(|position| criteria.fits(book, *position))
    };
    let after = query.after().and_then(|after| u32::try_from(after).ok());
    let rest = after.map_or(0, |after| after.saturating_add(1))..all.end;
    let mut page: Vec<u32> = fitting(rest).take(limit + 1).collect();
    let has_more = page.len() > limit;
    page.truncate(limit);
    let contacts: Vec<Value> = page
        .iter()
        .map(|position| contact_json::contact(book, *position, include))
        .collect();
    let mut body = json!({ "contacts": contacts });
    if query.flag("include_count") {
        body["contacts_count"] = json!(fitting(all).count());
    }
    if let Some(last) = page.last().filter(|_| has_more) {
        body["_links"] = query.next_link("/v3/contacts", limit, u64::from(*last));
    }
    Ok(HttpResponse::Ok().json(body))
}

/// The contact named in a path.
pub(super) fn find(book: &Book, id: &str) -> Result<u32, Refusal> {
    let id = wire::path_id(id, "Contact")?;
    book.find_by_id(id)
        .ok_or_else(|| Refusal::not_found("Contact not found."))
}

async fn show(
    core: web::Data<Core>,
    id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let include = Include::asked(&wire::Query::read(&request)?)?;
    let state = core.state();
    let position = find(&state.book, &id)?;
    Ok(HttpResponse::Ok().json(contact_json::contact(&state.book, position, include)))
}

async fn delete(core: web::Data<Core>, id: web::Path<String>) -> Result<HttpResponse, Refusal> {
    let now = core.options.clock.now();
    let mut state = core.state();
    let position = find(&state.book, &id)?;
    state.book.delete_contact(position, now);
    Ok(HttpResponse::NoContent().finish())
}

async fn counts(core: web::Data<Core>, request: HttpRequest) -> Result<HttpResponse, Refusal> {
    let query = wire::Query::read(&request)?;
    let now = core.options.clock.now();
    let state = core.state();
    let present = || {
        state
            .book
            .contacts
            .iter()
            .filter(|contact| !contact.is_deleted())
    };
    let with = |permission: Permission| {
        present()
            .filter(|contact| contact.permission == permission)
            .count()
    };
    let mut body = json!({
        "total": present().count(),
        "explicit": with(Permission::Explicit),
        "implicit": with(Permission::Implicit),
        "pending": with(Permission::PendingConfirmation),
        "unsubscribed": with(Permission::Unsubscribed),
    });
    if query.get("include") == Some("new_subscriber") {
        body["new_subscriber"] = json!(
            present()
                .filter(|contact| is_new_subscriber(contact, now))
                .count()
        );
    }
    Ok(HttpResponse::Ok().json(body))
}

/// Whether a contact subscribed within the last 30 days.
pub(super) fn is_new_subscriber(contact: &Contact, now: Timestamp) -> bool {
    contact.is_active() && now.duration_since(contact.created_at) < NEW_FOR
}

/// The sandbox keeps no tags.
async fn tags() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "tags": [] }))
}
