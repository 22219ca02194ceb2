//! Notices.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use sea_orm::DatabaseConnection;
use serde::Deserialize;

use crate::notices::store::{self, Notice, PAGE_SIZE, Which};
use crate::web::{self, Page, PageError, SignedIn, Tone, paths};

#[derive(Template)]
#[template(path = "notices/list.html")]
struct NoticesPage {
    page: Page,
    rows: Vec<Row>,
    is_all: bool,
    is_anything_unread: bool,
    range: String,
    previous: String,
    next: String,
}

struct Row {
    id: String,
    title: String,
    reason: String,
    times: String,
    href: String,
    tone: Tone,
    state: String,
    notice: Notice,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    show: String,
    /// Counted from 1.
    #[serde(default)]
    page: u64,
}

/// `GET /notices`.
pub(super) async fn list(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    asked: Query<Asked>,
) -> Result<HttpResponse, PageError> {
    let which = match asked.show.as_str() {
        "all" => Which::All,
        _ => Which::Open,
    };
    let mut number = asked.page.max(1);
    let mut found = store::list(&**db, &visit.user, which, number - 1, visit.now).await?;
    if let Some(last) = web::last_if_past(number, found.total, PAGE_SIZE) {
        number = last;
        found = store::list(&**db, &visit.user, which, number - 1, visit.now).await?;
    }
    let page = visit.page("notices");
    let (before, shown) = ((number - 1) * PAGE_SIZE, found.notices.len() as u64);
    let at = |is_there: bool, number: u64| match is_there {
        true => paths::notices_page(which == Which::All, number),
        false => String::new(),
    };
    let row = |notice: Notice| Row {
        id: notice.id.to_string(),
        title: notice.what(page.lang),
        reason: notice.reason(page.lang, &page.zone),
        times: notice.times(page.lang),
        href: notice.path(),
        tone: match notice.resolved_at {
            Some(_) => Tone::Success,
            None => notice.kind.tone(),
        },
        state: page.t(match notice.resolved_at {
            Some(_) => "notices-recovered",
            None => "notices-open",
        }),
        notice,
    };
    web::render(&NoticesPage {
        rows: found.notices.into_iter().map(row).collect(),
        is_all: which == Which::All,
        is_anything_unread: page.unread_notices > 0,
        range: page
            .msg("web-list-range")
            .num("from", if shown == 0 { 0 } else { before + 1 })
            .num("to", before + shown)
            .num("total", found.total)
            .to_string(),
        previous: at(number > 1, number - 1),
        next: at(before + shown < found.total, number + 1),
        page,
    })
}
