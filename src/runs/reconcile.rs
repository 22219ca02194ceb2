//! Finding out whether a part has arrived, by its file name among the account's activities. The only substitute for the
//! idempotency key that the vendor's API does not have.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::FutureExt;
use uuid::Uuid;

use super::control::{Control, Interrupt};
use super::outcome::{Ending, Outcome};
use super::part::{Part, file_name};
use super::run::WaitingFor;
use super::vendor::{Vendor, refusal};
use crate::constant_contact::Activity;

/// Waits before the next search.
pub(super) async fn wait(control: &Control, seconds: u64) -> Result<(), Interrupt> {
    let wait = Duration::from_secs(seconds);
    control.wait(wait, Some(WaitingFor::Certainty)).await
}

/// The activity of a file, if it is listed. Every page is read before the answer is "no".
pub(super) async fn find(
    vendor: &mut Vendor,
    file_name: &str,
) -> Result<Option<Activity>, Interrupt> {
    let name = file_name.to_owned();
    let found = vendor
        .read(&move |api, token| {
            let name = name.clone();
            async move { api.find_activity_by_file_name(token, &name).await }.boxed()
        })
        .await;
    unknown(found)
}

/// Activities of parts of this run that are not recorded as arrived, by number. One listing.
pub(super) async fn arrived_unrecorded(
    vendor: &mut Vendor,
    run_id: Uuid,
    recorded: &HashMap<u32, Part>,
) -> Result<HashMap<u32, Activity>, Interrupt> {
    let prefix = file_name(run_id, 0);
    let prefix = prefix.trim_end_matches(|c: char| c != '-').to_owned();
    let found = vendor
        .read(&move |api, token| {
            let prefix = prefix.clone();
            async move {
                let mut found = Vec::new();
                let mut pages = api.activities(token);
                while let Some(page) = pages.next_page().await? {
                    found.extend(page.into_iter().filter_map(|activity| {
                        let number = activity.source_file_name.as_deref()?;
                        let number = number.strip_prefix(&prefix)?.strip_suffix(".csv")?;
                        Some((number.parse::<u32>().ok()?, activity))
                    }));
                }
                Ok(found)
            }
            .boxed()
        })
        .await;
    let mut found: HashMap<u32, Activity> = unknown(found)?.into_iter().collect();
    found.retain(|number, _| !recorded.contains_key(number));
    Ok(found)
}

/// When the activities cannot be read for too long, or at all, nobody knows what has arrived.
fn unknown<T>(
    read: Result<Result<T, crate::constant_contact::ClientError>, Interrupt>,
) -> Result<T, Interrupt> {
    match read {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => {
            let mut outcome = refusal(&error);
            if outcome.ending == Ending::Refused {
                outcome.ending = Ending::OutcomeUnknown;
            }
            Err(outcome.into())
        }
        Err(Interrupt::End(outcome)) if outcome.ending == Ending::VendorUnavailable => {
            Err(Outcome {
                ending: Ending::OutcomeUnknown,
                ..outcome
            }
            .into())
        }
        Err(interrupt) => Err(interrupt),
    }
}
