//! What the signed-in person's own account page says about notices.

use actix_web::HttpResponse;
use actix_web::web::{Data, Form};
use sea_orm::DatabaseConnection;
use serde::Deserialize;

use crate::auth;
use crate::web::{self, PageError, SignedIn, paths};

/// What the account page sends.
#[derive(Deserialize)]
pub(super) struct OwnChoice {
    #[serde(default)]
    by_mail: bool,
}

/// `POST /account/notices`: whether this person is told by mail.
pub(super) async fn choose(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    form: Form<OwnChoice>,
) -> Result<HttpResponse, PageError> {
    auth::store::set_notices_by_mail(&**db, visit.user.id, form.by_mail).await?;
    visit.flash_success(visit.t(match form.by_mail {
        true => "notices-own-on",
        false => "notices-own-off",
    }));
    Ok(web::see_other(&paths::account()))
}
