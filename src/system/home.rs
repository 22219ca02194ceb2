//! Home.

use actix_web::HttpResponse;
use askama::Template;

use crate::web::{self, Page, PageError, SignedIn};

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    page: Page,
}

/// `GET /`.
pub(super) async fn show(visit: SignedIn) -> Result<HttpResponse, PageError> {
    web::render(&HomePage {
        page: visit.page("home"),
    })
}
