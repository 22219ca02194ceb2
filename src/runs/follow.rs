//! Waiting for the activities of a run's parts. All of them are asked for in one request per round.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;

use super::control::{Control, Interrupt};
use super::desk::Desk;
use super::outcome::{Ending, Outcome};
use super::part::{Part, PartState};
use super::retry::MAX_FOLLOWING;
use super::run::Run;
use super::store::{self, PartChange, Progress};
use super::vendor::{Vendor, refusal};
use crate::constant_contact::{Activity, ActivityId, ClientError, Pages};

/// First and longest wait between two rounds. In between a quarter of the time waited so far, so that a short run ends
/// promptly and an hour costs about 30 requests.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// Activities asked for one by one in a round, when the listing does not show them.
pub(super) const SINGLE_LOOKUPS: usize = 5;

/// Waits until every activity has ended; returns the parts as they are then.
pub(super) async fn follow(
    desk: &Desk,
    control: &Control,
    vendor: &mut Vendor,
    run: &Run,
) -> Result<Vec<Part>, Interrupt> {
    let began = Instant::now();
    loop {
        let parts = round(desk, control, vendor, run).await?;
        if parts.iter().all(|part| part.state != PartState::Accepted) {
            return Ok(parts);
        }
        if vendor.is_over(began, MAX_FOLLOWING) {
            return Err(Outcome::from(Ending::ActivitiesTooSlow).into());
        }
        let elapsed = began.elapsed() * control.pace.quickening;
        control
            .sleep((elapsed / 4).clamp(FIRST_WAIT, LONGEST_WAIT))
            .await?;
    }
}

/// Asks once where the activities stand and records it; returns the parts as they are then.
async fn round(
    desk: &Desk,
    control: &Control,
    vendor: &mut Vendor,
    run: &Run,
) -> Result<Vec<Part>, Interrupt> {
    let parts = store::parts(&desk.db, run.id).await?;
    let open = open_by_name(&parts, |part| part.state == PartState::Accepted);
    if open.is_empty() {
        return Ok(parts);
    }
    let names: Vec<String> = open.keys().cloned().collect();
    let found = vendor
        .read(&move |api, token| list_files(api.activities(token), names.clone()).boxed())
        .await?
        .map_err(|error| refusal(&error))?;
    let now = desk.clock.now();
    let seen = by_number(found, &open);
    let is_seen = |part: &&Part| seen.iter().any(|(number, _)| *number == part.number);
    let hidden: Vec<&Part> = parts
        .iter()
        .filter(|part| part.state == PartState::Accepted && !is_seen(part))
        .take(SINGLE_LOOKUPS)
        .collect();
    store::record_activities(&desk.db, run.id, &seen, now).await?;
    for part in hidden {
        look_up(desk, control, vendor, part).await?;
    }
    let progress = Progress {
        requests: control.take_requests(),
        ..Progress::default()
    };
    control.lease.progress(&desk.db, progress).await?;
    Ok(store::parts(&desk.db, run.id).await?)
}

/// Asks for one part's activity that the listing does not show.
async fn look_up(
    desk: &Desk,
    control: &Control,
    vendor: &mut Vendor,
    part: &Part,
) -> Result<(), Interrupt> {
    let Some(id) = part.activity_id.clone().map(ActivityId::new) else {
        return Ok(());
    };
    let answer = vendor
        .read(&move |api, token| {
            let id = id.clone();
            async move { api.get_activity(token, &id).await }.boxed()
        })
        .await?;
    let now = desk.clock.now();
    let change = match &answer {
        Ok(activity) => PartChange::Seen(activity),
        Err(ClientError::NotFound(_)) => PartChange::Gone,
        Err(error) => return Err(refusal(error).into()),
    };
    let lease = control.lease;
    Ok(lease
        .change_part(&desk.db, part.number, change, Progress::default(), now)
        .await?)
}

/// Seconds waited before each of the last looks.
pub(super) const LAST_LOOKS_SECONDS: [u64; 5] = [0, 1, 2, 4, 8];

/// Last looks at what has arrived, for a run that ends before all its activities have. What cannot be learned now stays
/// as it is recorded, since the end is recorded only afterwards.
pub(super) async fn last_looks(desk: &Desk, vendor: &mut Vendor, run: &Run) {
    vendor.hurry();
    for seconds in LAST_LOOKS_SECONDS {
        tokio::time::sleep(desk.pace.quickened(Duration::from_secs(seconds))).await;
        match last_look(desk, vendor, run).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(interrupt) => {
                tracing::warn!(run = %run.id, ?interrupt, "no last look");
                return;
            }
        }
    }
}

/// Whether another look may show more.
async fn last_look(desk: &Desk, vendor: &mut Vendor, run: &Run) -> Result<bool, Interrupt> {
    let parts = store::parts(&desk.db, run.id).await?;
    let open = open_by_name(&parts, |part| {
        matches!(
            part.state,
            PartState::Accepted | PartState::Sending | PartState::Unclear
        )
    });
    if open.is_empty() {
        return Ok(false);
    }
    let names: Vec<String> = open.keys().cloned().collect();
    let found = vendor
        .try_once(&move |api, token| list_files(api.activities(token), names.clone()).boxed())
        .await?
        .map_err(|error| refusal(&error))?;
    let (seen, now) = (by_number(found, &open), desk.clock.now());
    store::record_activities(&desk.db, run.id, &seen, now).await?;
    Ok(true)
}

fn open_by_name(parts: &[Part], is_open: impl Fn(&Part) -> bool) -> HashMap<String, u32> {
    parts
        .iter()
        .filter(|part| is_open(part))
        .map(|part| (part.file_name.clone(), part.number))
        .collect()
}

fn by_number(found: Vec<Activity>, open: &HashMap<String, u32>) -> Vec<(u32, Activity)> {
    let number = |activity: &Activity| open.get(activity.source_file_name.as_deref()?).copied();
    found
        .into_iter()
        .filter_map(|activity| Some((number(&activity)?, activity)))
        .collect()
}

/// Reads pages until `count` activities that are wanted have been seen; usually the first is enough.
pub(super) async fn list(
    mut pages: Pages<'_, Activity>,
    count: usize,
    is_wanted: impl Fn(&Activity) -> bool,
) -> Result<Vec<Activity>, ClientError> {
    let mut found: Vec<Activity> = Vec::new();
    while found.len() < count
        && let Some(page) = pages.next_page().await?
    {
        found.extend(page.into_iter().filter(&is_wanted));
    }
    Ok(found)
}

/// Lists the activities of files.
async fn list_files(
    pages: Pages<'_, Activity>,
    names: Vec<String>,
) -> Result<Vec<Activity>, ClientError> {
    let is_wanted = |activity: &Activity| {
        let name = activity.source_file_name.as_ref();
        name.is_some_and(|name| names.contains(name))
    };
    list(pages, names.len(), is_wanted).await
}
