//! What became of removals: their activities followed to the end.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures_util::FutureExt;
use sea_orm::DbErr;
use tokio::time::Instant;

use crate::constant_contact::{Activity, ActivityId, ActivityState, ClientError, Pages};
use crate::runs::control::{Control, Interrupt};
use crate::runs::desk::Desk;
use crate::runs::follow::{self, LAST_LOOKS_SECONDS, SINGLE_LOOKUPS};
use crate::runs::outcome::{Ending, Outcome};
use crate::runs::retry::MAX_FOLLOWING;
use crate::runs::run::Run;
use crate::runs::store::removals::{self, RemovalState};
use crate::runs::vendor::{Vendor, refusal};

/// First and longest wait between two looks at the activities.
const FIRST_LOOK: Duration = Duration::from_millis(500);
const LONGEST_LOOK: Duration = Duration::from_secs(60);

/// Waits until every activity has ended.
pub(super) async fn follow(
    desk: &Desk,
    control: &Control,
    vendor: &mut Vendor,
    run: &Run,
) -> Result<(), Interrupt> {
    let (began, mut wait) = (Instant::now(), FIRST_LOOK);
    loop {
        let wanted = under_way(desk, run).await?;
        if wanted.is_empty() {
            return Ok(());
        }
        let seen = look(vendor, &wanted).await?;
        let changes: Vec<_> = seen
            .into_iter()
            .filter_map(|(number, activity)| ended(number, activity))
            .collect();
        let requests = control.take_requests();
        control
            .lease
            .change_removals(&desk.db, &changes, requests)
            .await?;
        if changes.len() == wanted.len() {
            return Ok(());
        }
        if vendor.is_over(began, MAX_FOLLOWING) {
            return Err(Outcome::from(Ending::ActivitiesTooSlow).into());
        }
        control.sleep(wait).await?;
        wait = (wait * 3 / 2).min(LONGEST_LOOK);
    }
}

/// Where the activities stand, by number; `None` for one that is not known any more.
async fn look(
    vendor: &mut Vendor,
    wanted: &HashMap<String, i32>,
) -> Result<Vec<(i32, Option<Activity>)>, Interrupt> {
    let names = wanted.clone();
    let listed = vendor
        .read(&move |api, token| list_named(api.activities(token), names.clone()).boxed())
        .await?
        .map_err(|error| refusal(&error))?;
    let mut seen: BTreeMap<i32, Option<Activity>> = BTreeMap::new();
    for activity in listed {
        if let Some(number) = wanted.get(activity.activity_id.as_str()) {
            seen.insert(*number, Some(activity));
        }
    }
    let hidden = wanted
        .iter()
        .filter(|(_, number)| !seen.contains_key(number));
    let hidden: Vec<(String, i32)> = hidden
        .take(SINGLE_LOOKUPS)
        .map(|(id, number)| (id.clone(), *number))
        .collect();
    for (id, number) in hidden {
        let answer = vendor
            .read(&move |api, token| {
                let id = ActivityId::new(id.as_str());
                async move { api.get_activity(token, &id).await }.boxed()
            })
            .await?;
        match answer {
            Ok(activity) => seen.insert(number, Some(activity)),
            Err(ClientError::NotFound(_)) => seen.insert(number, None),
            Err(error) => return Err(refusal(&error).into()),
        };
    }
    Ok(seen.into_iter().collect())
}

/// Lists activities by their ids.
async fn list_named(
    pages: Pages<'_, Activity>,
    wanted: HashMap<String, i32>,
) -> Result<Vec<Activity>, ClientError> {
    let is_wanted = |activity: &Activity| wanted.contains_key(activity.activity_id.as_str());
    follow::list(pages, wanted.len(), is_wanted).await
}

/// Last looks at the activities, for a run that ends before all of them have. What cannot be learned now stays as it is
/// recorded.
pub(in crate::runs) async fn last_looks(
    desk: &Desk,
    control: &Control,
    vendor: &mut Vendor,
    run: &Run,
) {
    for seconds in LAST_LOOKS_SECONDS {
        tokio::time::sleep(desk.pace.quickened(Duration::from_secs(seconds))).await;
        match last_look(desk, control, vendor, run).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(interrupt) => {
                tracing::warn!(run = %run.id, ?interrupt, "no last look at the removals");
                return;
            }
        }
    }
}

