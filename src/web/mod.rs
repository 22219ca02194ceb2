//! The shell every page stands in: who is asking, in which language, frame, CSRF, flash messages, error pages, assets.
//!
//! Knows no concept (connections, exports...): those use the shell, never the other way round.
//!
//! How a page is written:
//!
//! ```text
//! #[derive(Template)]
//! #[template(path = "exports/list.html")]
//! struct ExportsPage { page: Page, exports: Vec<ExportRow> }
//!
//! pub(crate) async fn list(visit: SignedIn, db: Data<DatabaseConnection>) -> Result<HttpResponse, PageError> {
//!     let exports = store::list(&db).await?;
//!     web::render(&ExportsPage { page: visit.page("exports"), exports })
//! }
//!
//! pub(crate) async fn save(visit: SignedIn, form: Form<SaveExport>, ...) -> Result<HttpResponse, PageError> {
//!     visit.require(Permission::EditExports)?;              // checked here, not by hiding the button
//!     ...                                                   // invalid: render_with(UNPROCESSABLE_ENTITY, &page)
//!     visit.flash_success(visit.t("exports-saved"));
//!     Ok(see_other(&paths::exports()))                      // success: 303 and a flash message
//! }
//! ```
//!
//! - [`Visit`] is anybody, [`SignedIn`] a signed-in person; both are extractors and give [`Page`], the frame's data.
//! - Every form that POSTs holds the hidden field `_csrf` with `page.csrf`; [`csrf`] refuses every other POST. A
//!   multipart form sends the token in the header `X-CSRF-Token` or posts to a path that ends in `/upload`, whose
//!   handler must read `_csrf` as the first part and call [`csrf::check`].
//! - [`PageError`] speaks about the visitor's situation; [`errors::draw`] turns it into a page in their language.
//! - [`paths`] holds every URL.
//! - [`ListView`] is a list with search, order and pages; `ui::heading` and `ui::pager` draw its parts.
//! - `templates/shared/ui.html` and `form.html` hold the building blocks of pages; [`FieldErrors`], [`Tone`] and [`Step`]
//!   are what they are fed with.

pub mod assets;
pub mod csrf;
pub mod errors;
mod field_errors;
pub mod headers;
mod list;
pub(crate) mod live;
mod nearest;
mod page;
pub mod paths;
mod session_store;
pub mod spreadsheet;
mod status;
mod visit;

pub use errors::PageError;
pub use field_errors::FieldErrors;
pub use list::{Column, Heading, ListQuery, ListView, PAGE_ENTRIES, Pager, last_if_past};
pub use nearest::nearest_page;
pub use page::{Flash, FlashLevel, MOST_UNREAD, Moment, Page};
pub use session_store::{BrowserSessions, StoreDown, guard as guard_session_store};
pub use status::{Step, Tone};
pub use visit::{LANG_COOKIE, SignedIn, Visit, ZONE_COOKIE, load_visit};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use askama::Template;

/// A page with status 200.
///
/// # Errors
/// [`PageError::Internal`] when the template cannot be rendered.
pub fn render(template: &impl Template) -> Result<HttpResponse, PageError> {
    render_with(StatusCode::OK, template)
}

/// A page with another status, for example 422 with the typed values and a message per field.
///
/// # Errors
/// [`PageError::Internal`] when the template cannot be rendered.
pub fn render_with(
    status: StatusCode,
    template: &impl Template,
) -> Result<HttpResponse, PageError> {
    let html = template.render().map_err(PageError::internal)?;
    Ok(HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(html))
}

/// Sends the browser on with GET (303), after a POST.
pub fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, path))
        .finish()
}
