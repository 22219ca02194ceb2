//! `GET /sources/uploads/{id}`: how the file will be read, before anything is loaded.

use std::fs::File;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::chosen::MEANINGS;
use super::words::{self, TYPES};
use crate::auth::Permission;
use crate::profiles::{Semantic, SnapshotId};
use crate::sources::file::{
    Delimiter, FileFormat, FileProblem, HeadingNote, Inspection, LoadPlan, Overrides, TextEncoding,
    guess_format, inspect,
};
use crate::sources::store::{self, StoreError, Upload};
use crate::sources::{LoadFailure, Source, Uploads};
use crate::web::{self, FieldErrors, Page, PageError, SignedIn, paths};

/// Values shown per column in the list of fields.
const SAMPLES: usize = 3;
/// Longest value shown, in characters.
const MAX_SHOWN_CHARACTERS: usize = 60;
/// Rows shown as they are.
const SHOWN_ROWS: usize = 8;

/// A file looked at in one way.
pub(super) struct Read {
    pub(super) format: FileFormat,
    pub(super) found: Result<(Inspection, LoadPlan), FileProblem>,
}

#[derive(Template)]
#[template(path = "sources/preview.html")]
pub(super) struct PreviewPage {
    page: Page,
    upload: Upload,
    replaces: Option<Source>,
    name: String,
    size: String,
    encodings: Vec<(String, &'static str, bool)>,
    delimiters: Vec<(String, String, bool)>,
    has_header: bool,
    /// `None` when the file cannot be read this way.
    proposal: Option<Proposal>,
    errors: FieldErrors,
}

struct Proposal {
    columns: Vec<Column>,
    meanings: Vec<Meaning>,
    rows: Vec<Vec<String>>,
    headings: Vec<(String, String)>,
}

struct Column {
    name: String,
    samples: String,
    types: Vec<(&'static str, String, bool)>,
}

struct Meaning {
    field: &'static str,
    label: String,
    hint: String,
    /// Column chosen.
    chosen: Option<usize>,
}

impl Meaning {
    fn is_chosen(&self, column: &usize) -> bool {
        self.chosen == Some(*column)
    }
}

impl PreviewPage {
    pub(super) fn new(
        visit: &SignedIn,
        upload: Upload,
        replaces: Option<Source>,
        read: Read,
        name: String,
    ) -> Self {
        let mut errors = FieldErrors::default();
        let format = read.format;
        let proposal = match read.found {
            Ok((inspection, plan)) => Some(Proposal::new(visit, &inspection, &plan)),
            Err(problem) => {
                let failure = LoadFailure::from(&problem);
                errors.add("", words::failure(visit.lang, failure));
                None
            }
        };
        let encodings = TextEncoding::ALL.into_iter();
        let delimiters = Delimiter::ALL.into_iter();
        Self {
            name,
            size: words::size(visit.lang, upload.file_bytes),
            encodings: encodings
                .map(|it| (form_name(it), it.label(), it == format.encoding))
                .collect(),
            delimiters: delimiters
                .map(|it| {
                    (
                        form_name(it),
                        words::delimiter_label(visit.lang, it),
                        it == format.delimiter,
                    )
                })
                .collect(),
            has_header: format.has_header,
            page: visit.page("sources"),
            upload,
            replaces,
            proposal,
            errors,
        }
    }

    /// The same page with what is wrong with what the person typed.
    pub(super) fn refused(mut self, errors: FieldErrors) -> Self {
        self.errors = errors;
        self
    }

