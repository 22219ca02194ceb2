//! A look at what became of a run at Constant Contact: one `contact_exports` job names every contact of the account, and
//! whoever was sent and is not on the list is told apart by why.
//!
//! The addresses that were sent are made again from the run's snapshot and kept as hashes while the file is read, 16
//! bytes each, however large the account is. What is stored are row numbers and reasons.

use std::hash::{BuildHasher, RandomState};
use std::ops::ControlFlow;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::time::Instant;

use super::asking::Asking;
use super::holds::Hold;
use super::report::DeliveryReport;
use super::results::{Contact, FIELDS, Results};
use super::undelivered::{Missing, count, pack};
use super::worker::{Halt, Progress};
use super::{Check, Step};
use crate::constant_contact::{Activity, ActivityId, ClientError, ContactExport, MembershipCount};
use crate::profiles::{Scan, SnapshotError, Snapshots};
use crate::runs::contact_export::{
    DOWNLOADS, FIRST_LOOK, JOB_PATIENCE, MAX_FILE_BYTES, is_done, next_wait,
};
use crate::runs::desk::Desk;
use crate::runs::outcome::{Ending, Outcome};
use crate::runs::part::file_name;
use crate::runs::part_writer::PartLimits;
use crate::runs::plan::{Fate, Layout, Planner};
use crate::runs::preflight::{self, Ready, snapshot_error};
use crate::runs::remembered;
use crate::runs::retry::Remedy;
use crate::runs::run::Run;
use crate::runs::store;

/// Profiles read between two looks at the clock.
const STRIDE: u64 = 4_096;

/// Finds out who did not arrive; the counts and the packed rows.
pub(super) async fn look(
    desk: &Desk,
    check: &Check,
    hold: Hold,
    progress: &Arc<Progress>,
) -> Result<(DeliveryReport, Vec<u8>), Halt> {
    let run = store::get(&desk.db, check.subject_id).await?;
    let mut sent = read_sent(desk, &run, progress).await?;
    progress.enter(Step::Asking, 0);
    let asking = Asking {
        connections: &desk.connections,
        connection_id: preflight::connection(desk, &run.definition).await?,
        pace: desk.pace,
    };
    let list = list_name(&asking, &run).await?;
    let job = finished_job(desk, check, hold, &asking).await?;
    progress.enter(Step::Comparing, 0);
    let contacts = compare(desk, &asking, &job, &list, &mut sent, progress).await?;
    let missing = sent.missing();
    let report = DeliveryReport {
        sent: sent.entries.len() as u64,
        on_list: (sent.entries.len() - missing.len()) as u64,
        missing: count(&missing),
        contacts,
    };
    Ok((report, pack(&missing)))
}

/// Addresses that were sent, as hashes in order, each with its row and what the file says of it.
struct Sent {
    hash: RandomState,
    /// Hash; row number and, in the lowest byte, how it was found.
    entries: Vec<(u64, u64)>,
}

/// Lowest byte of an entry that has not been found in the file.
const NOT_FOUND: u64 = 0;
const ON_LIST: u64 = 1;
const UNSUBSCRIBED: u64 = 2;
const OFF_LIST: u64 = 3;

impl Sent {
    fn hash(&self, email: &str) -> u64 {
        self.hash.hash_one(email.to_lowercase().as_bytes())
    }

    fn find(&mut self, contact: Contact<'_>, list: &str) {
        let hash = self.hash(contact.email);
        if let Ok(index) = self.entries.binary_search_by_key(&hash, |entry| entry.0) {
            let found = if contact.is_on(list) {
                ON_LIST
            } else if contact.has_unsubscribed() {
                UNSUBSCRIBED
            } else {
                OFF_LIST
            };
            let place = &mut self.entries[index].1;
            *place = *place & !0xff | found;
        }
    }

    /// Rows that are not on the list, in order.
    fn missing(&self) -> Vec<(u64, Missing)> {
        let reason = |(_, place): &(u64, u64)| {
            let missing = match place & 0xff {
                ON_LIST => return None,
                UNSUBSCRIBED => Missing::Unsubscribed,
                OFF_LIST => Missing::NotOnList,
                NOT_FOUND => Missing::NotAContact,
                _ => return None,
            };
            Some((place >> 8, missing))
        };
        let mut rows: Vec<(u64, Missing)> = self.entries.iter().filter_map(reason).collect();
        rows.sort_unstable();
        rows
    }
}

async fn read_sent(desk: &Desk, run: &Run, progress: &Arc<Progress>) -> Result<Sent, Halt> {
    let unreadable = || Halt::Failed(Outcome::from(Ending::SnapshotUnreadable));
    let inputs = run.inputs.as_ref().ok_or_else(unreadable)?;
    let ready = preflight::prepare(desk, &run.definition, inputs).await?;
    let ready = remembered::onto(desk, run.export_id, &run.definition, inputs, ready).await?;
    // Whether a row was unchanged takes all of it.
    let layout = match inputs.delivered {
        Some(_) => ready.layout.clone(),
        None => ready.layout.for_counting(),
    };
    let members = run.members.unwrap_or(run.totals.read);
    progress.enter(Step::Reading, members);
    let limits = PartLimits::for_import(&file_name(run.id, 1), &[run.definition.list_id]);
    let (snapshots, progress) = (desk.snapshots(), progress.clone());
    let reading = tokio::task::spawn_blocking(move || {
        scan_sent(&*snapshots, &ready, &layout, limits, members, &progress)
    });
    let read = reading.await.map_err(|_| unreadable())?;
    read.map_err(|error| snapshot_error(&error).into())
}

