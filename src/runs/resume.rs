//! Resuming a run that failed or was canceled: what is missing of it, and why it may be too late for that.
//!
//! A resumed run is the same run. It plans from what was frozen when it started, so what has arrived is proved to be what
//! would be sent now, and is not sent again.

use jiff::{SignedDuration, Timestamp};
use sea_orm::ConnectionTrait;

use super::part::{Part, PartState, next_file_name};
use super::run::{Run, RunState};
use super::store::{self, StoreError};
use crate::exports::{self, Brake, Delivery, Export, ExportDefinition, Mode};
use crate::{deliveries, exclusions, segments, sources};

/// How long an activity that is not listed is known not to exist. The vendor forgets activities after 10 days
/// (`getActivity`); a day less, because nobody says at which hour.
pub(super) const ACTIVITIES_LISTED: SignedDuration = SignedDuration::from_hours(9 * 24);

/// Why a run cannot be resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// It has not ended, or ended otherwise than by failing or being canceled.
    #[error("the run has neither failed nor been canceled")]
    NotFailed,
    /// It ended before the first part was recorded, so there is nothing to go on from.
    #[error("nothing had been sent when the run ended; run the export again")]
    NothingBegun,
    /// Everything that may be sent has been.
    #[error("nothing of the run is missing that could be sent")]
    NothingMissing,
    /// The export has an unfinished run, or a later one has sent newer profiles.
    #[error("the export has run again since")]
    RunAgainSince,
    /// The export was removed.
    #[error("the export has been removed")]
    ExportGone,
    /// The export or one of its segments is not what it was: the parts would not come out the same.
    #[error("the export or one of its segments has changed since; run it again")]
    ExportChanged,
    /// Somebody was excluded or erased since, and must not be sent.
    #[error("the exclusion list has changed since; run the export again")]
    ExclusionsChanged,
    /// What had been delivered when it started is not remembered any more.
    #[error("what had been delivered before is not remembered any more; run the export again")]
    DeliveriesForgotten,
    /// The profiles it sent are not kept any more.
    #[error("the profiles of that time are not kept any more; run the export again")]
    SnapshotGone,
    /// Nobody can find out any more whether a part arrived.
    #[error("it is too long ago to find out whether a part arrived; run the export again")]
    TooOld,
}

impl Obstacle {
    /// Every obstacle.
    pub const ALL: [Self; 10] = [
        Self::NotFailed,
        Self::NothingBegun,
        Self::NothingMissing,
        Self::RunAgainSince,
        Self::ExportGone,
        Self::ExportChanged,
        Self::ExclusionsChanged,
        Self::DeliveriesForgotten,
        Self::SnapshotGone,
        Self::TooOld,
    ];

    /// Message key of the sentence that says what to do instead.
    pub fn message_key(self) -> &'static str {
        match self {
            Self::NotFailed => "runs-resume-not-failed",
            Self::NothingBegun => "runs-resume-nothing-begun",
            Self::NothingMissing => "runs-resume-nothing-missing",
            Self::RunAgainSince => "runs-resume-run-again-since",
            Self::ExportGone => "runs-resume-export-gone",
            Self::ExportChanged => "runs-resume-export-changed",
            Self::ExclusionsChanged => "runs-resume-exclusions-changed",
            Self::DeliveriesForgotten => "runs-resume-deliveries-forgotten",
            Self::SnapshotGone => "runs-resume-snapshot-gone",
            Self::TooOld => "runs-resume-too-old",
        }
    }

    /// Whether the page of the run says so by itself; the others go without saying.
    pub(super) fn is_worth_saying(self) -> bool {
        !matches!(
            self,
            Self::NotFailed | Self::NothingBegun | Self::ExportGone
        )
    }
}

/// Whether a run that ended so may be resumed.
pub(super) fn is_resumable(state: RunState) -> bool {
    state.next() == [RunState::Queued]
}

/// What becomes of a part when its run is resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// It was delivered.
    Nothing,
    /// It is known not to have arrived: it is sent.
    Send,
    /// It arrived and its activity did not complete: it is sent under this name, since the first is taken.
    SendAs(String),
    /// It may have arrived: that is found out first.
    FindOut,
    /// It arrived: its activity is asked for once more.
    LookUp,
}

/// What is missing of a part.
pub(super) fn rest(part: &Part) -> Rest {
    match part.state {
        PartState::Completed => Rest::Nothing,
        PartState::Recorded | PartState::Refused => Rest::Send,
        PartState::Failed | PartState::Cancelled | PartState::TimedOut => {
            next_file_name(&part.file_name).map_or(Rest::Nothing, Rest::SendAs)
        }
        PartState::Sending | PartState::Unclear => Rest::FindOut,
        // Where an activity that was accepted is not known any more, nobody knows whether it did its work.
        PartState::Accepted | PartState::Gone => Rest::LookUp,
    }
}

