//! Custom fields: get, list, create, change, delete.

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    book::{Book, new_id},
    errors::Refusal,
    server::Core,
    wire,
};

/// Custom fields an account may have (vendor's API description, `postCustomFields`).
const MAX_FIELDS: usize = 100;
/// Longest label and name, in characters (same source, `CustomField`).
const MAX_LABEL_CHARS: usize = 50;
/// Most choices of a select (same source; radio buttons and check boxes take 20).
const MAX_CHOICES: usize = 100;
const MAX_BUTTON_CHOICES: usize = 20;
/// Types a custom field may have (API guide "Create custom fields").
const TYPES: [&str; 9] = [
    "string",
    "date",
    "datetime",
    "text_area",
    "number",
    "currency",
    "boolean",
    "single_select",
    "multi_select",
];

/// A custom field. Deleted ones stay as a gap, so that the codes of the others do not move.
pub(super) struct CustomField {
    pub(super) id: Uuid,
    /// `None` after a change that left it out.
    label: Option<String>,
    /// Made from the label at creation, never changed.
    pub(super) name: String,
    kind: String,
    /// Of dates: 1 is kept as text, 2 as a date.
    version: u64,
    choices: Value,
    metadata: Value,
    created_at: Timestamp,
    updated_at: Timestamp,
    pub(super) deleted_at: Option<Timestamp>,
}

impl CustomField {
    pub(super) fn new(label: &str, kind: &str, now: Timestamp) -> Self {
        Self {
            id: new_id(),
            label: Some(label.to_owned()),
            name: label.replace(char::is_whitespace, "_"),
            kind: kind.to_owned(),
            version: 1,
            choices: Value::Null,
            metadata: Value::Null,
            created_at: now,
            updated_at: now,
            deleted_at: None,
        }
    }

    fn json(&self) -> Value {
        let mut body = json!({
            "custom_field_id": self.id,
            "label": self.label,
            "name": self.name,
            "type": self.kind,
            "created_at": wire::time(self.created_at),
            "updated_at": wire::time(self.updated_at),
        });
        if !self.choices.is_null() {
            body["choices"] = self.choices.clone();
        }
        if !self.metadata.is_null() {
            body["metadata"] = self.metadata.clone();
        }
        if ["date", "datetime"].contains(&self.kind.as_str()) {
            body["version"] = json!(self.version);
        }
        body
    }
}

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/v3/contact_custom_fields", web::get().to(index))
        .route("/v3/contact_custom_fields", web::post().to(create))
        .route(
            "/v3/contact_custom_fields/{custom_field_id}",
            web::get().to(show),
        )
        .route(
            "/v3/contact_custom_fields/{custom_field_id}",
            web::put().to(update),
        )
        .route(
            "/v3/contact_custom_fields/{custom_field_id}",
            web::delete().to(delete),
        );
}

async fn index(core: web::Data<Core>, request: HttpRequest) -> Result<HttpResponse, Refusal> {
    let query = wire::Query::read(&request)?;
    let limit = query.limit(50, 100)?;
    let state = core.state();
    let mut page: Vec<(u64, &CustomField)> = (0u64..)
        .zip(&state.book.fields)
        .filter(|(_, field)| field.deleted_at.is_none())
        .filter(|(position, _)| query.after().is_none_or(|after| *position > after))
        .take(limit + 1)
        .collect();
    let has_more = page.len() > limit;
    page.truncate(limit);
    let fields: Vec<Value> = page.iter().map(|(_, field)| field.json()).collect();
    let mut body = json!({ "custom_fields": fields });
    if let Some((last, _)) = page.last().filter(|_| has_more) {
        body["_links"] = query.next_link("/v3/contact_custom_fields", limit, *last);
    }
    Ok(HttpResponse::Ok().json(body))
}

async fn show(core: web::Data<Core>, id: web::Path<String>) -> Result<HttpResponse, Refusal> {
    let state = core.state();
    let position = find(&state.book, &id)?;
    Ok(HttpResponse::Ok().json(state.book.fields[position].json()))
}