fn scan_sent(
    snapshots: &dyn Snapshots,
    ready: &Ready,
    layout: &Layout,
    limits: PartLimits,
    members: u64,
    progress: &Progress,
) -> Result<Sent, SnapshotError> {
    let mut sent = Sent {
        hash: RandomState::new(),
        entries: Vec::new(),
    };
    let mut planner = Planner::new(layout, limits, members);
    let scan = Scan::new(&ready.members, layout.columns());
    snapshots.scan(ready.snapshot_id, &scan, &mut |row| {
        planner.push(row.number, |index| row.value(index));
        if planner.fate() == Fate::Sent {
            let email = crate::runs::normalise::clean_email(row.value(0));
            let hash = sent.hash(email);
            sent.entries.push((hash, row.number << 8));
        }
        let read = planner.totals().read;
        if read.is_multiple_of(STRIDE) && !progress.reach(read) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    sent.entries.sort_unstable();
    Ok(sent)
}

/// The list's name as the account has it now, which is what the results file says.
async fn list_name(asking: &Asking<'_>, run: &Run) -> Result<String, Halt> {
    let list_id = run.definition.list_id;
    let list = asking
        .ask(&move |api, token| {
            async move {
                let none = None::<MembershipCount>;
                api.get_contact_list(token, list_id, none).await
            }
            .boxed()
        })
        .await?;
    if list.deleted_at.is_some() {
        return Err(Outcome::from(Ending::ListNotFound).into());
    }
    Ok(list.name)
}

/// The job when it is done: the one begun before an interruption, or a new one.
async fn finished_job(
    desk: &Desk,
    check: &Check,
    hold: Hold,
    asking: &Asking<'_>,
) -> Result<Activity, Halt> {
    let id = match &check.activity_id {
        Some(id) => ActivityId::new(id.as_str()),
        None => {
            let export = ContactExport {
                fields: FIELDS.map(str::to_owned).into(),
                ..ContactExport::default()
            };
            let job = asking
                .ask(&move |api, token| {
                    let export = export.clone();
                    async move { api.start_contact_export(token, &export).await }.boxed()
                })
                .await?;
            hold.remember_activity(&desk.db, job.activity_id.as_str())
                .await?;
            job.activity_id
        }
    };
    let (began, mut wait) = (Instant::now(), FIRST_LOOK);
    loop {
        let asked = id.clone();
        let job = asking
            .ask(&move |api, token| {
                let id = asked.clone();
                async move { api.get_activity(token, &id).await }.boxed()
            })
            .await
            .map_err(|outcome| job_problem(&outcome))?;
        if is_done(&job)? {
            return Ok(job);
        }
        if began.elapsed() > desk.pace.quickened(JOB_PATIENCE) {
            return Err(Outcome::from(Ending::ActivitiesTooSlow).into());
        }
        tokio::time::sleep(desk.pace.quickened(wait)).await;
        wait = next_wait(wait);
    }
}

/// A job that is not known any more is too old, whatever else "not found" means.
fn job_problem(outcome: &Outcome) -> Halt {
    let ending = match outcome.ending {
        Ending::ListNotFound => Ending::ActivityFailed,
        other => other,
    };
    let outcome = outcome.clone();
    Halt::Failed(Outcome { ending, ..outcome })
}

/// Reads the file and marks who is in it; how many contacts it holds.
async fn compare(
    desk: &Desk,
    asking: &Asking<'_>,
    job: &Activity,
    list: &str,
    sent: &mut Sent,
    progress: &Progress,
) -> Result<u64, Halt> {
    let mut tries = 0;
    loop {
        tries += 1;
        let error = match download(asking, job, list, sent, progress).await? {
            Ok(contacts) => return Ok(contacts),
            Err(error) => error,
        };
        // Marking again what was marked changes nothing.
        let is_temporary = matches!(Remedy::of(&error), Remedy::FindOut | Remedy::Again(..));
        if !is_temporary || tries >= DOWNLOADS {
            return Err(Outcome::quoting(Ending::ActivityFailed, error).into());
        }
        tokio::time::sleep(desk.pace.quickened(FIRST_LOOK)).await;
    }
}

async fn download(
    asking: &Asking<'_>,
    job: &Activity,
    list: &str,
    sent: &mut Sent,
    progress: &Progress,
) -> Result<Result<u64, ClientError>, Halt> {
    let (job, announced) = (job.clone(), job.clone());
    let mut file = asking
        .ask(&move |api, token| {
            let job = job.clone();
            async move { api.open_export_results(token, &job, MAX_FILE_BYTES).await }.boxed()
        })
        .await
        .map_err(|outcome| job_problem(&outcome))?;
    let (mut results, mut contacts) = (Results::new(), 0);
    loop {
        let piece = match file.next_piece().await {
            Ok(Some(piece)) if piece.is_empty() => continue,
            Ok(piece) => piece.unwrap_or_default(),
            Err(error) => return Ok(Err(error)),
        };
        let taken = results.take(&piece, &mut |contact| {
            contacts += 1;
            sent.find(contact, list);
        });
        taken.map_err(|error| Outcome::quoting(Ending::ActivityFailed, error))?;
        progress.reach(contacts);
        if piece.is_empty() {
            return Ok(results.check_whole(&announced).map(|()| contacts));
        }
    }
}
