//! Queries over erasures.

use jiff::{SignedDuration, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DbErr,
    EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set, TransactionTrait,
};
use secrecy::ExposeSecret;
use serde_json::json;
use uuid::Uuid;

use super::deletions::add_deletions;
use super::{Deletion, DeletionState, ErasureState, PersonErasure};
use crate::exclusions::{self, Entry, Keys};
use crate::sources::Author;
use crate::storage::entities::{erasure, erasure_deletion};
use crate::storage::{MasterKey, SealError, UtcMillis, astray, bring_back};

/// Erasures on one page.
pub const PAGE_SIZE: u64 = 50;
/// Where the address is sealed for.
const PLACE: (&str, &str) = ("erasures", "address");

/// Asks for a person to be erased and blocks the address at once; the unfinished erasure of the same person when there is
/// one. Returns its id.
///
/// # Errors
/// The database's.
pub async fn request(
    db: &DatabaseConnection,
    key: &MasterKey,
    address: &Entry,
    connections: &[(Uuid, String)],
    author: &Author,
) -> Result<Uuid, DbErr> {
    let keys = Keys::new(key);
    let plain = address.address().unwrap_or_default();
    let hash = keys.hash(plain);
    let transaction = db.begin().await?;
    // Raises the list's number first, so two requests for one person come one after the other.
    exclusions::store::block(&transaction, &keys, address, author).await?;
    let unfinished = erasure::Entity::find()
        .filter(erasure::Column::Hash.eq(&hash))
        .filter(erasure::Column::FinishedAt.is_null())
        .one(&transaction)
        .await?;
    if let Some(unfinished) = unfinished
        && lock(&transaction, unfinished.id).await?
    {
        add_deletions(&transaction, unfinished.id, connections, author).await?;
        transaction.commit().await?;
        return Ok(unfinished.id);
    }
    let id = Uuid::now_v7();
    erasure::ActiveModel {
        id: Set(id),
        hash: Set(hash.clone()),
        address: Set(Some(
            key.seal((PLACE.0, PLACE.1, &id.to_string()), plain.as_bytes()),
        )),
        state: Set(ErasureState::Waiting.name().to_owned()),
        copies: Set(0),
        rows: Set(0),
        deliveries: Set(0),
        requested_at: Set(author.at.into()),
        requested_by: Set(author.user_id),
        cleared_at: Set(None),
        finished_at: Set(None),
        lease_until: Set(None),
    }
    .insert(&transaction)
    .await?;
    add_deletions(&transaction, id, connections, author).await?;
    let ids: Vec<&Uuid> = connections.iter().map(|(id, _)| id).collect();
    let detail = json!({ "erasure": id, "connections": ids });
    author
        .record(&transaction, "person.erasure-requested", hash, detail)
        .await?;
    transaction.commit().await?;
    Ok(id)
}

/// Locks an erasure until the transaction ends; false when it is finished.
pub(super) async fn lock(transaction: &impl ConnectionTrait, id: Uuid) -> Result<bool, DbErr> {
    let locked = erasure::Entity::update_many()
        .col_expr(erasure::Column::Hash, Expr::col(erasure::Column::Hash))
        .filter(erasure::Column::Id.eq(id))
        .filter(erasure::Column::FinishedAt.is_null())
        .exec(transaction)
        .await?;
    Ok(locked.rows_affected == 1)
}

/// The erasure with an id.
///
/// # Errors
/// The database's.
pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<PersonErasure>, DbErr> {
    match erasure::Entity::find_by_id(id).one(db).await? {
        Some(model) => Ok(Some(read(db, model).await?)),
        None => Ok(None),
    }
}

/// The unfinished erasure of a person, by the keyed hash of the address.
///
/// # Errors
/// The database's.
pub async fn find_unfinished(
    db: &impl ConnectionTrait,
    hash: &str,
) -> Result<Option<PersonErasure>, DbErr> {
    let found = erasure::Entity::find()
        .filter(erasure::Column::Hash.eq(hash))
        .filter(erasure::Column::FinishedAt.is_null())
        .one(db)
        .await?;
    match found {
        Some(model) => Ok(Some(read(db, model).await?)),
        None => Ok(None),
    }
}

/// A page of erasures, the latest first; `page` counts from 0. With how many there are.
///
/// # Errors
/// The database's.
pub async fn list(
    db: &impl ConnectionTrait,
    page: u64,
) -> Result<(Vec<PersonErasure>, u64), DbErr> {
    let total = erasure::Entity::find().count(db).await?;
    let found = erasure::Entity::find()
        .order_by_desc(erasure::Column::Id)
        .offset(Ord::min(page.saturating_mul(PAGE_SIZE), total))
        .limit(PAGE_SIZE)
        .all(db)
        .await?;
    let mut erasures = Vec::new();
    for model in found {
        erasures.push(read(db, model).await?);
    }
    Ok((erasures, total))
}

