//! Settings > Audit: who did what, when and from where; search, download, verification.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Query};
use askama::Template;
use futures_util::stream;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sea_orm::{DatabaseConnection, DbErr};
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::audit_details::describe;
use super::audit_labels::{GROUPS, label_key};
use crate::auth::Permission;
use crate::locale::Lang;
use crate::storage::audit::{self, AuditEvent, EventFilter, Order, RecordedEvent};
use crate::web::spreadsheet::{BYTE_ORDER_MARK, push_row};
use crate::web::{self, FieldErrors, Page, PageError, SignedIn, paths, spreadsheet};

/// Events on one page.
const PAGE_EVENTS: u64 = 100;
/// Events of a download read at once.
const BATCH_EVENTS: u64 = 500;
/// Longest text of a search, in characters.
const MOST_CHARACTERS: usize = 200;

#[derive(Template)]
#[template(path = "system/audit.html")]
struct AuditPage {
    page: Page,
    asked: Asked,
    groups: &'static [(&'static str, &'static str)],
    rows: Vec<Row>,
    /// Leads back to the first page, or nothing on it.
    first: String,
    /// Leads to the next page, or nothing.
    next: String,
    download: String,
    errors: FieldErrors,
}

struct Row {
    event: RecordedEvent,
    label: Option<String>,
    details: Vec<String>,
}

/// The search as it was typed.
#[derive(Clone, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    person: String,
    #[serde(default)]
    group: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    order: String,
    #[serde(default)]
    after: String,
}

impl Asked {
    fn order(&self) -> Order {
        match self.order.as_str() {
            "oldest" => Order::Oldest,
            _ => Order::Newest,
        }
    }

    /// The filter, with what is wrong about the dates.
    fn filter(&self, visit: &SignedIn, zone: &TimeZone) -> (EventFilter, FieldErrors) {
        let mut errors = FieldErrors::default();
        let mut midnight = |field: &str, text: &str, days_later: i32| {
            let text = text.trim();
            if text.is_empty() {
                return None;
            }
            let date = text.parse::<Date>().ok();
            let day = date.and_then(|date| date.checked_add(days_later.days()).ok());
            let start = day.and_then(|day| zone.to_timestamp(day.at(0, 0, 0, 0)).ok());
            if start.is_none() {
                errors.add(field, visit.t("system-audit-bad-date"));
            }
            start
        };
        let from = midnight("from", &self.from, 0);
        let until = midnight("until", &self.until, 1);
        let text = |text: &str| text.trim().chars().take(MOST_CHARACTERS).collect();
        let filter = EventFilter {
            text: text(&self.q),
            person: text(&self.person),
            group: text(&self.group),
            from,
            until,
        };
        (filter, errors)
    }

    /// What was typed, by the name of its field.
    fn told(&self) -> BTreeMap<&'static str, &str> {
        [
            ("q", &self.q),
            ("person", &self.person),
            ("group", &self.group),
            ("from", &self.from),
            ("until", &self.until),
            ("order", &self.order),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name, value.as_str()))
        .collect()
    }

    fn query(&self, after: Option<i64>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.told());
        if let Some(after) = after {
            query.append_pair("after", &after.to_string());
        }
        query.finish()
    }
}

/// `GET /settings/audit`.
pub(super) async fn list(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    query: Query<Asked>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    let asked = query.into_inner();
    let (filter, errors) = asked.filter(&visit, visit.zone());
    if !errors.is_empty() {
        // Without its dates the search would find everything.
        return draw(&visit, asked, Vec::new(), errors);
    }
    let after = asked.after.parse().ok();
    let events = audit::list(&**db, &filter, asked.order(), after, PAGE_EVENTS + 1).await?;
    draw(&visit, asked, events, errors)
}