fn find(book: &Book, id: &str) -> Result<usize, Refusal> {
    let id = wire::path_id(id, "Custom field")?;
    let mut fields = book.fields.iter();
    let found = fields.position(|field| field.id == id && field.deleted_at.is_none());
    found.ok_or_else(|| Refusal::not_found("Custom field not found."))
}

async fn create(
    core: web::Data<Core>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, Refusal> {
    let body = wire::json_body(&request, &body)?;
    let label = label(&body)?.ok_or_else(|| Refusal::invalid("label is required."))?;
    let kind = body["type"].as_str().filter(|kind| TYPES.contains(kind));
    let kind =
        kind.ok_or_else(|| Refusal::invalid(format!("type must be one of {}.", TYPES.join(", "))))?;
    let now = core.options.clock.now();
    let mut field = CustomField::new(&label, kind, now);
    field.version = version(&body)?;
    field.metadata = body["metadata"].clone();
    field.choices = choices(&body, &field.metadata)?;
    let mut state = core.state();
    let active = || {
        state
            .book
            .fields
            .iter()
            .filter(|field| field.deleted_at.is_none())
    };
    if active().any(|other| other.label == field.label || other.name == field.name) {
        return Err(Refusal::conflict(format!(
            "A custom field with the label {label} already exists."
        )));
    }
    if active().count() >= MAX_FIELDS {
        return Err(Refusal::invalid(format!(
            "An account may have {MAX_FIELDS} custom fields at most."
        )));
    }
    let answer = field.json();
    state.book.fields.push(field);
    Ok(HttpResponse::Created().json(answer))
}

fn label(body: &Value) -> Result<Option<String>, Refusal> {
    wire::text(body, "label", MAX_LABEL_CHARS)
}

/// How dates are kept: as text unless asked otherwise.
fn version(body: &Value) -> Result<u64, Refusal> {
    match &body["version"] {
        Value::Null => Ok(1),
        value => value
            .as_u64()
            .filter(|version| (1..=2).contains(version))
            .ok_or_else(|| Refusal::invalid("version must be 1 or 2.")),
    }
}

/// The choices of a select, each with an id.
fn choices(body: &Value, metadata: &Value) -> Result<Value, Refusal> {
    let Some(asked) = body["choices"].as_array() else {
        return Ok(Value::Null);
    };
    let is_buttons =
        ["radio", "checkbox"].contains(&metadata["display_type"].as_str().unwrap_or_default());
    let most = if is_buttons {
        MAX_BUTTON_CHOICES
    } else {
        MAX_CHOICES
    };
    if asked.len() > most {
        return Err(Refusal::invalid(format!(
            "choices may hold {most} items at most."
        )));
    }
    let with_ids = asked.iter().enumerate().map(|(position, choice)| {
        let mut choice = choice.clone();
        if choice["choice_id"].is_null() {
            choice["choice_id"] = json!(position + 1);
        }
        choice
    });
    Ok(with_ids.collect())
}

/// Changes label and choices only; what is left out becomes null (vendor's API description, `putCustomField`).
async fn update(
    core: web::Data<Core>,
    id: web::Path<String>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, Refusal> {
    let body = wire::json_body(&request, &body)?;
    let label = label(&body)?;
    let now = core.options.clock.now();
    let mut state = core.state();
    let position = find(&state.book, &id)?;
    let field = &mut state.book.fields[position];
    field.choices = choices(&body, &field.metadata)?;
    field.label = label;
    field.updated_at = now;
    Ok(HttpResponse::Ok().json(field.json()))
}

async fn delete(core: web::Data<Core>, id: web::Path<String>) -> Result<HttpResponse, Refusal> {
    let now = core.options.clock.now();
    let mut state = core.state();
    let position = find(&state.book, &id)?;
    state.book.fields[position].deleted_at = Some(now);
    Ok(HttpResponse::NoContent().finish())
}
