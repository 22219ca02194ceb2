//! Writing single contacts: create, replace, and the sign-up form's create-or-update.

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    book::{Book, Joined, MAX_LISTS_PER_CONTACT},
    contact::{Permission, standard_code},
    contact_input::{self, Updates},
    contact_json::{self, Include},
    contacts,
    errors::Refusal,
    server::Core,
    wire,
};

/// Longest address here, in characters (vendor's API description, `EmailAddressPost`).
const MAX_EMAIL_CHARS: usize = 80;
/// Longest address of the sign-up form (same source, `ContactCreateOrUpdateInput`).
const MAX_SIGN_UP_EMAIL_CHARS: usize = 50;
/// Custom values of one call; the sign-up form takes more (same source).
const MAX_CUSTOM_VALUES: usize = 25;
const MAX_SIGN_UP_CUSTOM_VALUES: usize = 50;

fn store(book: &mut Book, position: u32, updates: &Updates, now: Timestamp) {
    let updates: Vec<(u16, &str)> = updates
        .iter()
        .map(|(code, text)| (*code, text.as_str()))
        .collect();
    book.update_values(position, &updates, now);
}

/// 400 unless `name` says who acts, in the vendor's two words.
fn require_source(body: &Value, name: &str) -> Result<(), Refusal> {
    match body[name].as_str() {
        Some("Account" | "Contact") => Ok(()),
        _ => Err(Refusal::invalid(format!(
            "{name} must be Account or Contact."
        ))),
    }
}

fn email_taken(book: &Book, position: u32) -> Refusal {
    // Public clients read the id out of this text.
    Refusal::conflict(format!(
        "Email already exists for contact {}",
        book.contact(position).id
    ))
}

/// `POST /contacts`: 409 when the address ever existed, deleted contacts included.
pub(super) async fn create(
    core: web::Data<Core>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, Refusal> {
    let body = wire::json_body(&request, &body)?;
    require_source(&body, "create_source")?;
    let email = contact_input::email(&body["email_address"], "address", MAX_EMAIL_CHARS)?;
    let permission =
        contact_input::permission(&body["email_address"])?.unwrap_or(Permission::Implicit);
    let now = core.options.clock.now();
    let mut state = core.state();
    let book = &mut state.book;
    let mut updates = contact_input::plain_values(&body, false)?;
    let is_named = |name| {
        updates
            .iter()
            .any(|(code, _)| Some(*code) == standard_code(name))
    };
    if email.is_none() && !is_named("first_name") && !is_named("last_name") {
        return Err(Refusal::invalid(
            "One of email_address, first_name and last_name is required.",
        ));
    }
    updates.extend(contact_input::sub_resources(
        book,
        &body,
        MAX_CUSTOM_VALUES,
        false,
    )?);
    let lists = contact_input::list_memberships(book, &body)?.unwrap_or_default();
    let email = email.unwrap_or_default();
    if let Some(known) = book.find_by_email(&email) {
        return Err(email_taken(book, known));
    }
    let position = book.add_contact(&email, permission, now);
    book.contact_mut(position).opted_in_by_contact = body["create_source"] == "Contact";
    store(book, position, &updates, now);
    for list in lists {
        book.join(position, list, now);
    }
    Ok(HttpResponse::Created().json(contact_json::contact(book, position, Include::WRITTEN)))
}

/// `PUT /contacts/{contact_id}`: top-level values left out become null, sub-resources left out stay.
pub(super) async fn update(
    core: web::Data<Core>,
    id: web::Path<String>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, Refusal> {
    let body = wire::json_body(&request, &body)?;
    require_source(&body, "update_source")?;
    let email = contact_input::email(&body["email_address"], "address", MAX_EMAIL_CHARS)?;
    let permission = contact_input::permission(&body["email_address"])?;
    let now = core.options.clock.now();
    let mut state = core.state();
    let book = &mut state.book;
    let position = contacts::find(book, &id)?;
    let mut updates = contact_input::plain_values(&body, true)?;
    updates.extend(contact_input::sub_resources(
        book,
        &body,
        MAX_CUSTOM_VALUES,
        true,
    )?);
    let lists = contact_input::list_memberships(book, &body)?;
    if let Some(email) = email {
        match book.find_by_email(&email) {
            Some(other) if other != position => return Err(email_taken(book, other)),
            _ => book.change_email(position, &email),
        }
    }
    if body["update_source"] == "Account"
        && let Some(exit) = &mut book.contact_mut(position).exit
    {
        exit.deleted_at = None;
    }
    match permission {
        None => {}
        Some(Permission::Unsubscribed) => book.unsubscribe(position, now),
        Some(permission) => allow(book, position, permission),
    }
    store(book, position, &updates, now);
    if let Some(lists) = lists {
        for list in &mut book.lists {
            list.members.remove(position);
        }
        for list in lists {
            book.join(position, list, now);
        }
    }
    Ok(HttpResponse::Ok().json(contact_json::contact(book, position, Include::WRITTEN)))
}

fn allow(book: &mut Book, position: u32, permission: Permission) {
    let contact = book.contact_mut(position);
    contact.permission = permission;
    if let Some(exit) = &mut contact.exit {
        exit.opted_out_at = None;
    }
}

/// `POST /contacts/sign_up_form`: creates (201) or updates (200) by address, appends lists, makes the permission
/// explicit, also that of someone who had unsubscribed. Confirmed opt-in is off in the sandbox.
pub(super) async fn sign_up(
    core: web::Data<Core>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, Refusal> {
    let body = wire::json_body(&request, &body)?;
    let email = contact_input::email(&body, "email_address", MAX_SIGN_UP_EMAIL_CHARS)?;
    let email = email.ok_or_else(|| Refusal::invalid("email_address is required."))?;
    let now = core.options.clock.now();
    let mut state = core.state();
    let book = &mut state.book;
    let mut updates = contact_input::plain_values(&body, false)?;
    updates.extend(contact_input::sub_resources(
        book,
        &body,
        MAX_SIGN_UP_CUSTOM_VALUES,
        false,
    )?);
    if !body["street_address"].is_null() {
        updates.extend(contact_input::street_address(&body["street_address"])?);
    }
    if let (Some(phone), Some(code)) = (
        wire::text(&body, "phone_number", 25)?,
        standard_code("phone"),
    ) {
        updates.push((code, phone));
    }
    let lists = contact_input::list_memberships(book, &body)?.filter(|lists| !lists.is_empty());
    let lists = lists.ok_or_else(|| {
        Refusal::invalid(format!(
            "list_memberships must name between 1 and {MAX_LISTS_PER_CONTACT} lists."
        ))
    })?;
    let known = book.find_by_email(&email);
    let position = known.unwrap_or_else(|| book.add_contact(&email, Permission::Explicit, now));
    allow(book, position, Permission::Explicit);
    book.contact_mut(position).opted_in_by_contact = true;
    store(book, position, &updates, now);
    for list in lists {
        if book.join(position, list, now) == Joined::TooManyLists {
            return Err(Refusal::invalid("The contact is on 50 lists already."));
        }
    }
    let contact_id = book.contact(position).id;
    Ok(match known {
        None => {
            HttpResponse::Created().json(json!({ "contact_id": contact_id, "action": "created" }))
        }
        Some(_) => {
            HttpResponse::Ok().json(json!({ "contact_id": contact_id, "action": "updated" }))
        }
    })
}
