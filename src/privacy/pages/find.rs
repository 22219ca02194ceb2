//! Settings > Privacy > Find and erase: one person by e-mail. The address travels in the body of forms only.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form};
use askama::Template;
use sea_orm::DatabaseConnection;
use serde::Deserialize;
use serde_json::json;

use super::administrator;
use crate::exclusions::{Entry, Keys};
use crate::privacy::erase::{Erasures, PersonErasure, store};
use crate::privacy::find::{self, FindError, Found};
use crate::runs::PartState;
use crate::runs::person::PersonFate;
use crate::storage::MasterKey;
use crate::web::{self, FieldErrors, Page, PageError, SignedIn};

#[derive(Template)]
#[template(path = "privacy/find.html")]
struct FindPage {
    page: Page,
    address: String,
    errors: FieldErrors,
}

#[derive(Template)]
#[template(path = "privacy/person.html")]
struct PersonPage {
    page: Page,
    address: String,
    found: Found,
    /// Erasures of this person that are not finished.
    unfinished: Option<PersonErasure>,
}

impl PersonPage {
    fn numbers(&self, rows: &[u64]) -> String {
        let rows = rows.iter().map(|row| self.page.number(*row));
        rows.collect::<Vec<_>>().join(", ")
    }

    fn fate(&self, fate: &Option<PersonFate>) -> String {
        let key = match fate {
            None => "privacy-fate-unknown",
            Some(PersonFate::NotAMember) => "privacy-fate-no-member",
            Some(PersonFate::LeftOut(reason)) => reason.label_key(),
            Some(PersonFate::Unchanged) => "privacy-fate-unchanged",
            Some(PersonFate::NotSent) => "privacy-fate-not-sent",
            Some(PersonFate::InPart { state, .. }) => match state {
                PartState::Completed => "privacy-fate-delivered",
                PartState::Accepted => "privacy-fate-accepted",
                PartState::Sending | PartState::Unclear => "privacy-fate-unclear",
                PartState::Recorded => "privacy-fate-not-sent",
                _ => "privacy-fate-lost",
            },
        };
        self.page.t(key)
    }

    /// When Constant Contact took the part with the person.
    fn accepted(&self, fate: &Option<PersonFate>) -> String {
        match fate {
            Some(PersonFate::InPart {
                accepted_at: Some(at),
                ..
            }) => self.page.date_time(at),
            _ => "–".to_owned(),
        }
    }
}

/// `GET /settings/privacy`.
pub(super) async fn ask(visit: SignedIn) -> Result<HttpResponse, PageError> {
    administrator(&visit)?;
    web::render(&FindPage {
        page: visit.page("privacy"),
        address: String::new(),
        errors: FieldErrors::default(),
    })
}

#[derive(Deserialize)]
pub(super) struct AddressForm {
    #[serde(default)]
    address: String,
}

/// The address of a form, if it is one.
pub(super) fn read_address(typed: &str) -> Option<Entry> {
    let parsed = Entry::parse(typed).ok();
    parsed.filter(|entry| entry.address().is_some())
}

/// The page that asks for an address, with what is wrong with the one typed.
pub(super) fn ask_again(visit: &SignedIn, typed: &str) -> Result<HttpResponse, PageError> {
    let page = FindPage {
        page: visit.page("privacy"),
        address: typed.to_owned(),
        errors: FieldErrors::one("address", visit.t("privacy-find-malformed")),
    };
    web::render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// `POST /settings/privacy/find`.
pub(super) async fn find(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    key: Data<MasterKey>,
    erasures: Data<Erasures>,
    form: Form<AddressForm>,
) -> Result<HttpResponse, PageError> {
    let author = administrator(&visit)?;
    let Some(address) = read_address(&form.address) else {
        return ask_again(&visit, &form.address);
    };
    let plain = address.address().unwrap_or_default().to_owned();
    let hash = Keys::new(&key).hash(&plain);
    // Recorded before anything is shown.
    let detail = json!({});
    author
        .record(&**db, "person.looked-up", hash.clone(), detail)
        .await?;
    let found = find::find(erasures.desk(), &address).await?;
    web::render(&PersonPage {
        page: visit.page("privacy"),
        address: plain,
        found,
        unfinished: store::find_unfinished(&**db, &hash).await?,
    })
}

impl From<FindError> for PageError {
    fn from(error: FindError) -> Self {
        match error {
            FindError::Database(error) => error.into(),
            error => Self::internal(error),
        }
    }
}
