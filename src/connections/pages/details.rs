//! Editing display name and sharing.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use askama::Template;
use sea_orm::DatabaseConnection;
use serde::Deserialize;
use uuid::Uuid;

use super::{author, describe_name_problem, find, see_connection};
use crate::connections::Sharing;
use crate::connections::store::{self, ChangeProblem};
use crate::names::Name;
use crate::web::{self, FieldErrors, Page, PageError, SignedIn};

#[derive(Template)]
#[template(path = "connections/edit.html")]
struct EditConnectionPage {
    page: Page,
    errors: FieldErrors,
    id: Uuid,
    version: i32,
    name: String,
    sharing: Sharing,
}

/// What **Save** sends.
#[derive(Deserialize)]
pub(super) struct Details {
    #[serde(default)]
    version: i32,
    #[serde(default)]
    name: String,
    #[serde(default)]
    sharing: String,
}

/// `GET /settings/connections/{id}/edit`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    let connection = find(&visit, &db, id).await?;
    web::render(&EditConnectionPage {
        page: visit.page("connections"),
        errors: FieldErrors::default(),
        id: connection.id,
        version: connection.version,
        name: connection.name,
        sharing: connection.sharing,
    })
}

/// `POST /settings/connections/{id}/edit`. Of two browsers that edit the same version, the second is told.
pub(super) async fn submit(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
    form: Form<Details>,
) -> Result<HttpResponse, PageError> {
    let connection = find(&visit, &db, id).await?;
    let form = form.into_inner();
    let sharing = Sharing::from_name(&form.sharing).ok_or(PageError::BadRequest)?;
    let problem = match Name::parse(&form.name) {
        Err(problem) => describe_name_problem(&visit, problem),
        Ok(name) => {
            let author = author(&visit);
            let changed =
                store::change_details(&db, &connection, form.version, &name, sharing, author).await;
            match changed {
                Ok(()) => {
                    visit.flash_success(visit.t("connections-changed"));
                    return Ok(see_connection(&connection));
                }
                Err(ChangeProblem::NameTaken) => visit.t("connections-name-taken"),
                Err(problem) => return Err(problem.into()),
            }
        }
    };
    let page = EditConnectionPage {
        page: visit.page("connections"),
        errors: FieldErrors::one("name", problem),
        id: connection.id,
        version: form.version,
        name: form.name,
        sharing,
    };
    web::render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}
