//! Importing a file by name, as the command line does: look at it, decide, load it.

use std::fs::File;
use std::path::Path;

use sea_orm::DatabaseConnection;

use super::file::{FileProblem, LoadPlan, Overrides, inspect};
use super::store::{self, StoreError};
use super::{Author, LoadError, LoadRequest, LoadTarget, Source};
use crate::names::Name;
use crate::profiles::SnapshotId;

/// Why a file cannot be imported the way it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ImportProblem {
    /// The file has no column of the key's name.
    #[error("the file has no column {key:?}; it has {}", .columns.join(", "))]
    NoSuchKey {
        /// The name asked for.
        key: String,
        /// Names of the columns.
        columns: Vec<String>,
    },
    /// Anything that also stops a load.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl From<FileProblem> for ImportProblem {
    fn from(problem: FileProblem) -> Self {
        Self::Load(problem.into())
    }
}

impl From<StoreError> for ImportProblem {
    fn from(error: StoreError) -> Self {
        Self::Load(error.into())
    }
}

/// Decides how to load the file at `path` into the source called `name`: as it looks, and as before where it exists.
///
/// `key` names the column whose values must be unique, compared without case where no name is the same.
/// Reads the beginning of the file, so call it where blocking is fine.
///
/// # Errors
/// [`ImportProblem`].
pub async fn plan_import(
    db: &DatabaseConnection,
    path: &Path,
    name: Name,
    key: Option<&str>,
    author: Author,
) -> Result<LoadRequest, ImportProblem> {
    let inspection = inspect(
        &mut File::open(path).map_err(FileProblem::Io)?,
        &Overrides::default(),
    )?;
    let source = store::find_by_name(db, &name).await?;
    let mut plan = inspection.plan(source.as_ref().map_or(&[], Source::fields));
    plan.key = key.map(|key| find_column(&plan, key)).transpose()?;
    let file_name = path.file_name().unwrap_or(path.as_os_str());
    Ok(LoadRequest {
        snapshot_id: SnapshotId::new(),
        target: match source {
            Some(source) => LoadTarget::Existing(source.id),
            None => LoadTarget::New(name),
        },
        path: path.to_owned(),
        file_name: file_name.to_string_lossy().into_owned(),
        plan,
        author,
    })
}

fn find_column(plan: &LoadPlan, key: &str) -> Result<usize, ImportProblem> {
    let names = || plan.fields.iter().map(|field| field.name.as_str());
    names()
        .position(|name| name == key)
        .or_else(|| names().position(|name| name.eq_ignore_ascii_case(key)))
        .ok_or_else(|| ImportProblem::NoSuchKey {
            key: key.to_owned(),
            columns: names().map(str::to_owned).collect(),
        })
}