/// Whether another look may show more.
async fn last_look(
    desk: &Desk,
    control: &Control,
    vendor: &mut Vendor,
    run: &Run,
) -> Result<bool, Interrupt> {
    let wanted = under_way(desk, run).await?;
    if wanted.is_empty() {
        return Ok(false);
    }
    let names = wanted.clone();
    let listed = vendor
        .try_once(&move |api, token| list_named(api.activities(token), names.clone()).boxed())
        .await?
        .map_err(|error| refusal(&error))?;
    let changes: Vec<_> = listed
        .into_iter()
        .filter_map(|activity| {
            let number = *wanted.get(activity.activity_id.as_str())?;
            ended(number, Some(activity))
        })
        .collect();
    let lease = control.lease;
    lease.change_removals(&desk.db, &changes, 0).await?;
    Ok(changes.len() < wanted.len())
}

/// Numbers of the removals that Constant Contact works on, by activity.
async fn under_way(desk: &Desk, run: &Run) -> Result<HashMap<String, i32>, DbErr> {
    let open = removals::in_state(&desk.db, run.id, RemovalState::Accepted).await?;
    let by_activity = |(number, id): (i32, Option<String>)| (id.unwrap_or_default(), number);
    Ok(open.into_iter().map(by_activity).collect())
}

/// What is recorded of an activity that has ended.
fn ended(
    number: i32,
    activity: Option<Activity>,
) -> Option<(i32, RemovalState, Option<String>, Option<String>)> {
    let Some(activity) = activity else {
        return Some((number, RemovalState::Failed, None, None));
    };
    let id = Some(activity.activity_id.as_str().to_owned());
    match activity.state {
        ActivityState::Completed => {
            let words = complaint(&activity);
            let state = match words {
                None => RemovalState::Completed,
                Some(_) => RemovalState::Failed,
            };
            Some((number, state, id, words))
        }
        ActivityState::Cancelled | ActivityState::Failed | ActivityState::TimedOut => {
            let words = activity.errors.first().cloned();
            let words = words.unwrap_or_else(|| activity.state.as_str().to_owned());
            Some((number, RemovalState::Failed, id, Some(words)))
        }
        ActivityState::Initialized | ActivityState::Processing | ActivityState::Other(_) => None,
    }
}

/// Why an activity that completed has not taken everybody off; `None` when it says nothing of the kind.
fn complaint(activity: &Activity) -> Option<String> {
    if let Some(words) = activity.errors.first() {
        return Some(words.clone());
    }
    let (total, done) = (
        activity.counts.items_total?,
        activity.counts.items_completed?,
    );
    (done < total).then(|| format!("items_completed_count {done}, items_total_count {total}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_removal_is_done_when_its_activity_neither_complains_nor_counts_fewer() {
        let ended_as = |errors: &[&str], status: serde_json::Value| {
            let activity: Activity = serde_json::from_value(json!({
                "activity_id": "a",
                "state": "completed",
                "activity_errors": errors,
                "status": status,
            }))
            .unwrap();
            let (_, state, _, words) = ended(1, Some(activity)).unwrap();
            (state, words)
        };
        let whole = json!({ "items_total_count": 21, "items_completed_count": 21 });
        let done = (RemovalState::Completed, None);
        assert_eq!(ended_as(&[], whole.clone()), done);
        assert_eq!(ended_as(&[], json!({})), done, "it need not count");
        let failed = |words: &str| (RemovalState::Failed, Some(words.to_owned()));
        assert_eq!(ended_as(&["No."], whole), failed("No."));
        let fewer = json!({ "items_total_count": 21, "items_completed_count": 0 });
        assert_eq!(
            ended_as(&[], fewer),
            failed("items_completed_count 0, items_total_count 21")
        );
    }
}
