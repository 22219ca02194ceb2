//! A load while it is under way and its report afterwards: `GET /sources/loads/{id}`, `/events`, `POST /cancel`.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::web::{Bytes, Data, Path};
use askama::Template;
use futures_util::stream;
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::{author, words};
use crate::auth::Permission;
use crate::profiles::SnapshotId;
use crate::sources::{LoadProgress, Loads, Snapshot, SnapshotState, Source, store};
use crate::web::{self, Page, PageError, SignedIn, Tone, paths};

/// How often progress is sent.
const INTERVAL: Duration = Duration::from_millis(500);

#[derive(Template)]
#[template(path = "sources/load.html")]
struct LoadPage {
    page: Page,
    source: Source,
    snapshot: Snapshot,
    size: String,
    tone: Tone,
    state: String,
    /// Why it failed and what to do.
    failure: String,
    /// The load under way, drawn.
    progress: Option<String>,
    reasons: Vec<(String, u64)>,
    refusals: Vec<(u64, String)>,
    headings: Vec<(usize, String, String)>,
    fields: Vec<FieldRow>,
    may_manage: bool,
}

struct FieldRow {
    name: String,
    words: String,
}

#[derive(Template)]
#[template(path = "sources/progress.html")]
struct ProgressPart<'a> {
    page: &'a Page,
    progress: LoadProgress,
    percent: u64,
}

pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    loads: Data<Loads>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::ViewProfiles)?;
    let id = SnapshotId(*id);
    let progress = loads.progress(id);
    let snapshot = store::get_snapshot(&**db, id).await?;
    let source = store::get(&**db, snapshot.source_id).await?;
    let page = visit.page("sources");
    let (tone, state) = words::state(visit.lang, &snapshot);
    let progress = match snapshot.state {
        SnapshotState::Loading => Some(draw(&page, progress)?),
        _ => None,
    };
    let mut found = LoadPage {
        size: words::size(visit.lang, snapshot.file_bytes),
        failure: snapshot
            .failure
            .map_or(String::new(), |failure| words::failure(visit.lang, failure)),
        may_manage: visit.user.role.may(Permission::ManageSources),
        page,
        source,
        tone,
        state,
        progress,
        reasons: Vec::new(),
        refusals: Vec::new(),
        headings: Vec::new(),
        fields: Vec::new(),
        snapshot,
    };
    found.add_report(&visit);
    web::render(&found)
}

impl LoadPage {
    fn add_report(&mut self, visit: &SignedIn) {
        let Some(report) = &self.snapshot.report else {
            return;
        };
        let lang = visit.lang;
        let columns = self.snapshot.fields.len();
        let reasons = report.refused_by_reason.iter();
        self.reasons = reasons
            .map(|(reason, rows)| (words::refusal_reason(lang, *reason), *rows))
            .collect();
        let refusals = report.refusals.iter();
        self.refusals = refusals
            .map(|it| (it.line, words::refusal(lang, it, columns)))
            .collect();
        let headings = report.headings.iter();
        self.headings = headings
            .map(|note| {
                (
                    note.column,
                    note.name.clone(),
                    words::heading_problem(lang, note.problem),
                )
            })
            .collect();
        let fields = report.fields.iter().map(|note| {
            let key = match note.became_text {
                true => "sources-report-field-became-text",
                false => "sources-report-field-misfits",
            };
            let words = lang
                .msg(key)
                .num("count", note.values)
                .num("line", note.first_line)
                .text("type", words::type_label(lang, note.expected));
            FieldRow {
                name: note.field.clone(),
                words: words.to_string(),
            }
        });
        self.fields = fields.collect();
    }
}

/// Progress until the load ends, then `done`.
pub(super) async fn events(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    loads: Data<Loads>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::ViewProfiles)?;
    let id = SnapshotId(*id);
    store::get_snapshot(&**db, id).await?;
    let page = visit.page("sources");
    let interval = tokio::time::interval(INTERVAL);
    let start = Some((interval, db, loads, page));
    let events = stream::unfold(start, move |state| async move {
        let (mut interval, db, loads, page) = state?;
        interval.tick().await;
        let progress = loads.progress(id);
        let is_over = match store::get_snapshot(&**db, id).await {
            Ok(snapshot) => snapshot.state != SnapshotState::Loading,
            Err(_) => true,
        };
        let drawn = draw(&page, progress);
        Some(match drawn {
            Ok(html) if !is_over => (event(&html), Some((interval, db, loads, page))),
            _ => (Bytes::from_static(b"event: done\ndata: done\n\n"), None),
        })
    });
    let events = futures_util::StreamExt::map(events, Ok::<_, actix_web::Error>);
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        // Compressed, events would wait for one another.
        .insert_header((CONTENT_ENCODING, "identity"))
        .streaming(events))
}

pub(super) async fn cancel(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    loads: Data<Loads>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::ManageSources)?;
    let id = SnapshotId(*id);
    if loads.cancel(id) {
        store::record_cancel(&**db, id, &author(&visit)).await?;
    } else {
        visit.flash_warning(visit.t("sources-cancel-too-late"));
    }
    Ok(web::see_other(&paths::load(id)))
}

/// Progress as HTML. A load of another process shows no figures.
fn draw(page: &Page, progress: Option<LoadProgress>) -> Result<String, PageError> {
    let progress = progress.unwrap_or(LoadProgress {
        bytes: 0,
        bytes_total: 0,
        rows: 0,
        refused: 0,
    });
    let part = ProgressPart {
        page,
        progress,
        percent: (progress.bytes * 100)
            .checked_div(progress.bytes_total)
            .unwrap_or(0),
    };
    part.render().map_err(PageError::internal)
}

fn event(html: &str) -> Bytes {
    let mut event = String::new();
    for line in html.lines() {
        event.push_str("data: ");
        event.push_str(line);
        event.push('\n');
    }
    event.push('\n');
    event.into()
}
