//! Bulk jobs as the client sees them: accepted, then `initialized`, `processing` and an end.
//!
//! The state shown follows the clock, except that `completed` also waits until the work is really done. The work
//! itself is done by [`jobs`](super::jobs) when the activity leaves `initialized`.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    book::new_id,
    errors::Refusal,
    faults::{FaultKind, ImposedOutcome},
    options::ActivitySpeed,
    server::Core,
    wire,
};

/// Activities are kept this long (API guide "Activity status": 10 days).
const RETENTION: SignedDuration = SignedDuration::from_hours(10 * 24);
/// Absent from the list for ever.
const NEVER_LISTED: u64 = u64::MAX;

/// A state in the vendor's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActivityState {
    /// Accepted, not begun.
    Initialized,
    /// Being worked on.
    Processing,
    /// Done, perhaps with errors among its counters.
    Completed,
    /// Ended by the vendor.
    Cancelled,
    /// Could not be done.
    Failed,
    /// Took too long.
    TimedOut,
}

impl ActivityState {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Initialized => "initialized",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
        }
    }

    fn is_finished(self) -> bool {
        !matches!(self, Self::Initialized | Self::Processing)
    }
}

/// What the work of an activity came to.
pub(super) struct Report {
    is_failed: bool,
    /// The counters in `status`.
    counters: Value,
    errors: Vec<String>,
    /// Names a file to download.
    pub(super) results: Option<Uuid>,
}

impl Report {
    pub(super) fn done(counters: Value) -> Self {
        Self {
            is_failed: false,
            counters,
            errors: Vec::new(),
            results: None,
        }
    }

    pub(super) fn with_errors(mut self, errors: Vec<String>) -> Self {
        self.errors = errors;
        self
    }

    pub(super) fn failed(counters: Value, error: &str) -> Self {
        Self {
            is_failed: true,
            errors: vec![error.to_owned()],
            ..Self::done(counters)
        }
    }
}

pub(super) struct Activity {
    pub(super) id: Uuid,
    created_at: Timestamp,
    pub(super) source_file_name: Option<String>,
    imposed: Option<ImposedOutcome>,
    is_gone: bool,
    /// How many more times the list is read without it; [`NEVER_LISTED`] is for ever.
    unlisted_for: u64,
    counters: &'static [&'static str],
    finished: Option<(Timestamp, Report)>,
}

impl Activity {
    /// State, start and end at `now`.
    fn progress(
        &self,
        speed: &ActivitySpeed,
        now: Timestamp,
    ) -> (ActivityState, Option<Timestamp>, Option<Timestamp>) {
        let started_at = self.created_at + speed.initialized_for;
        if now < started_at {
            return (ActivityState::Initialized, None, None);
        }
        let processing = (ActivityState::Processing, Some(started_at), None);
        let earliest_end = started_at + speed.processing_for;
        let end = match self.imposed {
            Some(ImposedOutcome::Stuck) => return processing,
            Some(ImposedOutcome::Failed) => (ActivityState::Failed, earliest_end),
            Some(ImposedOutcome::Cancelled) => (ActivityState::Cancelled, earliest_end),
            Some(ImposedOutcome::TimedOut) => (ActivityState::TimedOut, earliest_end),
            Some(ImposedOutcome::Idle) => (ActivityState::Completed, earliest_end),
            None => match &self.finished {
                None => return processing,
                Some((at, report)) if report.is_failed => {
                    (ActivityState::Failed, earliest_end.max(*at))
                }
                Some((at, _)) => (ActivityState::Completed, earliest_end.max(*at)),
            },
        };
        if now < end.1 {
            return processing;
        }
        (end.0, Some(started_at), Some(end.1))
    }

    pub(super) fn state(&self, speed: &ActivitySpeed, now: Timestamp) -> ActivityState {
        self.progress(speed, now).0
    }

