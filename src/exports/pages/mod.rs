//! Data > Exports: the list and what it does with the exports chosen, the form "Set up export", the read-only view.

mod add_segment;
mod chosen;
mod confirm;
mod conflict;
mod desk;
mod edit;
mod list;
mod of_segment;
mod page;
mod run_all;
mod schedule;
mod schedule_conflict;
mod schedule_view;
mod selection;
mod view;
mod words;

pub(crate) use words::target_label;

use actix_web::web::{self, Data, ServiceConfig};
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::{Access, Export, StoreError, store};
use crate::auth::Permission;
use crate::connections::{self, Connection};
use crate::web::{PageError, SignedIn, nearest_page};

/// Routes of this concept.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/exports", web::get().to(list::show))
        .route("/exports/new", web::get().to(edit::new))
        .route("/exports/new", web::post().to(edit::create))
        .route("/exports/selected", web::get().to(nearest_page))
        .route("/exports/selected", web::post().to(selection::act))
        .route("/segments/{id}/exports", web::get().to(of_segment::show))
        .route("/segments/{id}/exports", web::post().to(of_segment::add))
        .route("/exports/run-all", web::get().to(nearest_page))
        .route("/exports/run-all", web::post().to(run_all::run_all))
        .route("/exports/remove", web::get().to(confirm::ask_removal))
        .route("/exports/remove", web::post().to(confirm::remove))
        .route("/exports/detach", web::get().to(confirm::ask_detaching))
        .route("/exports/detach", web::post().to(confirm::detach))
        .route("/exports/add-segment", web::get().to(add_segment::ask))
        .route("/exports/add-segment", web::post().to(add_segment::add))
        .route("/exports/schedule", web::get().to(schedule::ask))
        .route("/exports/schedule", web::post().to(schedule::answer))
        .route("/exports/{id}", web::get().to(edit::open))
        .route("/exports/{id}", web::post().to(edit::save))
        .route(
            "/exports/{id}/remove",
            web::get().to(confirm::ask_removal_of_one),
        )
        .route("/exports/{id}/remove", web::post().to(confirm::remove_one));
}

/// An export with its connection and what the visitor may do with it.
struct OpenExport {
    export: Export,
    connection: Option<Connection>,
    access: Access,
}

/// The export, whatever the visitor may do with it.
async fn open_export(
    visit: &SignedIn,
    db: &Data<DatabaseConnection>,
    id: Uuid,
) -> Result<OpenExport, PageError> {
    let export = store::get(&***db, id).await?;
    let connection = match export.definition.connection_id {
        Some(id) => connections::store::find(&***db, id).await?,
        None => None,
    };
    let access = Access::of(&visit.user, connection.as_ref());
    Ok(OpenExport {
        export,
        connection,
        access,
    })
}

/// The export, if the visitor may change it.
async fn open_to_edit(
    visit: &SignedIn,
    db: &Data<DatabaseConnection>,
    id: Uuid,
) -> Result<OpenExport, PageError> {
    visit.require(Permission::EditExports)?;
    let open = open_export(visit, db, id).await?;
    if open.access.may_edit() {
        Ok(open)
    } else {
        Err(PageError::ViewOnly)
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            StoreError::Changed(_) | StoreError::ScheduleChanged(_) => Self::Conflict,
            StoreError::Database(error) => error.into(),
            error => Self::internal(error),
        }
    }
}
