//! People who left the list by themselves, or unsubscribed: they were delivered before, and are not on it any more.
//!
//! Looked at once per run, before it is planned, and only when it would send something. Who has left is remembered with
//! the deliveries, under the version the run plans with, so the plan stays what can be made again byte for byte. Whoever
//! comes back to the list is taken up again. Rows of a part about which the vendor complained are no proof that somebody
//! has been on the list; they count once they have been seen there, and are sent again when they do not show.
//!
//! Unsubscribed people are on no list, so that a list alone cannot tell them from those who left it; when somebody is
//! missing, a second job asks for everybody who has unsubscribed.
//!
//! The vendor does not say how soon after its activity an import shows in a `contact_exports` job. So whoever only runs
//! of the last [`SHOWS_WITHIN`] have delivered has not left because they do not show: they are left out, which puts
//! nobody back against their will, and the next run knows.

use jiff::SignedDuration;
use sea_orm::DbErr;
use uuid::Uuid;

use super::checks::results::Contact;
use super::control::{Control, Interrupt};
use super::desk::Desk;
use super::list_members::{self, Whom};
use super::outcome::{Ending, Outcome};
use super::run::{Inputs, Run};
use super::store::{self, Progress};
use super::vendor::Vendor;
use super::waiting::{Waiting, WaitingFor};
use crate::deliveries::{DeliveredSet, Entry, Keys, Kind, store::LoadError};
use crate::{deliveries, exclusions};

/// By then whoever an activity has imported shows in a `contact_exports` job. The vendor documents no delay; the
/// reference product names an hour for a whole export.
const SHOWS_WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// Runs of an export whose deliveries need not show yet.
pub(super) async fn young_runs(desk: &Desk, export_id: Uuid) -> Result<Vec<Uuid>, DbErr> {
    let since = desk.clock.now() - SHOWS_WITHIN;
    store::finished_since(&desk.db, export_id, since).await
}

/// Finds out who has left, unless that has been done; the inputs to plan with, recorded.
pub(super) async fn look(
    desk: &Desk,
    control: &Control,
    vendor: &mut Vendor,
    run: &Run,
    inputs: Inputs,
) -> Result<Inputs, Interrupt> {
    if inputs.knows_leavers || !run.definition.delivery.respects_leavers() {
        return Ok(inputs);
    }
    // Not the one frozen: somebody may have been erased since, and nobody else delivers for this export meanwhile.
    let Some(version) = deliveries::store::latest(&desk.db, run.export_id).await? else {
        return Ok(inputs);
    };
    // Before the list is asked for: what ends later is younger.
    let young = young_runs(desk, run.export_id).await?;
    let set = load(desk, run, version, &[]).await?;
    let mut known = Some(version);
    if !set.is_empty() {
        let shown = match young.is_empty() {
            true => None,
            false => Some(load(desk, run, version, &young).await?),
        };
        let must_show = |entry: &Entry| match &shown {
            None => true,
            Some(older) => older.is_delivered(entry.address),
        };
        let certain = match set.count(Kind::Unknown) {
            0 => None,
            _ => {
                let (db, export_id) = (&desk.db, run.export_id);
                let certain = deliveries::store::load_certain(db, export_id, version, &young);
                Some(loaded(certain.await)?)
            }
        };
        // Whether they were on the list before they were sent something of which nobody knows what became of it.
        let was_there = |entry: &Entry| {
            let known = certain.as_ref();
            let known = known.and_then(|certain| certain.find_address(entry.address));
            known.is_some_and(|(_, kind)| kind == Kind::Delivered)
        };
        // Of these the list says whether they have left it.
        let is_open = |entry: &Entry, kind| match kind {
            Kind::Delivered | Kind::Doubtful | Kind::Awaited => true,
            Kind::Unknown => was_there(entry),
            _ => false,
        };
        let news = compare(desk, control, vendor, run, &set, must_show, is_open).await?;
        let (left, back) = (news.left.len(), news.back.len());
        let (unsubscribed, awaited) = (news.unsubscribed.len(), news.awaited.len());
        let news = [
            (Kind::Unknown, news.never_seen),
            (Kind::Left, news.left),
            (Kind::Unsubscribed, news.unsubscribed),
            (Kind::Awaited, news.awaited),
            (Kind::Delivered, news.back),
        ];
        let (db, export_id) = (&desk.db, run.export_id);
        known = deliveries::store::add_news(db, export_id, run.id, version, &news).await?;
        tracing::info!(run = %run.id, left, unsubscribed, awaited, back, "looked who has left the list");
    }
    let Some(version) = known else {
        // Somebody was erased while the list was read: looked at again at once.
        return Err(Interrupt::Pause(Waiting {
            reason: WaitingFor::Vendor,
            until: desk.clock.now(),
        }));
    };
    let inputs = Inputs {
        delivered: Some(version),
        knows_leavers: true,
        ..inputs
    };
    let progress = Progress {
        inputs: Some(inputs.clone()),
        requests: control.take_requests(),
        ..Progress::default()
    };
    control.lease.progress(&desk.db, progress).await?;
    Ok(inputs)
}

