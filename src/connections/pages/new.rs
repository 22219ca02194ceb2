//! Add connection: the type, then the steps up to **Connect**, which creates the pending connection.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form};
use askama::Template;
use sea_orm::DatabaseConnection;
use serde::Deserialize;
use uuid::Uuid;

use super::{author, describe_name_problem};
use crate::auth::Permission;
use crate::connections::consent::ConsentText;
use crate::connections::store::{self, ChangeProblem, NewConnection};
use crate::connections::{Connections, Sharing};
use crate::names::Name;
use crate::web::{self, FieldErrors, Page, PageError, SignedIn, Step, paths};

#[derive(Template)]
#[template(path = "connections/choose_type.html")]
struct ChooseTypePage {
    page: Page,
}

#[derive(Template)]
#[template(path = "connections/new.html")]
struct NewConnectionPage {
    page: Page,
    errors: FieldErrors,
    id: Uuid,
    name: String,
    sharing: Sharing,
    has_agreed: bool,
    text: &'static ConsentText,
}

/// What **Connect** sends.
#[derive(Deserialize)]
pub(super) struct Connect {
    #[serde(default)]
    id: Option<Uuid>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    sharing: String,
    #[serde(default)]
    i_agree: Option<String>,
    #[serde(default)]
    text_sha256: String,
}

/// `GET /settings/connections/new`.
pub(super) async fn choose(visit: SignedIn) -> Result<HttpResponse, PageError> {
    visit.require(Permission::ManageConnections)?;
    web::render(&ChooseTypePage {
        page: visit.page("connections"),
    })
}

/// `GET /settings/connections/new/constant-contact`.
pub(super) async fn show(visit: SignedIn) -> Result<HttpResponse, PageError> {
    visit.require(Permission::ManageConnections)?;
    web::render(&NewConnectionPage {
        page: visit.page("connections"),
        errors: FieldErrors::default(),
        id: Uuid::now_v7(),
        name: String::new(),
        sharing: Sharing::default(),
        has_agreed: false,
        text: ConsentText::in_language(visit.lang),
    })
}

/// `POST /settings/connections/new/constant-contact`: **Connect**.
pub(super) async fn connect(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    connections: Data<Connections>,
    form: Form<Connect>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::ManageConnections)?;
    let form = form.into_inner();
    let id = form.id.ok_or(PageError::BadRequest)?;
    let mut errors = FieldErrors::default();
    let name = Name::parse(&form.name)
        .map_err(|problem| errors.add("name", describe_name_problem(&visit, problem)))
        .ok();
    let sharing = Sharing::from_name(&form.sharing);
    if sharing.is_none() {
        errors.add("sharing", visit.t("connections-sharing-missing"));
    }
    let text = agreed_text(&form);
    if form.i_agree.is_none() {
        errors.add("i_agree", visit.t("connections-consent-missing"));
    } else if text.is_none() {
        errors.add("i_agree", visit.t("connections-consent-changed"));
    }
    if let (Some(name), Some(sharing), Some(text)) = (name, sharing, text) {
        let new = NewConnection {
            id,
            name,
            sharing,
            text,
            client_id: connections.applications.default_client_id().await?,
        };
        match store::create(&db, new, author(&visit)).await {
            Ok(()) => return Ok(web::see_other(&paths::connection(id))),
            Err(ChangeProblem::NameTaken) => {
                errors.add("name", visit.t("connections-name-taken"));
            }
            Err(problem) => return Err(problem.into()),
        }
    }
    let page = NewConnectionPage {
        page: visit.page("connections"),
        errors,
        id,
        name: form.name,
        sharing: sharing.unwrap_or_default(),
        has_agreed: text.is_some(),
        text: text.unwrap_or_else(|| ConsentText::in_language(visit.lang)),
    };
    web::render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// The text agreed to, if it still is today's.
fn agreed_text(form: &Connect) -> Option<&'static ConsentText> {
    form.i_agree.as_ref()?;
    ConsentText::with_hash(&form.text_sha256)
}
