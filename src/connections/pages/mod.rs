//! Settings > Connections: the list, the wizard with its steps in the documented order, and removal.
//!
//! Every handler asks for [`Permission::ManageConnections`] and for the steps before its own; a disabled button is only
//! the polite form of that. Fields of forms may all be missing, so that "not allowed" is said before "incomplete".

mod application;
mod authenticate;
mod callback;
mod consent;
mod details;
mod export_user;
mod list;
mod new;
mod remove;
mod save;
mod wizard;

use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig};
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::store::ChangeProblem;
use super::{Author, Connection, Step, store};
use crate::auth::Permission;
use crate::names::{MAX_NAME_CHARACTERS, NameProblem};
use crate::web::{PageError, SignedIn, Visit, paths, see_other};

/// Routes of this concept.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/settings/connections", web::get().to(list::show))
        .route(
            "/settings/connections/discover",
            web::get().to(list::discover),
        )
        .route("/settings/connections/new", web::get().to(new::choose))
        .route(
            "/settings/connections/new/constant-contact",
            web::get().to(new::show),
        )
        .route(
            "/settings/connections/new/constant-contact",
            web::post().to(new::connect),
        )
        .route("/settings/connections/{id}", web::get().to(wizard::show))
        .route(
            "/settings/connections/{id}/edit",
            web::get().to(details::show),
        )
        .route(
            "/settings/connections/{id}/edit",
            web::post().to(details::submit),
        )
        .route(
            "/settings/connections/{id}/consent",
            web::post().to(consent::submit),
        )
        .route(
            "/settings/connections/{id}/application",
            web::post().to(application::submit),
        )
        .route(
            "/settings/connections/{id}/authenticate",
            web::post().to(authenticate::submit),
        )
        .route(
            "/settings/connections/{id}/export-user",
            web::post().to(export_user::submit),
        )
        .route(
            "/settings/connections/{id}/export-user",
            web::get().to(export_user::proved),
        )
        .route(
            "/settings/connections/{id}/save",
            web::post().to(save::submit),
        )
        .route(
            "/settings/connections/{id}/remove",
            web::get().to(remove::show),
        )
        .route(
            "/settings/connections/{id}/remove",
            web::post().to(remove::submit),
        )
        .route(
            "/oauth/constant-contact/callback",
            web::get().to(callback::show),
        );
}

/// The connection of the path, for an administrator.
async fn find(
    visit: &SignedIn,
    db: &DatabaseConnection,
    id: Path<Uuid>,
) -> Result<Connection, PageError> {
    visit.require(Permission::ManageConnections)?;
    let found = store::find(db, id.into_inner()).await?;
    found.ok_or(PageError::NotFound)
}

fn author(visit: &SignedIn) -> Author<'_> {
    Author {
        user_id: visit.user.id,
        ip: &visit.ip,
        at: visit.now,
    }
}

/// Back to the connection's page.
fn see_connection(connection: &Connection) -> HttpResponse {
    see_other(&paths::connection(connection.id))
}

/// Says what has to be done before a step, and goes back to the connection. `None` when the step may be taken.
fn refuse_out_of_order(visit: &Visit, connection: &Connection, step: Step) -> Option<HttpResponse> {
    let missing = connection.first_missing_before(step)?;
    let name = visit.t(wizard::title_key(missing));
    let text = visit.msg("connections-step-missing").text("step", name);
    visit.flash_danger(text.to_string());
    Some(see_connection(connection))
}

fn describe_name_problem(visit: &Visit, problem: NameProblem) -> String {
    match problem {
        NameProblem::Empty => visit.t("connections-name-empty"),
        NameProblem::TooLong => visit
            .msg("connections-name-too-long")
            .num("max", MAX_NAME_CHARACTERS as i64)
            .to_string(),
        NameProblem::ControlCharacter => visit.t("connections-name-control"),
    }
}

impl From<ChangeProblem> for PageError {
    fn from(problem: ChangeProblem) -> Self {
        match problem {
            ChangeProblem::NameTaken | ChangeProblem::Changed => Self::Conflict,
            ChangeProblem::Database(error) => error.into(),
        }
    }
}
