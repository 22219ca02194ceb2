//! Finding out whether a part has arrived, by its file name among the account's activities. The only substitute for the
//! idempotency key that the vendor's API does not have.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};

use super::control::{Control, Interrupt};
use super::desk::Desk;
use super::outcome::{Ending, Outcome};
use super::part::{Part, PartState, file_name};
use super::retry::ask_again_in;
use super::run::Run;
use super::store::{self, PartChange, Progress};
use super::vendor::Vendor;
use super::waiting::{Waiting, WaitingFor};
use crate::constant_contact::{Activity, ClientError};

/// Waits before the next search.
pub(super) async fn wait(control: &Control, seconds: u64) -> Result<(), Interrupt> {
    let wait = Duration::from_secs(seconds);
    control.wait(wait, Some(WaitingFor::Certainty)).await
}

/// Asks on behalf of a run. What cannot be found out now is asked again later, and nothing is sent until it is settled.
pub(super) struct Asking<'a> {
    pub(super) desk: &'a Desk,
    pub(super) control: &'a Control,
    pub(super) run: &'a Run,
}

impl Asking<'_> {
    /// The activity of a part's file, if it is listed. Every page is read before the answer is "no".
    ///
    /// # Errors
    /// [`Interrupt`]; a pause when the activities cannot be read, and the end when that has lasted too long.
    pub(super) async fn find(
        &self,
        vendor: &mut Vendor,
        number: u32,
        file_name: &str,
    ) -> Result<Option<Activity>, Interrupt> {
        let name = file_name.to_owned();
        let found = vendor
            .ask(&move |api, token| {
                let name = name.clone();
                async move { api.find_activity_by_file_name(token, &name).await }.boxed()
            })
            .await;
        self.settle(Some(number), found).await
    }

    /// Activities of parts of this run that are not recorded as arrived, by number. One listing.
    ///
    /// # Errors
    /// As [`Asking::find`].
    pub(super) async fn arrived_unrecorded(
        &self,
        vendor: &mut Vendor,
        recorded: &HashMap<u32, Part>,
    ) -> Result<HashMap<u32, Activity>, Interrupt> {
        let prefix = file_name(self.run.id, 0);
        let prefix = prefix.trim_end_matches(|c: char| c != '-').to_owned();
        let found = vendor
            .ask(&move |api, token| {
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
        let unclear = recorded
            .values()
            .find(|part| matches!(part.state, PartState::Sending | PartState::Unclear));
        let found = self.settle(unclear.map(|part| part.number), found).await?;
        let mut found: HashMap<u32, Activity> = found.into_iter().collect();
        found.retain(|number, _| !recorded.contains_key(number));
        Ok(found)
    }

    /// Without an answer nobody knows what has arrived: the run says so, gives its place to others and asks again, until the
    /// time allowed is over. Then it ends, and can be resumed, which asks first.
    async fn settle<T>(
        &self,
        unclear: Option<u32>,
        asked: Result<Result<T, ClientError>, Interrupt>,
    ) -> Result<T, Interrupt> {
        let (lease, db) = (self.control.lease, &self.desk.db);
        let words = match asked {
            Ok(Ok(found)) => {
                if self.run.asking_since.is_some() {
                    lease.progress(db, asking_since(None)).await?;
                }
                return Ok(found);
            }
            Ok(Err(error)) => Some(error.to_string()),
            Err(Interrupt::End(outcome)) if may_pass(outcome.ending) => outcome.vendor_words,
            Err(interrupt) => return Err(interrupt),
        };
        let now = self.desk.clock.now();
        // Read now: this claim may have asked with success since it read the run.
        let since = match store::get(db, self.run.id).await?.asking_since {
            Some(since) => since.min(now),
            None => {
                lease.progress(db, asking_since(Some(now))).await?;
                now
            }
        };
        tracing::warn!(run = %self.run.id, part = unclear, since = %since, "outcome unknown");
        if let Some(number) = unclear {
            let words = words.clone().unwrap_or_default();
            let (change, progress) = (PartChange::CouldNotAsk(words), Progress::default());
            lease.change_part(db, number, change, progress, now).await?;
        }
        let longest =
            SignedDuration::try_from(self.control.pace.outcome_wait).unwrap_or(SignedDuration::MAX);
        let elapsed = now.duration_since(since);
        if elapsed >= longest {
            return Err(Outcome {
                vendor_words: words,
                ..Ending::OutcomeUnknown.into()
            }
            .into());
        }
        Err(Interrupt::Pause(Waiting {
            reason: WaitingFor::Certainty,
            until: now + ask_again_in(elapsed),
        }))
    }
}

/// Whether an end that the asking came to may pass, or be repaired by a person, within the time allowed. A lost sign-in is
/// waited for on its own.
fn may_pass(ending: Ending) -> bool {
    !matches!(ending, Ending::SignInAgain | Ending::ConnectionGone)
}

fn asking_since(since: Option<Timestamp>) -> Progress {
    Progress {
        asking_since: Some(since),
        ..Progress::default()
    }
}
