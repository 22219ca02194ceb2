//! The list of people: search, sort, pages.

use sea_orm::sea_query::{Expr, Func, LikeExpr, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, ExprTrait, Order, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::Person;
use crate::storage::entities::user;

/// People on one page.
pub const PAGE_SIZE: u64 = 50;

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

impl PeopleSort {
    /// Every column, in the order of the page.
    pub const ALL: [PeopleSort; 5] = [
        Self::Name,
        Self::Email,
        Self::Role,
        Self::State,
        Self::LastSignIn,
    ];

    /// Name in URLs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::Role => "role",
            Self::State => "state",
            Self::LastSignIn => "last",
        }
    }

    /// The column with a name; anything else sorts by name.
    pub fn from_name(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|sort| sort.name() == name)
            .unwrap_or_default()
    }

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
    /// Counts from 0.
    pub page: u64,
}

/// One page.
#[derive(Debug)]
pub struct PeoplePage {
    /// People on it.
    pub people: Vec<Person>,
    /// People the search finds.
    pub total: u64,
}

/// A page of the people who were not removed.
///
/// # Errors
/// The database's.
pub async fn list(db: &impl ConnectionTrait, query: &PeopleQuery) -> Result<PeoplePage, DbErr> {
    let mut select = user::Entity::find().filter(user::Column::RemovedAt.is_null());
    if !query.text.is_empty() {
        let needle = query
            .text
            .to_lowercase()
            .replace('\\', r"\\")
            .replace('%', r"\%")
            .replace('_', r"\_");
        let contains = |column: user::Column| {
            SimpleExpr::from(Func::lower(Expr::col(column)))
                .like(LikeExpr::new(format!("%{needle}%")).escape('\\'))
        };
        select = select.filter(
            Condition::any()
                .add(contains(user::Column::Name))
                .add(contains(user::Column::Email)),
        );
    }
    let total = select.clone().count(db).await?;
    let direction = if query.is_descending {
        Order::Desc
    } else {
        Order::Asc
    };
    let by_name = SimpleExpr::from(Func::lower(Expr::col(user::Column::Name)));
    let mut expressions = query.sort.expressions();
    expressions.push(by_name);
    expressions.push(Expr::col(user::Column::Id));
    let select = expressions.into_iter().fold(select, |select, expression| {
        select.order_by(expression, direction.clone())
    });
    let people = select
        .offset(Ord::min(query.page.saturating_mul(PAGE_SIZE), total))
        .limit(PAGE_SIZE)
        .all(db)
        .await?;
    Ok(PeoplePage {
        people: people.into_iter().map(Into::into).collect(),
        total,
    })
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
