//! The command bar over the list: acts on the row that was selected.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::Form;
use serde::Deserialize;
use uuid::Uuid;

use crate::web::{self, PageError, SignedIn, paths};

#[derive(Deserialize)]
pub(super) struct Selection {
    #[serde(default)]
    export: Option<Uuid>,
    #[serde(default)]
    action: String,
}

/// `POST /exports/selected`: sends the browser to the page of the action, which asks for permission itself.
pub(super) async fn act(visit: SignedIn, form: Form<Selection>) -> Result<HttpResponse, PageError> {
    let Some(id) = form.export else {
        visit.flash_warning(visit.t("exports-choose-first"));
        return Ok(web::see_other(&paths::exports()));
    };
    match form.action.as_str() {
        "open" => Ok(web::see_other(&paths::export(id))),
        "remove" => Ok(web::see_other(&paths::remove_export(id))),
        // 307 keeps the POST and its fields, the token included.
        "run" => Ok(HttpResponse::TemporaryRedirect()
            .insert_header((LOCATION, paths::run_export(id)))
            .finish()),
        _ => Err(PageError::BadRequest),
    }
}
