//! Who is asking: the extractors [`Visit`] (anybody) and [`SignedIn`] (a signed-in person).

use std::future::{Ready, ready};
use std::net::IpAddr;
use std::ops::Deref;

use actix_session::{Session, SessionExt};
use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{ACCEPT_LANGUAGE, USER_AGENT};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, web};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::nearest::{is_page, page_in_view};
use super::page::{Flash, FlashLevel, Page};
use super::{PageError, csrf};
use crate::auth::{self, CurrentUser, Permission, SetUpState};
use crate::clock::Clock;
use crate::locale::{Lang, Message, find_zone, installation_lang};

/// Cookie that remembers the language of people who are not signed in.
pub const LANG_COOKIE: &str = "listbridge_lang";
/// Cookie in which `app.js` leaves the IANA name of the browser's time zone.
pub const ZONE_COOKIE: &str = "listbridge_zone";
const FLASH_KEY: &str = "flash";

/// One request by anybody.
#[derive(Clone)]
pub struct Visit {
    /// Language of the answer.
    pub lang: Lang,
    /// Who is signed in, if anybody.
    pub user: Option<CurrentUser>,
    /// Id of the signed-in session; binds things such as an authorization state to this browser.
    pub session_id: Option<Uuid>,
    /// Address the request came from.
    pub ip: String,
    /// Browser and system, as far as the browser says.
    pub device: String,
    /// Time zone of the browser, as it says; UTC when it does not.
    pub browser_zone: TimeZone,
    /// When the request arrived.
    pub now: Timestamp,
    /// Notices this person has not read, for the frame.
    pub unread_notices: u64,
    path: String,
    is_answer: bool,
    csrf: String,
    session: Session,
}

/// One request by a signed-in person. Everybody else is sent to the sign-in page.
#[derive(Clone)]
pub struct SignedIn {
    visit: Visit,
    /// Who.
    pub user: CurrentUser,
    /// Id of the signed-in session.
    pub session_id: Uuid,
}

impl Visit {
    /// The frame's data for a page; takes the flash messages, which are shown once.
    pub fn page(&self, nav: &'static str) -> Page {
        // Taking what is not there would count as a change, and the session would be kept anew with every page.
        let flash = match self.session.contains_key(FLASH_KEY) {
            true => self.session.remove_as::<Vec<Flash>>(FLASH_KEY),
            false => None,
        };
        let flash = flash.and_then(Result::ok).unwrap_or_default();
        Page {
            lang: self.lang,
            user: self.user.clone(),
            csrf: self.csrf.clone(),
            flash,
            nav,
            path: self.path.clone(),
            is_answer: self.is_answer,
            now: self.now,
            zone: self.zone().clone(),
            unread_notices: self.unread_notices,
        }
    }

    /// Zone in which this person reads times: the one chosen, or the browser's.
    pub fn zone(&self) -> &TimeZone {
        let chosen = self.user.as_ref().and_then(|user| user.time_zone.as_ref());
        chosen.unwrap_or(&self.browser_zone)
    }

    /// Date and time of an instant where this person is.
    pub fn date_time(&self, at: Timestamp) -> String {
        self.lang.date_time(at, self.zone())
    }

    /// Text of a message without arguments.
    pub fn t(&self, key: &str) -> String {
        self.lang.t(key)
    }

    /// A message with arguments.
    pub fn msg<'a>(&self, key: &'a str) -> Message<'a> {
        self.lang.msg(key)
    }

    /// Says on the next page that something worked.
    pub fn flash_success(&self, text: impl Into<String>) {
        self.flash(FlashLevel::Success, text.into());
    }

    /// Says on the next page that something did not quite work.
    pub fn flash_warning(&self, text: impl Into<String>) {
        self.flash(FlashLevel::Warning, text.into());
    }

    /// Says on the next page that something did not work.
    pub fn flash_danger(&self, text: impl Into<String>) {
        self.flash(FlashLevel::Danger, text.into());
    }

    fn flash(&self, level: FlashLevel, text: String) {
        let mut all: Vec<Flash> = self
            .session
            .get(FLASH_KEY)
            .ok()
            .flatten()
            .unwrap_or_default();
        all.push(Flash { level, text });
        if let Err(error) = self.session.insert(FLASH_KEY, all) {
            tracing::warn!(%error, "flash message lost");
        }
    }

    /// The browser session's own storage; concepts use `auth` functions instead.
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }
}

