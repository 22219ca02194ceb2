//! A segment for people who only look.

use actix_web::HttpResponse;
use askama::Template;
use jiff::Timestamp;
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use crate::auth;
use crate::segments::store::{MemberCount, Segment};
use crate::segments::words::{self, RuleLine, RuleWords};
use crate::sources::Source;
use crate::web::{self, Page, PageError, SignedIn};

#[derive(Template)]
#[template(path = "segments/view.html")]
struct ViewPage {
    page: Page,
    name: String,
    source: String,
    count: Option<MemberCount>,
    updated_at: Timestamp,
    updated_by: String,
    created_at: Timestamp,
    created_by: String,
    lines: Vec<RuleLine>,
}

/// Draws the segment.
pub(super) async fn draw(
    visit: &SignedIn,
    db: &DatabaseConnection,
    segment: Segment,
    source: Source,
) -> Result<HttpResponse, PageError> {
    let editors = segment.created_by.into_iter().chain(segment.updated_by);
    let editors = auth::store::names(db, editors).await?;
    let name_of = |id: Option<Uuid>| {
        id.and_then(|id| editors.get(&id).cloned())
            .unwrap_or_else(|| visit.t("segments-by-command-line"))
    };
    web::render(&ViewPage {
        page: visit.page("segments"),
        source: source.name,
        count: segment.count,
        updated_at: segment.updated_at,
        updated_by: name_of(segment.updated_by),
        created_at: segment.created_at,
        created_by: name_of(segment.created_by),
        lines: words::lines(visit.lang, &segment.rule),
        name: segment.name,
    })
}
