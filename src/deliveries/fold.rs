//! Folding a log that has grown long: of every address the latest entry alone is kept.

use sea_orm::{DatabaseConnection, TransactionTrait};
use uuid::Uuid;

use super::entry::{ENTRY_BYTES, Kind};
use super::set::DeliveredSet;
use super::store::{
    Chunk, LoadError, add_chunk, blocking, chunks, load, lock, of_export, remove_chunks, save,
};
use crate::storage::entities::delivery_chunk;
use sea_orm::{ColumnTrait, EntityTrait};

/// Entries of one folded chunk; one statement writes 800,000 bytes.
pub(super) const ENTRIES_AT_A_TIME: usize = 40_000;
/// Entries and chunks that are too few to fold.
const FEW_ENTRIES: usize = 400_000;
const FEW_CHUNKS: usize = 64;

/// Folds what is remembered of an export when that has grown to more than twice what its oldest version had.
///
/// For the start of a run, while no other run of the export is under way: versions before cannot be told any more.
///
/// # Errors
/// The database's.
pub async fn fold_when_long(db: &DatabaseConnection, export_id: Uuid) -> Result<(), LoadError> {
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
    let folded = blocking(move || pack(&set)).await;
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
    for (kind, entries) in folded {
        let place = (export_id, Uuid::nil(), 0);
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

/// The entries by kind, in chunks. Whoever was taken off the list is remembered no longer.
fn pack(set: &DeliveredSet) -> Vec<(Kind, Vec<u8>)> {
    let mut packed = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Removed) {
        let mut chunk = Vec::new();
        for (entry, _) in set.entries().filter(|(_, other)| *other == kind) {
            chunk.extend_from_slice(&entry.to_bytes());
            if chunk.len() == ENTRIES_AT_A_TIME * ENTRY_BYTES {
                packed.push((kind, std::mem::take(&mut chunk)));
            }
        }
        if !chunk.is_empty() {
            packed.push((kind, chunk));
        }
    }
    packed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(version: i64, entries: usize) -> Chunk {
        Chunk {
            id: Uuid::nil(),
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
}