    /// The page as the answer to a request.
    pub(super) fn answer(&self) -> Result<HttpResponse, PageError> {
        let status = match self.proposal {
            Some(_) => StatusCode::OK,
            None => StatusCode::UNPROCESSABLE_ENTITY,
        };
        web::render_with(status, self)
    }
}

impl Proposal {
    fn new(visit: &SignedIn, inspection: &Inspection, plan: &LoadPlan) -> Self {
        let columns = plan.fields.iter().enumerate().map(|(column, field)| {
            let values = inspection.rows.iter().map(|row| row[column].trim());
            let values = values.filter(|value| !value.is_empty()).take(SAMPLES);
            Column {
                name: field.name.clone(),
                samples: values.map(shorten).collect::<Vec<_>>().join(" · "),
                types: TYPES
                    .iter()
                    .map(|(name, it)| {
                        (
                            *name,
                            words::type_label(visit.lang, *it),
                            *it == field.field_type,
                        )
                    })
                    .collect(),
            }
        });
        let meanings = MEANINGS.iter().map(|(semantic, field, label)| Meaning {
            field,
            label: visit.t(label),
            hint: match semantic {
                Semantic::Key => visit.t("sources-meaning-key-hint"),
                _ => String::new(),
            },
            chosen: plan.column_of(*semantic),
        });
        let rows = inspection.rows.iter().take(SHOWN_ROWS);
        Self {
            columns: columns.collect(),
            meanings: meanings.collect(),
            rows: rows
                .map(|row| row.iter().map(|value| shorten(value)).collect())
                .collect(),
            headings: inspection
                .headings
                .iter()
                .map(|note| heading(visit, note))
                .collect(),
        }
    }
}

pub(super) fn heading(visit: &SignedIn, note: &HeadingNote) -> (String, String) {
    (
        note.name.clone(),
        words::heading_problem(visit.lang, note.problem),
    )
}

pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    uploads: Data<Uploads>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::ManageSources)?;
    if let Some(leaving) = leave_for_load(&db, *id).await? {
        return Ok(leaving);
    }
    let (upload, replaces) = find(&db, *id).await?;
    let overrides = Overrides::default();
    let read = read(&uploads, &upload, replaces.as_ref(), overrides).await?;
    let name = upload.source_name.clone();
    PreviewPage::new(&visit, upload, replaces, read, name).answer()
}

/// To the load of an upload that has been confirmed: from the back button, or a second click.
pub(super) async fn leave_for_load(
    db: &DatabaseConnection,
    id: Uuid,
) -> Result<Option<HttpResponse>, PageError> {
    match store::get_snapshot(db, SnapshotId(id)).await {
        Ok(_) => Ok(Some(web::see_other(&paths::load(id)))),
        Err(StoreError::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The upload and the source it replaces.
pub(super) async fn find(
    db: &DatabaseConnection,
    id: Uuid,
) -> Result<(Upload, Option<Source>), PageError> {
    let upload = store::find_upload(db, id)
        .await?
        .ok_or(PageError::NotFound)?;
    let replaces = match upload.source_id {
        Some(id) => Some(store::get(db, id).await?),
        None => None,
    };
    Ok((upload, replaces))
}

/// Looks at the file; the plan keeps what an earlier load of the source decided.
pub(super) async fn read(
    uploads: &Uploads,
    upload: &Upload,
    replaces: Option<&Source>,
    overrides: Overrides,
) -> Result<Read, PageError> {
    let file = File::open(uploads.path(upload.id)).map_err(PageError::internal)?;
    let (format, found) = look_at(file, overrides).await?;
    let found = found.map(|inspection| {
        let plan = inspection.plan(replaces.map_or(&[], Source::fields));
        (inspection, plan)
    });
    Ok(Read { format, found })
}

/// How a file is read and what that gives, where blocking is fine.
pub(super) async fn look_at(
    mut file: File,
    overrides: Overrides,
) -> Result<(FileFormat, Result<Inspection, FileProblem>), PageError> {
    let task = tokio::task::spawn_blocking(move || match inspect(&mut file, &overrides) {
        Ok(inspection) => Ok((inspection.format, Ok(inspection))),
        Err(FileProblem::Io(error)) => Err(error),
        Err(problem) => Ok((guess_format(&mut file, &overrides)?, Err(problem))),
    });
    let looked_at = task.await;
    looked_at
        .expect("inspecting neither panics nor is canceled")
        .map_err(PageError::internal)
}

/// The name serde gives a choice, so that a form can send it back.
fn form_name(choice: impl serde::Serialize) -> String {
    let name = serde_json::to_value(choice).ok();
    let name = name.and_then(|name| name.as_str().map(str::to_owned));
    name.expect("choices are plain names")
}

fn shorten(value: &str) -> String {
    if value.chars().count() <= MAX_SHOWN_CHARACTERS {
        return value.to_owned();
    }
    value
        .chars()
        .take(MAX_SHOWN_CHARACTERS)
        .chain(['…'])
        .collect()
}
