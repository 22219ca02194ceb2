//! One person, as administrators see them: role, access, link, removal.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use askama::Template;
use sea_orm::{DatabaseConnection, TransactionTrait};
use serde::Deserialize;
use uuid::Uuid;

use super::people::author;
use crate::auth::openid::{Proof, Providers};
use crate::auth::people::{self, ChangeProblem, Person, PersonState, invitations};
use crate::auth::{Permission, Role};
use crate::config::Settings;
use crate::web::{self, FieldErrors, Page, PageError, SignedIn, paths};

/// Where the link made a moment ago waits in the browser's own sealed cookie to be shown, once.
const LINK_KEY: &str = "invitation";

#[derive(Template)]
#[template(path = "auth/people/person.html")]
struct PersonPage {
    page: Page,
    person: Person,
    role: Role,
    is_self: bool,
    /// The new link, right after it was made.
    link: Option<String>,
    proof: Proof,
    /// Whether the role is read from groups at every sign-in.
    has_role_of_groups: bool,
    errors: FieldErrors,
}

/// Keeps a link for the person's page to show.
pub(super) fn show_link_once(visit: &SignedIn, id: Uuid, token: String) {
    if let Err(error) = visit.session().insert(LINK_KEY, (id, token)) {
        tracing::error!(%error, "link not kept for the next page");
    }
}

async fn find(visit: &SignedIn, db: &DatabaseConnection, id: Uuid) -> Result<Person, PageError> {
    visit.require(Permission::Administer)?;
    people::find(db, id).await?.ok_or(PageError::NotFound)
}

/// `GET /settings/people/{id}`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    settings: Data<Settings>,
    providers: Data<Providers>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    let person = find(&visit, &db, *id).await?;
    let kept = visit.session().remove_as::<(Uuid, String)>(LINK_KEY);
    let link = kept
        .and_then(Result::ok)
        .filter(|(whose, _)| *whose == person.id)
        .map(|(_, token)| settings.public(&paths::invitation(&token)));
    let proof = providers.proof_of(&**db, person.id).await?;
    web::render(&PersonPage {
        has_role_of_groups: providers.has_role_of_groups(&proof),
        proof,
        page: visit.page("people"),
        role: person.role,
        is_self: person.id == visit.user.id,
        person,
        link,
        errors: FieldErrors::default(),
    })
}

/// What the role form sends.
#[derive(Deserialize)]
pub(super) struct ChooseRole {
    #[serde(default)]
    role: String,
    /// Ticked by an administrator who gives their own rights away.
    #[serde(default)]
    confirm: Option<String>,
}

/// `POST /settings/people/{id}/role`.
pub(super) async fn set_role(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    providers: Data<Providers>,
    id: Path<Uuid>,
    form: Form<ChooseRole>,
) -> Result<HttpResponse, PageError> {
    let person = find(&visit, &db, *id).await?;
    let role: Role = form.role.parse().map_err(|_| PageError::BadRequest)?;
    let proof = providers.proof_of(&**db, person.id).await?;
    let refuse = |errors: FieldErrors, person: Person| {
        let page = PersonPage {
            has_role_of_groups: providers.has_role_of_groups(&proof),
            proof: proof.clone(),
            page: visit.page("people"),
            role,
            is_self: person.id == visit.user.id,
            person,
            link: None,
            errors,
        };
        web::render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
    };
    let gives_up = person.id == visit.user.id && role != Role::Administrator;
    if gives_up && form.confirm.is_none() {
        let errors = FieldErrors::one("confirm", visit.t("auth-people-confirm-self"));
        return refuse(errors, person);
    }
    match people::changes::set_role(&db, person.id, role, author(&visit)).await {
        Ok(()) => {
            let text = visit
                .msg("auth-people-role-changed")
                .text("name", person.name)
                .text("role", visit.t(role.label_key()));
            visit.flash_success(text.to_string());
            // Whoever gave up their own rights has just been signed out by it.
            Ok(web::see_other(&match gives_up {
                true => paths::sign_in(),
                false => paths::person(person.id),
            }))
        }
        Err(ChangeProblem::LastAdministrator) => {
            let errors = FieldErrors::one("role", visit.t("auth-people-last-administrator"));
            refuse(errors, person)
        }
        Err(problem) => Err(problem.into()),
    }
}

/// `POST /settings/people/{id}/disable`.
pub(super) async fn disable(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    let person = find(&visit, &db, *id).await?;
    if person.id == visit.user.id {
        visit.flash_danger(visit.t("auth-people-not-self"));
        return Ok(web::see_other(&paths::person(person.id)));
    }
    let done = people::changes::disable(&db, person.id, author(&visit)).await;
    answer(&visit, &person, done, "auth-people-disabled")
}

/// `POST /settings/people/{id}/enable`.
pub(super) async fn enable(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    let person = find(&visit, &db, *id).await?;
    let done = people::changes::enable(&db, person.id, author(&visit)).await;
    answer(&visit, &person, done, "auth-people-enabled")
}

/// `POST /settings/people/{id}/link`: a new link, for an invitation or a forgotten password.
pub(super) async fn make_link(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    let person = find(&visit, &db, *id).await?;
    if person.state == PersonState::Disabled {
        return Err(PageError::Conflict);
    }
    let transaction = db.begin().await?;
    let token = invitations::issue(&transaction, person.id, author(&visit)).await?;
    transaction.commit().await?;
    show_link_once(&visit, person.id, token);
    Ok(web::see_other(&paths::person(person.id)))
}

#[derive(Template)]
#[template(path = "auth/people/remove.html")]
struct RemovePage {
    page: Page,
    person: Person,
}

/// `GET /settings/people/{id}/remove`.
pub(super) async fn ask_remove(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    let person = find(&visit, &db, *id).await?;
    web::render(&RemovePage {
        page: visit.page("people"),
        person,
    })
}

/// `POST /settings/people/{id}/remove`.
pub(super) async fn remove(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    let person = find(&visit, &db, *id).await?;
    if person.id == visit.user.id {
        visit.flash_danger(visit.t("auth-people-not-self"));
        return Ok(web::see_other(&paths::person(person.id)));
    }
    match people::changes::remove(&db, person.id, author(&visit)).await {
        Ok(()) => {
            let text = visit.msg("auth-people-removed").text("name", person.name);
            visit.flash_success(text.to_string());
            Ok(web::see_other(&paths::people()))
        }
        Err(problem) => answer(&visit, &person, Err(problem), ""),
    }
}

fn answer(
    visit: &SignedIn,
    person: &Person,
    done: Result<(), ChangeProblem>,
    success_key: &str,
) -> Result<HttpResponse, PageError> {
    match done {
        Ok(()) => {
            let text = visit.msg(success_key).text("name", person.name.as_str());
            visit.flash_success(text.to_string());
        }
        Err(ChangeProblem::LastAdministrator) => {
            visit.flash_danger(visit.t("auth-people-last-administrator"));
        }
        Err(problem) => return Err(problem.into()),
    }
    Ok(web::see_other(&paths::person(person.id)))
}

impl From<ChangeProblem> for PageError {
    fn from(problem: ChangeProblem) -> Self {
        match problem {
            ChangeProblem::NotFound => Self::NotFound,
            ChangeProblem::LastAdministrator => Self::Conflict,
            ChangeProblem::Database(error) => error.into(),
        }
    }
}
