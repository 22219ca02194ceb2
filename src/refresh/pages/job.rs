//! Progress details of a refresh job, the whole workflow or what one task depends on.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use askama::Template;
use futures_util::FutureExt;
use sea_orm::{ConnectionTrait, DatabaseConnection};
use serde::Deserialize;
use url::form_urlencoded;
use uuid::Uuid;

use super::{TaskRow, author, name_of};
use crate::auth::Permission;
use crate::clock::Clock;
use crate::refresh::Status;
use crate::refresh::job::{Job, Progress as Counts, Refresher, Task, TaskKind, store};
use crate::web::live::{self, Shown};
use crate::web::{self, Page, PageError, SignedIn, paths};
use crate::{exports, segments};

/// Tasks of one group shown at once.
const MAX_TASKS: u64 = 100;

#[derive(Template)]
#[template(path = "refresh/job.html")]
struct JobPage {
    page: Page,
    is_administrator: bool,
    view: JobView,
    /// The source, segment or export looked at; empty for the whole job.
    subject: String,
    is_entire: bool,
    /// Where what changes is followed.
    events: String,
}

/// What changes while the job is worked on.
#[derive(Template)]
#[template(path = "refresh/progress.html")]
struct Progress {
    page: Page,
    view: JobView,
}

struct JobView {
    job: Job,
    /// What is happening, or how it ended.
    sentence: String,
    asked_by: String,
    took: String,
    groups: Vec<Group>,
    /// The tasks of all groups.
    progress: Counts,
    /// The same in words.
    words: String,
}

struct Group {
    element: String,
    title: String,
    /// "n of m refreshed".
    words: String,
    progress: Counts,
    tasks: Vec<TaskRow>,
    /// Where the next ones are; empty when all are here.
    more: String,
}

/// What of the job is shown.
#[derive(Clone, Deserialize)]
pub(super) struct Which {
    /// Id of a source, segment or export; empty for all.
    #[serde(default)]
    task: String,
    /// Whether the whole job is shown although one task is looked at.
    #[serde(default)]
    entire: String,
    /// Export tasks after this position.
    #[serde(default)]
    after: i32,
}

impl Which {
    fn subject(&self) -> Option<Uuid> {
        self.task.parse().ok()
    }

    fn is_entire(&self) -> bool {
        self.entire == "on" || self.subject().is_none()
    }
}

impl JobView {
    async fn load(
        page: &Page,
        db: &Data<DatabaseConnection>,
        id: Uuid,
        which: &Which,
    ) -> Result<Self, PageError> {
        let job = store::get(&***db, id).await?;
        let groups = match which.subject().filter(|_| !which.is_entire()) {
            Some(subject) => of_subject(page, &***db, &job, subject).await?,
            None => entire(page, &***db, &job, which.after.max(0)).await?,
        };
        let progress = groups.iter().map(|group| group.progress).sum();
        Ok(Self {
            asked_by: match job.requested_by {
                Some(id) => name_of(db, Some(id)).await?,
                None => page.t(job.trigger.label_key()),
            },
            took: job.started_at.map_or(String::new(), |from| {
                page.time_between(from, job.finished_at.unwrap_or(page.now))
            }),
            sentence: page.t(match (job.status, job.cancel_requested_at) {
                (Status::Queued | Status::Refreshing, Some(_)) => "refresh-canceling",
                (status, _) => status.meaning_key(),
            }),
            words: counted(page, progress),
            progress,
            groups,
            job,
        })
    }

    fn is_finished(&self) -> bool {
        self.job.finished_at.is_some()
    }
}

/// "n of m refreshed", with those that were skipped or failed if there are any.
fn counted(page: &Page, progress: Counts) -> String {
    let key = match progress.left_out {
        0 => "refresh-progress",
        _ => "refresh-progress-left-out",
    };
    page.msg(key)
        .num("done", progress.refreshed)
        .num("all", progress.all)
        .num("left", progress.left_out)
        .to_string()
}