/// Why a finished run cannot be resumed; `None` when it can.
pub(super) async fn obstacle(
    db: &impl ConnectionTrait,
    run: &Run,
    parts: &[Part],
    now: Timestamp,
) -> Result<Option<Obstacle>, StoreError> {
    if !is_resumable(run.state) {
        return Ok(Some(Obstacle::NotFailed));
    }
    // A run that had nothing to send may still have people to take off the list.
    let is_begun = !parts.is_empty() || run.is_planned;
    let Some(inputs) = run.inputs.as_ref().filter(|_| is_begun) else {
        return Ok(Some(Obstacle::NothingBegun));
    };
    if run.is_planned
        && parts.iter().all(|part| rest(part) == Rest::Nothing)
        && !misses_removals(db, run).await?
    {
        return Ok(Some(Obstacle::NothingMissing));
    }
    let is_too_old =
        |part: &&Part| rest(part) == Rest::FindOut && part.sent_at() + ACTIVITIES_LISTED <= now;
    if parts.iter().any(|part| is_too_old(&part)) {
        return Ok(Some(Obstacle::TooOld));
    }
    if store::has_later_run(db, run).await? {
        return Ok(Some(Obstacle::RunAgainSince));
    }
    match exports::store::get(db, run.export_id).await {
        Ok(export) if !is_same(db, run, &export).await? => {
            return Ok(Some(Obstacle::ExportChanged));
        }
        Ok(_) => {}
        Err(exports::StoreError::Database(error)) => return Err(error.into()),
        Err(_) => return Ok(Some(Obstacle::ExportGone)),
    }
    if exclusions::store::latest_change(db).await? != inputs.exclusions {
        return Ok(Some(Obstacle::ExclusionsChanged));
    }
    if let Some(version) = inputs.delivered
        && !deliveries::store::is_known(db, run.export_id, version).await?
    {
        return Ok(Some(Obstacle::DeliveriesForgotten));
    }
    if !sources::store::holds(db, run.id).await? {
        return Ok(Some(Obstacle::SnapshotGone));
    }
    Ok(None)
}

/// Whether somebody is still to be taken off the list.
async fn misses_removals(db: &impl ConnectionTrait, run: &Run) -> Result<bool, StoreError> {
    if run.definition.delivery.mode != Mode::Mirror {
        return Ok(false);
    }
    let found = store::removals::find(db, run.id).await?;
    Ok(found.is_none_or(|removals| removals.removed < removals.people))
}

/// Whether an export and its segments still decide what they decided when the run started.
async fn is_same(
    db: &impl ConnectionTrait,
    run: &Run,
    export: &Export,
) -> Result<bool, StoreError> {
    if decides(&run.definition) != decides(&export.definition) {
        return Ok(false);
    }
    let frozen = run.inputs.iter().flat_map(|inputs| &inputs.segments);
    for frozen in frozen {
        match segments::store::get(db, frozen.id).await {
            Ok(segment) if segment.rule == frozen.rule => {}
            Ok(_) | Err(segments::store::StoreError::NotFound) => return Ok(false),
            Err(segments::store::StoreError::Database(error)) => return Err(error.into()),
            Err(_) => return Ok(false),
        }
    }
    Ok(true)
}

/// What of an export decides who is sent where; names and the brake do not.
fn decides(definition: &ExportDefinition) -> ExportDefinition {
    ExportDefinition {
        name: String::new(),
        list_name: None,
        brake: Brake::OFF,
        delivery: Delivery {
            removals_ask_above: None,
            ..definition.delivery.clone()
        },
        ..definition.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::runs::test_support::part;

    #[test]
    fn only_what_is_missing_is_sent() {
        let rests = PartState::ALL.map(|state| (state, rest(&part(1, 10, state))));
        for (state, rest) in rests {
            let is_sent = matches!(rest, Rest::Send | Rest::SendAs(_));
            let may_have_worked = matches!(
                state,
                PartState::Completed
                    | PartState::Accepted
                    | PartState::Gone
                    | PartState::Sending
                    | PartState::Unclear
            );
            assert_eq!(is_sent, !may_have_worked, "{state:?}");
        }
    }

    #[test]
    fn every_obstacle_has_its_own_sentence() {
        let keys: HashSet<&str> = Obstacle::ALL.iter().map(|o| o.message_key()).collect();
        assert_eq!(keys.len(), Obstacle::ALL.len());
    }
}
