//! `POST /sources/uploads/{id}/load` and `/discard`: what happens to a file that was looked at.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::author;
use super::preview::{self, FormatQuery, MEANINGS, PreviewPage, type_named};
use crate::auth::Permission;
use crate::names::Name;
use crate::profiles::{Semantic, SnapshotId};
use crate::sources::file::LoadPlan;
use crate::sources::store::StoreError;
use crate::sources::{LoadError, LoadRequest, LoadTarget, Loads, Uploads};
use crate::web::{self, FieldErrors, PageError, SignedIn, paths};

type Fields = HashMap<String, String>;

pub(super) async fn load(
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
    let overrides = format_of(&form)?.overrides();
    let read = preview::read(&uploads, &upload, replaces.as_ref(), overrides).await;
    let (inspection, mut plan) = match read {
        Ok(found) => found,
        Err(problem) => {
            let page = PreviewPage::new(&visit, upload, replaces, &overrides, Err(problem))?;
            return web::render_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let name = form.get("name").cloned().unwrap_or_default();
    let target = match &replaces {
        Some(source) => Ok(LoadTarget::Existing(source.id)),
        None => Name::parse(&name).map(LoadTarget::New),
    };
    let mut errors = FieldErrors::default();
    if let Err(problem) = &target {
        errors.add("name", visit.t(name_problem_key(*problem)));
    }
    apply(&form, &mut plan, &visit, &mut errors);
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
    let page = PreviewPage::new(&visit, upload, replaces, &overrides, Ok((inspection, plan)))?;
    web::render_with(
        StatusCode::UNPROCESSABLE_ENTITY,
        &page.refused(name, errors),
    )
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

fn format_of(form: &Fields) -> Result<FormatQuery, PageError> {
    let known = ["encoding", "delimiter", "has_header"];
    let format = form
        .iter()
        .filter(|(name, _)| known.contains(&name.as_str()));
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(format)
        .finish();
    let query = actix_web::web::Query::<FormatQuery>::from_query(&query);
    Ok(query.map_err(|_| PageError::BadRequest)?.into_inner())
}

/// Takes over what the person chose about columns.
fn apply(form: &Fields, plan: &mut LoadPlan, visit: &SignedIn, errors: &mut FieldErrors) {
    for (column, field) in plan.fields.iter_mut().enumerate() {
        let chosen = form.get(&format!("type-{column}"));
        let Some(chosen) = chosen.and_then(|name| type_named(name)) else {
            continue;
        };
        // What is left as proposed stays a proposal, which the whole file may still correct.
        field.is_type_decided |= chosen != field.field_type;
        field.field_type = chosen;
    }
    plan.fields
        .iter_mut()
        .for_each(|field| field.semantic = None);
    plan.key = None;
    for (semantic, name, _) in &MEANINGS {
        let column = form
            .get(*name)
            .and_then(|column| column.parse::<usize>().ok());
        let Some(column) = column.filter(|column| *column < plan.fields.len()) else {
            continue;
        };
        if plan.fields[column].semantic.is_some() {
            errors.add(*name, visit.t("sources-meaning-twice"));
            continue;
        }
        plan.fields[column].semantic = Some(*semantic);
        if *semantic == Semantic::Key {
            plan.key = Some(column);
        }
    }
}

fn name_problem_key(problem: crate::names::NameProblem) -> &'static str {
    use crate::names::NameProblem as P;
    match problem {
        P::Empty => "sources-name-empty",
        P::TooLong => "sources-name-too-long",
        P::ControlCharacter => "sources-name-control",
    }
}
