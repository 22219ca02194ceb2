//! `/segments`: every segment, how many members it has and how fresh that number is.

use std::cmp::Ordering;
use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use jiff::Timestamp;
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use crate::auth::{self, Permission};
use crate::profiles::value::{fold, folded_contains};
use crate::segments::store::{self, MemberCount, Segment};
use crate::segments::{Members, form};
use crate::sources::{self, Source};
use crate::web::{
    self, Column, Heading, ListQuery, ListView, PAGE_ENTRIES, Page, PageError, Pager, SignedIn,
    paths,
};

#[derive(Template)]
#[template(path = "segments/list.html")]
struct ListPage {
    page: Page,
    view: ListView<SegmentColumn>,
    problem: String,
    headings: Vec<Heading>,
    rows: Vec<Row>,
    pager: Pager,
    /// Whether there is any, found or not.
    is_empty: bool,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SegmentColumn {
    Name,
    Source,
    Members,
    Refreshed,
    Updated,
}

impl Column for SegmentColumn {
    const ALL: &'static [Self] = &[
        Self::Name,
        Self::Source,
        Self::Members,
        Self::Refreshed,
        Self::Updated,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Source => "source",
            Self::Members => "members",
            Self::Refreshed => "refreshed",
            Self::Updated => "updated",
        }
    }

    fn label_key(self) -> &'static str {
        match self {
            Self::Name => "segments-name",
            Self::Source => "segments-source",
            Self::Members => "segments-members",
            Self::Refreshed => "segments-last-refreshed",
            Self::Updated => "segments-last-updated",
        }
    }
}

/// `GET /segments`. There are at most [`store::MAX_LISTED`], so they are searched and sorted here.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    members: Data<Members>,
    query: Query<ListQuery>,
) -> Result<HttpResponse, PageError> {
    let usual = SegmentColumn::Name;
    let mut view = ListView::read(paths::segments(), &query, usual, Vec::new());
    let mut segments = store::list(&**db).await?;
    let is_empty = segments.is_empty();
    let sources = sources::store::list(&**db)
        .await
        .map_err(PageError::internal)?;
    let has_sources = sources.iter().any(|source| source.current.is_some());
    let sources: HashMap<Uuid, Source> = sources.into_iter().map(|s| (s.id, s)).collect();
    let source_of = |segment: &Segment| {
        let source = sources.get(&segment.source_id);
        source
            .map(|source| source.name.as_str())
            .unwrap_or_default()
    };
    let searched = fold(&view.search).into_owned();
    segments.retain(|segment| {
        folded_contains(&segment.name, &searched) || folded_contains(source_of(segment), &searched)
    });
    // They come by name and the sort is stable: those alike stay in that order.
    segments.sort_by(|a, b| {
        compare(
            view.sort,
            view.is_descending,
            (a, source_of(a)),
            (b, source_of(b)),
        )
    });
    let total = segments.len() as u64;
    let offset = usize::try_from(view.fit(total)).unwrap_or(usize::MAX);
    let segments: Vec<_> = segments
        .into_iter()
        .skip(offset)
        .take(usize::try_from(PAGE_ENTRIES).unwrap_or(usize::MAX))
        .collect();
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
    let page = ListPage {
        page: visit.page("segments"),
        problem: view.problem(&visit),
        headings: view.headings(&visit),
        pager: view.pager(&visit, segments.len(), total),
        rows: segments.into_iter().map(row).collect(),
        is_empty,
        has_sources,
        may_edit: visit.user.role.may(Permission::EditSegments),
        view,
    };
    web::render_with(page.view.status(), &page)
}

/// What was never counted comes last in both directions.
fn compare(
    column: SegmentColumn,
    is_descending: bool,
    (a, a_source): (&Segment, &str),
    (b, b_source): (&Segment, &str),
) -> Ordering {
    let turned = |order: Ordering| {
        if is_descending {
            order.reverse()
        } else {
            order
        }
    };
    let known_first = b.count.is_some().cmp(&a.count.is_some());
    let counted = |segment: &Segment| segment.count.map(|count| count.counted_at);
    match column {
        SegmentColumn::Name => turned(fold(&a.name).cmp(&fold(&b.name))),
        SegmentColumn::Source => turned(fold(a_source).cmp(&fold(b_source))),
        SegmentColumn::Members => known_first.then(turned(a.member_count().cmp(&b.member_count()))),
        SegmentColumn::Refreshed => known_first.then(turned(counted(a).cmp(&counted(b)))),
        SegmentColumn::Updated => turned(a.updated_at.cmp(&b.updated_at)),
    }
}
