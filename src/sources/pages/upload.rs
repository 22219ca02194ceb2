//! Choosing a file and sending it: `GET /sources/new`, `GET /sources/{id}/replace`, `POST /sources/upload`.
//!
//! The file is streamed to disk while it arrives. What it holds is looked at once it is complete; nothing is loaded
//! before somebody has seen the preview and confirmed it.

use actix_multipart::{Field, Multipart};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use futures_util::{StreamExt, TryStreamExt};
use sea_orm::DatabaseConnection;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::preview::look_at;
use super::words;
use crate::auth::Permission;
use crate::sources::file::Overrides;
use crate::sources::store::{self, NewUpload, Upload};
use crate::sources::{LoadFailure, Uploads};
use crate::web::{self, FieldErrors, Page, PageError, SignedIn, csrf, paths};

/// Largest value of a part that is not the file.
const MAX_TEXT_BYTES: usize = 1_000;
/// Longest file name kept, in characters.
const MAX_FILE_NAME_CHARACTERS: usize = 255;

#[derive(Template)]
#[template(path = "sources/upload.html")]
struct UploadPage {
    page: Page,
    /// The source to replace, with its name.
    replaces: Option<(Uuid, String)>,
    errors: FieldErrors,
}

pub(super) async fn new(visit: SignedIn) -> Result<HttpResponse, PageError> {
    visit.require(Permission::ManageSources)?;
    web::render(&UploadPage {
        page: visit.page("sources"),
        replaces: None,
        errors: FieldErrors::default(),
    })
}

pub(super) async fn replace(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::ManageSources)?;
    let source = store::get(&**db, *id).await?;
    web::render(&UploadPage {
        page: visit.page("sources"),
        replaces: Some((source.id, source.name)),
        errors: FieldErrors::default(),
    })
}

pub(super) async fn receive(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    uploads: Data<Uploads>,
    mut parts: Multipart,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::ManageSources)?;
    let token = next_part(&mut parts).await?;
    let token = text_of(token.filter(|part| part.name() == Some(csrf::FIELD))).await?;
    csrf::check(visit.session(), &token.unwrap_or_default())?;
    let mut replaces = None;
    while let Some(part) = next_part(&mut parts).await? {
        match part.name() {
            Some("source_id") => {
                let id = text_of(Some(part)).await?.unwrap_or_default();
                let id = Uuid::parse_str(&id).map_err(|_| PageError::BadRequest)?;
                let source = store::get(&**db, id).await?;
                replaces = Some((source.id, source.name));
            }
            Some("file") => return take_file(&visit, &db, &uploads, replaces, part).await,
            _ => return Err(PageError::BadRequest),
        }
    }
    Err(PageError::BadRequest)
}

async fn take_file(
    visit: &SignedIn,
    db: &DatabaseConnection,
    uploads: &Uploads,
    replaces: Option<(Uuid, String)>,
    mut part: Field,
) -> Result<HttpResponse, PageError> {
    let file_name = part
        .content_disposition()
        .and_then(|disposition| disposition.get_filename());
    let file_name = base_name(file_name.unwrap_or_default());
    uploads.remove_old(db, visit.now).await?;
    let received = uploads.receive().map_err(PageError::internal)?;
    let result = write(&mut part, &received).await?;
    let file_bytes = match result {
        Ok(bytes) => bytes,
        Err(failure) => return refuse(visit, replaces, failure),
    };
    if file_name.is_empty() && file_bytes == 0 {
        return refuse_with(visit, replaces, visit.t("sources-upload-no-file"));
    }
    let file = received.reopen().map_err(PageError::internal)?;
    let (_, found) = look_at(file, Overrides::default()).await?;
    if let Err(problem) = found
        && !problem.may_be_misread()
    {
        return refuse(visit, replaces, LoadFailure::from(&problem));
    }
    let upload = Upload {
        id: Uuid::now_v7(),
        source_id: replaces.as_ref().map(|(id, _)| *id),
        source_name: file_name
            .rsplit_once('.')
            .map_or(&*file_name, |(stem, _)| stem)
            .to_owned(),
        file_name,
        file_bytes,
        created_by: visit.user.id,
    };
    let id = upload.id;
    uploads.keep(received, id).map_err(PageError::internal)?;
    store::add_upload(
        db,
        NewUpload {
            upload,
            at: visit.now,
        },
    )
    .await?;
    Ok(web::see_other(&paths::upload(id)))
}

/// Writes the part to the file; the inner error is the visitor's business.
async fn write(
    part: &mut Field,
    received: &tempfile::NamedTempFile,
) -> Result<Result<u64, LoadFailure>, PageError> {
    let file = received.reopen().map_err(PageError::internal)?;
    let mut file = tokio::fs::File::from_std(file);
    let mut bytes = 0;
    while let Some(chunk) = part.next().await {
        let chunk = chunk.map_err(|_| PageError::BadRequest)?;
        bytes += u64::try_from(chunk.len()).expect("a chunk fits in 64 bits");
        if let Err(error) = file.write_all(&chunk).await {
            return storage_failure(error).map(Err);
        }
    }
    match file.flush().await {
        Ok(()) => Ok(Ok(bytes)),
        Err(error) => storage_failure(error).map(Err),
    }
}

fn storage_failure(error: std::io::Error) -> Result<LoadFailure, PageError> {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            Ok(LoadFailure::NoSpace)
        }
        _ => Err(PageError::internal(error)),
    }
}

fn refuse(
    visit: &SignedIn,
    replaces: Option<(Uuid, String)>,
    failure: LoadFailure,
) -> Result<HttpResponse, PageError> {
    refuse_with(visit, replaces, words::failure(visit.lang, failure))
}

fn refuse_with(
    visit: &SignedIn,
    replaces: Option<(Uuid, String)>,
    message: String,
) -> Result<HttpResponse, PageError> {
    let page = UploadPage {
        page: visit.page("sources"),
        replaces,
        errors: FieldErrors::one("file", message),
    };
    web::render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

async fn next_part(parts: &mut Multipart) -> Result<Option<Field>, PageError> {
    parts.try_next().await.map_err(|_| PageError::BadRequest)
}

async fn text_of(part: Option<Field>) -> Result<Option<String>, PageError> {
    let Some(mut part) = part else {
        return Ok(None);
    };
    let bytes = part.bytes(MAX_TEXT_BYTES).await;
    let bytes = bytes.map_err(|_| PageError::TooLarge)?;
    let bytes = bytes.map_err(|_| PageError::BadRequest)?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The name without folders (some browsers send them), control characters or undue length.
fn base_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name = name.chars().filter(|c| !c.is_control());
    name.take(MAX_FILE_NAME_CHARACTERS).collect()
}
