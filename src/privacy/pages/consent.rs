//! The consent record of a connection, for the file: who agreed to what, when, and what has happened since.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use jiff::Timestamp;
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::administrator;
use crate::auth;
use crate::connections::{self, Connection};
use crate::constant_contact::SCOPES;
use crate::privacy::store;
use crate::storage::audit::{self, EventFilter, Order, RecordedEvent};
use crate::system::audit_labels;
use crate::web::{self, Page, PageError, SignedIn};

/// Events of the history shown, the latest.
const MAX_EVENTS: u64 = 500;

#[derive(Template)]
#[template(path = "privacy/consent.html")]
struct ConsentPage {
    page: Page,
    connection: Connection,
    scopes: String,
    consents: Vec<Given>,
    events: Vec<RecordedEvent>,
}

struct Given {
    who: String,
    email: String,
    at: Timestamp,
    ip: String,
    lang: String,
    version: i32,
    sha256: String,
    paragraphs: Vec<String>,
}

impl ConsentPage {
    fn action(&self, event: &RecordedEvent) -> String {
        match audit_labels::label_key(&event.action) {
            Some(key) => self.page.t(key),
            None => event.action.clone(),
        }
    }
}

/// `GET /settings/connections/{id}/consent-record`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    administrator(&visit)?;
    let connection = connections::store::find(&**db, *id).await?;
    let connection = connection.ok_or(PageError::NotFound)?;
    let mut consents = Vec::new();
    for consent in store::consents(&**db, connection.id).await? {
        let person = auth::people::find(&**db, consent.user_id).await?;
        let name = auth::store::find_name(&**db, consent.user_id).await?;
        consents.push(Given {
            who: name.unwrap_or_else(|| "–".to_owned()),
            email: person.map_or_else(String::new, |person| person.email),
            at: consent.at.into(),
            ip: consent.ip,
            lang: consent.lang,
            version: consent.text_version,
            sha256: consent.text_sha256,
            paragraphs: consent.text.split("\n\n").map(str::to_owned).collect(),
        });
    }
    let filter = EventFilter {
        text: connection.id.to_string(),
        group: "connection".to_owned(),
        ..EventFilter::default()
    };
    let events = audit::list(&**db, &filter, Order::Newest, None, MAX_EVENTS).await?;
    web::render(&ConsentPage {
        page: visit.page("connections"),
        scopes: SCOPES.join(", "),
        connection,
        consents,
        events,
    })
}
