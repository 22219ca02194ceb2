//! Taking off the list whoever has left the segments, after everything has been delivered.
//!
//! Who that is is found out once: whoever this export delivered, or everybody where it says so, who is on the list now and
//! is not a member that may be sent. It is recorded, in removals of 500 contacts, before the first is sent, so that an
//! administrator who is asked answers for exactly these people. The vendor knows contacts by ids alone, which come from
//! one `contact_exports` job. A removal has no name that could be looked up; after an unclear answer it is sent again,
//! which is harmless: whoever is off the list already stays off.
//!
//! However the run ends, whoever was taken off, or may have been, is remembered so in the transaction that ends it: see
//! [`super::remembered`].

mod activities;

pub(super) use activities::last_looks;

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;

use futures_util::FutureExt;
use uuid::Uuid;

use super::checks::results::Contact;
use super::control::{Control, Interrupt};
use super::desk::Desk;
use super::list_members::{self, Whom};
use super::normalise::clean_email;
use super::outcome::{Ending, Outcome};
use super::preflight::{self, Ready, snapshot_error};
use super::retry::APPROVAL_PATIENCE;
use super::run::{Phase, Run};
use super::same_list;
use super::store::Progress;
use super::store::removals::{self, CONTACT_BYTES, RemovalState, people};
use super::vendor::{Vendor, refusal};
use super::waiting::{Waiting, WaitingFor};
use crate::constant_contact::{ClientError, ContactId};
use crate::deliveries::{self, DeliveredSet, Keys, Kind, store::LoadError};
use crate::profiles::{Scan, SnapshotError, Snapshots};

/// Takes off the list whoever is to be, wherever that stands. For a run that has delivered everything.
pub(super) async fn mirror(
    desk: &Desk,
    control: &Control,
    vendor: &mut Vendor,
    run: &Run,
) -> Result<(), Interrupt> {
    let progress = Progress {
        phase: Some(Phase::Removing),
        ..Progress::default()
    };
    control.lease.progress(&desk.db, progress).await?;
    if removals::find(&desk.db, run.id).await?.is_none() {
        find_out(desk, control, vendor, run).await?;
    }
    let Some(plan) = removals::find(&desk.db, run.id).await? else {
        return Ok(());
    };
    if let Some(until) = plan.until.filter(|_| plan.asks()) {
        let now = desk.clock.now();
        if now >= until {
            return Err(Outcome::from(Ending::RemovalsNotApproved).into());
        }
        return Err(Interrupt::Pause(Waiting {
            reason: WaitingFor::Approval,
            // The clock may have stepped back since it asked.
            until: until.min(now + APPROVAL_PATIENCE),
        }));
    }
    send(desk, control, vendor, run).await?;
    activities::follow(desk, control, vendor, run).await?;
    let after = removals::find(&desk.db, run.id).await?.unwrap_or_default();
    if after.removed == after.people {
        return Ok(());
    }
    Err(Outcome {
        vendor_words: after.vendor_words,
        ..Ending::RemovalsFailed.into()
    }
    .into())
}

/// Who may be sent now, among those remembered and otherwise.
struct Present {
    remembered: Vec<bool>,
    /// Everybody, where whoever else is on the list goes as well.
    everybody: Option<HashSet<[u8; 8]>>,
}

