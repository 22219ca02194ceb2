//! **Schedule** for one or several exports: the pane "Schedule export". Every button sends the whole form, so the next
//! runs can be looked at before anything is saved, without a script.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Query};
use askama::Template;
use jiff::Timestamp;
use sea_orm::{DatabaseConnection, TransactionTrait};
use serde::Deserialize;
use uuid::Uuid;

use super::chosen::{Chosen, names, read_ids, way_back, write_ids};
use super::desk::author;
use super::schedule_conflict::{Conflict, Meanwhile, Seen};
use crate::auth::Permission;
use crate::exports::{StoreError, store};
use crate::locale::{find_offered_zone, zone_name, zone_names};
use crate::schedules::{Kind, Recurrence, Schedule, ScheduleForm, words};
use crate::web::{self, FieldErrors, Page, PageError, SignedIn, paths};

/// Next runs shown.
const SHOWN_RUNS: usize = 5;

#[derive(Template)]
#[template(path = "exports/schedule.html")]
struct SchedulePage {
    page: Page,
    errors: FieldErrors,
    conflict: Option<Conflict>,
    title: String,
    ids: String,
    /// The versions the visitor has seen.
    seen: String,
    return_to: String,
    names: Vec<String>,
    view_only: Vec<String>,
    /// More than one export is scheduled at once.
    is_several: bool,
    /// Of several, each keeps its own schedule.
    is_kept: bool,
    typed: ScheduleForm,
    kinds: Vec<Kind>,
    weekdays: Vec<(i8, String)>,
    zones: &'static [String],
    /// What is known about the next runs of what is typed; `None` while it is wrong.
    preview: Option<Preview>,
}

/// The next runs of a schedule.
struct Preview {
    is_on: bool,
    /// When the next system refresh begins; empty when none does by itself.
    refresh: String,
    /// The schedule and its zone.
    words: String,
    runs: Vec<String>,
}

/// Which exports, and where the visitor came from.
#[derive(Deserialize)]
pub(super) struct Which {
    /// Separated by commas.
    #[serde(default)]
    ids: String,
    /// A path of ours to go back to; the list when empty.
    #[serde(default)]
    return_to: String,
}

/// The whole form.
struct Posted {
    which: Which,
    /// Of several exports, each keeps its own schedule.
    is_kept: bool,
    is_saved: bool,
    seen: Seen,
    form: ScheduleForm,
}

impl Posted {
    fn read(pairs: &[(String, String)]) -> Self {
        let one = |wanted: &str| {
            let found = pairs.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        Self {
            which: Which {
                ids: one("ids"),
                return_to: one("return_to"),
            },
            is_kept: one("mode") == "keep",
            is_saved: one("action") == "save",
            seen: Seen::read(&one("seen")),
            form: ScheduleForm::read(pairs),
        }
    }
}

/// `GET /exports/schedule?ids=`.
pub(super) async fn ask(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    which: Query<Which>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditExports)?;
    let ids = read_ids(&which.ids);
    if ids.is_empty() {
        return Ok(nothing_chosen(&visit, &which));
    }
    let chosen = Chosen::load(&visit, &db, &ids).await?;
    let seen = Seen::load(&db, &chosen.editable).await?;
    let mut schedule = match chosen.editable.as_slice() {
        [one] => store::schedule_of(&**db, one.id).await?.schedule,
        _ => Schedule::usual(),
    };
    if schedule.recurrence == Recurrence::SystemRefresh {
        // It has no times yet; those that come will be where this person is.
        schedule.zone = zone_name(visit.zone());
    }
    let refresh = store::next_system_refresh(&**db).await?;
    let posted = Posted {
        is_kept: chosen.editable.len() > 1,
        is_saved: false,
        seen,
        form: ScheduleForm::of(&schedule),
        which: which.into_inner(),
    };
    let errors = FieldErrors::default();
    draw(&visit, StatusCode::OK, &chosen, posted, errors, refresh)
}

/// `POST /exports/schedule`: shows the next runs, or saves: for all the exports or, when somebody was faster with one of
/// them, for none.
pub(super) async fn answer(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    pairs: Form<Vec<(String, String)>>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditExports)?;
    let mut posted = Posted::read(&pairs);
    let ids = read_ids(&posted.which.ids);
    if ids.is_empty() {
        return Ok(nothing_chosen(&visit, &posted.which));
    }
    let chosen = match Chosen::load(&visit, &db, &ids).await {
        Err(PageError::NotFound) => {
            let removed = Meanwhile::removed(&db, &ids).await?;
            if removed.is_empty() {
                return Err(PageError::NotFound);
            }
            for one in &removed {
                visit.flash_warning(one.words(&visit));
            }
            return Ok(web::see_other(&paths::exports()));
        }
        chosen => chosen?,
    };
    let refresh = store::next_system_refresh(&**db).await?;
    let is_kept = posted.is_kept && chosen.editable.len() > 1;
    let change = if is_kept {
        posted
            .form
            .is_on()
            .map(Change::Switch)
            .map_err(|problem| vec![problem])
    } else {
        posted.form.check(visit.now).map(Change::Define)
    };
    let change = match change {
        Ok(change) => change,
        Err(problems) => {
            let mut errors = FieldErrors::default();
            for problem in problems {
                errors.add(problem.field(), visit.t(problem.message_key()));
            }
            return draw(
                &visit,
                StatusCode::UNPROCESSABLE_ENTITY,
                &chosen,
                posted,
                errors,
                refresh,
            );
        }
    };
    if !posted.is_saved {
        let errors = FieldErrors::default();
        return draw(&visit, StatusCode::OK, &chosen, posted, errors, refresh);
    }
    let meanwhile = save(&visit, &db, &chosen, &ids, &posted.seen, &change).await?;
    if !meanwhile.is_empty() {
        posted.seen.look_again(&meanwhile);
        let conflict = Conflict::new(&visit, &db, &chosen.editable, meanwhile).await?;
        return draw_with(&visit, &chosen, posted, conflict, refresh);
    }
    let saved = chosen.editable.len();
    let told = visit.msg("schedules-saved").num("count", saved);
    visit.flash_success(told.to_string());
    if !chosen.view_only.is_empty() {
        let warning = visit
            .msg("exports-left-view-only")
            .num("count", chosen.view_only.len());
        visit.flash_warning(warning.to_string());
    }
    Ok(web::see_other(&way_back(&posted.which.return_to)))
}

