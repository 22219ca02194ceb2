//! `GET /profiles`: a look at the profiles of a source, page by page, with a search over its text fields.

use std::ops::ControlFlow;

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use sea_orm::DatabaseConnection;
use serde::Deserialize;
use uuid::Uuid;

use crate::auth::Permission;
use crate::profiles::{FieldType, Filter, Scan, SnapshotError, Test, TextOp};
use crate::sources::{Loads, Snapshot, Source, store};
use crate::web::{self, Page, PageError, SignedIn, paths};

/// Profiles on one page.
const PAGE_ROWS: u64 = 50;
/// Fields shown; a table of hundreds of columns helps nobody.
const SHOWN_FIELDS: usize = 25;
/// Longest value shown, in characters.
const MAX_SHOWN_CHARACTERS: usize = 100;
/// Longest search text, in characters.
const MAX_SEARCH_CHARACTERS: usize = 200;

#[derive(Template)]
#[template(path = "profiles/list.html")]
struct ProfilesPage {
    page: Page,
    sources: Vec<Source>,
    chosen: Option<Chosen>,
    search: String,
    may_manage: bool,
}

/// The profiles shown.
struct Chosen {
    source_id: Uuid,
    profiles: u64,
    names: Vec<String>,
    hidden_fields: usize,
    rows: Vec<(u64, Vec<String>)>,
    /// Pages before and after; empty where there is none.
    previous: String,
    next: String,
}

#[derive(Deserialize)]
pub(super) struct View {
    source: Option<Uuid>,
    #[serde(default)]
    q: String,
    /// Row number the page starts after.
    #[serde(default)]
    after: u64,
}

pub(super) async fn list(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    loads: Data<Loads>,
    view: Query<View>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::ViewProfiles)?;
    let mut sources = store::list(&**db).await?;
    sources.retain(|source| source.current.is_some());
    let source = match view.source {
        Some(id) => Some(
            sources
                .iter()
                .find(|source| source.id == id)
                .ok_or(PageError::NotFound)?,
        ),
        None => sources.first(),
    };
    let search: String = view.q.trim().chars().take(MAX_SEARCH_CHARACTERS).collect();
    let chosen = match source.and_then(|source| source.current.clone()) {
        Some(snapshot) => Some(read(&loads, snapshot, &search, view.after).await?),
        None => None,
    };
    web::render(&ProfilesPage {
        page: visit.page("profiles"),
        may_manage: visit.user.role.may(Permission::ManageSources),
        sources,
        chosen,
        search,
    })
}

async fn read(
    loads: &Loads,
    snapshot: Snapshot,
    search: &str,
    after: u64,
) -> Result<Chosen, PageError> {
    let (id, source_id) = (snapshot.id, snapshot.source_id);
    let fields = &snapshot.fields;
    let filter = if search.is_empty() {
        Filter::EVERYONE
    } else {
        containing(&snapshot, search)
    };
    let shown = fields.len().min(SHOWN_FIELDS);
    let snapshots = loads.snapshots().clone();
    let scanning = tokio::task::spawn_blocking(move || {
        let columns: Vec<usize> = (0..shown).collect();
        let mut rows = Vec::new();
        let scan = Scan {
            after_row: after,
            // One more tells whether there is a next page.
            limit: Some(PAGE_ROWS + 1),
            ..Scan::new(&filter, &columns)
        };
        snapshots.scan(id, &scan, &mut |row| {
            rows.push((row.number, row.values().map(shorten).collect()));
            ControlFlow::Continue(())
        })?;
        Ok::<_, SnapshotError>(rows)
    });
    let scanned = scanning
        .await
        .expect("scanning neither panics nor is canceled");
    let mut rows: Vec<(u64, Vec<String>)> = match scanned {
        Ok(rows) => rows,
        // Replaced since the page was asked for; loading it again shows the new profiles.
        Err(SnapshotError::NotFound(_)) => return Err(PageError::Conflict),
        Err(error) => return Err(PageError::internal(error)),
    };
    let page_rows = usize::try_from(PAGE_ROWS).expect("a page fits in memory");
    let has_next = rows.len() > page_rows;
    rows.truncate(page_rows);
    let next = rows.last().filter(|_| has_next).map(|(number, _)| *number);
    // Row numbers have no gaps, but what a search finds has: from there the way back leads to the beginning.
    let previous = match search.is_empty() {
        true => after.saturating_sub(PAGE_ROWS),
        false => 0,
    };
    let page_after = |after| paths::profiles_page(source_id, search, after);
    Ok(Chosen {
        source_id,
        profiles: snapshot.rows,
        names: fields
            .iter()
            .take(shown)
            .map(|field| field.name.clone())
            .collect(),
        hidden_fields: fields.len() - shown,
        rows,
        previous: if after > 0 {
            page_after(previous)
        } else {
            String::new()
        },
        next: next.map(page_after).unwrap_or_default(),
    })
}

fn containing(snapshot: &Snapshot, search: &str) -> Filter {
    let columns = snapshot.fields.iter().enumerate();
    let texts = columns.filter(|(_, field)| field.field_type == FieldType::Text);
    let contains = Test::text(TextOp::Contains, search, true);
    Filter::Any(
        texts
            .map(|(column, _)| Filter::test(column, contains.clone()))
            .collect(),
    )
}

fn shorten(value: &str) -> String {
    match value.char_indices().nth(MAX_SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}
