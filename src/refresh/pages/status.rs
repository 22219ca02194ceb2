//! Settings > System > Status: every part of the system in groups, and the latest refreshes.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DatabaseConnection};
use serde::Deserialize;

use super::author;
use crate::auth::Permission;
use crate::exports::store::{ExportColumn, ExportQuery, list_exports};
use crate::refresh::job::{Job, JobTrigger, Refresher, TaskKind, store};
use crate::refresh::{Status, schedule};
use crate::runs::RunState;
use crate::sources::store::StoreError as SourceError;
use crate::system::sweeper;
use crate::web::{self, Page, PageError, SignedIn, paths};
use crate::{segments, sources};

/// Rows of one group; its own list has the others.
const MAX_ROWS: usize = 50;

#[derive(Template)]
#[template(path = "refresh/status.html")]
struct StatusPage {
    page: Page,
    is_administrator: bool,
    groups: Vec<Group>,
    meanings: [Status; 10],
    jobs: Vec<JobRow>,
    active: Option<Job>,
    /// When the next one begins by itself; empty when none does.
    next: String,
    range: String,
    previous: String,
    following: String,
}

struct Group {
    title: String,
    rows: Vec<Row>,
    /// Where the others are; empty when all are here.
    more: String,
}

struct Row {
    name: String,
    /// Its latest runs; empty when there is no such page.
    href: String,
    status: Status,
    /// Progress details; empty when there are none.
    details: String,
    at: Option<Timestamp>,
    /// Why it did not run when it was last due; empty when there is nothing to say.
    note: String,
}

struct JobRow {
    job: Job,
    href: String,
    took: String,
}

/// Which page of the jobs, counted from 1.
#[derive(Deserialize)]
pub(super) struct Which {
    #[serde(default)]
    page: u64,
}

/// `GET /settings/system`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    which: Query<Which>,
) -> Result<HttpResponse, PageError> {
    let page = visit.page("system");
    let mut number = which.page.max(1);
    let (mut jobs, mut total) = store::latest(&**db, number - 1).await?;
    if let Some(last) = web::last_if_past(number, total, store::PAGE_SIZE) {
        number = last;
        (jobs, total) = store::latest(&**db, number - 1).await?;
    }
    let (latest, _) = store::latest(&**db, 0).await?;
    let latest = latest.into_iter().next();
    let groups = vec![
        data_sources(&page, &**db, latest.as_ref()).await?,
        data_segments(&page, &**db, latest.as_ref()).await?,
        destinations(&visit, &page, &**db, latest.as_ref()).await?,
        processes(&page, &**db, latest.as_ref()).await?,
    ];
    let first = (number - 1) * store::PAGE_SIZE;
    let last = first + jobs.len() as u64;
    let at = |is_there: bool, number: u64| match is_there {
        true => format!("{}?page={number}", paths::system()),
        false => String::new(),
    };
    let next = schedule::get(&**db).await?.next_run_at;
    web::render(&StatusPage {
        is_administrator: visit.user.is_administrator(),
        groups,
        meanings: Status::ALL,
        active: store::active(&**db).await?,
        next: next.map(|at| page.date_time(at)).unwrap_or_default(),
        range: page
            .msg("runs-history-range")
            .num("first", if jobs.is_empty() { 0 } else { first + 1 })
            .num("last", last)
            .num("total", total)
            .to_string(),
        previous: at(number > 1, number - 1),
        following: at(last < total, number + 1),
        jobs: jobs
            .into_iter()
            .map(|job| JobRow {
                href: paths::refresh_job(job.id),
                took: match (job.started_at, job.finished_at) {
                    (Some(from), Some(to)) => page.time_between(from, to),
                    _ => String::new(),
                },
                job,
            })
            .collect(),
        page,
    })
}

fn details(latest: Option<&Job>, subject: uuid::Uuid) -> String {
    latest.map_or(String::new(), |job| paths::refresh_job_of(job.id, subject))
}

/// What is a list elsewhere is cut here.
fn group(title: String, mut rows: Vec<Row>, list: String) -> Group {
    let more = if rows.len() > MAX_ROWS {
        list
    } else {
        String::new()
    };
    rows.truncate(MAX_ROWS);
    Group { title, rows, more }
}

