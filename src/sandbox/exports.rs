//! `contact_exports`: a CSV file of contacts, made by an activity and downloaded afterwards.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    activities::{self, ActivityFault, Intake, Report},
    book::{Book, new_id},
    contact::Contact,
    contacts,
    errors::Refusal,
    faults::FaultKind,
    server::Core,
    wire,
};

/// Columns of an export that asks for none. The vendor publishes their names but not the file's layout
/// (an assumption): headings are the field names, with the contact's id in front.
const DEFAULT_FIELDS: [&str; 22] = [
    "contact_id",
    "email_address",
    "first_name",
    "last_name",
    "job_title",
    "company_name",
    "phone_number",
    "street",
    "city",
    "state",
    "zip",
    "country",
    "anniversary",
    "birthday_month",
    "birthday_day",
    "email_permission_status",
    "email_optin_source",
    "email_optin_date",
    "email_optout_source",
    "email_optout_date",
    "created_at",
    "updated_at",
];

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/v3/activities/contact_exports", web::post().to(create))
        .route(
            "/v3/contact_exports/{file_export_id}",
            web::get().to(download),
        );
}

/// Which contacts go into the file.
struct Criteria {
    contacts: Option<Vec<Uuid>>,
    lists: Option<Vec<Uuid>>,
    status: Option<String>,
    only_new: bool,
    excluded: Vec<Uuid>,
    /// Tags and segments are not simulated: nobody has one.
    is_nobody: bool,
}

impl Criteria {
    fn read(body: &Value) -> Result<Self, Refusal> {
        let criteria = Self {
            contacts: wire::ids(body, "contact_ids", 500)?,
            lists: wire::ids(body, "list_ids", 50)?,
            status: body["status"].as_str().map(str::to_owned),
            only_new: body["new_subscriber"] == true,
            excluded: wire::ids(&body["exclude"], "contact_ids", 50)?.unwrap_or_default(),
            is_nobody: wire::ids(body, "tag_ids", 50)?.is_some() || !body["segment_id"].is_null(),
        };
        if criteria
            .status
            .as_deref()
            .is_some_and(|status| !["active", "unsubscribed", "removed"].contains(&status))
        {
            return Err(Refusal::invalid(
                "status must be active, unsubscribed or removed.",
            ));
        }
        criteria.check_combination()?;
        Ok(criteria)
    }

    /// Criteria are mutually exclusive but for a few pairs (vendor's API description, `ContactsExport`).
    fn check_combination(&self) -> Result<(), Refusal> {
        let (contacts, lists, status) = (
            self.contacts.is_some(),
            self.lists.is_some(),
            self.status.is_some(),
        );
        let excludes = !self.excluded.is_empty();
        let is_good = match () {
            () if self.is_nobody => !(contacts || lists || status || self.only_new || excludes),
            () if contacts => !(lists || self.only_new || excludes),
            () if self.only_new => !status,
            () if lists => !(status && excludes),
            () => !(status && excludes),
        };
        if is_good {
            Ok(())
        } else {
            Err(Refusal::invalid("These criteria are mutually exclusive."))
        }
    }

    fn fits(&self, book: &Book, lists: Option<&[usize]>, position: u32, now: Timestamp) -> bool {
        let contact = book.contact(position);
        let has_status = match self.status.as_deref() {
            None => !contact.is_deleted(),
            Some("unsubscribed") => !contact.is_deleted() && contact.is_unsubscribed(),
            Some("removed") => contact.is_deleted(),
            Some(_) => contact.is_active(),
        };
        !self.is_nobody
            && has_status
            && self
                .contacts
                .as_ref()
                .is_none_or(|ids| ids.contains(&contact.id))
            && lists.is_none_or(|lists| {
                lists
                    .iter()
                    .any(|list| book.lists[*list].members.contains(position))
            })
            && (!self.only_new || contacts::is_new_subscriber(contact, now))
            && !self.excluded.contains(&contact.id)
    }
}

/// The columns asked for.
fn columns(body: &Value) -> Result<Option<Vec<String>>, Refusal> {
    let fields = match &body["fields"] {
        Value::Null => return Ok(None),
        Value::Array(fields) if fields.is_empty() => return Ok(None),
        Value::Array(fields) => fields,
        _ => return Err(Refusal::invalid("fields must be an array.")),
    };
    let names: Vec<String> = fields
        .iter()
        .filter_map(|field| field.as_str().map(str::to_owned))
        .collect();
    let needs_address =
        |name: &String| name.starts_with("email_optin_") || name.starts_with("email_optout_");
    if names.iter().any(needs_address) && !names.iter().any(|name| name == "email_address") {
        return Err(Refusal::invalid(
            "email_address must be exported with opt-in and opt-out fields.",
        ));
    }
    Ok(Some(names))
}

