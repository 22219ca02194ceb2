//! Settings > System > API usage: requests of the day per API key, and what each run has used.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use sea_orm::DatabaseConnection;
use serde::Deserialize;

use crate::auth::Permission;
use crate::connections::{self, Connections, KeyUse};
use crate::runs::{Run, store};
use crate::web::{self, Page, PageError, SignedIn, paths};

#[derive(Template)]
#[template(path = "system/api_usage.html")]
struct ApiUsagePage {
    page: Page,
    keys: Vec<Key>,
    resets_at: String,
    runs: Vec<Run>,
    range: String,
    previous: String,
    next: String,
}

struct Key {
    /// Of the element that shows it.
    element: String,
    /// Names of the connections that use it.
    name: String,
    usage: KeyUse,
    words: String,
}

#[derive(Deserialize)]
pub(super) struct Which {
    /// Counted from 1.
    #[serde(default)]
    page: u64,
}

/// `GET /settings/system/api-usage`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    connections: Data<Connections>,
    which: Query<Which>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    let page = visit.page("system");
    let names = connections::store::names_by_key(&**db).await?;
    let today = connections.ledger.today().await?;
    let keys = today.into_iter().enumerate().map(|(number, usage)| {
        let known = names.get(&usage.api_key);
        Key {
            element: format!("key-{number}"),
            name: known.map_or_else(
                || page.t("system-usage-no-connection"),
                |names| names.join(", "),
            ),
            words: page
                .msg("system-usage-of")
                .num("used", usage.used)
                .num("limit", usage.limit)
                .to_string(),
            usage,
        }
    });
    let mut number = which.page.max(1);
    let mut found = store::latest(&**db, number - 1).await?;
    if let Some(last) = web::last_if_past(number, found.total, store::PAGE_SIZE) {
        number = last;
        found = store::latest(&**db, number - 1).await?;
    }
    let first = (number - 1) * store::PAGE_SIZE;
    let last = first + found.runs.len() as u64;
    let at = |is_there: bool, number: u64| match is_there {
        true => format!("{}?page={number}", paths::api_usage()),
        false => String::new(),
    };
    web::render(&ApiUsagePage {
        keys: keys.collect(),
        resets_at: page.date_time(connections.ledger.resets_at()),
        range: page
            .msg("runs-history-range")
            .num("first", if found.runs.is_empty() { 0 } else { first + 1 })
            .num("last", last)
            .num("total", found.total)
            .to_string(),
        previous: at(number > 1, number - 1),
        next: at(last < found.total, number + 1),
        runs: found.runs,
        page,
    })
}
