//! Settings > System > Schedule: when the whole system is refreshed. Every button sends the whole form, so times are
//! added and the next refreshes looked at without a script.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form};
use askama::Template;
use jiff::tz::TimeZone;
use sea_orm::DatabaseConnection;

use super::{author, name_of};
use crate::auth::Permission;
use crate::locale::{find_offered_zone, zone_names};
use crate::refresh::plan::{MAX_TIMES, Problem, RefreshForm, RefreshPlan, time_id};
use crate::refresh::schedule::{self, RefreshSchedule, Saved};
use crate::schedules::words;
use crate::web::{self, FieldErrors, Page, PageError, SignedIn, paths};

/// Next refreshes shown.
const SHOWN: usize = 5;

#[derive(Template)]
#[template(path = "refresh/schedule.html")]
struct SchedulePage {
    page: Page,
    errors: FieldErrors,
    conflict: Option<Conflict>,
    typed: RefreshForm,
    times: Vec<TimeRow>,
    may_add: bool,
    weekdays: Vec<(i8, String)>,
    zones: &'static [String],
    /// The next refreshes of what is typed; empty while it is off or wrong.
    next: Vec<String>,
}

/// Somebody was faster: what is saved now.
struct Conflict {
    title: String,
    is_on: bool,
    /// Its next refreshes.
    next: Vec<String>,
}

struct TimeRow {
    id: String,
    label: String,
    value: String,
    /// Value of the button that removes it; empty for the only one.
    remove: String,
    remove_label: String,
}

/// `GET /settings/system/schedule`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    let saved = schedule::get(&**db).await?;
    let mut form = RefreshForm::of(saved.is_on, saved.plan.as_ref());
    form.version = saved.version;
    draw(&visit, StatusCode::OK, form, &[])
}

/// `POST /settings/system/schedule`: every button of the form.
pub(super) async fn answer(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    pairs: Form<Vec<(String, String)>>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    let mut form = RefreshForm::read(&pairs);
    let pressed = pairs.iter().find(|(name, _)| name == "action");
    let action = pressed.map(|(_, value)| value.as_str()).unwrap_or_default();
    if let Some(index) = action.strip_prefix("remove-") {
        let index = index.parse::<usize>().unwrap_or(usize::MAX);
        if index < form.times.len() && form.times.len() > 1 {
            form.times.remove(index);
        }
        return draw(&visit, StatusCode::OK, form, &[]);
    }
    match action {
        "add" => {
            if form.times.len() < MAX_TIMES {
                form.times.push("12:00".to_owned());
            }
            draw(&visit, StatusCode::OK, form, &[])
        }
        "preview" => match form.check() {
            Ok(_) => draw(&visit, StatusCode::OK, form, &[]),
            Err(problems) => draw(&visit, StatusCode::UNPROCESSABLE_ENTITY, form, &problems),
        },
        "save" => match form.check() {
            Ok((is_on, plan)) => {
                let saved = schedule::set(&db, form.version, is_on, &plan, author(&visit)).await?;
                if let Saved::Changed(present) = saved {
                    form.version = present.version;
                    let who = name_of(&db, present.changed_by).await?;
                    let page = pane(&visit, form, &[], Some((who, *present)));
                    return web::render_with(StatusCode::CONFLICT, &page);
                }
                visit.flash_success(visit.t("refresh-schedule-saved"));
                Ok(web::see_other(&paths::refresh_schedule()))
            }
            Err(problems) => draw(&visit, StatusCode::UNPROCESSABLE_ENTITY, form, &problems),
        },
        _ => Err(PageError::BadRequest),
    }
}

fn draw(
    visit: &SignedIn,
    status: StatusCode,
    form: RefreshForm,
    problems: &[Problem],
) -> Result<HttpResponse, PageError> {
    web::render_with(status, &pane(visit, form, problems, None))
}

/// The form; with who was faster and what is saved now, typed values kept and saving once more replaces it.
fn pane(
    visit: &SignedIn,
    form: RefreshForm,
    problems: &[Problem],
    present: Option<(String, RefreshSchedule)>,
) -> SchedulePage {
    let page = visit.page("system");
    let mut errors = FieldErrors::default();
    for problem in problems {
        errors.add(problem.field(), page.t(problem.message_key()));
    }
    let checked = form.check().ok();
    let next = checked.filter(|(is_on, _)| *is_on);
    let is_only = form.times.len() == 1;
    let numbered =
        |key: &'static str, index: usize| page.msg(key).num("number", index + 1).to_string();
    let times = form.times.iter().enumerate().map(|(index, value)| TimeRow {
        id: time_id(index),
        label: numbered("refresh-time", index),
        value: value.clone(),
        remove: if is_only {
            String::new()
        } else {
            format!("remove-{index}")
        },
        remove_label: numbered("refresh-time-remove", index),
    });
    SchedulePage {
        errors,
        conflict: present.map(|(who, present)| Conflict {
            title: page
                .msg("refresh-schedule-conflict")
                .text("name", who)
                .to_string(),
            is_on: present.is_on,
            next: present
                .plan
                .filter(|_| present.is_on)
                .map_or_else(Vec::new, |plan| upcoming(&page, &plan)),
        }),
        times: times.collect(),
        may_add: form.times.len() < MAX_TIMES,
        weekdays: words::all_weekdays(page.lang),
        zones: zone_names(),
        next: next.map_or_else(Vec::new, |(_, plan)| upcoming(&page, &plan)),
        typed: form,
        page,
    }
}

fn upcoming(page: &Page, plan: &RefreshPlan) -> Vec<String> {
    let zone = find_offered_zone(&plan.zone).unwrap_or(TimeZone::UTC);
    let upcoming = plan.upcoming(page.now, SHOWN).into_iter();
    upcoming.map(|at| page.lang.date_time(at, &zone)).collect()
}
