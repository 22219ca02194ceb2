//! Data > Exports.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use jiff::Timestamp;
use sea_orm::DatabaseConnection;
use serde::Deserialize;
use uuid::Uuid;

use crate::auth::Permission;
use crate::connections::{self, ConnectionKind};
use crate::exports::store::{
    self, ConnectionFilter, ExportColumn, ExportQuery, ListedExport, NEVER_RUN, ScheduleFilter,
};
use crate::runs::RunState;
use crate::schedules::{Kind, Recurrence, Schedule};
use crate::web::{
    self, Column, Heading, ListQuery, ListView, PAGE_ENTRIES, Page, PageError, Pager, SignedIn,
    Tone, paths,
};

/// Value of the connection filter for detached exports.
const NO_CONNECTION: &str = "none";
/// Value of the schedule filter for schedules that are off.
const SCHEDULE_OFF: &str = "off";

#[derive(Template)]
#[template(path = "exports/list.html")]
struct ExportsPage {
    page: Page,
    product_name: &'static str,
    view: ListView<ExportColumn>,
    problem: String,
    headings: Vec<Heading>,
    states: Vec<Choice>,
    connections: Vec<Choice>,
    schedules: Vec<Choice>,
    rows: Vec<Row>,
    pager: Pager,
    total: u64,
    is_administrator: bool,
    may_add: bool,
    may_edit_any: bool,
    empty_text_key: &'static str,
}

/// An option of a filter.
struct Choice {
    value: String,
    text: String,
    is_chosen: bool,
}

pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) last_run: Option<LastRun>,
    pub(super) connection: String,
    pub(super) has_connection: bool,
    pub(super) schedule: String,
    /// Zone of the schedule; empty when it has no times.
    pub(super) schedule_zone: String,
    /// Why it did not run when it was last due; empty when it did.
    pub(super) schedule_note: String,
    pub(super) may_edit: bool,
    pub(super) updated_at: Timestamp,
    pub(super) updated_by: String,
}

pub(super) struct LastRun {
    pub(super) href: String,
    pub(super) status: String,
    pub(super) tone: Tone,
    pub(super) at: Timestamp,
}

/// The list's own filters; a value that is none counts as not set.
#[derive(Deserialize)]
pub(super) struct Filters {
    #[serde(default)]
    status: String,
    #[serde(default)]
    connection: String,
    #[serde(default)]
    schedule: String,
}

impl Column for ExportColumn {
    const ALL: &'static [Self] = &[
        Self::Name,
        Self::Type,
        Self::Status,
        Self::Refreshed,
        Self::Schedule,
        Self::Connection,
        Self::Permissions,
        Self::Updated,
        Self::UpdatedBy,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Type => "type",
            Self::Status => "status",
            Self::Refreshed => "refreshed",
            Self::Schedule => "schedule",
            Self::Connection => "connection",
            Self::Permissions => "permissions",
            Self::Updated => "updated",
            Self::UpdatedBy => "updated_by",
        }
    }

    fn label_key(self) -> &'static str {
        match self {
            Self::Name => "exports-column-name",
            Self::Type => "exports-column-type",
            Self::Status => "exports-column-status",
            Self::Refreshed => "exports-column-refreshed",
            Self::Schedule => "exports-column-schedule",
            Self::Connection => "exports-column-connection",
            Self::Permissions => "exports-column-permissions",
            Self::Updated => "exports-column-updated",
            Self::UpdatedBy => "exports-column-updated-by",
        }
    }
}

