//! The brake: a run that would send far fewer or far more rows than the last successful one asks an administrator first.
//!
//! Parts are sent while they are planned, so the number is found out before, as cheaply as it can be: not at all when
//! the same snapshot was sent the same way; from the count of the members when that decides; else by a scan of the
//! addresses alone that ends as soon as enough of them are good.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::control::{Control, Interrupt};
use super::desk::Desk;
use super::outcome::{Ending, Outcome};
use super::part::file_name;
use super::part_writer::PartLimits;
use super::plan::Planner;
use super::preflight::{Ready, snapshot_error};
use super::retry::APPROVAL_PATIENCE;
use super::run::{Inputs, Run};
use super::store;
use super::store::approvals::{self, Approval};
use super::waiting::{Waiting, WaitingFor};
use crate::profiles::{Scan, SnapshotError, Snapshots};

/// Profiles read between two looks whether the run is interrupted.
const STRIDE: u64 = 4_096;

/// Lets a run that has sent nothing yet go on, or makes it wait for an administrator.
pub(super) async fn hold(
    desk: &Desk,
    control: &Control,
    run: &Run,
    inputs: &Inputs,
    ready: &Ready,
    members: u64,
) -> Result<(), Interrupt> {
    let brake = run.definition.brake;
    if !brake.is_on() {
        return Ok(());
    }
    let now = desk.clock.now();
    if let Some(approval) = approvals::find(&desk.db, run.id).await? {
        return match approval.approved {
            Some(_) => Ok(()),
            None if now < approval.until => Err(wait(&approval, now)),
            None => Err(Outcome::from(Ending::NotApproved).into()),
        };
    }
    let Some(last) = store::successful(&desk.db, run.export_id, 1).await?.pop() else {
        return Ok(());
    };
    if sends_the_same(run, inputs, &last) {
        return Ok(());
    }
    // Of an export that leaves out what is unchanged as well, whoever is on the list afterwards is what compares.
    let last_sent = last.totals.delivered_or_sent();
    let (fewest, most) = brake.bounds(last_sent);
    // Rows sent are members less duplicates and rejected ones.
    let enough = (members <= most).then_some(fewest);
    if enough == Some(0) {
        return Ok(());
    }
    let sent = count(desk, control, ready, members, enough).await?;
    if (fewest..=most).contains(&sent) {
        return Ok(());
    }
    let approval = Approval {
        would_send: sent,
        last_run_id: last.id,
        last_sent,
        asked_at: now,
        until: now + APPROVAL_PATIENCE,
        approved: None,
    };
    control.lease.ask_approval(&desk.db, &approval).await?;
    tracing::info!(run = %run.id, sent, last = last_sent, "run waits for approval");
    Err(wait(&approval, now))
}

fn wait(approval: &Approval, now: Timestamp) -> Interrupt {
    Interrupt::Pause(Waiting {
        reason: WaitingFor::Approval,
        // The clock may have stepped back since it asked.
        until: approval.until.min(now + APPROVAL_PATIENCE),
    })
}

/// Whether the last run read the same profiles by the same rules, so that the plan is the same.
fn sends_the_same(run: &Run, inputs: &Inputs, last: &Run) -> bool {
    let (now, then) = (&run.definition, &last.definition);
    last.inputs
        .as_ref()
        .is_some_and(|then| then.reads_the_same(inputs))
        && now.email_field == then.email_field
        && now.attributes == then.attributes
}

/// Rows the run would send; at least `enough` when counting ended early there.
async fn count(
    desk: &Desk,
    control: &Control,
    ready: &Ready,
    members: u64,
    enough: Option<u64>,
) -> Result<u64, Interrupt> {
    let is_interrupted = Arc::new(AtomicBool::new(false));
    let (snapshots, ready, stop) = (desk.snapshots(), ready.clone(), is_interrupted.clone());
    let counting = tokio::task::spawn_blocking(move || {
        count_rows(&*snapshots, &ready, members, enough, &stop)
    });
    let interrupted = async {
        loop {
            // Returns early with the reason when the run is interrupted.
            if let Err(interrupt) = control.sleep(Duration::from_secs(60)).await {
                return interrupt;
            }
        }
    };
    let counted = tokio::select! {
        counted = counting => counted,
        interrupt = interrupted => {
            is_interrupted.store(true, Ordering::Relaxed);
            return Err(interrupt);
        }
    };
    match counted {
        Ok(Ok(rows)) => Ok(rows),
        Ok(Err(error)) => Err(snapshot_error(&error)),
        Err(stopped) => {
            tracing::error!(error = %stopped, "counting rows stopped");
            Err(Outcome::from(Ending::SnapshotUnreadable).into())
        }
    }
}

fn count_rows(
    snapshots: &dyn Snapshots,
    ready: &Ready,
    members: u64,
    enough: Option<u64>,
    is_interrupted: &AtomicBool,
) -> Result<u64, SnapshotError> {
    let layout = ready.layout.for_counting();
    let limits = PartLimits::for_import(&file_name(Uuid::nil(), 1), &[]);
    let mut planner = Planner::new(&layout, limits, members);
    let scan = Scan::new(&ready.members, layout.columns());
    snapshots.scan(ready.snapshot_id, &scan, &mut |row| {
        planner.push(row.number, |index| row.value(index));
        let totals = planner.totals();
        let is_over = enough.is_some_and(|enough| totals.sent >= enough)
            || totals.read.is_multiple_of(STRIDE) && is_interrupted.load(Ordering::Relaxed);
        if is_over {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    Ok(planner.totals().sent)
}
