//! Editing a connection: display name, sharing, and the ways to authenticate again and to replace the export user.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use askama::Template;
use sea_orm::DatabaseConnection;
use serde::Deserialize;
use uuid::Uuid;

use super::{author, describe_name_problem, find, see_connection};
use crate::auth::Permission;
use crate::auth::openid::{Proof, Providers};
use crate::connections::store::{self, ChangeProblem};
use crate::connections::{Connection, Sharing};
use crate::names::Name;
use crate::web::{self, FieldErrors, Page, PageError, SignedIn};

#[derive(Template)]
#[template(path = "connections/edit.html")]
struct EditConnectionPage {
    page: Page,
    errors: FieldErrors,
    /// What somebody else saved meanwhile; what was typed is in the form.
    conflict: Option<Saved>,
    connection: Connection,
    version: i32,
    name: String,
    sharing: Sharing,
    email: String,
    proof: Proof,
}

/// What is saved, where a form says otherwise.
struct Saved {
    name: String,
    sharing: Sharing,
}

#[derive(Template)]
#[template(path = "connections/gone.html")]
struct GonePage {
    page: Page,
    name: String,
    sharing: Option<Sharing>,
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
    providers: Data<Providers>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    let connection = find(&visit, &db, id).await?;
    web::render(&EditConnectionPage {
        page: visit.page("connections"),
        errors: FieldErrors::default(),
        conflict: None,
        version: connection.version,
        name: connection.name.clone(),
        sharing: connection.sharing,
        email: visit.user.email.clone(),
        proof: providers.proof_of(&**db, visit.user.id).await?,
        connection,
    })
}

/// `POST /settings/connections/{id}/edit`. Of two browsers that edit the same version, the second is told, and so is who
/// saves a connection that was removed meanwhile; what was typed is shown again.
pub(super) async fn submit(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    providers: Data<Providers>,
    id: Path<Uuid>,
    form: Form<Details>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::ManageConnections)?;
    let form = form.into_inner();
    let Some(connection) = store::find(&**db, *id).await? else {
        return answer_gone(&visit, form);
    };
    let sharing = Sharing::from_name(&form.sharing).ok_or(PageError::BadRequest)?;
    let mut conflict = None;
    let mut version = form.version;
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
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
                Err(ChangeProblem::Changed) => {
                    let Some(present) = store::find(&**db, *id).await? else {
                        return answer_gone(&visit, form);
                    };
                    status = StatusCode::CONFLICT;
                    version = present.version;
                    conflict = Some(Saved {
                        name: present.name,
                        sharing: present.sharing,
                    });
                    String::new()
                }
                Err(problem) => return Err(problem.into()),
            }
        }
    };
    let page = EditConnectionPage {
        page: visit.page("connections"),
        errors: match conflict {
            Some(_) => FieldErrors::default(),
            None => FieldErrors::one("name", problem),
        },
        conflict,
        version,
        name: form.name,
        sharing,
        email: visit.user.email.clone(),
        proof: providers.proof_of(&**db, visit.user.id).await?,
        connection,
    };
    web::render_with(status, &page)
}

/// The connection is gone: says so, with what was typed.
fn answer_gone(visit: &SignedIn, form: Details) -> Result<HttpResponse, PageError> {
    if form.name.is_empty() {
        return Err(PageError::NotFound);
    }
    let page = GonePage {
        page: visit.page("connections"),
        sharing: Sharing::from_name(&form.sharing),
        name: form.name,
    };
    web::render_with(StatusCode::CONFLICT, &page)
}