/// The page with these events, one of which may be the first of the next page.
fn draw(
    visit: &SignedIn,
    asked: Asked,
    mut events: Vec<RecordedEvent>,
    errors: FieldErrors,
) -> Result<HttpResponse, PageError> {
    let status = match errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let has_next = events.len() as u64 > PAGE_EVENTS;
    events.truncate(usize::try_from(PAGE_EVENTS).expect("a page fits in memory"));
    let last = events.last().map(|event| event.seq).filter(|_| has_next);
    let after: Option<i64> = asked.after.parse().ok();
    let address = |after| format!("{}?{}", paths::audit(), asked.query(after));
    let row = |event: RecordedEvent| Row {
        label: label_key(&event.action).map(|key| visit.t(key)),
        details: describe(visit.lang, &event.detail),
        event,
    };
    let page = AuditPage {
        first: after.map_or_else(String::new, |_| address(None)),
        next: last.map_or_else(String::new, |seq| address(Some(seq))),
        download: format!("{}?{}", paths::audit_download(), asked.query(None)),
        rows: events.into_iter().map(row).collect(),
        groups: GROUPS,
        page: visit.page("audit"),
        asked,
        errors,
    };
    web::render_with(status, &page)
}

/// `GET /settings/audit/download`: what the search finds, as CSV. That somebody took it is recorded first.
pub(super) async fn download(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    query: Query<Asked>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    let asked = query.into_inner();
    let (filter, errors) = asked.filter(&visit, visit.zone());
    if !errors.is_empty() {
        return draw(&visit, asked, Vec::new(), errors);
    }
    let event = event(
        &visit,
        "audit.downloaded",
        audit::without_addresses(&json!({ "search": asked.told() })),
    );
    audit::record(&**db, event).await?;
    let state = Download {
        db: db.into_inner(),
        filter,
        order: asked.order(),
        lang: visit.lang,
        after: None,
        is_started: false,
        is_over: false,
    };
    let rows = stream::try_unfold(state, |mut state| async move {
        Ok::<_, DbErr>(state.next().await?.map(|bytes| (bytes, state)))
    });
    let name = format!("audit-{}.csv", visit.now.strftime("%Y%m%d-%H%M%S"));
    Ok(spreadsheet::download(name, Box::pin(rows)))
}

struct Download {
    db: std::sync::Arc<DatabaseConnection>,
    filter: EventFilter,
    order: Order,
    lang: Lang,
    after: Option<i64>,
    is_started: bool,
    is_over: bool,
}

impl Download {
    /// The next piece of the file; nothing after the last.
    async fn next(&mut self) -> Result<Option<Bytes>, DbErr> {
        if self.is_over {
            return Ok(None);
        }
        let events = audit::list(
            &*self.db,
            &self.filter,
            self.order,
            self.after,
            BATCH_EVENTS,
        )
        .await?;
        self.is_over = (events.len() as u64) < BATCH_EVENTS;
        self.after = events.last().map(|event| event.seq).or(self.after);
        let mut piece = Vec::new();
        let mut write = |fields: &[String]| push_row(&mut piece, fields.iter().map(String::as_str));
        if !self.is_started {
            self.is_started = true;
            let keys = [
                "system-audit-number",
                "system-audit-when",
                "system-audit-who",
                "system-audit-where",
                "system-audit-what",
                "system-audit-action",
                "system-audit-object",
                "system-audit-detail",
                "system-audit-hash",
            ];
            let mut headings = keys.map(|key| self.lang.t(key));
            headings[0].insert_str(0, BYTE_ORDER_MARK);
            write(&headings);
        }
        for event in events {
            let label = label_key(&event.action).map(|key| self.lang.t(key));
            write(&[
                event.seq.to_string(),
                event.at.to_string(),
                event.user_name.unwrap_or_default(),
                event.ip.unwrap_or_default(),
                label.unwrap_or_default(),
                event.action,
                event.object_id,
                event.detail.to_string(),
                event.hash,
            ]);
        }
        Ok(Some(piece.into()))
    }
}

/// `POST /settings/audit/verify`.
pub(super) async fn verify(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    let found = audit::verify(&**db).await?;
    match found.broken {
        None => {
            let text = visit.msg("system-audit-whole").num("count", found.events);
            visit.flash_success(text.to_string());
        }
        Some(broken) => {
            let text = visit.msg("system-audit-broken").num("number", broken.seq);
            visit.flash_danger(text.to_string());
        }
    }
    audit::record(&**db, event(&visit, "audit.verified", json!(found))).await?;
    Ok(web::see_other(&paths::audit()))
}

fn event<'a>(visit: &'a SignedIn, action: &'a str, detail: Value) -> AuditEvent<'a> {
    AuditEvent {
        at: visit.now,
        user_id: Some(visit.user.id),
        ip: Some(&visit.ip),
        action,
        object_id: String::new(),
        detail,
    }
}