async fn create(
    core: web::Data<Core>,
    request: HttpRequest,
    body: web::Bytes,
    fault: Option<web::ReqData<ActivityFault>>,
) -> Result<HttpResponse, Refusal> {
    let body = wire::json_body(&request, &body)?;
    let criteria = Criteria::read(&body)?;
    let columns = columns(&body)?;
    let lists = criteria.lists.clone().unwrap_or_default();
    if lists
        .iter()
        .any(|id| core.state().book.find_list(*id).is_none())
    {
        return Err(Refusal::not_found("List not found."));
    }
    let intake = Intake {
        lists,
        counters: &["items_total_count", "items_completed_count"],
        ..Intake::new(fault)
    };
    let has_ids = !matches!(intake.fault, Some(FaultKind::FileWithoutIds));
    let activity = activities::accept(&core, intake, move |core: &Core| {
        make_file(core, &criteria, columns, has_ids)
    })?;
    Ok(HttpResponse::Created().json(activity))
}

fn make_file(
    core: &Core,
    criteria: &Criteria,
    columns: Option<Vec<String>>,
    has_ids: bool,
) -> Report {
    let now = core.options.clock.now();
    let mut state = core.state();
    let book = &state.book;
    let mut columns = columns.unwrap_or_else(|| {
        let fields = book
            .fields
            .iter()
            .filter(|field| field.deleted_at.is_none());
        let custom = fields.map(|field| format!("cf:{}", field.name));
        DEFAULT_FIELDS
            .iter()
            .map(|name| (*name).to_owned())
            .chain(custom)
            .collect()
    });
    columns.retain(|column| has_ids || column != "contact_id");
    let lists: Option<Vec<usize>> = criteria
        .lists
        .as_ref()
        .map(|ids| ids.iter().filter_map(|id| book.find_list(*id)).collect());
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut rows = 0usize;
    let mut is_whole = writer.write_record(&columns).is_ok();
    let end = u32::try_from(book.contacts.len()).unwrap_or(u32::MAX);
    for position in
        (0..end).filter(|position| criteria.fits(book, lists.as_deref(), *position, now))
    {
        let cells = columns.iter().map(|column| cell(book, position, column));
        is_whole &= writer.write_record(cells).is_ok();
        rows += 1;
    }
    let counters = json!({ "items_total_count": rows, "items_completed_count": rows });
    match writer.into_inner() {
        Ok(file) if is_whole => {
            let id = new_id();
            state.activities.files.insert(id, web::Bytes::from(file));
            let mut report = Report::done(counters);
            report.results = Some(id);
            report
        }
        _ => Report::failed(counters, "The file could not be written."),
    }
}

/// One cell; an unknown column is empty.
fn cell(book: &Book, position: u32, column: &str) -> String {
    let contact: &Contact = book.contact(position);
    let time =
        |at: Option<Timestamp>| at.map(|at| wire::time(at).as_str().unwrap_or_default().to_owned());
    let text = match column {
        "contact_id" => Some(contact.id.to_string()),
        "email_address" => Some(contact.email.to_string()),
        "phone_number" => contact.values.standard("phone").map(str::to_owned),
        "email_lists" => {
            let lists = book
                .lists
                .iter()
                .filter(|list| list.members.contains(position));
            Some(
                lists
                    .map(|list| list.name.as_str())
                    .collect::<Vec<_>>()
                    .join(","),
            )
        }
        "email_permission_status" => Some(contact.permission.as_str().to_owned()),
        "email_optin_source" => Some(
            if contact.opted_in_by_contact {
                "Contact"
            } else {
                "Account"
            }
            .to_owned(),
        ),
        "email_optin_date" | "created_at" => time(Some(contact.created_at)),
        "email_optout_source" => contact.opted_out_at().map(|_| "Contact".to_owned()),
        "email_optout_date" => time(contact.opted_out_at()),
        "updated_at" => time(Some(contact.updated_at)),
        other => {
            let custom = other
                .strip_prefix("cf:")
                .and_then(|name| book.custom_code(name));
            let value = custom.map_or_else(
                || contact.values.standard(other),
                |code| contact.values.get(code),
            );
            value.map(str::to_owned)
        }
    };
    text.unwrap_or_default()
}

async fn download(core: web::Data<Core>, id: web::Path<String>) -> Result<HttpResponse, Refusal> {
    let id = wire::path_id(&id, "Export")?;
    let file = core.state().activities.files.get(&id).cloned();
    let file = file.ok_or_else(|| Refusal::not_found("Export not found."))?;
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"contact_export_{id}.csv\""),
        ))
        .body(file))
}
