//! Forgetting: an export, or one person in all of them.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QuerySelect,
    TransactionTrait,
};
use uuid::Uuid;

use super::chunks::{entries, of_export, remove_chunks};
use super::entry::{ENTRY_BYTES, Entry};
use super::store::{lock, save};
use crate::storage::entities::{delivery_chunk, delivery_entries, delivery_state};

/// Forgets everything about an export.
///
/// # Errors
/// The database's.
pub async fn forget_export(
    transaction: &impl ConnectionTrait,
    export_id: Uuid,
) -> Result<(), DbErr> {
    remove_chunks(transaction, of_export(export_id)).await?;
    delivery_state::Entity::delete_by_id(export_id)
        .exec(transaction)
        .await?;
    Ok(())
}

/// Makes every export forget one address; how many had remembered it.
///
/// # Errors
/// The database's.
pub async fn forget_address(db: &DatabaseConnection, address: [u8; 8]) -> Result<u64, DbErr> {
    let exports: Vec<Uuid> = delivery_state::Entity::find()
        .select_only()
        .column(delivery_state::Column::ExportId)
        .into_tuple()
        .all(db)
        .await?;
    let mut forgotten = 0;
    for export_id in exports {
        let transaction = db.begin().await?;
        let Some(mut state) = lock(&transaction, export_id).await? else {
            continue;
        };
        let chunks: Vec<Uuid> = delivery_chunk::Entity::find()
            .select_only()
            .column(delivery_chunk::Column::Id)
            .filter(of_export(export_id))
            .into_tuple()
            .all(&transaction)
            .await?;
        let mut is_found = false;
        for chunk in chunks {
            is_found |= forget_in(&transaction, chunk, address).await?;
        }
        if is_found {
            forgotten += 1;
            state.complete_run_id = None;
        }
        // Whoever has read something before does not write it back.
        state.version += 1;
        save(&transaction, &state).await?;
        transaction.commit().await?;
    }
    Ok(forgotten)
}

/// Takes an address out of a chunk; whether it was there.
async fn forget_in(
    transaction: &impl ConnectionTrait,
    chunk: Uuid,
    address: [u8; 8],
) -> Result<bool, DbErr> {
    let Some(before) = entries(transaction, chunk).await? else {
        return Ok(false);
    };
    let others = Entry::read_all(&before).filter(|entry| entry.address != address);
    let after: Vec<u8> = others.flat_map(Entry::to_bytes).collect();
    if after.len() == before.len() {
        return Ok(false);
    }
    let left = after.len() / ENTRY_BYTES;
    delivery_entries::Entity::update_many()
        .col_expr(delivery_entries::Column::Entries, Expr::value(after))
        .filter(delivery_entries::Column::ChunkId.eq(chunk))
        .exec(transaction)
        .await?;
    delivery_chunk::Entity::update_many()
        .col_expr(
            delivery_chunk::Column::Entries,
            Expr::value(i32::try_from(left).unwrap_or(i32::MAX)),
        )
        .filter(delivery_chunk::Column::Id.eq(chunk))
        .exec(transaction)
        .await?;
    Ok(true)
}
