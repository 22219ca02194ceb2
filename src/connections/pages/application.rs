//! Client ID and secret, typed when the settings name no application.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use sea_orm::{DatabaseConnection, TransactionTrait};
use secrecy::SecretString;
use serde::Deserialize;
use uuid::Uuid;

use super::wizard::{Typed, Wizard};
use super::{author, find, refuse_out_of_order, see_connection};
use crate::auth::openid::Providers;
use crate::config::Settings;
use crate::connections::application::{MAX_CREDENTIAL_CHARACTERS, parse_credentials};
use crate::connections::{Connections, CredentialsProblem, Step, store};
use crate::web::{FieldErrors, PageError, SignedIn};

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct TypedApplication {
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: SecretString,
}

/// `POST /settings/connections/{id}/application`.
pub(super) async fn submit(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    connections: Data<Connections>,
    settings: Data<Settings>,
    providers: Data<Providers>,
    id: Path<Uuid>,
    form: Form<TypedApplication>,
) -> Result<HttpResponse, PageError> {
    let connection = find(&visit, &db, id).await?;
    if connections.applications.is_configured() {
        return Err(PageError::BadRequest);
    }
    if let Some(refusal) = refuse_out_of_order(&visit, &connection, Step::Connect) {
        return Ok(refusal);
    }
    let app = match parse_credentials(&form.client_id, &form.client_secret) {
        Ok(app) => app,
        Err(problem) => {
            let (field, key) = match problem {
                CredentialsProblem::ClientId => ("client_id", "connections-client-id-problem"),
                CredentialsProblem::ClientSecret => {
                    ("client_secret", "connections-client-secret-problem")
                }
            };
            let message = visit.msg(key).num("max", MAX_CREDENTIAL_CHARACTERS as i64);
            let errors = FieldErrors::one(field, message.to_string());
            let wizard = Wizard {
                visit: &visit,
                db: &db,
                connections: &connections,
                settings: &settings,
                providers: &providers,
            };
            let typed = Typed {
                client_id: form.client_id.clone(),
            };
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return wizard.draw(status, connection, errors, typed).await;
        }
    };
    let transaction = db.begin().await?;
    let author = author(&visit);
    let applications = &connections.applications;
    applications.register(&transaction, &app, author).await?;
    store::choose_application(&transaction, &connection, &app.client_id, author).await?;
    transaction.commit().await?;
    visit.flash_success(visit.t("connections-application-saved"));
    Ok(see_connection(&connection))
}
