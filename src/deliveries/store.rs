//! Queries over what exports remember.
//!
//! Every change locks the row of the state first, so that versions come one after the other.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter,
    Set, TransactionTrait,
};
use uuid::Uuid;

use super::chunks::{Chunk, add_chunk, chunks_at, entries, of_export, remove_chunks};
use super::entry::{Entry, Kind};
use super::set::DeliveredSet;
use crate::storage::entities::{delivery_chunk, delivery_state};

pub use super::fold::fold_when_long;
pub use super::forget::{forget_address, forget_export};

/// Why what was remembered is not known.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It has been folded or forgotten since.
    #[error("what had been delivered is not remembered any more")]
    Gone,
    /// The database's.
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// Begins to remember, or goes on: the version in force.
///
/// When `target` is another one than before, everything is forgotten first. Chunks of parts that never settled are removed, of runs before `superseded_by`.
///
/// # Errors
/// The database's.
pub async fn begin(
    db: &DatabaseConnection,
    export_id: Uuid,
    target: &str,
    superseded_by: Option<Uuid>,
) -> Result<i64, DbErr> {
    let transaction = db.begin().await?;
    let new = delivery_state::ActiveModel {
        export_id: Set(export_id),
        target: Set(target.to_owned()),
        version: Set(0),
        oldest: Set(0),
        complete_run_id: Set(None),
    };
    delivery_state::Entity::insert(new)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(&transaction)
        .await?;
    let Some(mut state) = lock(&transaction, export_id).await? else {
        return Err(DbErr::RecordNotFound("the state just begun".to_owned()));
    };
    if state.target != target {
        remove_chunks(&transaction, of_export(export_id)).await?;
        state = delivery_state::Model {
            target: target.to_owned(),
            version: state.version + 1,
            oldest: state.version + 1,
            complete_run_id: None,
            ..state
        };
        save(&transaction, &state).await?;
    }
    if let Some(run_id) = superseded_by {
        let never_settled = of_export(export_id)
            .add(delivery_chunk::Column::Version.is_null())
            .add(delivery_chunk::Column::RunId.lt(run_id));
        remove_chunks(&transaction, never_settled).await?;
    }
    transaction.commit().await?;
    Ok(state.version)
}

/// The version in force for a target; `None` when nothing is remembered for it.
///
/// # Errors
/// The database's.
pub async fn current(
    db: &impl ConnectionTrait,
    export_id: Uuid,
    target: &str,
) -> Result<Option<i64>, DbErr> {
    let state = delivery_state::Entity::find_by_id(export_id)
        .one(db)
        .await?;
    Ok(state
        .filter(|state| state.target == target)
        .map(|state| state.version))
}

/// Whether a version can still be told.
///
/// # Errors
/// The database's.
pub async fn is_known(
    db: &impl ConnectionTrait,
    export_id: Uuid,
    version: i64,
) -> Result<bool, DbErr> {
    let state = delivery_state::Entity::find_by_id(export_id)
        .one(db)
        .await?;
    Ok(state.is_some_and(|state| (state.oldest..=state.version).contains(&version)))
}

/// The run after which nothing of its profiles was missing, when nothing has changed since.
///
/// # Errors
/// The database's.
pub async fn complete_run(
    db: &impl ConnectionTrait,
    export_id: Uuid,
) -> Result<Option<Uuid>, DbErr> {
    let state = delivery_state::Entity::find_by_id(export_id)
        .one(db)
        .await?;
    Ok(state.and_then(|state| state.complete_run_id))
}

/// What is remembered at a version, one chunk after the other.
///
/// # Errors
/// [`LoadError`].
pub async fn load(
    db: &impl ConnectionTrait,
    export_id: Uuid,
    version: i64,
) -> Result<DeliveredSet, LoadError> {
    load_without(db, export_id, version, &[]).await
}

/// The same as if some runs had delivered nobody; whom they took off or found gone counts.
///
/// # Errors
/// [`LoadError`].
pub async fn load_without(
    db: &impl ConnectionTrait,
    export_id: Uuid,
    version: i64,
    runs: &[Uuid],
) -> Result<DeliveredSet, LoadError> {
    let chunks = chunks_at(db, export_id, version).await?;
    let counts = |chunk: &Chunk| is_of_others(chunk, runs);
    load_chunks(db, chunks.into_iter().filter(counts).collect()).await
}

