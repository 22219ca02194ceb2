//! The page a link leads to: the person chooses name and password and is signed in.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use askama::Template;
use sea_orm::DatabaseConnection;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::problem::describe;
use crate::auth::openid::{Offer, Providers};
use crate::auth::people::invitations::{self, AcceptProblem};
use crate::auth::{self, Password, UserProblem};
use crate::web::{self, FieldErrors, Page, PageError, Visit, paths};

#[derive(Template)]
#[template(path = "auth/invitation.html")]
struct InvitationPage {
    page: Page,
    /// Where the form goes; nothing for a link that does not work.
    action: String,
    name: String,
    email: String,
    is_new: bool,
    errors: FieldErrors,
    /// Providers with an account at which the invitation can be answered, and where each begins.
    offers: Vec<(Offer, String)>,
}

fn offers(providers: &Providers, token: &str) -> Vec<(Offer, String)> {
    let offers = providers.offers().into_iter();
    offers
        .map(|offer| {
            let path = paths::accept_invitation(token, offer.kind.name());
            (offer, path)
        })
        .collect()
}

/// `GET /invitation/{token}`.
pub(super) async fn show(
    visit: Visit,
    db: Data<DatabaseConnection>,
    providers: Data<Providers>,
    token: Path<SecretString>,
) -> Result<HttpResponse, PageError> {
    let token = token.expose_secret();
    let Some(invited) = invitations::find(&**db, token, visit.now).await? else {
        return gone(&visit);
    };
    web::render(&InvitationPage {
        page: visit.page(""),
        action: paths::invitation(token),
        name: invited.name,
        email: invited.email,
        is_new: invited.is_new,
        errors: FieldErrors::default(),
        offers: offers(&providers, token),
    })
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Accept {
    #[serde(default)]
    name: String,
    password: Password,
}

/// `POST /invitation/{token}`.
pub(super) async fn accept(
    visit: Visit,
    db: Data<DatabaseConnection>,
    providers: Data<Providers>,
    token: Path<SecretString>,
    form: Form<Accept>,
) -> Result<HttpResponse, PageError> {
    let token = token.expose_secret();
    let Some(invited) = invitations::find(&**db, token, visit.now).await? else {
        return refuse(&visit, &db).await;
    };
    let form = form.into_inner();
    let (ip, now) = (&visit.ip, visit.now);
    let accepted = invitations::accept(&db, token, &form.name, form.password, ip, now).await;
    match accepted {
        Ok(user) => {
            auth::start_session(&**db, &visit, &user, json!({ "by": "invitation" })).await?;
            visit.flash_success(visit.t("auth-invitation-done"));
            Ok(web::see_other(&paths::home()))
        }
        Err(AcceptProblem::Gone) => refuse(&visit, &db).await,
        Err(AcceptProblem::User(UserProblem::Database(error))) => Err(error.into()),
        Err(AcceptProblem::User(problem)) => {
            let page = InvitationPage {
                page: visit.page(""),
                action: paths::invitation(token),
                name: form.name,
                email: invited.email,
                is_new: invited.is_new,
                errors: describe(&visit, &problem),
                offers: offers(&providers, token),
            };
            web::render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

/// Somebody tried to come in with a link that does not work.
async fn refuse(visit: &Visit, db: &DatabaseConnection) -> Result<HttpResponse, PageError> {
    let how = json!({ "by": "invitation", "problem": "link gone" });
    auth::record_failed_sign_in(db, visit, None, how).await?;
    gone(visit)
}

fn gone(visit: &Visit) -> Result<HttpResponse, PageError> {
    let page = InvitationPage {
        page: visit.page(""),
        action: String::new(),
        name: String::new(),
        email: String::new(),
        is_new: false,
        errors: FieldErrors::one("", visit.t("auth-invitation-gone")),
        offers: Vec::new(),
    };
    web::render_with(StatusCode::GONE, &page)
}
