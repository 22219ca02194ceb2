//! The page of one connection: its steps, what is done by whom, and what comes next.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::find;
use crate::auth;
use crate::auth::openid::{Proof, Providers};
use crate::config::Settings;
use crate::connections::consent::ConsentText;
use crate::connections::{
    Authorization, Connection, Connections, Health, Stamp, Step, redirect_uri,
};
use crate::web::{self, FieldErrors, Page, PageError, SignedIn, Step as Mark, Tone};

/// What the page needs beside the connection; handlers that refuse a form draw the page through it, too.
pub(super) struct Wizard<'a> {
    pub(super) visit: &'a SignedIn,
    pub(super) db: &'a DatabaseConnection,
    pub(super) connections: &'a Connections,
    pub(super) settings: &'a Settings,
    pub(super) providers: &'a Providers,
}

/// What was typed into a form that is shown again.
#[derive(Default)]
pub(super) struct Typed {
    pub(super) client_id: String,
}

#[derive(Template)]
#[template(path = "connections/wizard.html")]
struct ConnectionPage {
    page: Page,
    connection: Connection,
    marks: HashMap<&'static str, Mark>,
    errors: FieldErrors,
    typed: Typed,
    text: &'static ConsentText,
    application: ApplicationView,
    email: String,
    proof: Proof,
    is_own_export_user: bool,
    requests_left: Option<u32>,
}

struct ApplicationView {
    /// Whether the settings name one; then it cannot be typed.
    is_configured: bool,
    /// Whether a secret is known for the connection's client ID.
    is_known: bool,
    redirect_uri: String,
}

/// `GET /settings/connections/{id}`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    connections: Data<Connections>,
    settings: Data<Settings>,
    providers: Data<Providers>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    let connection = find(&visit, &db, id).await?;
    let wizard = Wizard {
        visit: &visit,
        db: &db,
        connections: &connections,
        settings: &settings,
        providers: &providers,
    };
    wizard
        .draw(
            StatusCode::OK,
            connection,
            FieldErrors::default(),
            Typed::default(),
        )
        .await
}

impl Wizard<'_> {
    /// The page, with what is wrong in a form.
    pub(super) async fn draw(
        self,
        status: StatusCode,
        connection: Connection,
        errors: FieldErrors,
        typed: Typed,
    ) -> Result<HttpResponse, PageError> {
        let applications = &self.connections.applications;
        let (is_known, requests_left) = match connection.client_id.as_deref() {
            Some(client_id) => (
                applications.find(client_id).await?.is_some(),
                Some(
                    self.connections
                        .ledger
                        .requests_left_today(client_id)
                        .await?,
                ),
            ),
            None => (false, None),
        };
        let page = ConnectionPage {
            page: self.visit.page("connections"),
            marks: self.marks(&connection).await?,
            errors,
            typed,
            text: ConsentText::in_language(self.visit.lang),
            application: ApplicationView {
                is_configured: applications.is_configured(),
                is_known,
                redirect_uri: redirect_uri(self.settings).into(),
            },
            email: self.visit.user.email.clone(),
            proof: self.providers.proof_of(self.db, self.visit.user.id).await?,
            is_own_export_user: connection
                .export_user
                .as_ref()
                .is_some_and(|user| user.id == self.visit.user.id && user.may_export),
            requests_left,
            connection,
        };
        web::render_with(status, &page)
    }

    /// Where each step stands, by the last part of its title's key.
    async fn marks(
        &self,
        connection: &Connection,
    ) -> Result<HashMap<&'static str, Mark>, PageError> {
        let stamps = Step::ALL.map(|step| (step, stamp_of(connection, step)));
        let people = stamps
            .iter()
            .filter_map(|(_, stamp)| Some(stamp.as_ref()?.by));
        let names = auth::store::names(self.db, people).await?;
        let done_by = |stamp: Option<Stamp>| {
            let Some(stamp) = stamp else {
                return String::new();
            };
            let name = names.get(&stamp.by).map_or("–", String::as_str);
            let at = self.visit.date_time(stamp.at);
            let message = self.visit.msg("connections-done-by");
            message.text("name", name).text("at", at).to_string()
        };
        let next = connection.next_step();
        let marks = stamps.map(|(step, stamp)| {
            let mark = if connection.is_done(step) {
                Mark::Done { by: done_by(stamp) }
            } else if next == Some(step) {
                Mark::Current
            } else {
                Mark::ToDo
            };
            (title_key(step), mark)
        });
        Ok(marks.into_iter().collect())
    }
}

impl ConnectionPage {
    fn mark(&self, title_key: &str) -> Mark {
        self.marks.get(title_key).cloned().unwrap_or(Mark::ToDo)
    }

    fn may(&self, step: Step) -> bool {
        self.connection.first_missing_before(step).is_none()
    }

    fn is_authorized(&self) -> bool {
        self.connection.authorization == Authorization::Authorized
    }
}

/// Who did a step, and when.
fn stamp_of(connection: &Connection, step: Step) -> Option<Stamp> {
    match step {
        Step::Name | Step::Sharing | Step::Connect => Some(connection.created),
        Step::Consent => connection.consent.as_ref().map(|consent| consent.stamp),
        Step::Authenticate => connection.authenticated,
        Step::ExportUser => connection.export_user.as_ref().map(|user| Stamp {
            by: user.id,
            at: user.at,
        }),
        Step::Save => connection.saved,
    }
}

/// Message key of a step's title.
pub(super) fn title_key(step: Step) -> &'static str {
    match step {
        Step::Name => "connections-step-name",
        Step::Sharing => "connections-step-sharing",
        Step::Consent => "connections-step-consent",
        Step::Connect => "connections-step-connect",
        Step::Authenticate => "connections-step-authenticate",
        Step::ExportUser => "connections-step-export-user",
        Step::Save => "connections-step-save",
    }
}

/// How a health looks.
pub(super) fn health_tone(health: Health) -> Tone {
    match health {
        Health::Connected => Tone::Success,
        Health::Incomplete => Tone::Warning,
        Health::SignInAgain => Tone::Danger,
    }
}
