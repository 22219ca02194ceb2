//! The time zone a person reads times in.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form};
use sea_orm::DatabaseConnection;
use serde::Deserialize;

use super::account;
use crate::auth::openid::Providers;
use crate::auth::store;
use crate::locale::find_zone;
use crate::web::{self, FieldErrors, PageError, SignedIn, paths};

#[derive(Deserialize)]
pub(super) struct ChooseZone {
    /// Empty follows the browser.
    #[serde(default)]
    time_zone: String,
}

/// `POST /account/time-zone`.
pub(super) async fn choose(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    providers: Data<Providers>,
    form: Form<ChooseZone>,
) -> Result<HttpResponse, PageError> {
    let name = form.time_zone.trim();
    let chosen = find_zone(name);
    if chosen.is_none() && !name.is_empty() {
        let problem = visit.t("auth-account-zone-unknown");
        let errors = FieldErrors::one("time_zone", problem);
        return account::draw(
            &visit,
            &db,
            &providers,
            StatusCode::UNPROCESSABLE_ENTITY,
            errors,
        )
        .await;
    }
    let name = chosen.as_ref().and_then(|zone| zone.iana_name());
    store::set_time_zone(&**db, visit.user.id, name).await?;
    visit.flash_success(visit.t("auth-account-zone-saved"));
    Ok(web::see_other(&paths::account()))
}
