//! `/segments`: every segment, how many members it has and how fresh that number is.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use jiff::Timestamp;
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use crate::auth::{self, Permission};
use crate::segments::store::{self, MemberCount, Segment};
use crate::segments::{Members, form};
use crate::sources::{self, Source};
use crate::web::{self, Page, PageError, SignedIn};

#[derive(Template)]
#[template(path = "segments/list.html")]
struct ListPage {
    page: Page,
    rows: Vec<Row>,
    has_sources: bool,
    may_edit: bool,
}

struct Row {
    id: Uuid,
    name: String,
    source: String,
    count: Option<MemberCount>,
    /// Whether the source's profiles have changed since.
    is_outdated: bool,
    /// What keeps it from being counted, or empty.
    problem: String,
    updated_at: Timestamp,
    updated_by: String,
}

/// `GET /segments`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    members: Data<Members>,
) -> Result<HttpResponse, PageError> {
    let segments = store::list(&**db).await?;
    let sources = sources::store::list(&**db)
        .await
        .map_err(PageError::internal)?;
    let has_sources = sources.iter().any(|source| source.current.is_some());
    let sources: HashMap<Uuid, Source> = sources.into_iter().map(|s| (s.id, s)).collect();
    let editors = segments.iter().filter_map(|segment| segment.updated_by);
    let editors = auth::store::names(&**db, editors).await?;
    let row = |segment: Segment| {
        let source = sources.get(&segment.source_id);
        let current = source.and_then(|source| source.current.as_ref());
        let problems = current.and_then(|snapshot| {
            let compiled = segment.rule.compile(&snapshot.fields, members.today());
            compiled.err()
        });
        let problem = problems
            .and_then(|problems| problems.into_iter().next())
            .map(|problem| form::describe(visit.lang, problem.condition + 1, &problem));
        Row {
            id: segment.id,
            source: source.map(|source| source.name.clone()).unwrap_or_default(),
            count: segment.count,
            is_outdated: segment
                .count
                .is_some_and(|count| current.map(|current| current.id) != Some(count.snapshot_id)),
            problem: problem.unwrap_or_default(),
            updated_at: segment.updated_at,
            updated_by: segment
                .updated_by
                .and_then(|id| editors.get(&id).cloned())
                .unwrap_or_else(|| visit.t("segments-by-command-line")),
            name: segment.name,
        }
    };
    web::render(&ListPage {
        page: visit.page("segments"),
        rows: segments.into_iter().map(row).collect(),
        has_sources,
        may_edit: visit.user.role.may(Permission::EditSegments),
    })
}
