//! Settings > People: the list, and adding somebody.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Query};
use askama::Template;
use sea_orm::DatabaseConnection;
use serde::Deserialize;

use super::person::show_link_once;
use super::problem::describe;
use crate::auth::people::{self, Access, NewPerson, PAGE_SIZE, PeopleQuery, PeopleSort, Person};
use crate::auth::{Password, Permission, Role, UserProblem};
use crate::storage::audit::Author;
use crate::web::{self, FieldErrors, Page, PageError, SignedIn, paths};

#[derive(Template)]
#[template(path = "auth/people/list.html")]
struct PeoplePage {
    page: Page,
    people: Vec<Person>,
    columns: Vec<Column>,
    text: String,
    sort: &'static str,
    direction: &'static str,
    range: String,
    previous: String,
    next: String,
}

struct Column {
    label: String,
    href: String,
    /// Value of `aria-sort`.
    sorted: &'static str,
}

/// How the list is asked for.
#[derive(Deserialize)]
pub(super) struct ListQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    sort: String,
    #[serde(default)]
    dir: String,
    /// Counts from 1.
    #[serde(default)]
    page: String,
}

/// `GET /settings/people`.
pub(super) async fn list(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    query: Query<ListQuery>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    let query = query.into_inner();
    let number = query.page.parse().unwrap_or(1).max(1);
    let asked = PeopleQuery {
        text: query.q.trim().chars().take(200).collect(),
        sort: PeopleSort::from_name(&query.sort),
        is_descending: query.dir == "desc",
        page: number - 1,
    };
    let found = people::list(&**db, &asked).await?;
    let first = asked.page.saturating_mul(PAGE_SIZE);
    let last = first.saturating_add(found.people.len() as u64);
    let address = |sort: PeopleSort, is_descending: bool, page: u64| {
        paths::people_page(&asked.text, sort.name(), is_descending, page)
    };
    let to_page = |exists: bool, number: u64| match exists {
        true => address(asked.sort, asked.is_descending, number),
        false => String::new(),
    };
    let columns = PeopleSort::ALL.map(|sort| {
        let is_current = sort == asked.sort;
        Column {
            label: visit.t(label_key(sort)),
            href: address(sort, is_current && !asked.is_descending, 1),
            sorted: match (is_current, asked.is_descending) {
                (false, _) => "none",
                (true, false) => "ascending",
                (true, true) => "descending",
            },
        }
    });
    let range = visit
        .msg("auth-people-range")
        .num("from", first.saturating_add(1))
        .num("to", last)
        .num("total", found.total);
    web::render(&PeoplePage {
        page: visit.page("people"),
        columns: columns.into(),
        sort: asked.sort.name(),
        direction: if asked.is_descending { "desc" } else { "asc" },
        range: range.to_string(),
        previous: to_page(number > 1, number - 1),
        next: to_page(last < found.total, number.saturating_add(1)),
        people: found.people,
        text: asked.text,
    })
}

fn label_key(sort: PeopleSort) -> &'static str {
    match sort {
        PeopleSort::Name => "auth-name",
        PeopleSort::Email => "auth-email",
        PeopleSort::Role => "auth-people-role",
        PeopleSort::State => "auth-people-state",
        PeopleSort::LastSignIn => "auth-people-last",
    }
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
            let text = visit
                .msg("auth-people-added")
                .text("name", form.name.trim());
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
