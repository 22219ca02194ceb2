//! What stands in the visitor's way, as a page in their language with a way out.
//!
//! Handlers return [`PageError`]. actix asks it for a response without knowing language or user, so it sets only the
//! status; [`draw`], the outer middleware, makes the page. Internal causes go to the log with a reference number and
//! never to the page.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError};
use askama::Template;
use uuid::Uuid;

use super::nearest::is_page;
use super::page::Page;
use super::visit::Visit;
use crate::storage;

/// The visitor's situation.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Nothing is here, or nothing this person may know of.
    #[error("not found")]
    NotFound,
    /// Nobody has been set up yet and this is not the set-up page.
    #[error("not set up")]
    NotSetUp,
    /// Signing in comes first; the visitor is sent there and back.
    #[error("sign-in needed")]
    SignInNeeded,
    /// This person's role does not allow it.
    #[error("not allowed")]
    NotAllowed,
    /// This person's role would allow it, but not with this object.
    #[error("view only")]
    ViewOnly,
    /// The form's token is missing or from another session; loading the page again helps.
    #[error("form expired")]
    FormExpired,
    /// A form of a signed-in person came after they were signed out.
    #[error("signed out")]
    SignedOut,
    /// The request is not of the form our pages send.
    #[error("bad request")]
    BadRequest,
    /// The form is larger than any of ours.
    #[error("form too large")]
    TooLarge,
    /// The object has changed or gone since the page was loaded.
    #[error("conflict")]
    Conflict,
    /// Too many tries; wait.
    #[error("too many requests")]
    TooManyRequests,
    /// Something we depend on does not answer; trying again later helps.
    #[error("unavailable")]
    Unavailable(#[source] anyhow::Error),
    /// Our fault.
    #[error("internal error")]
    Internal(#[source] anyhow::Error),
}

impl PageError {
    /// Wraps a cause that is our fault.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        Self::Internal(cause.into())
    }

    /// Message keys of title and explanation.
    fn keys(&self) -> (&'static str, &'static str) {
        match self {
            PageError::NotFound => ("error-not-found-title", "error-not-found-text"),
            PageError::NotSetUp => ("error-not-set-up-title", "error-not-set-up-text"),
            PageError::SignInNeeded => ("error-sign-in-title", "error-sign-in-text"),
            PageError::NotAllowed => ("error-not-allowed-title", "error-not-allowed-text"),
            PageError::ViewOnly => ("error-view-only-title", "error-view-only-text"),
            PageError::FormExpired => ("error-form-expired-title", "error-form-expired-text"),
            PageError::SignedOut => ("error-signed-out-title", "error-signed-out-text"),
            PageError::BadRequest => ("error-bad-request-title", "error-bad-request-text"),
            PageError::TooLarge => ("error-too-large-title", "error-too-large-text"),
            PageError::Conflict => ("error-conflict-title", "error-conflict-text"),
            PageError::TooManyRequests => ("error-too-many-title", "error-too-many-text"),
            PageError::Unavailable(_) => ("error-unavailable-title", "error-unavailable-text"),
            PageError::Internal(_) => ("error-internal-title", "error-internal-text"),
        }
    }

    fn cause(&self) -> Option<&anyhow::Error> {
        match self {
            PageError::Unavailable(cause) | PageError::Internal(cause) => Some(cause),
            _ => None,
        }
    }
}