enum Change {
    /// Turns each export's own schedule on or off.
    Switch(bool),
    /// Gives each export this one.
    Define(Schedule),
}

/// Saves all of it in one transaction, or nothing: what others did meanwhile is the answer then.
async fn save(
    visit: &SignedIn,
    db: &DatabaseConnection,
    chosen: &Chosen,
    ids: &[Uuid],
    seen: &Seen,
    change: &Change,
) -> Result<Vec<Meanwhile>, PageError> {
    let mut gone: Vec<Uuid> = ids.to_vec();
    gone.retain(|id| !chosen.has(*id));
    let mut meanwhile = Meanwhile::removed(db, &gone).await?;
    gone.clear();
    let mut exports: Vec<_> = chosen.editable.iter().collect();
    // Always in one order: two people who save the same exports wait for each other instead of for ever.
    exports.sort_by_key(|export| export.id);
    let transaction = db.begin().await?;
    for export in exports {
        let schedule = match change {
            Change::Define(schedule) => schedule.clone(),
            Change::Switch(is_on) => Schedule {
                is_on: *is_on,
                ..store::schedule_of(&transaction, export.id).await?.schedule
            },
        };
        let version = seen.version_of(export.id);
        match store::set_schedule(&transaction, export.id, version, &schedule, author(visit)).await
        {
            Ok(()) => {}
            Err(StoreError::ScheduleChanged(present)) => {
                let name = export.definition.name.clone();
                meanwhile.push(Meanwhile::Changed { name, present });
            }
            Err(StoreError::NotFound) => gone.push(export.id),
            Err(error) => return Err(error.into()),
        }
    }
    if meanwhile.is_empty() && gone.is_empty() {
        transaction.commit().await?;
        return Ok(meanwhile);
    }
    transaction.rollback().await?;
    // Removed between the first look and the lock.
    meanwhile.extend(Meanwhile::removed(db, &gone).await?);
    Ok(meanwhile)
}

fn draw(
    visit: &SignedIn,
    status: StatusCode,
    chosen: &Chosen,
    posted: Posted,
    errors: FieldErrors,
    refresh: Option<Timestamp>,
) -> Result<HttpResponse, PageError> {
    let pane = pane(visit, chosen, posted, errors, None, refresh);
    web::render_with(status, &pane)
}

/// The form of somebody who was too late: told what others did, typed values kept. Saving once more replaces it.
fn draw_with(
    visit: &SignedIn,
    chosen: &Chosen,
    posted: Posted,
    conflict: Conflict,
    refresh: Option<Timestamp>,
) -> Result<HttpResponse, PageError> {
    let errors = FieldErrors::default();
    let pane = pane(visit, chosen, posted, errors, Some(conflict), refresh);
    web::render_with(StatusCode::CONFLICT, &pane)
}

fn pane(
    visit: &SignedIn,
    chosen: &Chosen,
    posted: Posted,
    errors: FieldErrors,
    conflict: Option<Conflict>,
    refresh: Option<Timestamp>,
) -> SchedulePage {
    let count = chosen.editable.len();
    let page = visit.page("exports");
    let is_several = count > 1;
    let is_kept = posted.is_kept && is_several;
    let schedule = posted.form.check(visit.now).ok().filter(|_| !is_kept);
    SchedulePage {
        title: if is_several {
            page.msg("schedules-title-many")
                .num("count", count)
                .to_string()
        } else {
            page.t("schedules-title")
        },
        errors,
        conflict,
        seen: posted.seen.write(),
        ids: write_ids(&chosen.editable),
        return_to: way_back(&posted.which.return_to),
        names: names(&chosen.editable),
        view_only: names(&chosen.view_only),
        is_several,
        is_kept,
        preview: schedule.map(|schedule| Preview {
            is_on: schedule.is_on,
            refresh: refresh.map(|at| page.date_time(at)).unwrap_or_default(),
            words: format!("{} · {}", schedule.words(page.lang), schedule.zone),
            runs: next_runs(&page, &schedule, visit.now),
        }),
        typed: posted.form,
        kinds: Kind::ALL.to_vec(),
        weekdays: words::all_weekdays(page.lang),
        zones: zone_names(),
        page,
    }
}

/// The next moments, in the schedule's own zone.
fn next_runs(page: &Page, schedule: &Schedule, now: Timestamp) -> Vec<String> {
    let Some(zone) = find_offered_zone(&schedule.zone) else {
        return Vec::new();
    };
    let upcoming = schedule.upcoming(now, SHOWN_RUNS).into_iter();
    upcoming.map(|at| page.lang.date_time(at, &zone)).collect()
}

fn nothing_chosen(visit: &SignedIn, which: &Which) -> HttpResponse {
    visit.flash_warning(visit.t("exports-choose-first"));
    web::see_other(&way_back(&which.return_to))
}