    fn json(&self, speed: &ActivitySpeed, now: Timestamp) -> Value {
        let (state, started_at, completed_at) = self.progress(speed, now);
        let report = self
            .finished
            .as_ref()
            .map(|(_, report)| report)
            .filter(|_| state.is_finished());
        let none_yet = || {
            self.counters
                .iter()
                .map(|name| ((*name).to_owned(), json!(0)))
                .collect::<Value>()
        };
        let percent_done = match (state, started_at) {
            (ActivityState::Initialized, _) => 0,
            (ActivityState::Processing, Some(started_at)) => {
                let passed = now.duration_since(started_at).as_secs_f64();
                let share = passed / speed.processing_for.as_secs_f64().max(0.001);
                [1, 25, 50, 75, 99][[0.25, 0.5, 0.75, 1.0]
                    .iter()
                    .filter(|step| share >= **step)
                    .count()]
            }
            _ => 100,
        };
        let mut body = json!({
            "activity_id": self.id,
            "state": state.as_str(),
            "created_at": wire::time(self.created_at),
            "updated_at": wire::time(completed_at.or(started_at).unwrap_or(self.created_at)),
            "percent_done": percent_done,
            "activity_errors": report.map(|report| report.errors.as_slice()).unwrap_or_default(),
            "status": report.map_or_else(none_yet, |report| report.counters.clone()),
            "_links": { "self": { "href": format!("/v3/activities/{}", self.id) } },
        });
        if let Some(started_at) = started_at {
            body["started_at"] = wire::time(started_at);
        }
        if let Some(completed_at) = completed_at {
            body["completed_at"] = wire::time(completed_at);
        }
        if let Some(name) = &self.source_file_name {
            body["source_file_name"] = json!(name);
        }
        if let Some(results) = report.and_then(|report| report.results) {
            body["_links"]["results"] = json!({ "href": format!("/v3/contact_exports/{results}") });
        }
        body
    }
}

/// All activities in order of creation, and the files they produced.
#[derive(Default)]
pub(super) struct ActivityLog {
    items: Vec<Activity>,
    pub(super) files: HashMap<Uuid, web::Bytes>,
}

impl ActivityLog {
    /// Activities a client can see, newest first, with their positions.
    pub(super) fn visible(&self, now: Timestamp) -> impl Iterator<Item = (u64, &Activity)> {
        let kept =
            move |activity: &Activity| !activity.is_gone && now < activity.created_at + RETENTION;
        let numbered = self.items.iter().enumerate().rev();
        numbered
            .map(|(position, activity)| (position as u64, activity))
            .filter(move |(_, activity)| kept(activity))
    }

    /// The list has been read once more.
    fn list_late_ones(&mut self) {
        for activity in &mut self.items {
            if activity.unlisted_for != NEVER_LISTED {
                activity.unlisted_for = activity.unlisted_for.saturating_sub(1);
            }
        }
    }

    pub(super) fn finish(&mut self, id: Uuid, report: Report, now: Timestamp) {
        // The newest is the likeliest.
        if let Some(activity) = self
            .items
            .iter_mut()
            .rev()
            .find(|activity| activity.id == id)
        {
            activity.finished = Some((now, report));
        }
    }

    /// Activities that have not ended, of those created at most ten days ago.
    fn unfinished(&self, speed: &ActivitySpeed, now: Timestamp) -> usize {
        self.visible(now)
            .filter(|(_, activity)| !activity.state(speed, now).is_finished())
            .count()
    }
}

/// A fault that concerns the activity a request creates; travels to the handler with the request.
#[derive(Clone)]
pub(super) struct ActivityFault(pub(super) FaultKind);

/// What is known of a bulk request when it is accepted.
pub(super) struct Intake {
    pub(super) source_file_name: Option<String>,
    /// Lists the request names.
    pub(super) lists: Vec<Uuid>,
    /// Names of the counters in `status`, shown as 0 until the end.
    pub(super) counters: &'static [&'static str],
    pub(super) fault: Option<FaultKind>,
}

impl Intake {
    pub(super) fn new(fault: Option<web::ReqData<ActivityFault>>) -> Self {
        Self {
            source_file_name: None,
            lists: Vec::new(),
            counters: &[],
            fault: fault.map(|fault| fault.into_inner().0),
        }
    }
}

