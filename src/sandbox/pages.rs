//! The sandbox's own pages: lists, their members and activities, to look at with a browser.

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    web,
};
use askama::Template;
use serde::Deserialize;
use url::Url;
use uuid::Uuid;

use super::{
    options::{Receiver, User},
    server::{Core, Received},
};

/// Members and activities on one page.
const ROWS_PER_PAGE: usize = 100;

/// A page, or the reason why its template could not be rendered.
pub(super) type MaybePage = Result<HttpResponse, actix_web::Error>;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(overview))
        .route("/sandbox.css", web::get().to(stylesheet))
        .route("/activities", web::get().to(activities))
        .route("/lists/{list_id}", web::get().to(members));
}

struct ListRow {
    id: Uuid,
    name: String,
    members: usize,
    is_deleted: bool,
}

struct ActivityRow {
    id: Uuid,
    state: &'static str,
    file_name: String,
}

struct MemberRow {
    email: String,
    first_name: String,
    last_name: String,
    permission: &'static str,
}

/// Links to the neighbouring pages of a long table.
struct Pages {
    number: usize,
    last: usize,
}

impl Pages {
    fn of(rows: usize, asked: Option<usize>) -> Self {
        let last = rows.div_ceil(ROWS_PER_PAGE).max(1);
        let number = asked.unwrap_or(1).clamp(1, last);
        Self { number, last }
    }

    fn skipped_rows(&self) -> usize {
        (self.number - 1) * ROWS_PER_PAGE
    }
}

#[derive(Template)]
#[template(path = "sandbox/overview.html")]
struct OverviewPage<'a> {
    organization_name: &'a str,
    lists: Vec<ListRow>,
    contacts: usize,
    unsubscribed: usize,
    deleted: usize,
    requests_today: u64,
    received: Received,
    counts_only: bool,
    users: &'a [User],
    client_id: String,
    client_secret: String,
    redirect_uris: Vec<String>,
}

#[derive(Template)]
#[template(path = "sandbox/members.html")]
struct MembersPage {
    id: Uuid,
    path: String,
    name: String,
    total: usize,
    members: Vec<MemberRow>,
    pages: Pages,
}

#[derive(Template)]
#[template(path = "sandbox/activities.html")]
struct ActivitiesPage {
    total: usize,
    activities: Vec<ActivityRow>,
    pages: Pages,
}

#[derive(Template)]
#[template(path = "sandbox/missing.html")]
struct MissingPage;

#[derive(Deserialize)]
struct PageQuery {
    page: Option<usize>,
}

async fn overview(core: web::Data<Core>) -> MaybePage {
    let now = core.options.clock.now();
    let mut state = core.state();
    let requests_today = state.day.used(now);
    let book = &state.book;
    let lists = book.lists.iter().map(|list| ListRow {
        id: list.id,
        name: list.name.clone(),
        members: list.members.len(),
        is_deleted: list.deleted_at.is_some(),
    });
    let page = OverviewPage {
        organization_name: &core.options.account.organization_name,
        lists: lists.collect(),
        contacts: book.contacts.len(),
        unsubscribed: book
            .contacts
            .iter()
            .filter(|contact| contact.is_unsubscribed())
            .count(),
        deleted: book
            .contacts
            .iter()
            .filter(|contact| contact.is_deleted())
            .count(),
        requests_today,
        received: state.received,
        counts_only: core.options.receiver == Receiver::CountOnly,
        users: &core.options.users,
        client_id: state.application.client_id.clone(),
        client_secret: state.application.client_secret.clone(),
        redirect_uris: state.application.redirect_uris.clone(),
    };
    render(&page, StatusCode::OK)
}

async fn members(
    core: web::Data<Core>,
    id: web::Path<String>,
    query: web::Query<PageQuery>,
) -> MaybePage {
    let state = core.state();
    let book = &state.book;
    let list = Uuid::parse_str(&id)
        .ok()
        .and_then(|id| book.lists.iter().find(|list| list.id == id));
    let Some(list) = list else {
        return render(&MissingPage, StatusCode::NOT_FOUND);
    };
    let total = list.members.len();
    let pages = Pages::of(total, query.page);
    let shown = list
        .members
        .iter()
        .skip(pages.skipped_rows())
        .take(ROWS_PER_PAGE)
        .map(|position| {
            let contact = book.contact(position);
            let value = |name: &str| contact.values.standard(name).unwrap_or_default().to_owned();
            MemberRow {
                email: contact.email.to_string(),
                first_name: value("first_name"),
                last_name: value("last_name"),
                permission: contact.permission.as_str(),
            }
        });
    let page = MembersPage {
        id: list.id,
        path: format!("/lists/{}", list.id),
        name: list.name.clone(),
        total,
        members: shown.collect(),
        pages,
    };
    render(&page, StatusCode::OK)
}

async fn activities(core: web::Data<Core>, query: web::Query<PageQuery>) -> MaybePage {
    let now = core.options.clock.now();
    let state = core.state();
    let total = state.activities.visible(now).count();
    let pages = Pages::of(total, query.page);
    let shown = state
        .activities
        .visible(now)
        .skip(pages.skipped_rows())
        .take(ROWS_PER_PAGE);
    let rows = shown.map(|(_, activity)| ActivityRow {
        id: activity.id,
        state: activity.state(&core.options.activity_speed, now).as_str(),
        file_name: activity.source_file_name.clone().unwrap_or_default(),
    });
    let page = ActivitiesPage {
        total,
        activities: rows.collect(),
        pages,
    };
    render(&page, StatusCode::OK)
}

async fn stylesheet() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "max-age=3600"))
        .body(include_str!("../../templates/sandbox/sandbox.css"))
}

/// An HTML answer that may load nothing but the stylesheet, is not framed and not cached.
pub(super) fn render(page: &impl Template, status: StatusCode) -> MaybePage {
    let html = page
        .render()
        .map_err(actix_web::error::ErrorInternalServerError)?;
    Ok(HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, policy("")))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(html))
}

/// Lets the page's form end at `redirect_uri`: browsers apply `form-action` to redirects as well.
pub(super) fn allow_form_target(mut response: HttpResponse, redirect_uri: &str) -> HttpResponse {
    let origin = Url::parse(redirect_uri)
        .map(|url| url.origin().ascii_serialization())
        .unwrap_or_default();
    if let Ok(value) = HeaderValue::from_str(&policy(&origin)) {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, value);
    }
    response
}

fn policy(form_target: &str) -> String {
    format!(
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' {form_target}"
    )
}
