//! `contacts_file_import` and `contacts_json_import`: what is checked when they are posted.
//!
//! Rows are looked at later, by [`import_rows`](super::import_rows); a 201 says nothing about them.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use futures_util::StreamExt;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    activities::{self, ActivityFault, Intake},
    errors::Refusal,
    import_limits,
    import_rows::{self, COUNTERS, SmsPermission},
    multipart,
    options::Receiver,
    server::Core,
    wire,
};

/// Largest import body taken, in bytes; beyond it 413. Far above the 4 MB the vendor looks at.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;
/// Lists an import may name (vendor's API description, `contactsCSVImport`).
const MAX_LISTS: usize = 50;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route(
            "/v3/activities/contacts_file_import",
            web::post().to(import_file),
        )
        .route(
            "/v3/activities/contacts_json_import",
            web::post().to(import_json),
        );
}

async fn import_file(
    core: web::Data<Core>,
    request: HttpRequest,
    payload: web::Payload,
    fault: Option<web::ReqData<ActivityFault>>,
) -> Result<HttpResponse, Refusal> {
    let content_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let boundary = content_type.and_then(multipart::boundary).ok_or_else(|| {
        Refusal::unsupported_type(
            "This endpoint takes multipart/form-data with the boundary chosen by the client.",
        )
    })?;
    let body = read_body(payload).await?;
    core.state().received.bytes += body.len() as u64;
    let parts = multipart::parts(&body, boundary)
        .ok_or_else(|| Refusal::invalid("The request body is malformed."))?;
    let part = |name: &str| parts.iter().find(|part| part.name == name);
    let text =
        |name: &str| part(name).map(|part| String::from_utf8_lossy(&body[part.content.clone()]));
    let file = part("file").ok_or_else(|| Refusal::invalid("file is required."))?;
    let file_name = file
        .file_name
        .clone()
        .ok_or_else(|| Refusal::invalid("file must have a file name."))?;
    if !file_name.to_ascii_lowercase().ends_with(".csv") {
        return Err(Refusal::unsupported_type("The file must be of type .csv."));
    }
    let sms = text("sms_permission_to_send");
    let sms = sms.map(|text| sms_permission(&text)).transpose()?;
    let lists = text("list_ids").ok_or_else(|| Refusal::invalid("list_ids is required."))?;
    let lists: Vec<&str> = lists
        .split(',')
        .map(str::trim)
        .filter(|id| !id.is_empty())
        .collect();
    let lists = existing_lists(&core, &lists, Refusal::not_found)?;

    if core.options.receiver == Receiver::CountOnly {
        return Ok(count(&core, file_name, &body[file.content.clone()]));
    }
    // What lies beyond the first 4 MB of the body is dropped without a word.
    let end = file
        .content
        .end
        .min(core.options.imports.max_body_bytes)
        .max(file.content.start);
    let content = body.slice(file.content.start..end);
    let intake = Intake {
        source_file_name: Some(file_name),
        lists: lists.clone(),
        counters: COUNTERS,
        ..Intake::new(fault)
    };
    let activity = activities::accept(&core, intake, move |core: &Core| {
        import_rows::import_csv(core, &content, &lists, sms)
    })?;
    Ok(HttpResponse::Created().json(activity))
}

async fn import_json(
    core: web::Data<Core>,
    request: HttpRequest,
    payload: web::Payload,
    fault: Option<web::ReqData<ActivityFault>>,
) -> Result<HttpResponse, Refusal> {
    wire::require_json(&request)?;
    let body = read_body(payload).await?;
    core.state().received.bytes += body.len() as u64;
    let parsed: Value =
        serde_json::from_slice(&body).map_err(|_| Refusal::invalid("The JSON is malformed."))?;
    // Optional even with SMS numbers: it "defaults to not_set" (vendor's API description, `bulkImportContactsJSON`).
    if let Some(permission) = parsed["sms_permission_to_send"].as_str() {
        sms_permission(permission)?;
    }
    let lists = wire::ids(&parsed, "list_ids", MAX_LISTS)?.unwrap_or_default();
    let lists: Vec<String> = lists.iter().map(Uuid::to_string).collect();
    let lists: Vec<&str> = lists.iter().map(String::as_str).collect();
    // 404 is not among the declared answers of this operation.
    let lists = existing_lists(&core, &lists, Refusal::invalid)?;
    let Value::Array(mut contacts) = parsed["import_data"].clone() else {
        return Err(Refusal::invalid("import_data is required."));
    };
    let rules = &core.options.imports;
    contacts.truncate(rules.max_lines);
    if body.len() > rules.max_body_bytes {
        contacts.truncate(import_limits::complete_items(
            &body[..rules.max_body_bytes],
            "import_data",
        ));
    }
    let intake = Intake {
        lists: lists.clone(),
        counters: COUNTERS,
        ..Intake::new(fault)
    };
    let activity = activities::accept(&core, intake, move |core: &Core| {
        import_rows::import_json(core, &contacts, &lists)
    })?;
    Ok(HttpResponse::Created().json(activity))
}

fn sms_permission(text: &str) -> Result<SmsPermission, Refusal> {
    match text.trim() {
        "explicit" => Ok(SmsPermission::Explicit),
        "not_set" => Ok(SmsPermission::NotSet),
        _ => Err(Refusal::invalid(
            "sms_permission_to_send must be explicit or not_set.",
        )),
    }
}

/// The lists named by `ids`, at least one and at most 50, all existing.
fn existing_lists(
    core: &Core,
    ids: &[&str],
    missing: fn(String) -> Refusal,
) -> Result<Vec<Uuid>, Refusal> {
    if ids.is_empty() || ids.len() > MAX_LISTS {
        return Err(Refusal::invalid(format!(
            "list_ids must name between 1 and {MAX_LISTS} lists."
        )));
    }
    let state = core.state();
    ids.iter()
        .map(|text| {
            let id =
                Uuid::parse_str(text).map_err(|_| Refusal::invalid("list_ids must hold UUIDs."))?;
            let found = state.book.find_list(id);
            found
                .map(|_| id)
                .ok_or_else(|| missing(format!("List {id} not found.")))
        })
        .collect()
}

async fn read_body(mut payload: web::Payload) -> Result<web::Bytes, Refusal> {
    let mut body = web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Refusal::invalid("The request body ended early."))?;
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(Refusal::too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Counts the rows of a file and keeps nothing; the activity is complete at once.
fn count(core: &Core, file_name: String, content: &[u8]) -> HttpResponse {
    let lines =
        memchr::memchr_iter(b'\n', content).count() + usize::from(!content.ends_with(b"\n"));
    let rows = lines.saturating_sub(1);
    core.state().received.rows += rows as u64;
    let counters = json!({
        "items_total_count": lines, "person_count": rows,
        "error_count": 0, "correctable_count": 0, "cannot_add_to_list_count": 0,
    });
    HttpResponse::Created().json(activities::accept_completed(
        core,
        Some(file_name),
        counters,
    ))
}
