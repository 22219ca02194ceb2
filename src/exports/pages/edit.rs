//! The form "Set up export", for a new export and for a saved one.

use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path, Query};
use sea_orm::DatabaseConnection;
use serde::Deserialize;
use uuid::Uuid;

use super::desk::Desk;
use super::schedule_view::ScheduleView;
use super::{open_export, open_to_edit, view};
use crate::auth::Permission;
use crate::exports::Accounts;
use crate::exports::form::ExportForm;
use crate::exports::store;
use crate::segments;
use crate::web::{PageError, SignedIn};

/// A form as posted; names may repeat.
type Pairs = Form<Vec<(String, String)>>;

/// What a new export begins with.
#[derive(Deserialize)]
pub(super) struct Start {
    /// Another export to be like.
    duplicate: Option<Uuid>,
    /// A segment to send.
    segment: Option<Uuid>,
}

/// `GET /exports/new`: empty, like another export (**Create duplicate**), or with a segment chosen. Creates nothing.
pub(super) async fn new(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    accounts: Data<Accounts>,
    start: Query<Start>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditExports)?;
    let mut form = ExportForm::empty();
    if let Some(id) = start.duplicate {
        let open = open_export(&visit, &db, id).await?;
        let name = visit
            .msg("exports-duplicate-name")
            .text("name", open.export.definition.name.as_str());
        form = ExportForm::of(&open.export.definition, 0);
        form.name = name.to_string();
        // One they may not use would be refused at Save.
        form.connection = form.connection.filter(|_| open.access.may_edit());
    }
    if let Some(id) = start.segment {
        let segment = segments::store::get(&**db, id).await?;
        form.source = Some(segment.source_id);
        form.segments = vec![id];
    }
    let desk = Desk {
        visit: &visit,
        db: &db,
        accounts: &accounts,
        saved: None,
        schedule: None,
    };
    desk.open(form).await
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
        schedule: None,
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
    let schedule = ScheduleView::load(&visit, &db, open.export.id).await?;
    let desk = Desk {
        visit: &visit,
        db: &db,
        accounts: &accounts,
        saved: Some(open.export),
        schedule: Some(schedule),
    };
    desk.open(form).await
}

/// `POST /exports/{id}`: every button of the form. When somebody removed the export meanwhile, what was typed is shown
/// as a new one.
pub(super) async fn save(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    accounts: Data<Accounts>,
    id: Path<Uuid>,
    pairs: Pairs,
) -> Result<HttpResponse, PageError> {
    let (form, action) = ExportForm::read(&pairs);
    let saved = match open_to_edit(&visit, &db, *id).await {
        Ok(open) => Some(open.export),
        Err(PageError::NotFound) => None,
        Err(error) => return Err(error),
    };
    let is_gone = saved.is_none();
    let schedule = match &saved {
        Some(export) => Some(ScheduleView::load(&visit, &db, export.id).await?),
        None => None,
    };
    let desk = Desk {
        visit: &visit,
        db: &db,
        accounts: &accounts,
        saved,
        schedule,
    };
    if !is_gone {
        return desk.answer(form, action).await;
    }
    match store::who_removed(&**db, *id).await? {
        Some(person) => desk.tell_removed(form, person).await,
        None => Err(PageError::NotFound),
    }
}
