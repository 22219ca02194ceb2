//! Settings > People: who may sign in, and as what.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use sea_orm::DatabaseConnection;

use crate::auth::{CurrentUser, Permission, store};
use crate::web::{self, Page, PageError, SignedIn};

#[derive(Template)]
#[template(path = "system/people.html")]
struct PeoplePage {
    page: Page,
    people: Vec<CurrentUser>,
}

/// `GET /settings/people`.
pub(super) async fn list(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    let people = store::list_users(&**db).await?;
    web::render(&PeoplePage {
        page: visit.page("people"),
        people,
    })
}