/// The oldest erasure with something to do that nobody works on, claimed until `until`.
pub(super) async fn claim(
    db: &impl ConnectionTrait,
    after: Option<Uuid>,
    now: Timestamp,
    lease: SignedDuration,
) -> Result<Option<PersonErasure>, DbErr> {
    let is_left = Condition::all().add(astray(erasure::Column::LeaseUntil, lease, now));
    bring_back::<erasure::Entity>(db, erasure::Column::LeaseUntil, is_left, now + lease).await?;
    let is_free = Condition::any()
        .add(erasure::Column::LeaseUntil.is_null())
        .add(erasure::Column::LeaseUntil.lte(UtcMillis::from(now)));
    let open = [ErasureState::Waiting, ErasureState::Deleting].map(ErasureState::name);
    let candidates = erasure::Entity::find()
        .filter(erasure::Column::State.is_in(open))
        .filter(erasure::Column::Id.gt(after.unwrap_or_default()))
        .filter(is_free.clone())
        .order_by_asc(erasure::Column::Id)
        .limit(10)
        .all(db)
        .await?;
    for model in candidates {
        let until = UtcMillis::from(now + lease);
        let claimed = erasure::Entity::update_many()
            .col_expr(erasure::Column::LeaseUntil, Expr::value(until))
            .filter(erasure::Column::Id.eq(model.id))
            .filter(is_free.clone())
            .exec(db)
            .await?;
        if claimed.rows_affected == 1 {
            return Ok(Some(read(db, model).await?));
        }
    }
    Ok(None)
}

/// Gives a claimed erasure back.
pub(super) async fn release(db: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    let none = Expr::value(None::<i64>);
    set(db, id, &[(erasure::Column::LeaseUntil, none)]).await
}

/// The address of an unfinished erasure.
pub(super) async fn address(
    db: &impl ConnectionTrait,
    key: &MasterKey,
    id: Uuid,
) -> Result<Result<Entry, SealError>, DbErr> {
    let found = erasure::Entity::find_by_id(id).one(db).await?;
    let sealed = found.and_then(|model| model.address).unwrap_or_default();
    let opened = key.open((PLACE.0, PLACE.1, &id.to_string()), &sealed);
    Ok(opened
        .and_then(|plain| Entry::parse(plain.expose_secret()).map_err(|_| SealError::DoesNotOpen)))
}

/// Counts rows taken out of one more snapshot.
pub(super) async fn add_copy(
    transaction: &impl ConnectionTrait,
    id: Uuid,
    rows: u64,
) -> Result<(), DbErr> {
    use erasure::Column as C;
    let more = |column: C, by: u64| (column, Expr::col(column).add(by.cast_signed()));
    set(transaction, id, &[more(C::Copies, 1), more(C::Rows, rows)]).await
}

/// Records that nothing of the person is left here.
pub(super) async fn clear(
    db: &impl ConnectionTrait,
    id: Uuid,
    deliveries: u64,
    now: Timestamp,
) -> Result<(), DbErr> {
    use erasure::Column as C;
    let values = [
        (C::State, Expr::value(ErasureState::Deleting.name())),
        (
            C::Deliveries,
            Expr::col(C::Deliveries).add(deliveries.cast_signed()),
        ),
        (C::ClearedAt, Expr::value(UtcMillis::from(now))),
    ];
    set(db, id, &values).await
}

/// Records how an erasure ended; then the address is forgotten, unless a deletion has failed.
pub(super) async fn conclude(
    transaction: &impl ConnectionTrait,
    id: Uuid,
    state: ErasureState,
    now: Timestamp,
) -> Result<(), DbErr> {
    use erasure::Column as C;
    let mut values = vec![(C::State, Expr::value(state.name()))];
    if state == ErasureState::Done {
        values.push((C::Address, Expr::value(None::<Vec<u8>>)));
        values.push((C::FinishedAt, Expr::value(UtcMillis::from(now))));
    }
    set(transaction, id, &values).await
}

async fn set(
    db: &impl ConnectionTrait,
    id: Uuid,
    values: &[(erasure::Column, Expr)],
) -> Result<(), DbErr> {
    let mut update = erasure::Entity::update_many().filter(erasure::Column::Id.eq(id));
    for (column, value) in values {
        update = update.col_expr(*column, value.clone());
    }
    update.exec(db).await?;
    Ok(())
}

async fn read(db: &impl ConnectionTrait, model: erasure::Model) -> Result<PersonErasure, DbErr> {
    let deletions = erasure_deletion::Entity::find()
        .filter(erasure_deletion::Column::ErasureId.eq(model.id))
        .order_by_asc(erasure_deletion::Column::Id)
        .all(db)
        .await?;
    let deletions = deletions.into_iter().map(|row| Deletion {
        id: row.id,
        connection_id: row.connection_id,
        connection_name: row.connection_name,
        state: DeletionState::from_name(&row.state),
        tries: row.tries.unsigned_abs(),
        problem: row.problem,
        next_try_at: row.next_try_at.into(),
    });
    Ok(PersonErasure {
        id: model.id,
        hash: model.hash,
        state: ErasureState::from_name(&model.state),
        copies: model.copies.unsigned_abs(),
        rows: model.rows.unsigned_abs(),
        deliveries: model.deliveries.unsigned_abs(),
        requested_at: model.requested_at.into(),
        requested_by: model.requested_by,
        finished_at: model.finished_at.map(Into::into),
        deletions: deletions.collect(),
    })
}
