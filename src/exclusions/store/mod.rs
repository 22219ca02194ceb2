//! Queries over the exclusion list.
//!
//! Functions that change something are meant to be called inside a transaction. They raise the number of the latest
//! change first, which locks it until the transaction ends: whoever reads a number afterwards sees every entry up to it.

mod uploads;

pub use uploads::{
    Upload, begin_upload, count_by_upload, find_upload, finish_upload, list_uploads,
};

use jiff::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Set,
};
use uuid::Uuid;

use super::address::{Keys, hex};
use super::set::ExcludedSet;
use super::{Entry, Origin};
use crate::sources::Author;
use crate::storage::UtcMillis;
use crate::storage::entities::{exclusion, exclusion_change};

/// Entries and uploads on one page.
pub const PAGE_SIZE: u64 = 50;
/// The one row that holds the number of the latest change.
const LATEST: i32 = 1;
/// Entries read at a time.
const READ_AT_A_TIME: u64 = 20_000;
/// Entries added by one statement: 12 values each, far from the 32,766 that SQLite binds.
pub const ADDED_AT_A_TIME: usize = 1_000;
const ADDRESS: &str = "address";
const DOMAIN: &str = "domain";

/// The number of the latest change; 0 before the first.
///
/// # Errors
/// The database's.
pub async fn latest_change(db: &impl ConnectionTrait) -> Result<i64, DbErr> {
    let found = exclusion_change::Entity::find_by_id(LATEST).one(db).await?;
    Ok(found.map_or(0, |row| row.seq))
}

/// The list as it was after a change.
///
/// # Errors
/// The database's.
pub async fn load(
    db: &impl ConnectionTrait,
    keys: &Keys,
    change: i64,
) -> Result<ExcludedSet, DbErr> {
    use exclusion::Column as C;
    let mut set = ExcludedSet::new(keys.clone());
    if change == 0 {
        return Ok(set);
    }
    let mut after = Uuid::nil();
    loop {
        let found: Vec<(Uuid, String, String, i64)> = exclusion::Entity::find()
            .select_only()
            .columns([C::Id, C::Kind, C::Value, C::Quick])
            .filter(C::Id.gt(after))
            .filter(C::AddedSeq.lte(change))
            .filter(
                Condition::any()
                    .add(C::RemovedSeq.is_null())
                    .add(C::RemovedSeq.gt(change)),
            )
            .order_by_asc(C::Id)
            .limit(READ_AT_A_TIME)
            .into_tuple()
            .all(db)
            .await?;
        let Some((last, ..)) = found.last() else {
            return Ok(set);
        };
        after = *last;
        for (_, kind, value, quick) in found {
            if kind == DOMAIN {
                set.add_domain(value);
            } else if let Some(full) = bytes(&value) {
                set.add_address(quick.cast_unsigned(), full);
            }
        }
    }
}

/// As [`load`], with what concerns one address only.
///
/// # Errors
/// The database's.
pub async fn load_for(
    db: &impl ConnectionTrait,
    keys: &Keys,
    address: &Entry,
    change: i64,
) -> Result<ExcludedSet, DbErr> {
    use exclusion::Column as C;
    let mut set = ExcludedSet::new(keys.clone());
    let (_, hash, quick) = stored(keys, address);
    let domain = address.domain().to_owned();
    let found = exclusion::Entity::find()
        .filter(C::Value.is_in([hash, domain]))
        .filter(C::AddedSeq.lte(change))
        .filter(
            Condition::any()
                .add(C::RemovedSeq.is_null())
                .add(C::RemovedSeq.gt(change)),
        )
        .all(db)
        .await?;
    for row in found {
        if row.kind == DOMAIN {
            set.add_domain(row.value);
        } else if let Some(full) = bytes(&row.value) {
            set.add_address(quick, full);
        }
    }
    Ok(set)
}

/// Adds entries; how many were not on the list before.
///
/// # Errors
/// The database's.
pub async fn add(
    transaction: &impl ConnectionTrait,
    keys: &Keys,
    entries: &[Entry],
    origin: Origin,
    upload_id: Option<Uuid>,
    author: &Author,
) -> Result<u64, DbErr> {
    let change = next_change(transaction).await?;
    let rows = entries.iter().map(|entry| {
        let (kind, value, quick) = stored(keys, entry);
        exclusion::ActiveModel {
            id: Set(Uuid::now_v7()),
            kind: Set(kind.to_owned()),
            value: Set(value),
            quick: Set(quick.cast_signed()),
            origin: Set(origin.name().to_owned()),
            upload_id: Set(upload_id),
            added_seq: Set(change),
            added_at: Set(author.at.into()),
            added_by: Set(author.user_id),
            removed_seq: Set(None),
            removed_at: Set(None),
            removed_by: Set(None),
        }
    });
    exclusion::Entity::insert_many(rows)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(transaction)
        .await
}

/// Blocks the address of a person who is erased, for ever, whatever was on the list before.
///
/// # Errors
/// The database's.
pub async fn block(
    transaction: &impl ConnectionTrait,
    keys: &Keys,
    address: &Entry,
    author: &Author,
) -> Result<(), DbErr> {
    use exclusion::Column as C;
    let change = next_change(transaction).await?;
    let (kind, value, _) = stored(keys, address);
    exclusion::Entity::update_many()
        .col_expr(C::RemovedSeq, Expr::value(change))
        .col_expr(C::RemovedAt, Expr::value(UtcMillis::from(author.at)))
        .col_expr(C::RemovedBy, Expr::value(author.user_id))
        .filter(C::Kind.eq(kind))
        .filter(C::Value.eq(value))
        .filter(C::RemovedSeq.is_null())
        .exec(transaction)
        .await?;
    let one = std::slice::from_ref(address);
    add(transaction, keys, one, Origin::Erasure, None, author).await?;
    Ok(())
}