async fn load(
    desk: &Desk,
    run: &Run,
    version: i64,
    without: &[Uuid],
) -> Result<DeliveredSet, Interrupt> {
    let (db, export_id) = (&desk.db, run.export_id);
    loaded(deliveries::store::load_without(db, export_id, version, without).await)
}

fn loaded(loaded: Result<DeliveredSet, LoadError>) -> Result<DeliveredSet, Interrupt> {
    match loaded {
        Ok(set) => Ok(set),
        Err(LoadError::Gone) => Err(Outcome::from(Ending::DeliveriesForgotten).into()),
        Err(LoadError::Database(error)) => Err(error.into()),
    }
}

/// What is new of those delivered.
#[derive(Default)]
struct News {
    left: Vec<Entry>,
    unsubscribed: Vec<Entry>,
    awaited: Vec<Entry>,
    back: Vec<Entry>,
    never_seen: Vec<Entry>,
}

/// What Constant Contact says of an address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Missing,
    OnList,
    Unsubscribed,
}

async fn compare(
    desk: &Desk,
    control: &Control,
    vendor: &mut Vendor,
    run: &Run,
    set: &DeliveredSet,
    must_show: impl Fn(&Entry) -> bool,
    is_open: impl Fn(&Entry, Kind) -> bool,
) -> Result<News, Interrupt> {
    let keys = Keys::new(desk.connections.master_key());
    let mut found = vec![Found::Missing; set.len()];
    let mut mark = |contact: Contact<'_>| {
        let address = keys.address(exclusions::clean_email(contact.email));
        if let Some((index, _)) = set.find_address(address) {
            found[index] = match contact.has_unsubscribed() {
                true => Found::Unsubscribed,
                false => Found::OnList,
            };
        }
    };
    list_members::read(control, vendor, run, Whom::OnList, &mut mark).await?;
    let mut all = set.entries().zip(&found);
    if all.any(|((entry, kind), found)| *found == Found::Missing && is_open(&entry, kind)) {
        // Whoever this job names is on no list, whatever was there a moment ago. A file without the column says it by
        // being this job's.
        let mut mark = |contact: Contact<'_>| {
            let address = keys.address(exclusions::clean_email(contact.email));
            if (contact.permission.is_empty() || contact.has_unsubscribed())
                && let Some((index, _)) = set.find_address(address)
            {
                found[index] = Found::Unsubscribed;
            }
        };
        list_members::read(control, vendor, run, Whom::Unsubscribed, &mut mark).await?;
    }
    let mut news = News::default();
    for ((entry, kind), found) in set.entries().zip(found) {
        match (kind, found) {
            (Kind::Left, Found::Unsubscribed) => news.unsubscribed.push(entry),
            (kind, Found::Unsubscribed) if is_open(&entry, kind) => news.unsubscribed.push(entry),
            (Kind::Unknown, Found::Missing) if is_open(&entry, kind) => news.left.push(entry),
            // On the list, and what was sent is sent again.
            (Kind::Unknown, Found::OnList) if !is_open(&entry, kind) => news.back.push(Entry {
                row: [0; 12],
                ..entry
            }),
            (Kind::Delivered | Kind::Awaited, Found::Missing) if must_show(&entry) => {
                news.left.push(entry);
            }
            (Kind::Doubtful, Found::Missing) if must_show(&entry) => news.never_seen.push(entry),
            (Kind::Delivered, Found::Missing) => news.awaited.push(entry),
            (Kind::Left | Kind::Unsubscribed | Kind::Awaited | Kind::Doubtful, Found::OnList) => {
                news.back.push(entry)
            }
            _ => {}
        }
    }
    Ok(news)
}
