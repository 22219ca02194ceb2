//! Settings > System > About: what this installation is.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use jiff::tz::TimeZone;
use sea_orm::{DatabaseConnection, DbBackend};

use crate::auth::Permission;
use crate::config::Settings;
use crate::web::{self, Page, PageError, SignedIn, paths};

#[derive(Template)]
#[template(path = "system/about.html")]
struct AboutPage {
    page: Page,
    database: &'static str,
    public_url: String,
    redirect_uri: String,
    api_url: String,
    requests_per_second: u32,
    requests_per_day: u32,
    time_zone: String,
}

/// `GET /settings/system/about`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    settings: Data<Settings>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    let page = visit.page("system");
    web::render(&AboutPage {
        database: match db.get_database_backend() {
            DbBackend::Postgres => "PostgreSQL",
            _ => "SQLite",
        },
        public_url: settings.public_url.to_string(),
        redirect_uri: settings.public(&paths::constant_contact_callback()),
        api_url: settings.constant_contact_api_url.to_string(),
        requests_per_second: settings.constant_contact_requests_per_second,
        requests_per_day: settings.constant_contact_requests_per_day,
        time_zone: TimeZone::system().iana_name().unwrap_or("UTC").to_owned(),
        page,
    })
}
