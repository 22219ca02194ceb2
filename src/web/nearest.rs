//! From the address of an action to a page: what a browser shows after a POST has the action's address, and nothing
//! answers a GET there.

use actix_web::dev::{ResourceMap, ServiceRequest};
use actix_web::http::Method;
use actix_web::http::header::REFERER;
use actix_web::{HttpRequest, HttpResponse};
use url::Url;

use super::{PageError, paths, see_other};

/// Whether a page is asked for, rather than something done.
pub(super) fn is_page(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// The page that is being looked at, with its query: the one asked for, or the one whose form is being sent.
pub(super) fn page_in_view(request: &ServiceRequest) -> String {
    let asked = request.uri().path_and_query().map_or("/", |it| it.as_str());
    let own = match is_page(request.method()) {
        true => asked.to_owned(),
        false => page_before(request).unwrap_or_else(|| request.path().to_owned()),
    };
    paths::own_path_or_home(&own)
}

/// The page of ours a form was sent from, as the browser says.
fn page_before(request: &ServiceRequest) -> Option<String> {
    let header = request.headers().get(REFERER)?.to_str().ok()?;
    let referer = Url::parse(header).ok()?;
    let is_ours = request.resource_map().has_resource(referer.path());
    is_ours.then(|| referer[url::Position::BeforePath..url::Position::AfterQuery].to_owned())
}

/// What nothing else answers: the address of an action leads to the nearest page above it, the rest is not found.
///
/// # Errors
/// [`PageError::NotFound`].
pub async fn nearest_page(request: HttpRequest) -> Result<HttpResponse, PageError> {
    if !is_page(request.method()) || !request.resource_map().has_resource(request.path()) {
        return Err(PageError::NotFound);
    }
    let above = page_above(request.resource_map(), request.path());
    Ok(see_other(&paths::own_path_or_home(above)))
}

fn page_above<'a>(ours: &ResourceMap, path: &'a str) -> &'a str {
    let mut path = path;
    while let Some((above, _)) = path.rsplit_once('/') {
        path = above;
        if ours.has_resource(path) {
            return path;
        }
    }
    "/"
}
