//! The language switch.

use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::web::{Data, Form};
use actix_web::{HttpResponse, http::header::SET_COOKIE};
use sea_orm::DatabaseConnection;
use serde::Deserialize;

use crate::auth::store;
use crate::config::Settings;
use crate::locale::Lang;
use crate::web::{self, PageError, Visit, paths};

#[derive(Deserialize)]
pub(super) struct ChooseLanguage {
    lang: String,
    #[serde(default)]
    return_to: String,
}

/// `POST /language`: remembered with the account, or in a cookie for people who are not signed in.
pub(super) async fn choose(
    visit: Visit,
    db: Data<DatabaseConnection>,
    settings: Data<Settings>,
    form: Form<ChooseLanguage>,
) -> Result<HttpResponse, PageError> {
    let lang: Lang = form.lang.parse().map_err(|_| PageError::BadRequest)?;
    if let Some(user) = &visit.user {
        store::set_lang(&**db, user.id, lang).await?;
    }
    let cookie = Cookie::build(web::LANG_COOKIE, lang.tag())
        .path("/")
        .http_only(true)
        .secure(settings.is_public_https())
        .same_site(SameSite::Lax)
        .max_age(Duration::days(365))
        .finish();
    let mut response = web::see_other(&paths::own_path_or_home(&form.return_to));
    let value = cookie.to_string().parse().map_err(PageError::internal)?;
    response.headers_mut().append(SET_COOKIE, value);
    Ok(response)
}
