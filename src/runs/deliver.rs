//! Sending the parts of a run: each is recorded before it is sent, and never sent again before it is known that it did
//! not arrive.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::control::{Control, Interrupt};
use super::desk::Desk;
use super::outcome::{Ending, Outcome};
use super::part::{Part, PartState, file_name};
use super::part_writer::{PartLimits, PlannedPart};
use super::plan::{Planner, Totals};
use super::preflight::{self, Ready, snapshot_error};
use super::reconcile::{self, Asking};
use super::resume::ACTIVITIES_LISTED;
use super::retry::{LOOKS_SECONDS, MAX_SENDS, Remedy, looks_after};
use super::run::{Phase, Run};
use super::store::{PartChange, Progress};
use super::vendor::{Patience, Vendor, refusal};
use crate::constant_contact::{Activity, ClientError, ListId};
use crate::profiles::{Scan, SnapshotError, Snapshots};

/// Parts planned ahead of the one being sent. With the one being filled and the one being sent this bounds the memory
/// to three parts of 4 MB.
const PARTS_AHEAD: usize = 1;

/// What the planning thread hands over.
enum Planned {
    Part(PlannedPart, Totals),
    Done(Totals),
    Failed(SnapshotError),
}

/// The sending of one run.
pub(super) struct Delivery<'a> {
    pub(super) desk: &'a Desk,
    pub(super) control: &'a Arc<Control>,
    pub(super) vendor: &'a mut Vendor,
    pub(super) run: &'a Run,
}

impl<'a> Delivery<'a> {
    /// Plans and sends every part that has not arrived yet. Returns what was counted.
    pub(super) async fn deliver(
        &mut self,
        ready: Ready,
        members: u64,
        recorded: Vec<Part>,
    ) -> Result<Totals, Interrupt> {
        let mut recorded: HashMap<u32, Part> = recorded
            .into_iter()
            .map(|part| (part.number, part))
            .collect();
        let mut arrived = if self.run.claims > 1 {
            // What an interrupted owner sent last may be unknown here: its record is lost with the power.
            self.asking()
                .arrived_unrecorded(self.vendor, &recorded)
                .await?
        } else {
            HashMap::new()
        };
        let limits =
            PartLimits::for_import(&file_name(self.run.id, 1), &[self.run.definition.list_id]);
        let mut planned = plan(self.desk.snapshots(), ready, limits, members);
        while let Some(planned) = planned.recv().await {
            match planned {
                Planned::Part(part, totals) => {
                    let before = recorded.remove(&part.number);
                    let arrived = arrived.remove(&part.number);
                    self.part(part, totals, before, arrived).await?;
                }
                Planned::Done(totals) => {
                    if !recorded.is_empty() {
                        return Err(Outcome::from(Ending::PlanChanged).into());
                    }
                    let progress = Progress {
                        phase: Some(Phase::Following),
                        totals: Some(totals),
                        members: Some(totals.read),
                        is_planned: Some(true),
                        requests: self.control.take_requests(),
                        ..Progress::default()
                    };
                    self.control.lease.progress(&self.desk.db, progress).await?;
                    return Ok(totals);
                }
                Planned::Failed(error) => return Err(snapshot_error(&error)),
            }
        }
        tracing::error!(run = %self.run.id, "planning stopped");
        Err(Outcome::from(Ending::SnapshotUnreadable).into())
    }

