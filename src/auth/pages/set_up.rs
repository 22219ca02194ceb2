//! The first administrator, by somebody who can read the console.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form};
use askama::Template;
use sea_orm::DatabaseConnection;
use serde::Deserialize;
use serde_json::json;

use super::problem::describe;
use crate::auth::{self, NewUser, Password, Role, SetUpState, UserProblem, store};
use crate::web::{self, FieldErrors, Page, PageError, Visit, paths};

#[derive(Template)]
#[template(path = "auth/set_up.html")]
struct SetUpPage {
    page: Page,
    name: String,
    email: String,
    errors: FieldErrors,
}

#[derive(Deserialize)]
pub(super) struct SetUp {
    token: String,
    name: String,
    email: String,
    password: Password,
}

/// `GET /set-up`, while nobody exists.
pub(super) async fn show(
    visit: Visit,
    db: Data<DatabaseConnection>,
    set_up: Data<SetUpState>,
) -> Result<HttpResponse, PageError> {
    if set_up.is_done(&**db).await? {
        return Err(PageError::NotFound);
    }
    web::render(&SetUpPage {
        page: visit.page(""),
        name: String::new(),
        email: String::new(),
        errors: FieldErrors::default(),
    })
}

/// `POST /set-up`: adds the first administrator and signs them in.
pub(super) async fn submit(
    visit: Visit,
    db: Data<DatabaseConnection>,
    set_up: Data<SetUpState>,
    form: Form<SetUp>,
) -> Result<HttpResponse, PageError> {
    if set_up.is_done(&**db).await? {
        return Err(PageError::NotFound);
    }
    let form = form.into_inner();
    let refuse = |status, errors| {
        let page = SetUpPage {
            page: visit.page(""),
            name: form.name.clone(),
            email: form.email.clone(),
            errors,
        };
        web::render_with(status, &page)
    };
    if !set_up.accepts(&form.token) {
        let how = json!({ "by": "set-up", "problem": "wrong token" });
        auth::record_failed_sign_in(&**db, &visit, None, how).await?;
        let errors = FieldErrors::one("token", visit.t("auth-set-up-wrong-token"));
        return refuse(StatusCode::FORBIDDEN, errors);
    }
    let new = NewUser {
        name: form.name.clone(),
        email: form.email.clone(),
        role: Role::Administrator,
        password: form.password.clone(),
    };
    match store::add_user(&**db, new, None, Some(&visit.ip), visit.now).await {
        Ok(user) => {
            auth::start_session(&**db, &visit, &user, json!({ "by": "set-up" })).await?;
            visit.flash_success(visit.t("auth-set-up-done"));
            Ok(web::see_other(&paths::home()))
        }
        Err(UserProblem::Database(error)) => Err(error.into()),
        Err(problem) => refuse(StatusCode::UNPROCESSABLE_ENTITY, describe(&visit, &problem)),
    }
}