impl Deref for SignedIn {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.visit
    }
}

impl SignedIn {
    /// Stops with "not allowed" unless this person's role has the permission.
    ///
    /// # Errors
    /// [`PageError::NotAllowed`].
    pub fn require(&self, permission: Permission) -> Result<(), PageError> {
        if self.user.role.may(permission) {
            Ok(())
        } else {
            Err(PageError::NotAllowed)
        }
    }
}

/// Middleware: finds out who is asking, before anything else sees the request.
///
/// Until the first user exists, everything but the set-up page is answered with "not found".
///
/// # Errors
/// The database's.
pub async fn load_visit(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let db = app_data::<DatabaseConnection>(&request);
    let now = app_data::<Clock>(&request).now();
    let session = request.get_session();
    let found = auth::resume_session(&**db, &session, now)
        .await
        .map_err(PageError::internal)?;
    let (session_id, user) = found.map_or((None, None), |(id, user)| (Some(id), Some(user)));
    let visit = Visit {
        lang: choose_lang(&request, user.as_ref()),
        browser_zone: browser_zone(&request),
        ip: client_address(&request),
        device: device(&request),
        path: page_in_view(&request),
        is_answer: !is_page(request.method()),
        csrf: csrf::token(&session),
        user,
        session_id,
        now,
        unread_notices: 0,
        session,
    };
    request.extensions_mut().insert(visit);
    let is_set_up = app_data::<SetUpState>(&request)
        .is_done(&**db)
        .await
        .map_err(PageError::internal)?;
    if !is_set_up && !matches!(request.path(), "/set-up" | "/language") {
        return Ok(request
            .error_response(PageError::NotSetUp)
            .map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

fn app_data<T: 'static>(request: &ServiceRequest) -> web::Data<T> {
    request
        .app_data::<web::Data<T>>()
        .expect("startup registers it")
        .clone()
}

/// Address the request came from. A reverse proxy on this machine names its client last in `X-Forwarded-For`; nobody
/// else is believed.
fn client_address(request: &ServiceRequest) -> String {
    let Some(peer) = request.peer_addr().map(|peer| peer.ip()) else {
        return "unknown".into();
    };
    let forwarded = || {
        let header = request.headers().get("x-forwarded-for")?.to_str().ok()?;
        header.rsplit(',').next()?.trim().parse::<IpAddr>().ok()
    };
    let client = if peer.is_loopback() {
        forwarded().unwrap_or(peer)
    } else {
        peer
    };
    client.to_string()
}

fn device(request: &ServiceRequest) -> String {
    let header = request.headers().get(USER_AGENT);
    let text = header.and_then(|value| value.to_str().ok());
    auth::device::describe(text.unwrap_or_default())
}

fn browser_zone(request: &ServiceRequest) -> TimeZone {
    let cookie = request.cookie(ZONE_COOKIE);
    cookie
        .and_then(|cookie| find_zone(cookie.value()))
        .unwrap_or(TimeZone::UTC)
}

pub(super) fn choose_lang(request: &ServiceRequest, user: Option<&CurrentUser>) -> Lang {
    let from_cookie = || request.cookie(LANG_COOKIE)?.value().parse().ok();
    let from_header = || {
        let header = request.headers().get(ACCEPT_LANGUAGE)?.to_str().ok()?;
        Some(Lang::from_accept_language(header))
    };
    user.and_then(|user| user.lang)
        .or_else(from_cookie)
        .or_else(installation_lang)
        .or_else(from_header)
        .unwrap_or_default()
}

impl FromRequest for Visit {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Visit>().cloned().ok_or_else(|| {
            PageError::internal(anyhow::anyhow!(
                "load_visit does not wrap {}",
                request.path()
            ))
        }))
    }
}

impl FromRequest for SignedIn {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let signed_in = request
            .extensions()
            .get::<Visit>()
            .cloned()
            .and_then(|visit| {
                let (user, session_id) = (visit.user.clone()?, visit.session_id?);
                Some(SignedIn {
                    visit,
                    user,
                    session_id,
                })
            });
        ready(signed_in.ok_or(PageError::SignInNeeded))
    }
}