/// Finds out who is to be taken off, and records it.
async fn find_out(
    desk: &Desk,
    control: &Control,
    vendor: &mut Vendor,
    run: &Run,
) -> Result<(), Interrupt> {
    let forgotten = || Outcome::from(Ending::DeliveriesForgotten);
    let inputs = run.inputs.as_ref().ok_or_else(forgotten)?;
    let version = inputs.delivered.ok_or_else(forgotten)?;
    // What is read from here on is recorded only while this is the latest.
    let mut latest = deliveries::store::latest(&desk.db, run.export_id).await?;
    let set = match deliveries::store::load(&desk.db, run.export_id, version).await {
        Ok(set) => set,
        Err(LoadError::Gone) => return Err(forgotten().into()),
        Err(LoadError::Database(error)) => return Err(error.into()),
    };
    let delivery = &run.definition.delivery;
    let ready = preflight::prepare(desk, &run.definition, inputs).await?;
    let keys = Keys::new(desk.connections.master_key());
    let (snapshots, hashing, takes_all) = (desk.snapshots(), keys.clone(), delivery.removes_others);
    let layout = ready.layout.clone();
    let scanning = tokio::task::spawn_blocking(move || {
        let present = scan(&*snapshots, &ready, &hashing, &set, takes_all);
        present.map(|present| (set, present))
    });
    let scanned = scanning.await.map_err(|stopped| {
        tracing::error!(run = %run.id, error = %stopped, "looking who is to be removed stopped");
        Outcome::from(Ending::SnapshotUnreadable)
    })?;
    let (set, present) = scanned.map_err(|error| snapshot_error(&error))?;
    let is_anybody_gone = set
        .entries()
        .zip(&present.remembered)
        .any(|((_, kind), is_present)| is_ours(kind) && !is_present);
    let (mut gone, mut excluded) = (BTreeMap::new(), BTreeMap::new());
    let mut nameless = 0_u64;
    if is_anybody_gone || takes_all {
        let mut look = |contact: Contact<'_>| {
            let address = keys.address(clean_email(contact.email));
            let is_gone = match &present.everybody {
                Some(everybody) => !everybody.contains(&address),
                None => set
                    .find_address(address)
                    .is_some_and(|(index, kind)| is_ours(kind) && !present.remembered[index]),
            };
            if is_gone {
                let gone = match layout.may_be_sent(clean_email(contact.email)) {
                    true => &mut gone,
                    false => &mut excluded,
                };
                match contact.id.parse::<Uuid>() {
                    Ok(id) => drop(gone.insert(id, address)),
                    Err(_) => nameless += 1,
                }
            }
        };
        list_members::read(control, vendor, run, Whom::OnList, &mut look).await?;
        // The vendor does not document the columns of the file; without ids nobody can be taken off.
        if nameless > 0 {
            let what = format!("the results file has no contact_id for {nameless} of its contacts");
            return Err(Outcome::quoting(Ending::RemovalsFailed, what).into());
        }
    }
    if let Some(version) = latest.filter(|_| !takes_all) {
        let left = same_list::leave_to_others(desk, run, &mut gone).await?;
        tracing::info!(run = %run.id, people = left.len(), "left to other exports to the list");
        let news = [(Kind::Removed, same_list::as_entries(left))];
        let (db, export_id) = (&desk.db, run.export_id);
        latest = deliveries::store::add_news(db, export_id, run.id, version, &news).await?;
        if latest.is_none() {
            return Err(looked_at_again(desk));
        }
    }
    // Whoever is excluded is to be on no list, whoever put them there.
    gone.append(&mut excluded);
    let mut contacts = Vec::with_capacity(gone.len() * CONTACT_BYTES);
    for (id, address) in &gone {
        contacts.extend_from_slice(id.as_bytes());
        contacts.extend_from_slice(address);
    }
    let now = desk.clock.now();
    let is_many = delivery
        .removals_ask_above
        .is_some_and(|most| gone.len() as u64 > most);
    let until = is_many.then(|| now + APPROVAL_PATIENCE);
    tracing::info!(run = %run.id, people = gone.len(), asks = is_many, "to be removed from the list");
    let (lease, at) = (control.lease, (run.export_id, latest));
    let is_recorded = lease.record_removals(&desk.db, at, &contacts, until, now);
    if is_recorded.await? {
        return Ok(());
    }
    Err(looked_at_again(desk))
}

/// Somebody was erased while the list was read: looked at again at once.
fn looked_at_again(desk: &Desk) -> Interrupt {
    Interrupt::Pause(Waiting {
        reason: WaitingFor::Vendor,
        until: desk.clock.now(),
    })
}

/// Whether the export that remembers them so has put them on the list, as far as anybody knows.
pub(super) fn is_ours(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Delivered | Kind::Doubtful | Kind::Unknown | Kind::Awaited | Kind::PerhapsRemoved
    )
}

fn scan(
    snapshots: &dyn Snapshots,
    ready: &Ready,
    keys: &Keys,
    set: &DeliveredSet,
    takes_all: bool,
) -> Result<Present, SnapshotError> {
    let mut present = Present {
        remembered: vec![false; set.len()],
        everybody: takes_all.then(HashSet::new),
    };
    let columns = &ready.layout.columns()[..1];
    snapshots.scan(
        ready.snapshot_id,
        &Scan::new(&ready.members, columns),
        &mut |row| {
            let email = clean_email(row.value(0));
            if ready.layout.may_be_sent(email) {
                let address = keys.address(email);
                if let Some((index, _)) = set.find_address(address) {
                    present.remembered[index] = true;
                }
                if let Some(everybody) = &mut present.everybody {
                    everybody.insert(address);
                }
            }
            ControlFlow::Continue(())
        },
    )?;
    Ok(present)
}

/// Sends every removal that is not known to have arrived.
async fn send(
    desk: &Desk,
    control: &Control,
    vendor: &mut Vendor,
    run: &Run,
) -> Result<(), Interrupt> {
    let list_id = run.definition.list_id;
    for (number, _) in removals::in_state(&desk.db, run.id, RemovalState::Recorded).await? {
        control.check_now().await?;
        let contacts = removals::contacts(&desk.db, run.id, number).await?;
        let ids: Vec<ContactId> = people(&contacts).map(|(id, _)| id.into()).collect();
        if ids.is_empty() {
            // Everybody in it has been erased.
            let change = [(number, RemovalState::Completed, None, None)];
            control.lease.change_removals(&desk.db, &change, 0).await?;
            continue;
        }
        let sent = vendor
            .begin(&move |api, token| {
                let ids = ids.clone();
                async move { api.remove_from_lists(token, &ids, &[list_id]).await }.boxed()
            })
            .await?;
        let (state, activity, words) = match &sent {
            Ok(activity) => {
                let id = activity.activity_id.as_str().to_owned();
                (RemovalState::Accepted, Some(id), None)
            }
            Err(error) => (RemovalState::Failed, None, Some(error.to_string())),
        };
        let change = [(number, state, activity, words)];
        let requests = control.take_requests();
        control
            .lease
            .change_removals(&desk.db, &change, requests)
            .await?;
        if let Err(error) = sent {
            return Err(match error {
                ClientError::NotFound(_) => Outcome::quoting(Ending::RemovalsFailed, error).into(),
                error => refusal(&error).into(),
            });
        }
    }
    Ok(())
}
