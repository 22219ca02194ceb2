//! Settings > People: the list, and adding somebody.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Query};
use askama::Template;
use sea_orm::DatabaseConnection;
use serde::Deserialize;

use super::person::show_link_once;
use super::problem::describe;
use crate::auth::people::{self, Access, NewPerson, PeopleQuery, PeopleSort, Person};
use crate::auth::{Password, Permission, Role, UserProblem, store};
use crate::storage::audit::Author;
use crate::web::{
    self, FieldErrors, Heading, ListQuery, ListView, PAGE_ENTRIES, Page, PageError, Pager,
    SignedIn, paths,
};

#[derive(Template)]
#[template(path = "auth/people/list.html")]
struct PeoplePage {
    page: Page,
    view: ListView<PeopleSort>,
    problem: String,
    headings: Vec<Heading>,
    people: Vec<Person>,
    pager: Pager,
}

/// `GET /settings/people`.
pub(super) async fn list(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    query: Query<ListQuery>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    let mut view = ListView::read(paths::people(), &query, PeopleSort::Name, Vec::new());
    let asked = PeopleQuery {
        text: view.search.clone(),
        sort: view.sort,
        is_descending: view.is_descending,
    };
    let total = people::count(&**db, &asked).await?;
    let people = people::list(&**db, &asked, view.fit(total), PAGE_ENTRIES).await?;
    let page = PeoplePage {
        page: visit.page("people"),
        problem: view.problem(&visit),
        headings: view.headings(&visit),
        pager: view.pager(&visit, people.len(), total),
        people,
        view,
    };
    web::render_with(page.view.status(), &page)
}

#[derive(Template)]
#[template(path = "auth/people/new.html")]
struct NewPage {
    page: Page,
    name: String,
    email: String,
    role: Role,
    is_invitation: bool,
    errors: FieldErrors,
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Add {
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    access: String,
    #[serde(default)]
    password: Option<Password>,
}

/// `GET /settings/people/new`.
pub(super) async fn new(visit: SignedIn) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    web::render(&NewPage {
        page: visit.page("people"),
        name: String::new(),
        email: String::new(),
        role: Role::Contributor,
        is_invitation: true,
        errors: FieldErrors::default(),
    })
}

/// `POST /settings/people/new`.
pub(super) async fn add(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    form: Form<Add>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    let form = form.into_inner();
    let role: Role = form.role.parse().map_err(|_| PageError::BadRequest)?;
    let is_invitation = form.access == "invitation";
    let access = match (is_invitation, form.password) {
        (true, _) => Access::Invitation,
        (false, Some(password)) => Access::Password(password),
        (false, None) => return Err(PageError::BadRequest),
    };
    let new = NewPerson {
        name: form.name.clone(),
        email: form.email.clone(),
        role,
        access,
    };
    match people::changes::add(&db, new, author(&visit)).await {
        Ok((id, token)) => {
            // As it was kept, not as it was typed.
            let name = store::find_name(&**db, id).await?.unwrap_or_default();
            let text = visit.msg("auth-people-added").text("name", name);
            visit.flash_success(text.to_string());
            if let Some(token) = token {
                show_link_once(&visit, id, token);
            }
            Ok(web::see_other(&paths::person(id)))
        }
        Err(UserProblem::Database(error)) => Err(error.into()),
        Err(problem) => {
            let page = NewPage {
                page: visit.page("people"),
                name: form.name,
                email: form.email,
                role,
                is_invitation,
                errors: describe(&visit, &problem),
            };
            web::render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

/// The signed-in person as the author of a change.
pub(super) fn author(visit: &SignedIn) -> Author<'_> {
    Author {
        user_id: Some(visit.user.id),
        ip: Some(&visit.ip),
        at: visit.now,
    }
}