/// What became of a request to remove an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It counts no more.
    Done,
    /// It was not on the list.
    NotThere,
    /// It stays: the person was erased.
    Erased,
}

/// Takes an entry off the list.
///
/// # Errors
/// The database's.
pub async fn remove(
    transaction: &impl ConnectionTrait,
    keys: &Keys,
    entry: &Entry,
    author: &Author,
) -> Result<Removed, DbErr> {
    use exclusion::Column as C;
    let change = next_change(transaction).await?;
    let Some(found) = find(transaction, keys, entry).await? else {
        return Ok(Removed::NotThere);
    };
    if found.origin == Origin::Erasure {
        return Ok(Removed::Erased);
    }
    exclusion::Entity::update_many()
        .col_expr(C::RemovedSeq, Expr::value(change))
        .col_expr(C::RemovedAt, Expr::value(UtcMillis::from(author.at)))
        .col_expr(C::RemovedBy, Expr::value(author.user_id))
        .filter(C::Id.eq(found.id))
        .exec(transaction)
        .await?;
    Ok(Removed::Done)
}

/// One entry that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Id.
    pub id: Uuid,
    /// The domain in clear; `None` for an address.
    pub domain: Option<String>,
    /// The first characters of an address's keyed hash; empty for a domain.
    pub mark: String,
    /// Where it comes from.
    pub origin: Origin,
    /// When it was added.
    pub added_at: Timestamp,
    /// By whom.
    pub added_by: Option<Uuid>,
}

/// The entry that counts for an address or a domain, if there is one.
///
/// # Errors
/// The database's.
pub async fn find(
    db: &impl ConnectionTrait,
    keys: &Keys,
    entry: &Entry,
) -> Result<Option<Listed>, DbErr> {
    let (kind, value, _) = stored(keys, entry);
    let found = active()
        .filter(exclusion::Column::Kind.eq(kind))
        .filter(exclusion::Column::Value.eq(value))
        .one(db)
        .await?;
    Ok(found.map(listed))
}

/// How many entries count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Addresses typed or from files.
    pub addresses: u64,
    /// Domains.
    pub domains: u64,
    /// Addresses of people who were erased.
    pub erased: u64,
}

/// Counts the entries that count.
///
/// # Errors
/// The database's.
pub async fn counts(db: &impl ConnectionTrait) -> Result<Counts, DbErr> {
    let found: Vec<(String, String, i64)> = active()
        .select_only()
        .column(exclusion::Column::Kind)
        .column(exclusion::Column::Origin)
        .column_as(exclusion::Column::Id.count(), "entries")
        .group_by(exclusion::Column::Kind)
        .group_by(exclusion::Column::Origin)
        .into_tuple()
        .all(db)
        .await?;
    let mut counts = Counts::default();
    for (kind, origin, entries) in found {
        let place = match (kind.as_str(), Origin::from_name(&origin)) {
            (DOMAIN, _) => &mut counts.domains,
            (_, Origin::Erasure) => &mut counts.erased,
            _ => &mut counts.addresses,
        };
        *place += entries.unsigned_abs();
    }
    Ok(counts)
}

/// Entries that did not come from a file, the latest first; `page` counts from 0. With how many there are.
///
/// # Errors
/// The database's.
pub async fn list(db: &impl ConnectionTrait, page: u64) -> Result<(Vec<Listed>, u64), DbErr> {
    let query = active().filter(exclusion::Column::UploadId.is_null());
    let total = query.clone().count(db).await?;
    let found = query
        .order_by_desc(exclusion::Column::Id)
        .offset(Ord::min(page.saturating_mul(PAGE_SIZE), total))
        .limit(PAGE_SIZE)
        .all(db)
        .await?;
    Ok((found.into_iter().map(listed).collect(), total))
}

/// Entries that count, in the order they were added, at most `limit`, after an id; for the download.
///
/// # Errors
/// The database's.
pub async fn list_after(
    db: &impl ConnectionTrait,
    after: Uuid,
    limit: u64,
) -> Result<Vec<Listed>, DbErr> {
    let found = active()
        .filter(exclusion::Column::Id.gt(after))
        .order_by_asc(exclusion::Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    Ok(found.into_iter().map(listed).collect())
}

fn active() -> sea_orm::Select<exclusion::Entity> {
    exclusion::Entity::find().filter(exclusion::Column::RemovedSeq.is_null())
}

async fn next_change(transaction: &impl ConnectionTrait) -> Result<i64, DbErr> {
    let seq = exclusion_change::Column::Seq;
    exclusion_change::Entity::update_many()
        .col_expr(seq, Expr::col(seq).add(1))
        .filter(exclusion_change::Column::Id.eq(LATEST))
        .exec(transaction)
        .await?;
    latest_change(transaction).await
}

/// Kind, value and quick hash as a row holds them.
fn stored(keys: &Keys, entry: &Entry) -> (&'static str, String, u64) {
    match entry {
        Entry::Address(address) => (ADDRESS, hex(&keys.full(address)), keys.quick(address)),
        Entry::Domain(domain) => (DOMAIN, domain.clone(), 0),
    }
}

fn bytes(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let digits = hex.as_bytes().chunks_exact(2);
    if digits.len() != bytes.len() {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(digits) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

fn listed(model: exclusion::Model) -> Listed {
    let is_domain = model.kind == DOMAIN;
    Listed {
        id: model.id,
        mark: match is_domain {
            true => String::new(),
            false => model.value.chars().take(12).collect(),
        },
        domain: is_domain.then_some(model.value),
        origin: Origin::from_name(&model.origin),
        added_at: model.added_at.into(),
        added_by: model.added_by,
    }
}