impl From<sea_orm::DbErr> for PageError {
    fn from(error: sea_orm::DbErr) -> Self {
        match error {
            sea_orm::DbErr::ConnectionAcquire(_) | sea_orm::DbErr::Conn(_) => {
                Self::Unavailable(error.into())
            }
            busy if storage::is_busy(&busy) => Self::Unavailable(busy.into()),
            other => Self::internal(other),
        }
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            PageError::NotFound | PageError::NotSetUp => StatusCode::NOT_FOUND,
            PageError::SignInNeeded => StatusCode::SEE_OTHER,
            PageError::NotAllowed
            | PageError::ViewOnly
            | PageError::FormExpired
            | PageError::SignedOut => StatusCode::FORBIDDEN,
            PageError::BadRequest => StatusCode::BAD_REQUEST,
            PageError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            PageError::Conflict => StatusCode::CONFLICT,
            PageError::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            PageError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            PageError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

#[derive(Template)]
#[template(path = "errors/error.html")]
struct ErrorPage {
    page: Page,
    title: String,
    text: String,
    reference: Option<String>,
}

/// Middleware: draws the page for every answer that carries an error.
///
/// # Errors
/// Those it cannot draw, because they happened before anybody was known.
pub async fn draw<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let response = next.call(request).await?;
    if response.response().error().is_none() {
        return Ok(response.map_into_left_body());
    }
    Ok(redraw(response).map_into_right_body())
}

fn redraw<B>(response: ServiceResponse<B>) -> ServiceResponse<BoxBody> {
    let mut status = response.status();
    let visit = response.request().extensions().get::<Visit>().cloned();
    let is_page = is_page(response.request().method());
    let fallback = PageError::from_status(status);
    let error = response
        .response()
        .error()
        .and_then(|error| error.as_error::<PageError>())
        .unwrap_or(&fallback);
    // A form cannot be sent again from the sign-in page; what was typed is still in the page before.
    let error = match error {
        PageError::SignInNeeded if !is_page => &PageError::SignedOut,
        error => error,
    };
    if matches!(error, PageError::SignedOut) {
        status = error.status_code();
    }
    if matches!(error, PageError::SignInNeeded) {
        let here = visit.as_ref().map(|visit| visit.page("").path);
        let target = super::paths::sign_in_and_return(here.as_deref());
        let redirect = HttpResponse::SeeOther()
            .insert_header((LOCATION, target))
            .finish();
        return response.into_response(redirect);
    }
    let reference = error.cause().map(|cause| {
        let reference = Uuid::new_v4().simple().to_string()[..8].to_owned();
        let pattern = response.request().match_pattern();
        tracing::error!(
            reference,
            pattern,
            error = format!("{cause:#}"),
            "request failed"
        );
        reference
    });
    let (title, text) = error.keys();
    let html = visit.and_then(|visit| {
        let page = ErrorPage {
            title: visit.t(title),
            text: visit.t(text),
            page: Page {
                is_answer: false,
                ..visit.page("")
            },
            reference,
        };
        page.render()
            .inspect_err(|error| tracing::error!(%error, "error page cannot be drawn"))
            .ok()
    });
    let answer = HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .body(html.unwrap_or_else(|| status.to_string()));
    response.into_response(answer)
}

/// How long a browser waits before it asks again by itself, in seconds.
const RETRY_AFTER_SECONDS: &str = "10";

/// A visitor while sessions cannot be read or kept: nobody is known, so their page has no navigation and no forms.
pub(super) struct WithoutSession(Page);

impl WithoutSession {
    /// What can be told from the request alone.
    pub(super) fn of(request: &ServiceRequest) -> Self {
        let now = request
            .app_data::<actix_web::web::Data<crate::clock::Clock>>()
            .map(|clock| clock.now());
        Self(Page {
            lang: super::visit::choose_lang(request, None),
            user: None,
            csrf: String::new(),
            flash: Vec::new(),
            nav: "",
            path: String::new(),
            is_answer: false,
            now: now.unwrap_or_default(),
            zone: jiff::tz::TimeZone::system(),
            unread_notices: 0,
        })
    }

    /// The page with an explanation; the cause goes to the log.
    pub(super) fn draw(self, text: &str, cause: impl std::fmt::Display) -> HttpResponse {
        let reference = Uuid::new_v4().simple().to_string()[..8].to_owned();
        tracing::error!(reference, %cause, "sessions are not at hand");
        let lang = self.0.lang;
        let page = ErrorPage {
            title: lang.t("error-unavailable-title"),
            text: lang.t(text),
            page: self.0,
            reference: Some(reference),
        };
        let html = page
            .render()
            .inspect_err(|error| tracing::error!(%error, "error page cannot be drawn"));
        HttpResponse::ServiceUnavailable()
            .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((RETRY_AFTER, RETRY_AFTER_SECONDS))
            .body(html.unwrap_or_default())
    }
}

impl PageError {
    /// The situation behind a bare status, for errors of actix itself (bad path, bad form, wrong method).
    fn from_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Self::NotFound,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            status if status.is_client_error() => Self::BadRequest,
            status => Self::internal(anyhow::anyhow!("answered {status}")),
        }
    }
}
