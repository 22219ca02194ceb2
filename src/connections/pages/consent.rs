//! Agreeing again, after the text has changed.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use sea_orm::DatabaseConnection;
use serde::Deserialize;
use uuid::Uuid;

use super::wizard::{Typed, Wizard};
use super::{author, find, see_connection};
use crate::auth::openid::Providers;
use crate::config::Settings;
use crate::connections::consent::ConsentText;
use crate::connections::{Connections, Step, store};
use crate::web::{FieldErrors, PageError, SignedIn};

/// What the step sends.
#[derive(Deserialize)]
pub(super) struct Agreement {
    #[serde(default)]
    i_agree: Option<String>,
    #[serde(default)]
    text_sha256: String,
}

/// `POST /settings/connections/{id}/consent`.
pub(super) async fn submit(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    connections: Data<Connections>,
    settings: Data<Settings>,
    providers: Data<Providers>,
    id: Path<Uuid>,
    form: Form<Agreement>,
) -> Result<HttpResponse, PageError> {
    let connection = find(&visit, &db, id).await?;
    if connection.is_done(Step::Consent) {
        return Ok(see_connection(&connection));
    }
    let problem = match (&form.i_agree, ConsentText::with_hash(&form.text_sha256)) {
        (Some(_), Some(text)) => {
            store::record_consent(&db, connection.id, text, author(&visit)).await?;
            return Ok(see_connection(&connection));
        }
        (None, _) => "connections-consent-missing",
        (_, None) => "connections-consent-changed",
    };
    let wizard = Wizard {
        visit: &visit,
        db: &db,
        connections: &connections,
        settings: &settings,
        providers: &providers,
    };
    let errors = FieldErrors::one("i_agree", visit.t(problem));
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    wizard
        .draw(status, connection, errors, Typed::default())
        .await
}
