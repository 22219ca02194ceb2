//! Settings > Audit: who did what, when and from where.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use sea_orm::DatabaseConnection;
use serde::Deserialize;
use uuid::Uuid;

use crate::auth::Permission;
use crate::storage::audit::{self, RecordedEvent};
use crate::web::{self, Page, PageError, SignedIn};

/// Events on one page.
const PAGE_EVENTS: u64 = 100;

#[derive(Template)]
#[template(path = "system/audit.html")]
struct AuditPage {
    page: Page,
    events: Vec<RecordedEvent>,
    /// Where older events start, when there may be some.
    older_than: Option<Uuid>,
}

#[derive(Deserialize)]
pub(super) struct Older {
    before: Option<Uuid>,
}

/// `GET /settings/audit`.
pub(super) async fn list(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    query: Query<Older>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    let mut events = audit::list(&**db, query.before, PAGE_EVENTS + 1).await?;
    let has_older = events.len() as u64 > PAGE_EVENTS;
    events.truncate(usize::try_from(PAGE_EVENTS).expect("a page fits in memory"));
    let older_than = events.last().map(|event| event.id).filter(|_| has_older);
    web::render(&AuditPage {
        page: visit.page("audit"),
        events,
        older_than,
    })
}
