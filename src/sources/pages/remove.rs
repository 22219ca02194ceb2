//! `GET` and `POST /sources/{id}/remove`.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use sea_orm::{DatabaseConnection, TransactionTrait};
use uuid::Uuid;

use super::author;
use crate::auth::Permission;
use crate::sources::store::{self, StoreError};
use crate::sources::{Loads, Source};
use crate::web::{self, Page, PageError, SignedIn, paths};

#[derive(Template)]
#[template(path = "sources/remove.html")]
struct RemovePage {
    page: Page,
    source: Source,
}

pub(super) async fn ask(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::ManageSources)?;
    let source = store::get(&**db, *id).await?;
    web::render(&RemovePage {
        page: visit.page("sources"),
        source,
    })
}

pub(super) async fn remove(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    loads: Data<Loads>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::ManageSources)?;
    let source = store::get(&**db, *id).await?;
    let transaction = db.begin().await?;
    let removed = store::remove(&transaction, source.id, &author(&visit)).await;
    let snapshots = match removed {
        Ok(snapshots) => snapshots,
        Err(problem @ (StoreError::InUse | StoreError::Loading)) => {
            transaction.rollback().await?;
            let key = match problem {
                StoreError::InUse => "sources-remove-in-use",
                _ => "sources-load-under-way",
            };
            visit.flash_danger(visit.msg(key).text("name", &source.name).to_string());
            return Ok(web::see_other(&paths::source(source.id)));
        }
        Err(error) => return Err(error.into()),
    };
    transaction.commit().await?;
    loads.delete(snapshots).await?;
    let done = visit.msg("sources-removed").text("name", &source.name);
    visit.flash_success(done.to_string());
    Ok(web::see_other(&paths::sources()))
}
