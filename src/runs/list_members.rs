//! Who is on a run's list at Constant Contact, and who has unsubscribed: a `contact_exports` job each, read as a stream.

use futures_util::FutureExt;
use tokio::time::Instant;

use super::checks::results::{Contact, Results};
use super::contact_export::{
    DOWNLOADS, FIRST_LOOK, JOB_PATIENCE, MAX_FILE_BYTES, is_done, next_wait,
};
use super::control::{Control, Interrupt};
use super::outcome::{Ending, Outcome};
use super::run::Run;
use super::vendor::{Vendor, refusal};
use crate::constant_contact::{Activity, ActivityId, ClientError, ContactExport, ListId};

/// Columns asked for.
const FIELDS: [&str; 3] = ["contact_id", "email_address", "email_permission_status"];

/// Whom a job asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whom {
    /// Everybody on the run's list.
    OnList,
    /// Everybody in the account who has unsubscribed: such people are on no list any more.
    Unsubscribed,
}

impl Whom {
    fn job(self, list_id: ListId) -> ContactExport {
        let fields = FIELDS.map(str::to_owned).into();
        match self {
            Self::OnList => ContactExport {
                list_ids: vec![list_id],
                fields,
                ..ContactExport::default()
            },
            Self::Unsubscribed => ContactExport {
                status: Some("unsubscribed".to_owned()),
                fields,
                ..ContactExport::default()
            },
        }
    }
}

/// Hands out every such contact. May hand out one twice, when a download breaks off and is begun again.
///
/// Only reads, so a job that nobody knows of any more after an interruption does no harm, and another one is begun.
pub(super) async fn read(
    control: &Control,
    vendor: &mut Vendor,
    run: &Run,
    whom: Whom,
    each: &mut (dyn FnMut(Contact<'_>) + Send),
) -> Result<(), Interrupt> {
    let job = finished_job(control, vendor, whom.job(run.definition.list_id)).await?;
    let mut outcome = Outcome::from(Ending::VendorUnavailable);
    for _ in 0..DOWNLOADS {
        control.check_now().await?;
        match download(control, vendor, &job, each).await? {
            Ok(()) => return Ok(()),
            Err(error) => {
                tracing::info!(run = %run.id, ?whom, %error, "contacts were not read to the end");
                outcome = Outcome::quoting(Ending::VendorUnavailable, error);
            }
        }
        control.sleep(FIRST_LOOK).await?;
    }
    Err(outcome.into())
}

async fn finished_job(
    control: &Control,
    vendor: &mut Vendor,
    export: ContactExport,
) -> Result<Activity, Interrupt> {
    let begun = vendor
        .begin(&move |api, token| {
            let export = export.clone();
            async move { api.start_contact_export(token, &export).await }.boxed()
        })
        .await?;
    let id: ActivityId = begun.map_err(|error| list_problem(&error))?.activity_id;
    let (began, mut wait) = (Instant::now(), FIRST_LOOK);
    loop {
        let asked = id.clone();
        let job = vendor
            .read(&move |api, token| {
                let id = asked.clone();
                async move { api.get_activity(token, &id).await }.boxed()
            })
            .await?
            .map_err(|error| refusal(&error))?;
        if is_done(&job)? {
            return Ok(job);
        }
        if vendor.is_over(began, JOB_PATIENCE) {
            return Err(Outcome::from(Ending::ActivitiesTooSlow).into());
        }
        control.sleep(wait).await?;
        wait = next_wait(wait);
    }
}

fn list_problem(error: &ClientError) -> Interrupt {
    match error {
        ClientError::NotFound(_) => Outcome::quoting(Ending::ListNotFound, error).into(),
        error => refusal(error).into(),
    }
}

async fn download(
    control: &Control,
    vendor: &mut Vendor,
    job: &Activity,
    each: &mut (dyn FnMut(Contact<'_>) + Send),
) -> Result<Result<(), ClientError>, Interrupt> {
    let (job, announced) = (job.clone(), job.clone());
    let opening = async {
        vendor
            .read(&move |api, token| {
                let job = job.clone();
                async move { api.open_export_results(token, &job, MAX_FILE_BYTES).await }.boxed()
            })
            .await
    };
    let opened = control.unless_interrupted(opening).await??;
    let mut file = opened.map_err(|error| refusal(&error))?;
    let mut results = Results::new();
    loop {
        control.check()?;
        let piece = match control.unless_interrupted(file.next_piece()).await? {
            Ok(Some(piece)) if piece.is_empty() => continue,
            Ok(piece) => piece.unwrap_or_default(),
            Err(error) => return Ok(Err(error)),
        };
        let taken = results.take(&piece, each);
        taken.map_err(|error| Outcome::quoting(Ending::ActivityFailed, error))?;
        if piece.is_empty() {
            return Ok(results.check_whole(&announced));
        }
    }
}