async fn data_sources(
    page: &Page,
    db: &impl ConnectionTrait,
    latest: Option<&Job>,
) -> Result<Group, PageError> {
    let failed = |error: SourceError| PageError::internal(error);
    let failures = sources::store::latest_failures(db).await.map_err(failed)?;
    let all = sources::store::list(db).await.map_err(failed)?;
    let rows = all.into_iter().map(|source| Row {
        status: match &source.current {
            _ if source.loading.is_some() => Status::Refreshing,
            _ if failures.contains_key(&source.id) => Status::Failure,
            Some(_) => Status::Successful,
            None => Status::NotStarted,
        },
        at: source.current.and_then(|snapshot| snapshot.finished_at),
        href: paths::refresh_history(TaskKind::Source.name(), source.id),
        details: details(latest, source.id),
        note: String::new(),
        name: source.name,
    });
    let title = page.t(TaskKind::Source.group_key());
    Ok(group(title, rows.collect(), paths::sources()))
}

async fn data_segments(
    page: &Page,
    db: &impl ConnectionTrait,
    latest: Option<&Job>,
) -> Result<Group, PageError> {
    let all = segments::store::list(db).await?;
    let ids: Vec<_> = all
        .iter()
        .map(|segment| segment.id)
        .take(MAX_ROWS)
        .collect();
    let tasks = match latest {
        Some(job) => store::tasks_of(db, job.id, &ids).await?,
        None => Vec::new(),
    };
    let rows = all.into_iter().map(|segment| {
        let task = tasks.iter().find(|task| task.subject_id == segment.id);
        let counted = segment.count.map(|count| count.counted_at);
        // A count made since is newer than what the last job said.
        let told = task.filter(|task| task.finished_at >= counted || !task.status.is_finished());
        Row {
            status: match (told, counted) {
                (Some(task), _) => task.status,
                (None, Some(_)) => Status::Successful,
                (None, None) => Status::NotStarted,
            },
            at: counted,
            href: paths::refresh_history(TaskKind::Segment.name(), segment.id),
            details: details(latest, segment.id),
            note: String::new(),
            name: segment.name,
        }
    });
    let title = page.t(TaskKind::Segment.group_key());
    Ok(group(title, rows.collect(), paths::segments()))
}

async fn destinations(
    visit: &SignedIn,
    page: &Page,
    db: &impl ConnectionTrait,
    latest: Option<&Job>,
) -> Result<Group, PageError> {
    // What needs somebody comes first.
    let query = ExportQuery {
        search: "",
        state: None,
        connection: None,
        schedule: None,
        sort: ExportColumn::Status,
        is_descending: false,
        segment_first: None,
    };
    let limit = MAX_ROWS as u64 + 1;
    let found = list_exports(db, &visit.user, &query, 0, limit).await?;
    let rows = found.into_iter().map(|export| Row {
        status: match &export.last_run {
            Some(run) => RunState::from_name(&run.state).into(),
            None => Status::NotStarted,
        },
        at: export.last_run.map(|run| run.at),
        href: paths::export_runs(export.id),
        details: details(latest, export.id),
        note: export.deferral.map_or_else(String::new, |deferral| {
            deferral.words(page.lang, |at| page.date_time(at))
        }),
        name: export.name,
    });
    let title = page.t(TaskKind::Export.group_key());
    Ok(group(title, rows.collect(), paths::exports()))
}

async fn processes(
    page: &Page,
    db: &impl ConnectionTrait,
    latest: Option<&Job>,
) -> Result<Group, PageError> {
    let swept = sweeper::last_begun(db).await?;
    let rows = vec![
        Row {
            name: page.t("refresh-process-refresh"),
            href: String::new(),
            status: latest.map_or(Status::NotStarted, |job| job.status),
            details: latest.map_or(String::new(), |job| paths::refresh_job(job.id)),
            at: latest.map(|job| job.finished_at.unwrap_or(job.queued_at)),
            note: String::new(),
        },
        Row {
            name: page.t("refresh-process-sweep"),
            href: String::new(),
            status: swept.map_or(Status::NotStarted, |_| Status::Successful),
            details: String::new(),
            at: swept,
            note: String::new(),
        },
    ];
    Ok(Group {
        title: page.t("refresh-group-processes"),
        rows,
        more: String::new(),
    })
}

/// `POST /settings/system/refresh`: **Refresh all**.
pub(super) async fn refresh_all(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    refresher: Data<Refresher>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    let (id, is_new) = store::request(&db, JobTrigger::Person, author(&visit)).await?;
    if is_new {
        refresher.wake();
    } else {
        visit.flash_warning(visit.t("refresh-already"));
    }
    Ok(web::see_other(&paths::refresh_job(id)))
}
