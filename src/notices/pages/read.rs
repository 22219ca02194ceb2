//! Marking notices as read.

use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path};
use sea_orm::DatabaseConnection;
use serde::Deserialize;
use uuid::Uuid;

use crate::notices::store;
use crate::web::{self, PageError, SignedIn, paths};

#[derive(Deserialize)]
pub(super) struct BackTo {
    #[serde(default)]
    return_to: String,
}

impl BackTo {
    fn path(&self) -> String {
        match self.return_to.as_str() {
            "" => paths::notices(),
            path => paths::own_path_or_home(path),
        }
    }
}

/// `POST /notices/{id}/read`.
pub(super) async fn one(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
    form: Form<BackTo>,
) -> Result<HttpResponse, PageError> {
    if !store::mark_read(&**db, &visit.user, *id, visit.now).await? {
        return Err(PageError::NotFound);
    }
    Ok(web::see_other(&form.path()))
}

/// `POST /notices/read`.
pub(super) async fn all(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    form: Form<BackTo>,
) -> Result<HttpResponse, PageError> {
    store::mark_all_read(&**db, visit.user.id, visit.now).await?;
    visit.flash_success(visit.t("notices-all-read"));
    Ok(web::see_other(&form.path()))
}
