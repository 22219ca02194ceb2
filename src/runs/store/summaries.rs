//! Runs whose parts are not kept any more, and what is known of them all the same.

use jiff::Timestamp;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Set, TransactionTrait,
};
use uuid::Uuid;

use super::StoreError;
use crate::runs::account::Account;
use crate::runs::part::Part;
use crate::runs::run::Run;
use crate::storage::UtcMillis;
use crate::storage::entities::{check, run, run_part, run_summary};

/// The account of a run, from its parts or from what was kept of them.
///
/// # Errors
/// Reading failed.
pub async fn account(
    db: &impl ConnectionTrait,
    run: &Run,
    parts: &[Part],
) -> Result<Account, StoreError> {
    let account = Account::of(run, parts);
    if !parts.is_empty() || !run.state.is_finished() || run.totals.sent == 0 {
        return Ok(account);
    }
    match find(db, run.id).await? {
        Some(kept) => Ok(Account {
            rejected: run.totals.rejected,
            ..kept
        }),
        None => Ok(account),
    }
}

/// What was kept of a run whose parts are gone.
pub(in crate::runs) async fn find(
    db: &impl ConnectionTrait,
    run_id: Uuid,
) -> Result<Option<Account>, StoreError> {
    let found = run_summary::Entity::find_by_id(run_id).one(db).await?;
    let account = found.map(|row| serde_json::from_value(row.account));
    Ok(account.transpose()?)
}

/// Runs that ended before a moment and have parts, the oldest first.
pub(in crate::runs) async fn runs_with_parts(
    db: &impl ConnectionTrait,
    before: Timestamp,
    limit: u64,
) -> Result<Vec<Uuid>, DbErr> {
    let with_parts = run_part::Entity::find()
        .select_only()
        .column(run_part::Column::RunId)
        .into_query();
    run::Entity::find()
        .select_only()
        .column(run::Column::Id)
        .filter(run::Column::FinishedAt.lte(UtcMillis::from(before)))
        .filter(run::Column::Id.in_subquery(with_parts))
        .order_by_asc(run::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await
}

/// Keeps the account of a finished run and removes its parts.
pub(in crate::runs) async fn sum_up(
    db: &DatabaseConnection,
    run_id: Uuid,
    now: Timestamp,
) -> Result<(), StoreError> {
    let transaction = db.begin().await?;
    if !super::lock_finished(&transaction, run_id).await? {
        return Ok(());
    }
    let run = super::get(&transaction, run_id).await?;
    let parts = super::parts(&transaction, run_id).await?;
    let summary = run_summary::ActiveModel {
        run_id: Set(run_id),
        account: Set(serde_json::to_value(Account::of(&run, &parts))?),
        swept_at: Set(now.into()),
    };
    run_summary::Entity::insert(summary)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(&transaction)
        .await?;
    run_part::Entity::delete_many()
        .filter(run_part::Column::RunId.eq(run_id))
        .exec(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}

/// Removes checks that ended before a moment; how many.
pub(in crate::runs) async fn remove_checks(
    db: &impl ConnectionTrait,
    before: Timestamp,
) -> Result<u64, DbErr> {
    let removed = check::Entity::delete_many()
        .filter(check::Column::FinishedAt.lte(UtcMillis::from(before)))
        .exec(db)
        .await?;
    Ok(removed.rows_affected)
}
