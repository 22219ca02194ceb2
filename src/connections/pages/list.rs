//! Settings > Connections: the tabs **Exports**, with the connections exports use, and **Discover**, with the types there
//! are.

use std::cmp::Ordering;

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use sea_orm::DatabaseConnection;

use crate::auth::Permission;
use crate::connections::{Connection, ConnectionKind, Health, store};
use crate::profiles::value::{fold, folded_contains};
use crate::web::{
    self, Column, Heading, ListQuery, ListView, PAGE_ENTRIES, Page, PageError, Pager, SignedIn,
    paths,
};

#[derive(Template)]
#[template(path = "connections/list.html")]
struct ConnectionsPage {
    page: Page,
    view: ListView<ConnectionColumn>,
    problem: String,
    headings: Vec<Heading>,
    connections: Vec<Connection>,
    pager: Pager,
    /// Whether there is any, found or not.
    is_empty: bool,
}

#[derive(Template)]
#[template(path = "connections/discover.html")]
struct DiscoverPage {
    page: Page,
    product_name: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ConnectionColumn {
    Name,
    Type,
    Created,
    Access,
    Health,
    ExportUser,
    LastUsed,
}

impl Column for ConnectionColumn {
    const ALL: &'static [Self] = &[
        Self::Name,
        Self::Type,
        Self::Created,
        Self::Access,
        Self::Health,
        Self::ExportUser,
        Self::LastUsed,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Type => "type",
            Self::Created => "created",
            Self::Access => "access",
            Self::Health => "health",
            Self::ExportUser => "export_user",
            Self::LastUsed => "last_used",
        }
    }

    fn label_key(self) -> &'static str {
        match self {
            Self::Name => "connections-name",
            Self::Type => "connections-type",
            Self::Created => "connections-created",
            Self::Access => "connections-access",
            Self::Health => "connections-health",
            Self::ExportUser => "connections-export-user",
            Self::LastUsed => "connections-last-used",
        }
    }
}

/// `GET /settings/connections`. There are few of them, so they are searched and sorted here.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    query: Query<ListQuery>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::ManageConnections)?;
    let usual = ConnectionColumn::Name;
    let mut view = ListView::read(paths::connections(), &query, usual, Vec::new());
    let mut connections = store::list(&**db).await?;
    let is_empty = connections.is_empty();
    let searched = fold(&view.search).into_owned();
    connections.retain(|connection| is_found(connection, &searched));
    // They come by name and the sort is stable: those alike stay in that order.
    connections.sort_by(|a, b| compare(view.sort, view.is_descending, a, b));
    let total = connections.len() as u64;
    let offset = view.fit(total);
    let on_page = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let connections: Vec<_> = connections
        .into_iter()
        .skip(on_page(offset))
        .take(on_page(PAGE_ENTRIES))
        .collect();
    let page = ConnectionsPage {
        page: visit.page("connections"),
        problem: view.problem(&visit),
        headings: view.headings(&visit),
        pager: view.pager(&visit, connections.len(), total),
        connections,
        is_empty,
        view,
    };
    web::render_with(page.view.status(), &page)
}

/// `GET /settings/connections/discover`.
pub(super) async fn discover(visit: SignedIn) -> Result<HttpResponse, PageError> {
    visit.require(Permission::ManageConnections)?;
    web::render(&DiscoverPage {
        page: visit.page("connections"),
        product_name: ConnectionKind::ConstantContact.product_name(),
    })
}

fn is_found(connection: &Connection, searched: &str) -> bool {
    let export_user = connection.export_user.as_ref();
    let texts = [
        connection.name.as_str(),
        connection.kind.product_name(),
        export_user.map_or("", |user| user.name.as_str()),
    ];
    texts.iter().any(|text| folded_contains(text, searched))
}

/// What has no value comes last in both directions.
fn compare(
    column: ConnectionColumn,
    is_descending: bool,
    a: &Connection,
    b: &Connection,
) -> Ordering {
    fn known_first<T>(a: &Option<T>, b: &Option<T>) -> Ordering {
        b.is_some().cmp(&a.is_some())
    }
    let turned = |order: Ordering| {
        if is_descending {
            order.reverse()
        } else {
            order
        }
    };
    let user = |connection: &Connection| {
        let user = connection.export_user.as_ref();
        user.map(|user| fold(&user.name).into_owned())
    };
    match column {
        ConnectionColumn::Name => turned(fold(&a.name).cmp(&fold(&b.name))),
        ConnectionColumn::Type => turned(a.kind.cmp(&b.kind)),
        ConnectionColumn::Created => turned(a.created.at.cmp(&b.created.at)),
        ConnectionColumn::Access => turned(a.sharing.name().cmp(b.sharing.name())),
        ConnectionColumn::Health => turned(urgency(a.health()).cmp(&urgency(b.health()))),
        ConnectionColumn::ExportUser => {
            known_first(&a.export_user, &b.export_user).then(turned(user(a).cmp(&user(b))))
        }
        ConnectionColumn::LastUsed => {
            known_first(&a.last_used, &b.last_used).then(turned(a.last_used.cmp(&b.last_used)))
        }
    }
}

/// What needs a person first.
fn urgency(health: Health) -> u8 {
    match health {
        Health::SignInAgain => 0,
        Health::Incomplete => 1,
        Health::Connected => 2,
    }
}