/// The same without what was sent and nobody knows what became of it: what was known before of those it was sent to.
///
/// # Errors
/// [`LoadError`].
pub async fn load_certain(
    db: &impl ConnectionTrait,
    export_id: Uuid,
    version: i64,
    runs: &[Uuid],
) -> Result<DeliveredSet, LoadError> {
    let chunks = chunks_at(db, export_id, version).await?;
    let counts = |chunk: &Chunk| chunk.kind != Kind::Unknown && is_of_others(chunk, runs);
    load_chunks(db, chunks.into_iter().filter(counts).collect()).await
}

/// Whether a chunk is no delivery of these runs.
fn is_of_others(chunk: &Chunk, runs: &[Uuid]) -> bool {
    !chunk.kind.is_delivered() || !runs.contains(&chunk.run_id)
}

/// Of chunks, the newest first.
async fn load_chunks(
    db: &impl ConnectionTrait,
    chunks: Vec<Chunk>,
) -> Result<DeliveredSet, LoadError> {
    let room = chunks.iter().map(|chunk| chunk.entries).sum();
    let mut set = DeliveredSet::with_room_for(room);
    for chunk in chunks {
        let entries = entries(db, chunk.id).await?.ok_or(LoadError::Gone)?;
        set = blocking(move || {
            set.add_older(chunk.kind, &entries);
            set
        })
        .await;
    }
    Ok(blocking(move || set.finish()).await)
}

/// What is remembered of one address at a version.
///
/// # Errors
/// [`LoadError`].
pub async fn load_address(
    db: &impl ConnectionTrait,
    export_id: Uuid,
    version: i64,
    address: [u8; 8],
) -> Result<DeliveredSet, LoadError> {
    let mut set = DeliveredSet::with_room_for(1);
    for chunk in chunks_at(db, export_id, version).await? {
        let entries = entries(db, chunk.id).await?.ok_or(LoadError::Gone)?;
        let found = Entry::read_all(&entries).find(|entry| entry.address == address);
        if let Some(entry) = found {
            set.add_older(chunk.kind, &entry.to_bytes());
            break;
        }
    }
    Ok(set.finish())
}

/// Remembers the entries of a part that is about to be sent, in the same transaction; they count when it has settled.
///
/// # Errors
/// The database's.
pub async fn add_part(
    transaction: &impl ConnectionTrait,
    export_id: Uuid,
    run_id: Uuid,
    part: u32,
    entries: Vec<u8>,
) -> Result<(), DbErr> {
    let place = (export_id, run_id, part);
    add_chunk(transaction, place, Kind::Unknown, None, entries).await
}

/// Puts what is known of the parts of a run of an export into force. `is_complete`: nothing of its profiles is missing now.
///
/// Whom other exports have taken off the list since the version it was `planned_with` may have been delivered before or
/// after that: they count as taken off.
///
/// # Errors
/// The database's.
pub async fn settle(
    transaction: &impl ConnectionTrait,
    (export_id, run_id): (Uuid, Uuid),
    planned_with: i64,
    parts: &[(u32, Kind)],
    is_complete: bool,
) -> Result<(), DbErr> {
    use delivery_chunk::Column as C;
    let Some(mut state) = lock(transaction, export_id).await? else {
        return Ok(());
    };
    let mut changed = 0;
    for kind in Kind::ALL {
        let of_kind = parts.iter().filter(|(_, other)| *other == kind);
        let numbers: Vec<i32> = of_kind.map(|(part, _)| part.cast_signed()).collect();
        if numbers.is_empty() {
            continue;
        }
        let is_news = Condition::any()
            .add(C::Version.is_null())
            .add(C::Kind.ne(kind.name()));
        let settled = delivery_chunk::Entity::update_many()
            .col_expr(C::Version, Expr::value(state.version + 1))
            .col_expr(C::Kind, Expr::value(kind.name()))
            .filter(C::ExportId.eq(export_id))
            .filter(C::RunId.eq(run_id))
            .filter(C::Part.is_in(numbers))
            .filter(is_news)
            .exec(transaction)
            .await?;
        changed += settled.rows_affected;
    }
    if changed > 0 {
        state.version += 1;
        state.complete_run_id = None;
    }
    let taken_off_meanwhile = delivery_chunk::Entity::update_many()
        .col_expr(C::Version, Expr::value(state.version + 1))
        .filter(C::ExportId.eq(export_id))
        .filter(C::RunId.ne(run_id))
        .filter(C::Kind.eq(Kind::Removed.name()))
        .filter(C::Version.gt(planned_with))
        .exec(transaction)
        .await?
        .rows_affected;
    if taken_off_meanwhile > 0 {
        state.version += 1;
        state.complete_run_id = None;
    } else if is_complete {
        state.complete_run_id = Some(run_id);
    }
    save(transaction, &state).await
}

