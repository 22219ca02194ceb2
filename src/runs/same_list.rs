//! Several exports to one list of one account.
//!
//! Whom another export has put on the list is not this one's to take off: it gives up its own claim to them, and the last
//! export that remembers them takes them off. Whoever was taken off all the same, as where everybody else is, has not left
//! by themselves: every export to the list remembers that they were taken off, and sends them again when it sends them.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::control::Interrupt;
use super::desk::Desk;
use super::mirror::is_ours;
use super::remembered::{account, target};
use super::run::Run;
use super::store::removals::TakenOff;
use super::waiting::{Waiting, WaitingFor};
use crate::deliveries::{self, Entry, Kind, store::LoadError};
use crate::exports;

/// Leaves out of `gone` whom another export remembers to have put on the list; their keyed hashes.
pub(super) async fn leave_to_others(
    desk: &Desk,
    run: &Run,
    gone: &mut BTreeMap<Uuid, [u8; 8]>,
) -> Result<Vec<[u8; 8]>, Interrupt> {
    let mut left = Vec::new();
    for id in others(&desk.db, run).await? {
        let export = match exports::store::find(&desk.db, id).await {
            Ok(Some(export)) => export,
            Ok(None) => continue,
            Err(exports::StoreError::Database(error)) => return Err(error.into()),
            Err(error) => {
                tracing::error!(export = %id, %error, "what this export has delivered is not known");
                continue;
            }
        };
        let target = target(&desk.db, &export.definition).await?;
        let Some(version) = deliveries::store::current(&desk.db, id, &target).await? else {
            continue;
        };
        let set = match deliveries::store::load(&desk.db, id, version).await {
            Ok(set) => set,
            // It has begun a run meanwhile: looked at again at once.
            Err(LoadError::Gone) => {
                return Err(Interrupt::Pause(Waiting {
                    reason: WaitingFor::Vendor,
                    until: desk.clock.now(),
                }));
            }
            Err(LoadError::Database(error)) => return Err(error.into()),
        };
        gone.retain(|_, address| {
            let is_theirs = set
                .find_address(*address)
                .is_some_and(|(_, kind)| is_ours(kind));
            if is_theirs {
                left.push(*address);
            }
            !is_theirs
        });
    }
    Ok(left)
}

/// Remembers whom a run has taken off the list, in the transaction in which it ends: its own export, and every other one to
/// the list.
///
/// Its own may have to take off again whoever may have been; the others need only know that they may be off.
pub(super) async fn remember_taken_off(
    transaction: &impl ConnectionTrait,
    run: &Run,
    taken: TakenOff,
) -> Result<(), DbErr> {
    let (surely, perhaps) = (as_entries(taken.surely), as_entries(taken.perhaps));
    if surely.is_empty() && perhaps.is_empty() {
        return Ok(());
    }
    let off: Vec<Entry> = surely.iter().chain(&perhaps).copied().collect();
    let own = [(Kind::Removed, surely), (Kind::PerhapsRemoved, perhaps)];
    let theirs = [(Kind::Removed, off)];
    let mut exports = others(transaction, run).await?;
    exports.push(run.export_id);
    // In one order, so that of two runs that end at once none waits for the other.
    exports.sort_unstable();
    for id in exports {
        let news = if id == run.export_id {
            &own[..]
        } else {
            &theirs[..]
        };
        deliveries::store::add_to_latest(transaction, id, run.id, news).await?;
    }
    Ok(())
}

/// Entries that stand for addresses alone.
pub(super) fn as_entries(addresses: Vec<[u8; 8]>) -> Vec<Entry> {
    let entry = |address| Entry {
        address,
        row: [0; 12],
    };
    addresses.into_iter().map(entry).collect()
}

/// Other exports to the list of a run.
async fn others(db: &impl ConnectionTrait, run: &Run) -> Result<Vec<Uuid>, DbErr> {
    let Some(connection_id) = run.definition.connection_id else {
        return Ok(Vec::new());
    };
    let own = account(db, connection_id).await?;
    let mut others = Vec::new();
    for (id, connection_id) in exports::store::exports_to_list(db, run.definition.list_id).await? {
        if id != run.export_id && account(db, connection_id).await? == own {
            others.push(id);
        }
    }
    Ok(others)
}
