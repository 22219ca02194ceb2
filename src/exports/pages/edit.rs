//! The form "Set up export", for a new export and for a saved one.

use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path};
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::desk::Desk;
use super::{open_export, open_to_edit, view};
use crate::auth::Permission;
use crate::exports::Accounts;
use crate::exports::form::ExportForm;
use crate::web::{PageError, SignedIn};

/// A form as posted; names may repeat.
type Pairs = Form<Vec<(String, String)>>;

/// `GET /exports/new`.
pub(super) async fn new(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditExports)?;
    let desk = Desk {
        visit: &visit,
        db: &db,
        accounts: &accounts,
        saved: None,
    };
    desk.open(ExportForm::default()).await
}

/// `POST /exports/new`: every button of the form.
pub(super) async fn create(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    accounts: Data<Accounts>,
    pairs: Pairs,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditExports)?;
    let (form, action) = ExportForm::read(&pairs);
    let desk = Desk {
        visit: &visit,
        db: &db,
        accounts: &accounts,
        saved: None,
    };
    desk.answer(form, action).await
}

/// `GET /exports/{id}`: the form for those who may change the export, the read-only view for the others.
pub(super) async fn open(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    accounts: Data<Accounts>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    let open = open_export(&visit, &db, *id).await?;
    if !open.access.may_edit() {
        return view::draw(&visit, &db, open).await;
    }
    let form = ExportForm::of(&open.export.definition, open.export.version);
    let desk = Desk {
        visit: &visit,
        db: &db,
        accounts: &accounts,
        saved: Some(open.export),
    };
    desk.open(form).await
}

/// `POST /exports/{id}`: every button of the form.
pub(super) async fn save(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    accounts: Data<Accounts>,
    id: Path<Uuid>,
    pairs: Pairs,
) -> Result<HttpResponse, PageError> {
    let open = open_to_edit(&visit, &db, *id).await?;
    let (form, action) = ExportForm::read(&pairs);
    let desk = Desk {
        visit: &visit,
        db: &db,
        accounts: &accounts,
        saved: Some(open.export),
    };
    desk.answer(form, action).await
}