/// The latest version, whatever the target.
///
/// # Errors
/// The database's.
pub async fn latest(db: &impl ConnectionTrait, export_id: Uuid) -> Result<Option<i64>, DbErr> {
    let state = delivery_state::Entity::find_by_id(export_id)
        .one(db)
        .await?;
    Ok(state.map(|state| state.version))
}

/// The same, kept so until the transaction ends.
///
/// # Errors
/// The database's.
pub async fn lock_latest(
    transaction: &impl ConnectionTrait,
    export_id: Uuid,
) -> Result<Option<i64>, DbErr> {
    let state = lock(transaction, export_id).await?;
    Ok(state.map(|state| state.version))
}

/// Adds what was learned of entries of the latest version, `version`, at once; the version it is in force with. `None`
/// when somebody has changed something meanwhile.
///
/// # Errors
/// The database's.
pub async fn add_news(
    db: &DatabaseConnection,
    export_id: Uuid,
    run_id: Uuid,
    version: i64,
    news: &[(Kind, Vec<Entry>)],
) -> Result<Option<i64>, DbErr> {
    if news.iter().all(|(_, entries)| entries.is_empty()) {
        return Ok(Some(version));
    }
    let transaction = db.begin().await?;
    let state = lock(&transaction, export_id).await?;
    let Some(state) = state.filter(|state| state.version == version) else {
        return Ok(None);
    };
    let version = add_at_once(&transaction, state, run_id, news).await?;
    transaction.commit().await?;
    Ok(Some(version))
}

/// Adds what was learned of entries, whatever the latest version is. Nothing is added for an export that remembers nothing.
///
/// # Errors
/// The database's.
pub async fn add_to_latest(
    transaction: &impl ConnectionTrait,
    export_id: Uuid,
    run_id: Uuid,
    news: &[(Kind, Vec<Entry>)],
) -> Result<(), DbErr> {
    if news.iter().all(|(_, entries)| entries.is_empty()) {
        return Ok(());
    }
    if let Some(state) = lock(transaction, export_id).await? {
        add_at_once(transaction, state, run_id, news).await?;
    }
    Ok(())
}

/// Brings entries into force with a version of their own, and returns it. The state is locked.
async fn add_at_once(
    transaction: &impl ConnectionTrait,
    mut state: delivery_state::Model,
    run_id: Uuid,
    news: &[(Kind, Vec<Entry>)],
) -> Result<i64, DbErr> {
    state.version += 1;
    state.complete_run_id = None;
    for (kind, entries) in news {
        for some in entries.chunks(super::fold::ENTRIES_AT_A_TIME) {
            let bytes = some.iter().copied().flat_map(Entry::to_bytes).collect();
            let place = (state.export_id, run_id, 0);
            add_chunk(transaction, place, *kind, Some(state.version), bytes).await?;
        }
    }
    save(transaction, &state).await?;
    Ok(state.version)
}

/// Locks the state of an export until the transaction ends.
pub(super) async fn lock(
    transaction: &impl ConnectionTrait,
    export_id: Uuid,
) -> Result<Option<delivery_state::Model>, DbErr> {
    use delivery_state::Column as C;
    delivery_state::Entity::update_many()
        .col_expr(C::Version, Expr::col(C::Version))
        .filter(C::ExportId.eq(export_id))
        .exec(transaction)
        .await?;
    delivery_state::Entity::find_by_id(export_id)
        .one(transaction)
        .await
}

pub(super) async fn save(
    transaction: &impl ConnectionTrait,
    state: &delivery_state::Model,
) -> Result<(), DbErr> {
    use delivery_state::Column as C;
    delivery_state::Entity::update_many()
        .col_expr(C::Target, Expr::value(state.target.as_str()))
        .col_expr(C::Version, Expr::value(state.version))
        .col_expr(C::Oldest, Expr::value(state.oldest))
        .col_expr(C::CompleteRunId, Expr::value(state.complete_run_id))
        .filter(C::ExportId.eq(state.export_id))
        .exec(transaction)
        .await?;
    Ok(())
}

pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work)
        .await
        .expect("looking at entries neither panics nor is canceled")
}
