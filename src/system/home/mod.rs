//! Home: what a person needs in the morning. What needs attention first, then what was delivered, recent runs, and for
//! administrators the connections and the requests left; the first steps until an export has succeeded.
//!
//! Reads other concepts in a fixed number of bounded queries ([`store`]) and changes nothing. What a role may not see
//! elsewhere it does not see here: only administrators are told of connections by name.

mod accounts;
mod attention;
mod chart;
mod steps;
mod store;

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use jiff::Timestamp;
use sea_orm::{DatabaseConnection, DbErr};
use uuid::Uuid;

use crate::auth::Permission;
use crate::connections::{self, Connections};
use crate::refresh;
use crate::web::{self, Page, PageError, SignedIn};

use accounts::Accounts;
use attention::Attention;
use chart::Chart;
use steps::FirstSteps;
use store::RecentRun;

/// Runs shown.
const RECENT_RUNS: u64 = 6;
/// Next runs shown.
const NEXT_RUNS: u64 = 6;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    first_steps: Option<FirstSteps>,
    attention: Attention,
    chart: Chart,
    runs: Vec<RecentRun>,
    /// Exports that run next by themselves.
    next: Vec<NextRun>,
    /// For administrators only.
    accounts: Option<Accounts>,
    page: Page,
}

/// An export and when it runs next.
struct NextRun {
    export_id: Uuid,
    name: String,
    at: Timestamp,
    /// Why it has not run yet although it was due; empty when it was not.
    note: String,
}

/// `GET /`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    services: Data<Connections>,
) -> Result<HttpResponse, PageError> {
    let page = visit.page("home");
    let is_administrator = visit.user.role.may(Permission::ManageConnections);
    let all = connections::store::list(&**db).await?;
    let days = chart::days(page.now, &page.zone);
    // Side by side: none needs another's answer, and with many runs some take a while.
    let (first_steps, attention, delivered, runs, next) = tokio::try_join!(
        steps::load(&db, &visit, &page),
        attention::load(&db, &page, &all, is_administrator),
        store::delivered(&**db, &days),
        store::recent_runs(&**db, RECENT_RUNS),
        next_runs(&page, &db),
    )?;
    web::render(&HomePage {
        first_steps,
        attention,
        chart: Chart::new(&page, &days, delivered),
        runs,
        next,
        accounts: match is_administrator {
            true => Some(Accounts::new(
                &page,
                &all,
                services.ledger.today().await?,
                &services,
            )),
            false => None,
        },
        page,
    })
}

async fn next_runs(page: &Page, db: &DatabaseConnection) -> Result<Vec<NextRun>, DbErr> {
    let found = refresh::next_runs(db, page.now, NEXT_RUNS).await?;
    let found = found.into_iter().map(|export| NextRun {
        note: export.deferral.map_or_else(String::new, |deferral| {
            deferral.words(page.lang, |at| page.date_time(at))
        }),
        export_id: export.export_id,
        name: export.name,
        at: export.at,
    });
    Ok(found.collect())
}