/// `GET /settings/system/jobs/{id}`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
    which: Query<Which>,
) -> Result<HttpResponse, PageError> {
    let page = visit.page("system");
    let subject = which.subject().map(|id| id.to_string());
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("task", &which.task)
        .append_pair("entire", &which.entire)
        .append_pair("after", &which.after.to_string())
        .finish();
    web::render(&JobPage {
        is_administrator: visit.user.is_administrator(),
        view: JobView::load(&page, &db, *id, &which).await?,
        subject: subject.unwrap_or_default(),
        is_entire: which.is_entire(),
        events: paths::refresh_job_events(*id, &query),
        page,
    })
}

/// `GET /settings/system/jobs/{id}/events`: live progress. Ends with the job, with the visitor's session, or after ten
/// minutes.
pub(super) async fn follow(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    clock: Data<Clock>,
    id: Path<Uuid>,
    which: Query<Which>,
) -> Result<HttpResponse, PageError> {
    store::get(&**db, *id).await?;
    let looked = db.clone();
    let which = which.into_inner();
    Ok(live::follow(&visit, "system", db, clock, move |page| {
        let (db, id, which) = (looked.clone(), *id, which.clone());
        async move {
            let view = JobView::load(&page, &db, id, &which).await.ok()?;
            let is_over = view.is_finished();
            let html = Progress { page, view }.render().ok()?;
            Some(Shown { html, is_over })
        }
        .boxed_local()
    }))
}

async fn entire(
    page: &Page,
    db: &impl ConnectionTrait,
    job: &Job,
    after: i32,
) -> Result<Vec<Group>, PageError> {
    let progress = store::progress(db, job.id).await?;
    let mut groups = Vec::new();
    for kind in TaskKind::ALL {
        let of_kind = progress.get(&kind).copied().unwrap_or_default();
        let tasks = store::tasks(db, job.id, kind, after, MAX_TASKS + 1).await?;
        groups.push(group(page, job, kind, of_kind, tasks));
    }
    Ok(groups)
}

/// The task of a source, segment or export, and those it depends on.
async fn of_subject(
    page: &Page,
    db: &impl ConnectionTrait,
    job: &Job,
    subject: Uuid,
) -> Result<Vec<Group>, PageError> {
    let mut ids = vec![subject];
    if let Some(export) = exports::store::find(db, subject).await? {
        ids.push(export.definition.source_id);
        ids.extend(export.definition.segment_ids);
    } else if let Ok(segment) = segments::store::get(db, subject).await {
        ids.push(segment.source_id);
    }
    let mut tasks = store::tasks_of(db, job.id, &ids).await?;
    let mut groups = Vec::new();
    for kind in TaskKind::ALL {
        let own: Vec<Task> = tasks.extract_if(.., |task| task.kind == kind).collect();
        if !own.is_empty() {
            let mut progress = Counts::default();
            for task in &own {
                progress.add(task.status, 1);
            }
            groups.push(group(page, job, kind, progress, own));
        }
    }
    Ok(groups)
}

fn group(page: &Page, job: &Job, kind: TaskKind, progress: Counts, mut tasks: Vec<Task>) -> Group {
    let is_cut = tasks.len() as u64 > MAX_TASKS;
    tasks.truncate(usize::try_from(MAX_TASKS).unwrap_or(usize::MAX));
    let last = tasks.last().map_or(0, |task| task.position);
    Group {
        element: format!("group-{}", kind.name()),
        title: page.t(kind.group_key()),
        words: counted(page, progress),
        progress,
        more: if is_cut {
            paths::refresh_job_after(job.id, last)
        } else {
            String::new()
        },
        tasks: tasks
            .into_iter()
            .map(|task| TaskRow::new(page, task))
            .collect(),
    }
}

/// `POST /settings/system/jobs/{id}/cancel`: **Cancel job**.
pub(super) async fn cancel(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    refresher: Data<Refresher>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    store::cancel(&db, *id, author(&visit)).await?;
    refresher.wake();
    Ok(web::see_other(&paths::refresh_job(*id)))
}
