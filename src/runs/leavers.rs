//! People who left the list by themselves: they were delivered before, and are not on it any more.
//!
//! Looked at once per run, before it is planned, and only when it would send something. Who has left is remembered with
//! the deliveries, under the version the run plans with, so the plan stays what can be made again byte for byte. Whoever
//! comes back to the list is taken up again. Rows of a part about which the vendor complained are no proof that somebody
//! has been on the list; they count once they have been seen there.

use super::checks::results::Contact;
use super::control::{Control, Interrupt};
use super::desk::Desk;
use super::list_members;
use super::outcome::{Ending, Outcome};
use super::run::{Inputs, Run};
use super::store::Progress;
use super::vendor::Vendor;
use super::waiting::{Waiting, WaitingFor};
use crate::deliveries::{DeliveredSet, Entry, Keys, Kind, store::LoadError};
use crate::{deliveries, exclusions};

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
    let set = match deliveries::store::load(&desk.db, run.export_id, version).await {
        Ok(set) => set,
        Err(LoadError::Gone) => return Err(Outcome::from(Ending::DeliveriesForgotten).into()),
        Err(LoadError::Database(error)) => return Err(error.into()),
    };
    let mut known = Some(version);
    if !set.is_empty() {
        let news = compare(desk, control, vendor, run, &set).await?;
        let (left, back) = (news.left.len(), news.back.len());
        let news = [(Kind::Left, news.left), (Kind::Delivered, news.back)];
        let (db, export_id) = (&desk.db, run.export_id);
        known = deliveries::store::add_news(db, export_id, run.id, version, &news).await?;
        tracing::info!(run = %run.id, left, back, "looked who has left the list");
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

/// What the list says of those delivered.
struct News {
    left: Vec<Entry>,
    back: Vec<Entry>,
}

async fn compare(
    desk: &Desk,
    control: &Control,
    vendor: &mut Vendor,
    run: &Run,
    set: &DeliveredSet,
) -> Result<News, Interrupt> {
    let keys = Keys::new(desk.connections.master_key());
    let mut is_on_list = vec![false; set.len()];
    let mut mark = |contact: Contact<'_>| {
        let address = keys.address(exclusions::clean_email(contact.email));
        if let Some((index, _)) = set.find_address(address) {
            is_on_list[index] = !contact.has_unsubscribed();
        }
    };
    list_members::read(control, vendor, run, &mut mark).await?;
    let mut news = News {
        left: Vec::new(),
        back: Vec::new(),
    };
    for ((entry, kind), is_on_list) in set.entries().zip(is_on_list) {
        match (kind, is_on_list) {
            (Kind::Delivered, false) => news.left.push(entry),
            (Kind::Left | Kind::Doubtful, true) => news.back.push(entry),
            _ => {}
        }
    }
    Ok(news)
}