/// Accepts a bulk request: an activity `initialized`, with `work` to be done later. Gives the activity's JSON.
///
/// # Errors
///
/// 429 when the queue is full.
pub(super) fn accept(
    core: &Core,
    intake: Intake,
    work: impl FnOnce(&Core) -> Report + Send + 'static,
) -> Result<Value, Refusal> {
    let speed = &core.options.activity_speed;
    let now = core.options.clock.now();
    let mut state = core.state();
    let limit = state.limits.queued_activities;
    if state.activities.unfinished(speed, now) >= limit {
        return Err(Refusal::queue_full(limit));
    }
    let imposed = match intake.fault {
        Some(FaultKind::ActivityOutcome(outcome)) => Some(outcome),
        _ => None,
    };
    if matches!(intake.fault, Some(FaultKind::ListDeleted)) {
        for id in &intake.lists {
            state.book.delete_list(*id, now);
        }
    }
    let activity = Activity {
        id: new_id(),
        created_at: now,
        source_file_name: intake.source_file_name,
        imposed,
        is_gone: matches!(intake.fault, Some(FaultKind::ActivityGone)),
        unlisted_for: match intake.fault {
            Some(FaultKind::ActivityUnlisted) => NEVER_LISTED,
            Some(FaultKind::AcceptedLate { listings, .. }) => listings,
            _ => 0,
        },
        counters: intake.counters,
        finished: (imposed == Some(ImposedOutcome::Idle)).then(|| (now, idle(intake.counters))),
    };
    let id = activity.id;
    let answer = activity.json(speed, now);
    state.activities.items.push(activity);
    drop(state);
    if imposed.is_none() {
        core.jobs
            .push(id, now + speed.initialized_for, Box::new(work));
    }
    Ok(answer)
}

/// Of an activity that has done nothing.
fn idle(counters: &[&str]) -> Report {
    let counters = counters.iter().map(|name| ((*name).to_owned(), json!(0)));
    Report::done(counters.collect()).with_errors(vec!["Nothing was done.".to_owned()])
}

/// Enters an activity that is complete at once, for the receiver that only counts.
pub(super) fn accept_completed(
    core: &Core,
    source_file_name: Option<String>,
    counters: Value,
) -> Value {
    let now = core.options.clock.now();
    let activity = Activity {
        id: new_id(),
        created_at: now
            - core.options.activity_speed.initialized_for
            - core.options.activity_speed.processing_for,
        source_file_name,
        imposed: None,
        is_gone: false,
        unlisted_for: 0,
        counters: &[],
        finished: Some((now, Report::done(counters))),
    };
    let answer = activity.json(&core.options.activity_speed, now);
    core.state().activities.items.push(activity);
    answer
}

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/v3/activities", web::get().to(index))
        .route("/v3/activities/{activity_id}", web::get().to(show));
}

async fn index(core: web::Data<Core>, request: HttpRequest) -> Result<HttpResponse, Refusal> {
    let query = wire::Query::read(&request)?;
    let limit = query.limit(50, 500)?;
    let wanted = query.get("state");
    // `initialized` cannot be asked for (vendor's API description, getActivityStatusCollection).
    if wanted.is_some_and(|state| {
        ![
            "processing",
            "completed",
            "cancelled",
            "failed",
            "timed_out",
        ]
        .contains(&state)
    }) {
        return Err(Refusal::invalid(
            "state must be one of processing, completed, cancelled, failed, timed_out.",
        ));
    }
    let speed = &core.options.activity_speed;
    let now = core.options.clock.now();
    let mut state = core.state();
    let mut page: Vec<(u64, &Activity)> = state
        .activities
        .visible(now)
        .filter(|(_, activity)| activity.unlisted_for == 0)
        .filter(|(position, _)| query.after().is_none_or(|after| *position < after))
        .filter(|(_, activity)| {
            wanted.is_none_or(|wanted| activity.state(speed, now).as_str() == wanted)
        })
        .take(limit + 1)
        .collect();
    let has_more = page.len() > limit;
    page.truncate(limit);
    let items: Vec<Value> = page
        .iter()
        .map(|(_, activity)| activity.json(speed, now))
        .collect();
    let mut body = json!({ "activities": items });
    if let Some((last, _)) = page.last().filter(|_| has_more) {
        body["_links"] = query.next_link("/v3/activities", limit, *last);
    }
    if query.after().is_none() {
        state.activities.list_late_ones();
    }
    Ok(HttpResponse::Ok().json(body))
}

async fn show(core: web::Data<Core>, id: web::Path<String>) -> Result<HttpResponse, Refusal> {
    let id = wire::path_id(&id, "Activity")?;
    let now = core.options.clock.now();
    let state = core.state();
    let found = state
        .activities
        .visible(now)
        .find(|(_, activity)| activity.id == id);
    let (_, activity) = found.ok_or_else(|| Refusal::not_found("Activity not found."))?;
    Ok(HttpResponse::Ok().json(activity.json(&core.options.activity_speed, now)))
}
