//! Folding a log that has grown long: of every address the latest entry alone is kept.

use std::collections::BTreeMap;

use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, TransactionTrait};
use uuid::Uuid;

use super::chunks::{Chunk, add_chunk, chunks, of_export, remove_chunks};
use super::entry::{ENTRY_BYTES, Entry, Kind};
use super::set::DeliveredSet;
use super::store::{LoadError, blocking, load, load_without, lock, save};
use crate::storage::entities::delivery_chunk;

/// Entries of one folded chunk; one statement writes 800,000 bytes.
pub(super) const ENTRIES_AT_A_TIME: usize = 40_000;
/// Entries and chunks that are too few to fold.
const FEW_ENTRIES: usize = 400_000;
const FEW_CHUNKS: usize = 64;

/// Folds what is remembered of an export when that has grown to more than twice what its oldest version had.
///
/// For the start of a run, while no other run of the export is under way: versions before cannot be told any more. What
/// `young` runs alone have delivered stays theirs; see [`load_without`].
///
/// # Errors
/// The database's.
pub async fn fold_when_long(
    db: &DatabaseConnection,
    export_id: Uuid,
    young: &[Uuid],
) -> Result<(), LoadError> {
    let state = crate::storage::entities::delivery_state::Entity::find_by_id(export_id)
        .one(db)
        .await?;
    let Some(before) = state else {
        return Ok(());
    };
    let log = chunks(db, export_id, before.version).await?;
    if !is_long(&log) {
        return Ok(());
    }
    let set = load(db, export_id, before.version).await?;
    let older = match young {
        [] => DeliveredSet::default(),
        young => load_without(db, export_id, before.version, young).await?,
    };
    let youngest = young.iter().copied().max();
    let folded = blocking(move || pack(&set, &older, youngest)).await;
    let transaction = db.begin().await?;
    let Some(mut state) = lock(&transaction, export_id).await? else {
        return Ok(());
    };
    if state != before || chunks(&transaction, export_id, before.version).await? != log {
        // Somebody was erased meanwhile: the next run folds.
        return Ok(());
    }
    state.version += 1;
    state.oldest = state.version;
    let in_force = of_export(export_id).add(delivery_chunk::Column::Version.is_not_null());
    remove_chunks(&transaction, in_force).await?;
    for (kind, run_id, entries) in folded {
        let place = (export_id, run_id, 0);
        add_chunk(&transaction, place, kind, Some(state.version), entries).await?;
    }
    save(&transaction, &state).await?;
    transaction.commit().await?;
    tracing::info!(export = %export_id, chunks = log.len(), "remembered deliveries folded");
    Ok(())
}

fn is_long(log: &[Chunk]) -> bool {
    let Some(oldest) = log.last().map(|chunk| chunk.version) else {
        return false;
    };
    let entries = |chunks: &mut dyn Iterator<Item = &Chunk>| -> usize {
        chunks.map(|chunk| chunk.entries).sum()
    };
    let is_first = |chunk: &&Chunk| chunk.version == oldest;
    let first = log.iter().filter(is_first).count();
    let first_entries = entries(&mut log.iter().filter(is_first));
    log.len() > FEW_CHUNKS + 2 * first || entries(&mut log.iter()) > FEW_ENTRIES + 2 * first_entries
}

/// The entries by kind and run, in chunks. Whoever was taken off the list is remembered no longer. Without young runs
/// everything is of no run any more.
fn pack(
    set: &DeliveredSet,
    older: &DeliveredSet,
    youngest: Option<Uuid>,
) -> Vec<(Kind, Uuid, Vec<u8>)> {
    let run_of = |entry: &Entry| match youngest {
        Some(run_id) if !older.is_delivered(entry.address) => run_id,
        _ => Uuid::nil(),
    };
    let mut packed = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Removed) {
        let mut chunks: BTreeMap<Uuid, Vec<u8>> = BTreeMap::new();
        for (entry, _) in set.entries().filter(|(_, other)| *other == kind) {
            let run_id = run_of(&entry);
            let chunk = chunks.entry(run_id).or_default();
            chunk.extend_from_slice(&entry.to_bytes());
            if chunk.len() == ENTRIES_AT_A_TIME * ENTRY_BYTES {
                packed.push((kind, run_id, std::mem::take(chunk)));
            }
        }
        let rest = chunks.into_iter().filter(|(_, chunk)| !chunk.is_empty());
        packed.extend(rest.map(|(run_id, chunk)| (kind, run_id, chunk)));
    }
    packed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(version: i64, entries: usize) -> Chunk {
        Chunk {
            id: Uuid::nil(),
            run_id: Uuid::nil(),
            kind: Kind::Delivered,
            entries,
            version,
        }
    }

    #[test]
    fn a_log_is_long_by_its_entries_or_by_its_chunks() {
        let first: Vec<Chunk> = (0..26).map(|_| chunk(1, 40_000)).collect();
        let with = |runs: i64, entries| {
            let later = (0..runs).rev().map(|run| chunk(run + 2, entries));
            later.chain(first.clone()).collect::<Vec<_>>()
        };
        assert!(!is_long(&[]));
        assert!(!is_long(&with(50, 10_000)));
        assert!(is_long(&with(91, 100)), "many changes");
        assert!(is_long(&with(40, 39_999)), "large changes");
    }

    #[test]
    fn what_young_runs_alone_delivered_stays_theirs() {
        let entry = |address: u8| Entry {
            address: [address; 8],
            row: [address; 12],
        };
        let set = |kinds: &[(u8, Kind)]| {
            let mut set = DeliveredSet::with_room_for(kinds.len());
            for (address, kind) in kinds {
                set.add_older(*kind, &entry(*address).to_bytes());
            }
            set.finish()
        };
        let now = set(&[
            (1, Kind::Delivered),
            (2, Kind::Delivered),
            (3, Kind::Delivered),
            (4, Kind::Removed),
            (5, Kind::Left),
        ]);
        // The second had been taken off in between, the third is new.
        let older = set(&[
            (1, Kind::Delivered),
            (2, Kind::Removed),
            (5, Kind::Delivered),
        ]);
        let run = Uuid::from_u128(7);
        let packed = |older, young| -> Vec<(Kind, Uuid, Vec<u8>)> {
            let mut packed = pack(&now, older, young);
            for (_, _, chunk) in &mut packed {
                let mut once: Vec<u8> = Entry::read_all(chunk).map(|e| e.row[0]).collect();
                once.sort_unstable();
                *chunk = once;
            }
            packed
        };
        assert_eq!(
            packed(&older, Some(run)),
            [
                (Kind::Delivered, Uuid::nil(), vec![1]),
                (Kind::Delivered, run, vec![2, 3]),
                (Kind::Left, Uuid::nil(), vec![5]),
            ]
        );
        assert_eq!(
            packed(&DeliveredSet::default(), None),
            [
                (Kind::Delivered, Uuid::nil(), vec![1, 2, 3]),
                (Kind::Left, Uuid::nil(), vec![5]),
            ]
        );
    }
}