    /// Brings one part to Constant Contact, wherever it stands.
    async fn part(
        &mut self,
        part: PlannedPart,
        totals: Totals,
        before: Option<Part>,
        arrived: Option<Activity>,
    ) -> Result<(), Interrupt> {
        self.control.check_now().await?;
        // Here, while the next part is planned on its own thread.
        let hashed = part.clone();
        let hashed = tokio::task::spawn_blocking(move || hashed.sha256()).await;
        let sha256 = hashed.map_err(|stopped| {
            tracing::error!(run = %self.run.id, error = %stopped, "hashing a part stopped");
            Outcome::from(Ending::SnapshotUnreadable)
        })?;
        let Some(before) = before else {
            let progress = Progress {
                totals: Some(totals),
                requests: self.control.take_requests(),
                ..Progress::default()
            };
            let now = self.desk.clock.now();
            self.control
                .lease
                .record_part(
                    &self.desk.db,
                    self.run.export_id,
                    &part,
                    sha256,
                    progress,
                    now,
                )
                .await?;
            if let Some(activity) = arrived {
                return self
                    .change(part.number, PartChange::Accepted(&activity))
                    .await;
            }
            let name = file_name(self.run.id, part.number);
            return self.send(&part, &name, 1).await;
        };
        if before.sha256 != sha256 {
            tracing::error!(run = %self.run.id, part = part.number, "a recorded part came out differently");
            return Err(Outcome::from(Ending::PlanChanged).into());
        }
        match before.state {
            state if state.has_arrived() => Ok(()),
            PartState::Sending | PartState::Unclear => {
                // The longer searches for both: whoever sent it is gone, and a resumed run may ask soon after.
                let looks = &LOOKS_SECONDS;
                let done = match before.state {
                    PartState::Sending => {
                        self.change(part.number, PartChange::Unclear).await?;
                        0
                    }
                    _ => before.looks,
                };
                let sent_at = before.sent_at();
                if self
                    .find_out(part.number, &before.file_name, sent_at, looks, done)
                    .await?
                {
                    return Ok(());
                }
                self.send_again(&part, &before).await
            }
            _ => self.send_again(&part, &before).await,
        }
    }

    async fn send_again(&mut self, part: &PlannedPart, before: &Part) -> Result<(), Interrupt> {
        self.control.check_now().await?;
        self.change(part.number, PartChange::Sending).await?;
        self.send(part, &before.file_name, before.sends + 1).await
    }

    /// Sends a part that is recorded as being sent under `name`, for the `sends`-th time.
    async fn send(
        &mut self,
        part: &PlannedPart,
        name: &str,
        mut sends: u32,
    ) -> Result<(), Interrupt> {
        let mut patience = Patience::new();
        loop {
            let error = match self.upload(part, name).await {
                Ok(Ok(activity)) => {
                    tracing::debug!(run = %self.run.id, part = part.number, "part accepted");
                    self.change(part.number, PartChange::Accepted(&activity))
                        .await?;
                    return self.control.stop_showing_wait().await;
                }
                Ok(Err(error)) => error,
                Err(interrupt) => {
                    // There was no token to send it with.
                    self.change(part.number, PartChange::NotSent).await?;
                    return Err(interrupt);
                }
            };
            tracing::info!(run = %self.run.id, part = part.number, %error, "part not accepted");
            match Remedy::of(&error) {
                Remedy::FindOut => {
                    self.change(part.number, PartChange::Unclear).await?;
                    let sent_at = self.desk.clock.now();
                    if self
                        .find_out(part.number, name, sent_at, looks_after(&error), 0)
                        .await?
                    {
                        return Ok(());
                    }
                    if sends >= MAX_SENDS {
                        return Err(Outcome::quoting(Ending::VendorUnavailable, error).into());
                    }
                    sends += 1;
                }
                Remedy::GiveUp => {
                    let words = error.to_string();
                    self.change(part.number, PartChange::Refused(words)).await?;
                    return Err(self.refused(&error).await);
                }
                remedy => {
                    self.change(part.number, PartChange::NotSent).await?;
                    self.vendor.cure(remedy, &mut patience, &error).await?;
                }
            }
            self.control.check_now().await?;
            self.change(part.number, PartChange::Sending).await?;
        }
    }

