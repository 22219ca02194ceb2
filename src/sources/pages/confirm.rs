//! `POST /sources/uploads/{id}` and `/discard`: what happens to a file that was looked at.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::author;
use super::chosen::{self, Fields};
use super::preview::{self, PreviewPage};
use crate::auth::Permission;
use crate::names::Name;
use crate::profiles::SnapshotId;
use crate::sources::store::StoreError;
use crate::sources::{LoadError, LoadRequest, LoadTarget, Loads, Uploads};
use crate::web::{self, FieldErrors, PageError, SignedIn, paths};

/// Loads the file; or shows it read in another way, and what was typed again, unless the button for loading was
/// pressed on a page that shows the file as it is to be read.
pub(super) async fn answer(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    uploads: Data<Uploads>,
    loads: Data<Loads>,
    id: Path<Uuid>,
    form: Form<Fields>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::ManageSources)?;
    let _turn = uploads.take_turn().await;
    if let Some(leaving) = preview::leave_for_load(&db, *id).await? {
        return Ok(leaving);
    }
    let (upload, replaces) = preview::find(&db, *id).await?;
    let (wanted, shown) = (chosen::format(&form)?, chosen::shown_format(&form)?);
    let mut read = preview::read(&uploads, &upload, replaces.as_ref(), wanted).await?;
    let name = form.get("name").unwrap_or(&upload.source_name).clone();
    let is_load = form.get("do").is_some_and(|pressed| pressed == "load");
    let plan = match &mut read.found {
        Ok((_, plan)) if is_load && wanted == shown => plan,
        found => {
            let before = preview::read(&uploads, &upload, replaces.as_ref(), shown).await?;
            if let (Ok((_, before)), Ok((_, plan))) = (&before.found, found) {
                chosen::carry_over(&form, before, plan);
            }
            return PreviewPage::new(&visit, upload, replaces, read, name).answer();
        }
    };
    let target = match &replaces {
        Some(source) => Ok(LoadTarget::Existing(source.id)),
        None => Name::parse(&name).map(LoadTarget::New),
    };
    let mut errors = FieldErrors::default();
    if let Err(problem) = &target {
        errors.add("name", visit.t(name_problem_key(*problem)));
    }
    chosen::apply(&form, plan, &visit, &mut errors);
    if let (Ok(target), true) = (target, errors.is_empty()) {
        let request = LoadRequest {
            snapshot_id: SnapshotId(upload.id),
            target,
            path: uploads.path(upload.id),
            file_name: upload.file_name.clone(),
            plan: plan.clone(),
            author: author(&visit),
        };
        match loads.start(request).await {
            Ok(started) => {
                // The load has the file open; its name is not needed any more.
                uploads.remove(&db, *id).await?;
                return Ok(web::see_other(&paths::load(started.snapshot_id)));
            }
            Err(LoadError::Store(StoreError::NameTaken)) => {
                errors.add("name", visit.t("sources-name-taken"));
            }
            Err(LoadError::Store(StoreError::Loading)) => {
                errors.add("", visit.t("sources-load-under-way"));
            }
            Err(error) => return Err(error.into()),
        }
    }
    let page = PreviewPage::new(&visit, upload, replaces, read, name);
    web::render_with(StatusCode::UNPROCESSABLE_ENTITY, &page.refused(errors))
}

pub(super) async fn discard(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    uploads: Data<Uploads>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::ManageSources)?;
    let _turn = uploads.take_turn().await;
    if let Some(leaving) = preview::leave_for_load(&db, *id).await? {
        return Ok(leaving);
    }
    uploads.remove(&db, *id).await?;
    visit.flash_success(visit.t("sources-upload-discarded"));
    Ok(web::see_other(&paths::sources()))
}

fn name_problem_key(problem: crate::names::NameProblem) -> &'static str {
    use crate::names::NameProblem as P;
    match problem {
        P::Empty => "sources-name-empty",
        P::TooLong => "sources-name-too-long",
        P::ControlCharacter => "sources-name-control",
    }
}
