//! A file of people who must not be sent: receiving it as a stream, and its report.

use actix_multipart::{Field, Multipart};
use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use futures_util::TryStreamExt;
use sea_orm::DatabaseConnection;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::administrator;
use super::exclusions::refuse;
use crate::exclusions::store::{self, Upload};
use crate::exclusions::{FileProblem, Keys, MAX_ENTRIES, MAX_LISTED_LINES, ReadFile, read_file};
use crate::privacy::take_file;
use crate::sources::Uploads;
use crate::storage::MasterKey;
use crate::web::{self, Page, PageError, SignedIn, csrf, paths};

/// Largest file: [`MAX_ENTRIES`] lines of 200 bytes.
const MAX_FILE_BYTES: u64 = 100 * 1024 * 1024;
/// Largest value of the token's part.
const MAX_TEXT_BYTES: usize = 1_000;
/// Longest file name kept, in characters.
const MAX_FILE_NAME_CHARACTERS: usize = 255;

#[derive(Template)]
#[template(path = "privacy/upload.html")]
struct UploadPage {
    page: Page,
    upload: Upload,
    most_listed: usize,
}

/// `POST /settings/privacy/exclusions/upload`.
pub(super) async fn receive(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    key: Data<MasterKey>,
    uploads: Data<Uploads>,
    mut parts: Multipart,
) -> Result<HttpResponse, PageError> {
    let author = administrator(&visit)?;
    let token = text_of(next_part(&mut parts).await?, csrf::FIELD).await?;
    csrf::check(visit.session(), &token)?;
    let part = next_part(&mut parts).await?;
    let mut part = part
        .filter(|part| part.name() == Some("file"))
        .ok_or(PageError::BadRequest)?;
    let name = part
        .content_disposition()
        .and_then(|disposition| disposition.get_filename())
        .map(base_name)
        .unwrap_or_default();
    let received = uploads.receive().map_err(PageError::internal)?;
    let message = match write(&mut part, &received).await? {
        Received::TooLarge => visit.msg("privacy-file-too-many").num("most", MAX_ENTRIES),
        Received::Whole(0) if name.is_empty() => visit.msg("privacy-file-none"),
        Received::Whole(_) => match read(&received).await? {
            Ok(file) => {
                let keys = Keys::new(&key);
                let taken = take_file(&db, &keys, name, file, &author).await?;
                let text = visit.msg("privacy-file-taken").num("count", taken.added);
                visit.flash_success(text.to_string());
                return Ok(web::see_other(&paths::exclusion_upload(taken.id)));
            }
            Err(FileProblem::Empty) => visit.msg("privacy-file-empty"),
            Err(FileProblem::NotText) => visit.msg("privacy-file-not-text"),
            Err(FileProblem::NoEntries) => visit.msg("privacy-file-no-entries"),
            Err(FileProblem::TooMany) => {
                visit.msg("privacy-file-too-many").num("most", MAX_ENTRIES)
            }
            Err(FileProblem::Io(error)) => return Err(PageError::internal(error)),
        },
    };
    refuse(&visit, &db, "file", "", message.to_string()).await
}

/// `GET /settings/privacy/exclusions/uploads/{id}`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    administrator(&visit)?;
    let upload = store::find_upload(&**db, *id).await?;
    web::render(&UploadPage {
        page: visit.page("privacy"),
        upload: upload.ok_or(PageError::NotFound)?,
        most_listed: MAX_LISTED_LINES,
    })
}

enum Received {
    Whole(u64),
    TooLarge,
}

async fn write(
    part: &mut Field,
    received: &tempfile::NamedTempFile,
) -> Result<Received, PageError> {
    let file = received.reopen().map_err(PageError::internal)?;
    let mut file = tokio::fs::File::from_std(file);
    let mut bytes = 0;
    while let Some(chunk) = part.try_next().await.map_err(|_| PageError::BadRequest)? {
        bytes += chunk.len() as u64;
        if bytes <= MAX_FILE_BYTES {
            file.write_all(&chunk).await.map_err(PageError::internal)?;
        }
    }
    file.flush().await.map_err(PageError::internal)?;
    Ok(match bytes {
        0..=MAX_FILE_BYTES => Received::Whole(bytes),
        _ => Received::TooLarge,
    })
}

/// Reads the file where blocking is fine.
async fn read(
    received: &tempfile::NamedTempFile,
) -> Result<Result<ReadFile, FileProblem>, PageError> {
    let file = received.reopen().map_err(PageError::internal)?;
    let reading = tokio::task::spawn_blocking(move || read_file(file));
    reading.await.map_err(PageError::internal)
}

async fn next_part(parts: &mut Multipart) -> Result<Option<Field>, PageError> {
    parts.try_next().await.map_err(|_| PageError::BadRequest)
}

/// The text of a part of this name; empty when it is another or none.
async fn text_of(part: Option<Field>, name: &str) -> Result<String, PageError> {
    let Some(mut part) = part.filter(|part| part.name() == Some(name)) else {
        return Ok(String::new());
    };
    let bytes = part.bytes(MAX_TEXT_BYTES).await;
    let bytes = bytes.map_err(|_| PageError::TooLarge)?;
    let bytes = bytes.map_err(|_| PageError::BadRequest)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The name without folders (some browsers send them), control characters or undue length.
fn base_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name = name.chars().filter(|c| !c.is_control());
    name.take(MAX_FILE_NAME_CHARACTERS).collect()
}