    async fn upload(
        &mut self,
        part: &PlannedPart,
        name: &str,
    ) -> Result<Result<Activity, ClientError>, Interrupt> {
        let name = name.to_owned();
        let lists: [ListId; 1] = [self.run.definition.list_id];
        let csv: Bytes = part.csv.clone();
        self.vendor
            .try_once(&move |api, token| {
                let (name, csv) = (name.clone(), csv.clone());
                async move { api.import_contacts(token, &name, &lists, csv).await }.boxed()
            })
            .await
    }

    /// Searches the activities for a part until it is found or the searches `looks` are used up, of which `done` have
    /// happened. Nothing is sent meanwhile, and nothing is concluded from a list that cannot be read.
    async fn find_out(
        &mut self,
        number: u32,
        name: &str,
        sent_at: Timestamp,
        looks: &[u64],
        done: u32,
    ) -> Result<bool, Interrupt> {
        for seconds in looks.iter().skip(done as usize) {
            reconcile::wait(self.control, *seconds).await?;
            let found = self.asking().find(self.vendor, number, name).await?;
            if let Some(activity) = found {
                self.change(number, PartChange::Accepted(&activity)).await?;
                self.control.stop_showing_wait().await?;
                return Ok(true);
            }
            self.change(number, PartChange::LookedInVain).await?;
        }
        if sent_at + ACTIVITIES_LISTED <= self.desk.clock.now() {
            // It may have arrived and been forgotten since.
            return Err(Outcome::from(Ending::OutcomeUnknown).into());
        }
        self.change(number, PartChange::DidNotArrive).await?;
        self.control.stop_showing_wait().await?;
        Ok(false)
    }

    fn asking(&self) -> Asking<'a> {
        Asking {
            desk: self.desk,
            control: self.control,
            run: self.run,
        }
    }

    async fn change(&self, number: u32, change: PartChange<'_>) -> Result<(), Interrupt> {
        let progress = Progress {
            requests: self.control.take_requests(),
            ..Progress::default()
        };
        let now = self.desk.clock.now();
        let lease = self.control.lease;
        Ok(lease
            .change_part(&self.desk.db, number, change, progress, now)
            .await?)
    }

    /// How the run ends after a refusal; a list that is gone is told from anything else.
    async fn refused(&mut self, error: &ClientError) -> Interrupt {
        let is_about_request = matches!(
            error,
            ClientError::NotFound(_) | ClientError::Rejected(_) | ClientError::Conflict(_)
        );
        if is_about_request
            && let Err(Interrupt::End(outcome)) =
                preflight::list(self.vendor, &self.run.definition).await
            && outcome.ending == Ending::ListNotFound
        {
            return Outcome::quoting(Ending::ListNotFound, error).into();
        }
        refusal(error).into()
    }
}

/// Plans on a thread of its own, a little ahead of the sending; stops when nobody listens any more.
fn plan(
    snapshots: Arc<dyn Snapshots>,
    ready: Ready,
    limits: PartLimits,
    members: u64,
) -> mpsc::Receiver<Planned> {
    let (parts, planned) = mpsc::channel(PARTS_AHEAD);
    tokio::task::spawn_blocking(move || {
        let mut planner = Planner::new(&ready.layout, limits, members);
        let scan = Scan::new(&ready.members, ready.layout.columns());
        let hand_over = |part, totals| match parts.blocking_send(Planned::Part(part, totals)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        };
        let scanned = snapshots.scan(ready.snapshot_id, &scan, &mut |row| match planner
            .push(row.number, |index| row.value(index))
        {
            Some((part, totals)) => hand_over(part, totals),
            None => ControlFlow::Continue(()),
        });
        let last = match scanned {
            Ok(()) => {
                let (part, totals) = planner.finish();
                if let Some(part) = part
                    && hand_over(part, totals).is_break()
                {
                    return;
                }
                Planned::Done(totals)
            }
            Err(error) => Planned::Failed(error),
        };
        // Nobody listens: the run was interrupted and will be planned again.
        let _ = parts.blocking_send(last);
    });
    planned
}
