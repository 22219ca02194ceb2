//! Insights > Segments: the list, the condition builder, the read-only view, the question before removal.

mod builder;
mod edit;
mod list;
mod refresh;
mod remove;
mod view;

use actix_web::web::{self, ServiceConfig};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::store::{self, Segment, StoreError};
use super::{CountError, form};
use crate::sources::{self, Author, Source};
use crate::web::{PageError, SignedIn};

/// Routes of this concept.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/segments", web::get().to(list::show))
        .route("/segments/new", web::get().to(edit::new))
        .route("/segments/new", web::post().to(edit::create))
        .route("/segments/{id}", web::get().to(edit::open))
        .route("/segments/{id}", web::post().to(edit::save))
        .route("/segments/{id}/refresh", web::post().to(refresh::refresh))
        .route("/segments/{id}/remove", web::get().to(remove::ask))
        .route("/segments/{id}/remove", web::post().to(remove::remove));
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            StoreError::Changed(_) | StoreError::NameTaken => Self::Conflict,
            StoreError::Database(error) => error.into(),
            StoreError::Unreadable(_) => Self::internal(error),
        }
    }
}

fn author(visit: &SignedIn) -> Author {
    Author {
        user_id: Some(visit.user.id),
        ip: Some(visit.ip.clone()),
        at: visit.now,
    }
}

/// The segment with the source it chooses from; the database keeps a source as long as a segment refers to it.
async fn open_segment(db: &impl ConnectionTrait, id: Uuid) -> Result<(Segment, Source), PageError> {
    let segment = store::get(db, id).await?;
    let source = sources::store::get(db, segment.source_id).await;
    Ok((segment, source.map_err(PageError::internal)?))
}

/// Why members could not be counted, in words; what is our fault or passes is a [`PageError`].
fn describe_count_error(visit: &SignedIn, error: CountError) -> Result<String, PageError> {
    match error {
        CountError::NoProfiles => Ok(visit.t("segments-problem-no-profiles")),
        CountError::Rule(problems) => Ok(problems
            .iter()
            .map(|problem| form::describe(visit.lang, problem.condition + 1, problem))
            .collect::<Vec<_>>()
            .join(" ")),
        CountError::Segment(error) => Err(error.into()),
        CountError::Source(error) => Err(PageError::internal(error)),
        CountError::Snapshot(error) => Err(PageError::internal(error)),
    }
}
