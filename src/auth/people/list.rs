//! The list of people: search, sort, pages.

use sea_orm::sea_query::{Expr, Func, SimpleExpr};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ExprTrait, Order, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select,
};
use uuid::Uuid;

use super::Person;
use crate::storage::entities::user;
use crate::web::Column;

/// What the list is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PeopleSort {
    /// Name.
    #[default]
    Name,
    /// E-mail address.
    Email,
    /// Role, most powerful first.
    Role,
    /// State, those who can come in first.
    State,
    /// Last sign-in, never first.
    LastSignIn,
}

impl Column for PeopleSort {
    const ALL: &'static [Self] = &[
        Self::Name,
        Self::Email,
        Self::Role,
        Self::State,
        Self::LastSignIn,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::Role => "role",
            Self::State => "state",
            Self::LastSignIn => "last",
        }
    }

    fn label_key(self) -> &'static str {
        match self {
            Self::Name => "auth-name",
            Self::Email => "auth-email",
            Self::Role => "auth-people-role",
            Self::State => "auth-people-state",
            Self::LastSignIn => "auth-people-last",
        }
    }
}

impl PeopleSort {
    fn expressions(self) -> Vec<SimpleExpr> {
        let column = |column: user::Column| Expr::col(column);
        // Where an instant is missing the two databases disagree about its place, so it gets a number.
        let is_set = |instant: user::Column| {
            let case = Expr::case(column(instant).is_null(), Expr::value(0));
            SimpleExpr::Case(Box::new(case.finally(Expr::value(1))))
        };
        match self {
            Self::Name => Vec::new(),
            Self::Email => vec![column(user::Column::Email)],
            Self::Role => vec![column(user::Column::Role)],
            Self::State => vec![
                is_set(user::Column::DisabledAt),
                is_set(user::Column::InvitedAt),
            ],
            Self::LastSignIn => {
                let or_never =
                    Func::coalesce([column(user::Column::LastSignedInAt), Expr::value(0_i64)]);
                vec![or_never.into()]
            }
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct PeopleQuery {
    /// Part of a name or e-mail address, compared without case.
    pub text: String,
    /// Column.
    pub sort: PeopleSort,
    /// Last first.
    pub is_descending: bool,
}

/// How many people who were not removed the search finds.
///
/// # Errors
/// The database's.
pub async fn count(db: &impl ConnectionTrait, query: &PeopleQuery) -> Result<u64, DbErr> {
    query.matching().count(db).await
}

/// Some of the people who were not removed.
///
/// # Errors
/// The database's.
pub async fn list(
    db: &impl ConnectionTrait,
    query: &PeopleQuery,
    offset: u64,
    limit: u64,
) -> Result<Vec<Person>, DbErr> {
    let direction = if query.is_descending {
        Order::Desc
    } else {
        Order::Asc
    };
    let mut expressions = query.sort.expressions();
    expressions.push(Expr::col(user::Column::NameKey));
    expressions.push(Expr::col(user::Column::Id));
    let select = expressions
        .into_iter()
        .fold(query.matching(), |select, expression| {
            select.order_by(expression, direction.clone())
        });
    let people = select.offset(offset).limit(limit).all(db).await?;
    Ok(people.into_iter().map(Into::into).collect())
}

impl PeopleQuery {
    fn matching(&self) -> Select<user::Entity> {
        let present = user::Entity::find().filter(user::Column::RemovedAt.is_null());
        match self.text.is_empty() {
            true => present,
            false => present.filter(user::Entity::found_by(&self.text)),
        }
    }
}

/// A person who was not removed.
///
/// # Errors
/// The database's.
pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Person>, DbErr> {
    let found = user::Entity::find_by_id(id)
        .filter(user::Column::RemovedAt.is_null())
        .one(db)
        .await?;
    Ok(found.map(Into::into))
}
