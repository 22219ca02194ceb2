//! The signed-in person's own account: language, time zone, password, sessions.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use askama::Template;
use jiff::tz::TimeZone;
use sea_orm::DatabaseConnection;
use serde::Deserialize;
use uuid::Uuid;

use super::people::author;
use super::problem::describe_password;
use crate::auth::openid::{Offer, Proof, Providers};
use crate::auth::people::own::{self, NewPasswordProblem, OwnSession, Which};
use crate::auth::people::{self, Person};
use crate::auth::{self, Password, SignInProblem};
use crate::locale::{Lang, zone_names};
use crate::openid::ProviderKind;
use crate::web::{self, FieldErrors, Page, PageError, SignedIn, paths};

#[derive(Template)]
#[template(path = "auth/account.html")]
struct AccountPage {
    page: Page,
    person: Person,
    sessions: Vec<OwnSession>,
    session_id: Uuid,
    langs: [Lang; 2],
    zones: &'static [String],
    /// Name of the zone chosen; empty follows the browser.
    zone: String,
    /// What following the browser means now.
    browser_zone: String,
    errors: FieldErrors,
    offers: Vec<Offer>,
    proof: Proof,
}

impl AccountPage {
    fn link_field(&self, offer: &Offer) -> String {
        link_field(offer.kind)
    }
}

/// Id of the field for the password with which an account is linked.
pub(super) fn link_field(kind: ProviderKind) -> String {
    format!("link-{}", kind.name())
}

/// `GET /account`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    providers: Data<Providers>,
) -> Result<HttpResponse, PageError> {
    draw(
        &visit,
        &db,
        &providers,
        StatusCode::OK,
        FieldErrors::default(),
    )
    .await
}

pub(super) async fn draw(
    visit: &SignedIn,
    db: &DatabaseConnection,
    providers: &Providers,
    status: StatusCode,
    errors: FieldErrors,
) -> Result<HttpResponse, PageError> {
    let person = people::find(db, visit.user.id).await?;
    let page = AccountPage {
        page: visit.page("account"),
        person: person.ok_or(PageError::SignInNeeded)?,
        sessions: own::sessions(db, visit.user.id, visit.now).await?,
        session_id: visit.session_id,
        langs: Lang::ALL,
        zones: zone_names(),
        zone: zone_name(visit.user.time_zone.as_ref()),
        browser_zone: zone_name(Some(&visit.browser_zone)),
        offers: providers.offers(),
        proof: providers.proof_of(db, visit.user.id).await?,
        errors,
    };
    web::render_with(status, &page)
}

fn zone_name(zone: Option<&TimeZone>) -> String {
    let name = zone.and_then(TimeZone::iana_name);
    name.unwrap_or_default().to_owned()
}

/// What the password form sends.
#[derive(Deserialize)]
pub(super) struct ChangePassword {
    old_password: Password,
    password: Password,
}

/// `POST /account/password`.
pub(super) async fn set_password(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    providers: Data<Providers>,
    form: Form<ChangePassword>,
) -> Result<HttpResponse, PageError> {
    let form = form.into_inner();
    let old = &form.old_password;
    let proved = auth::prove_by_password(&**db, &visit, old, "change of password").await;
    let (status, field, problem) = match proved {
        Ok(user) => {
            let (id, keep, by) = (user.id, visit.session_id, author(&visit));
            match own::set_password(&db, id, form.password, keep, by).await {
                Ok(()) => {
                    visit.flash_success(visit.t("auth-account-password-changed"));
                    return Ok(web::see_other(&paths::account()));
                }
                Err(NewPasswordProblem::Database(error)) => return Err(error.into()),
                Err(NewPasswordProblem::Password(problem)) => (
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "password",
                    describe_password(&visit, problem),
                ),
            }
        }
        Err(SignInProblem::Wrong) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "old_password",
            visit.t("auth-account-old-wrong"),
        ),
        Err(SignInProblem::Wait { seconds }) => {
            let message = visit.msg("auth-sign-in-wait").num("seconds", seconds);
            (
                StatusCode::TOO_MANY_REQUESTS,
                "old_password",
                message.to_string(),
            )
        }
        Err(SignInProblem::Database(error)) => return Err(error.into()),
    };
    let errors = FieldErrors::one(field, problem);
    draw(&visit, &db, &providers, status, errors).await
}

/// `POST /account/sessions/{id}/end`.
pub(super) async fn end_session(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    end(&visit, &db, Which::One(*id)).await
}

/// `POST /account/sessions/end-others`.
pub(super) async fn end_other_sessions(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
) -> Result<HttpResponse, PageError> {
    end(&visit, &db, Which::AllBut(visit.session_id)).await
}

async fn end(
    visit: &SignedIn,
    db: &DatabaseConnection,
    which: Which,
) -> Result<HttpResponse, PageError> {
    let ended = own::end_sessions(db, visit.user.id, which, author(visit)).await?;
    if matches!(which, Which::One(_)) && ended == 0 {
        return Err(PageError::NotFound);
    }
    let text = visit.msg("auth-account-sessions-ended").num("count", ended);
    visit.flash_success(text.to_string());
    Ok(web::see_other(&paths::account()))
}