/// `GET /exports`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    query: Query<ListQuery>,
    filters: Query<Filters>,
) -> Result<HttpResponse, PageError> {
    let filters = filters.into_inner();
    let used = store::connections_in_use(&**db).await?;
    let state = state_names().find(|name| *name == filters.status);
    let connection = match filters.connection.as_str() {
        NO_CONNECTION => Some(ConnectionFilter::Nothing),
        id => id.parse().ok().map(ConnectionFilter::Uses),
    };
    let chosen = connection.map_or(String::new(), |_| filters.connection.clone());
    let schedule = match filters.schedule.as_str() {
        SCHEDULE_OFF => Some(ScheduleFilter::Off),
        name => Kind::from_name(name).map(ScheduleFilter::Active),
    };
    let kept = vec![
        (
            "schedule",
            schedule.map_or(String::new(), |_| filters.schedule.clone()),
        ),
        ("status", state.unwrap_or_default().to_owned()),
        ("connection", chosen.clone()),
    ];
    let mut view = ListView::read(paths::exports(), &query, ExportColumn::Name, kept);
    let search = view.search.clone();
    let asked = ExportQuery {
        search: &search,
        state,
        connection,
        schedule,
        sort: view.sort,
        is_descending: view.is_descending,
        segment_first: None,
    };
    let total = store::count_listed(&**db, &asked).await?;
    let offset = view.fit(total);
    let found = store::list_exports(&**db, &visit.user, &asked, offset, PAGE_ENTRIES).await?;
    let may_edit = visit.user.role.may(Permission::EditExports);
    let may_use = connections::store::may_use_any(&**db, &visit.user).await?;
    let empty_text_key = match (may_edit, may_use, visit.user.is_administrator()) {
        (false, ..) => "exports-empty-viewer",
        (true, true, _) => "exports-empty-text",
        (true, false, true) => "exports-empty-connection",
        (true, false, false) => "exports-empty-ask",
    };
    let page = ExportsPage {
        page: visit.page("exports"),
        product_name: ConnectionKind::ConstantContact.product_name(),
        problem: view.problem(&visit),
        headings: view.headings(&visit),
        states: states(&visit, state),
        connections: connection_choices(&visit, used, &chosen),
        schedules: schedule_choices(&visit, schedule),
        pager: view.pager(&visit, found.len(), total),
        rows: found
            .into_iter()
            .map(|export| row(&visit, export))
            .collect(),
        total,
        is_administrator: visit.user.is_administrator(),
        may_add: may_edit && may_use,
        may_edit_any: may_edit,
        empty_text_key,
        view,
    };
    web::render_with(page.view.status(), &page)
}

fn state_names() -> impl Iterator<Item = &'static str> {
    let states = RunState::ALL.into_iter().map(RunState::name);
    std::iter::once(NEVER_RUN).chain(states)
}

fn states(visit: &SignedIn, chosen: Option<&str>) -> Vec<Choice> {
    let never = Choice {
        value: NEVER_RUN.to_owned(),
        text: visit.t("exports-never-run"),
        is_chosen: chosen == Some(NEVER_RUN),
    };
    let states = RunState::ALL.into_iter().map(|state| Choice {
        value: state.name().to_owned(),
        text: visit.t(state.label_key()),
        is_chosen: chosen == Some(state.name()),
    });
    std::iter::once(never).chain(states).collect()
}

fn connection_choices(visit: &SignedIn, used: Vec<(Uuid, String)>, chosen: &str) -> Vec<Choice> {
    let nothing = Choice {
        value: NO_CONNECTION.to_owned(),
        text: visit.t("exports-no-connection"),
        is_chosen: chosen == NO_CONNECTION,
    };
    let used = used.into_iter().map(|(id, name)| {
        let value = id.to_string();
        Choice {
            is_chosen: value == chosen,
            value,
            text: name,
        }
    });
    std::iter::once(nothing).chain(used).collect()
}

fn schedule_choices(visit: &SignedIn, chosen: Option<ScheduleFilter>) -> Vec<Choice> {
    let kinds = Kind::ALL.into_iter().map(|kind| Choice {
        value: kind.name().to_owned(),
        text: visit.t(kind.label_key()),
        is_chosen: chosen == Some(ScheduleFilter::Active(kind)),
    });
    let off = Choice {
        value: SCHEDULE_OFF.to_owned(),
        text: visit.t("schedules-off"),
        is_chosen: chosen == Some(ScheduleFilter::Off),
    };
    kinds.chain([off]).collect()
}

/// An export as the list shows it.
pub(super) fn row(visit: &SignedIn, export: ListedExport) -> Row {
    let schedule = export.schedule.unwrap_or_else(Schedule::usual);
    Row {
        id: export.id,
        name: export.name,
        last_run: export.last_run.map(|run| {
            let state = RunState::from_name(&run.state);
            LastRun {
                href: paths::run(run.id),
                status: visit.t(state.label_key()),
                tone: state.tone(),
                at: run.at,
            }
        }),
        has_connection: export.connection.is_some(),
        connection: export
            .connection
            .unwrap_or_else(|| visit.t("exports-no-connection")),
        schedule_zone: match schedule.recurrence {
            _ if !schedule.is_on => String::new(),
            Recurrence::SystemRefresh => String::new(),
            _ => schedule.zone.clone(),
        },
        schedule: schedule.words(visit.lang),
        schedule_note: export.deferral.map_or_else(String::new, |deferral| {
            deferral.words(visit.lang, |at| visit.date_time(at))
        }),
        may_edit: export.access.may_edit(),
        updated_at: export.updated_at,
        updated_by: export
            .updated_by
            .unwrap_or_else(|| visit.t("exports-by-command-line")),
    }
}
