//! **Add yourself as export user**: the signed-in person, and nobody else, proves it the way they sign in: with their
//! password, or by signing in again at their provider.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use sea_orm::DatabaseConnection;
use serde::Deserialize;
use uuid::Uuid;

use super::wizard::{Typed, Wizard};
use super::{author, find, refuse_out_of_order, see_connection};
use crate::auth::openid::{Providers, flow};
use crate::auth::pages::openid;
use crate::auth::{self, Password, SignInProblem};
use crate::config::Settings;
use crate::connections::{Connections, Step, store};
use crate::web::{FieldErrors, PageError, SignedIn, paths};

/// What the step sends.
#[derive(Deserialize)]
pub(super) struct Proof {
    #[serde(default)]
    password: Option<Password>,
}

/// `POST /settings/connections/{id}/export-user`.
pub(super) async fn submit(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    connections: Data<Connections>,
    settings: Data<Settings>,
    providers: Data<Providers>,
    id: Path<Uuid>,
    form: Form<Proof>,
) -> Result<HttpResponse, PageError> {
    let connection = find(&visit, &db, id).await?;
    if let Some(refusal) = refuse_out_of_order(&visit, &connection, Step::ExportUser) {
        return Ok(refusal);
    }
    let back = paths::connection_action(connection.id, "export-user");
    if let Some(leaving) = openid::prove(&visit, &db, &providers, back).await? {
        return Ok(leaving);
    }
    let password = form.into_inner().password.ok_or(PageError::BadRequest)?;
    let proved = auth::prove_by_password(&**db, &visit, &password, "export user").await;
    let (status, problem) = match proved {
        Ok(_) => {
            store::set_export_user(&db, &connection, author(&visit)).await?;
            visit.flash_success(visit.t("connections-export-user-added"));
            return Ok(see_connection(&connection));
        }
        Err(SignInProblem::Wrong) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            visit.t("connections-export-user-wrong"),
        ),
        Err(SignInProblem::Wait { seconds }) => (
            StatusCode::TOO_MANY_REQUESTS,
            visit
                .msg("auth-sign-in-wait")
                .num("seconds", seconds)
                .to_string(),
        ),
        Err(SignInProblem::Database(error)) => return Err(error.into()),
    };
    let wizard = Wizard {
        visit: &visit,
        db: &db,
        connections: &connections,
        settings: &settings,
        providers: &providers,
    };
    let errors = FieldErrors::one("password", problem);
    wizard
        .draw(status, connection, errors, Typed::default())
        .await
}

/// `GET /settings/connections/{id}/export-user`: back from the provider. Changes something only right after the person has
/// proved who they are for this very connection, which no link from elsewhere can bring about.
pub(super) async fn proved(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    let connection = find(&visit, &db, id).await?;
    let here = paths::connection_action(connection.id, "export-user");
    if flow::take_proof(&visit, &here) {
        if let Some(refusal) = refuse_out_of_order(&visit, &connection, Step::ExportUser) {
            return Ok(refusal);
        }
        store::set_export_user(&db, &connection, author(&visit)).await?;
        visit.flash_success(visit.t("connections-export-user-added"));
    }
    Ok(see_connection(&connection))
}
