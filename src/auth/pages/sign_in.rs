//! Sign-in and sign-out.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Query};
use askama::Template;
use sea_orm::DatabaseConnection;
use serde::Deserialize;
use serde_json::json;

use crate::auth::openid::{Offer, Providers};
use crate::auth::{self, Password, SignInAttempt, SignInProblem};
use crate::storage::audit::{self, AuditEvent};
use crate::web::{self, FieldErrors, Page, PageError, Visit, paths};

#[derive(Template)]
#[template(path = "auth/sign_in.html")]
struct SignInPage {
    page: Page,
    email: String,
    return_to: String,
    errors: FieldErrors,
    offers: Vec<Offer>,
}

#[derive(Deserialize)]
pub(super) struct ReturnTo {
    #[serde(default)]
    pub(super) return_to: String,
}

#[derive(Deserialize)]
pub(super) struct SignIn {
    email: String,
    password: Password,
    #[serde(default)]
    return_to: String,
}

/// `GET /sign-in`.
pub(super) async fn show(
    visit: Visit,
    providers: Data<Providers>,
    query: Query<ReturnTo>,
) -> Result<HttpResponse, PageError> {
    let return_to = paths::own_path_or_home(&query.return_to);
    if visit.user.is_some() {
        return Ok(web::see_other(&return_to));
    }
    web::render(&SignInPage {
        page: visit.page(""),
        email: String::new(),
        return_to,
        errors: FieldErrors::default(),
        offers: providers.offers(),
    })
}

/// `POST /sign-in`.
pub(super) async fn submit(
    visit: Visit,
    db: Data<DatabaseConnection>,
    providers: Data<Providers>,
    form: Form<SignIn>,
) -> Result<HttpResponse, PageError> {
    let form = form.into_inner();
    let return_to = paths::own_path_or_home(&form.return_to);
    let mut missing = FieldErrors::default();
    if form.email.trim().is_empty() {
        missing.add("email", visit.t("auth-email-missing"));
    }
    if form.password.is_empty() {
        missing.add("password", visit.t("auth-password-missing"));
    }
    let draw_again = |status, errors| {
        let page = SignInPage {
            page: visit.page(""),
            email: form.email.clone(),
            return_to: return_to.clone(),
            errors,
            offers: providers.offers(),
        };
        web::render_with(status, &page)
    };
    if !missing.is_empty() {
        return draw_again(StatusCode::UNPROCESSABLE_ENTITY, missing);
    }
    let attempt = SignInAttempt {
        email: &form.email,
        password: &form.password,
        ip: &visit.ip,
        now: visit.now,
    };
    let failed = async |detail| -> Result<(), PageError> {
        let whose = auth::owner_of(&**db, &form.email).await?;
        Ok(auth::record_failed_sign_in(&**db, &visit, whose, detail).await?)
    };
    let (status, problem) = match auth::verify_password(&**db, &attempt).await {
        Ok(user) => {
            auth::start_session(&**db, &visit, &user, json!({})).await?;
            return Ok(web::see_other(&return_to));
        }
        Err(SignInProblem::Wrong) => {
            failed(json!({})).await?;
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                visit.t("auth-sign-in-wrong"),
            )
        }
        Err(SignInProblem::Wait { seconds }) => {
            failed(json!({ "problem": "too many tries" })).await?;
            let message = visit.msg("auth-sign-in-wait").num("seconds", seconds);
            (StatusCode::TOO_MANY_REQUESTS, message.to_string())
        }
        Err(SignInProblem::Database(error)) => return Err(error.into()),
    };
    draw_again(status, FieldErrors::one("", problem))
}

/// `POST /sign-out`.
pub(super) async fn sign_out(
    visit: Visit,
    db: Data<DatabaseConnection>,
) -> Result<HttpResponse, PageError> {
    auth::end_session(&**db, visit.session(), visit.now).await?;
    if let Some(user) = &visit.user {
        let event = AuditEvent {
            at: visit.now,
            user_id: Some(user.id),
            ip: Some(&visit.ip),
            action: "user.signed-out",
            object_id: String::new(),
            detail: json!({}),
        };
        audit::record(&**db, event).await?;
    }
    visit.session().purge();
    Ok(web::see_other(&paths::sign_in()))
}
