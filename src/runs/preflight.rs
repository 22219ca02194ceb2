//! What is looked at before anything is sent. Sends no personal data, changes nothing at Constant Contact.

use futures_util::FutureExt;
use uuid::Uuid;

use super::control::Interrupt;
use super::desk::{Desk, members};
use super::outcome::{Ending, Outcome};
use super::plan::Layout;
use super::run::Inputs;
use super::vendor::{Vendor, refusal};
use crate::connections::{self, NotReady};
use crate::constant_contact::ClientError;
use crate::exports::{ExportDefinition, MAX_PROFILES, Target};
use crate::profiles::{Filter, SnapshotError, SnapshotId};

/// Everything the plan needs, ready to be used.
#[derive(Clone)]
pub(super) struct Ready {
    pub(super) snapshot_id: SnapshotId,
    /// Profiles of the snapshot, as its load counted them.
    pub(super) profiles: u64,
    pub(super) members: Filter,
    pub(super) layout: Layout,
}

/// The connection of an export, if it may be used now.
pub(super) async fn connection(
    desk: &Desk,
    definition: &ExportDefinition,
) -> Result<Uuid, Interrupt> {
    let Some(id) = definition.connection_id else {
        return Err(Outcome::from(Ending::NoConnection).into());
    };
    match connections::store::check_ready(&desk.db, id).await? {
        Ok(connection) => {
            connections::store::mark_used(&desk.db, connection.id, desk.clock.now()).await?;
            Ok(connection.id)
        }
        Err(problem) => Err(Outcome::from(match problem {
            NotReady::NotFound => Ending::ConnectionGone,
            NotReady::NotSaved => Ending::ConnectionNotSaved,
            NotReady::ConsentNeeded => Ending::ConsentNeeded,
            NotReady::AuthenticateAgain => Ending::SignInAgain,
            NotReady::ExportUserGone => Ending::ExportUserGone,
        })
        .into()),
    }
}

/// Finds fields, segments and layout for frozen inputs.
pub(super) async fn prepare(
    desk: &Desk,
    definition: &ExportDefinition,
    inputs: &Inputs,
) -> Result<Ready, Interrupt> {
    let snapshot = desk.snapshot(inputs).await?;
    let layout = Layout::new(definition, &snapshot.fields)
        .map_err(|missing| Outcome::naming(Ending::FieldsMissing, missing.0))?;
    Ok(Ready {
        snapshot_id: snapshot.id,
        profiles: snapshot.rows,
        members: members(inputs, &snapshot.fields)?,
        layout: layout.excluding(desk.excluded(inputs).await?),
    })
}

/// Counts the members and checks the number. Everybody is as many as the load counted, without reading them again.
pub(super) async fn count(desk: &Desk, ready: &Ready) -> Result<u64, Interrupt> {
    let counted = if ready.members.is_everyone() {
        Ok(Ok(ready.profiles))
    } else {
        let (snapshots, id, filter) = (desk.snapshots(), ready.snapshot_id, ready.members.clone());
        tokio::task::spawn_blocking(move || snapshots.count(id, &filter)).await
    };
    match counted {
        Ok(Ok(0)) => Err(Outcome::from(Ending::NoMembers).into()),
        Ok(Ok(members)) if members > MAX_PROFILES => {
            Err(Outcome::from(Ending::TooManyProfiles).into())
        }
        Ok(Ok(members)) => Ok(members),
        Ok(Err(error)) => Err(snapshot_error(&error)),
        Err(stopped) => {
            tracing::error!(error = %stopped, "counting members stopped");
            Err(Outcome::from(Ending::SnapshotUnreadable).into())
        }
    }
}

/// Whether the list and the mapped custom fields are still there.
pub(super) async fn target(
    vendor: &mut Vendor,
    definition: &ExportDefinition,
) -> Result<(), Interrupt> {
    list(vendor, definition).await?;
    let wanted = definition.attributes.iter();
    let wanted: Vec<(&str, &str)> = wanted
        .filter_map(|attribute| match &attribute.target {
            Target::Custom(custom) => Some((custom.name.as_str(), custom.label.as_str())),
            Target::Standard(_) => None,
        })
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let found = vendor
        .read(&|api, token| api.list_custom_fields(token).boxed())
        .await?
        .map_err(|error| refusal(&error))?;
    let missing: Vec<String> = wanted
        .into_iter()
        .filter(|(name, _)| !found.iter().any(|field| field.name == *name))
        .map(|(_, label)| label.to_owned())
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Outcome::naming(Ending::CustomFieldsMissing, missing).into())
    }
}

/// Whether the list is still there.
pub(super) async fn list(
    vendor: &mut Vendor,
    definition: &ExportDefinition,
) -> Result<(), Interrupt> {
    let list_id = definition.list_id;
    let found = vendor
        .read(&move |api, token| {
            async move { api.get_contact_list(token, list_id, None).await }.boxed()
        })
        .await?;
    match found {
        Ok(list) if list.deleted_at.is_none() => Ok(()),
        Ok(_) => Err(Outcome::from(Ending::ListNotFound).into()),
        Err(error @ ClientError::NotFound(_)) => {
            Err(Outcome::quoting(Ending::ListNotFound, error).into())
        }
        Err(error) => Err(refusal(&error).into()),
    }
}

/// What is gone stays gone; anything else may pass.
pub(super) fn snapshot_error(error: &SnapshotError) -> Interrupt {
    let cause = error as &dyn std::error::Error;
    tracing::error!(error = cause, "the snapshot of a run cannot be read");
    match error {
        SnapshotError::NotFound(_) => Outcome::from(Ending::SnapshotUnreadable).into(),
        SnapshotError::NoSpace | SnapshotError::Storage { .. } => Interrupt::Profiles,
    }
}
