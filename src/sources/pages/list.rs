//! `GET /sources`.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use sea_orm::DatabaseConnection;

use super::words;
use crate::auth::Permission;
use crate::sources::{Source, store};
use crate::web::{self, Page, PageError, SignedIn, Tone, paths};

#[derive(Template)]
#[template(path = "sources/list.html")]
struct SourcesPage {
    page: Page,
    rows: Vec<Row>,
    may_manage: bool,
}

struct Row {
    source: Source,
    tone: Tone,
    state: String,
}

pub(super) async fn list(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::ViewProfiles)?;
    let failures = store::latest_failures(&**db).await?;
    let sources = store::list(&**db).await?.into_iter();
    let rows = sources.map(|source| {
        let (tone, state) = match (&source.current, failures.get(&source.id)) {
            _ if source.loading.is_some() => (Tone::Progress, visit.t("sources-state-loading")),
            (_, Some(failed)) => words::state(visit.lang, failed),
            (Some(current), None) => words::state(visit.lang, current),
            (None, None) => (Tone::Neutral, visit.t("sources-state-empty")),
        };
        Row {
            source,
            tone,
            state,
        }
    });
    web::render(&SourcesPage {
        rows: rows.collect(),
        may_manage: visit.user.role.may(Permission::ManageSources),
        page: visit.page("sources"),
    })
}
