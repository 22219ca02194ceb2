//! Queries over segments.
//!
//! Functions that change something write the audit log with it, and are meant to be called inside a transaction.
//! Two people editing one segment are told apart by its version: the second [`update`] answers [`StoreError::Changed`].

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ExprTrait, QueryFilter,
    QueryOrder, QuerySelect, Set, SqlErr,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Rule;
use crate::names::Name;
use crate::profiles::SnapshotId;
use crate::sources::Author;
use crate::storage::UtcMillis;
use crate::storage::audit;
use crate::storage::entities::segment;

/// Segments listed at most, which is also the reference product's limit of active ones.
pub const MAX_LISTED: u64 = 1_000;

/// A saved segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Id.
    pub id: Uuid,
    /// Name, unique without case.
    pub name: String,
    /// Source whose profiles it chooses from.
    pub source_id: Uuid,
    /// Who belongs to it.
    pub rule: Rule,
    /// How many did when last counted; `None` until then.
    pub count: Option<MemberCount>,
    /// Goes up by one with every change of name or rule.
    pub version: i32,
    /// When it was created.
    pub created_at: Timestamp,
    /// By whom; `None` for the command line.
    pub created_by: Option<Uuid>,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: Option<Uuid>,
}

impl Segment {
    /// Members when last counted; `None` until then.
    pub fn member_count(&self) -> Option<u64> {
        self.count.map(|count| count.members)
    }
}

/// How many profiles a segment held, in which snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberCount {
    /// Members.
    pub members: u64,
    /// When they were counted.
    pub counted_at: Timestamp,
    /// In which snapshot.
    pub snapshot_id: SnapshotId,
}

/// What a person decides about a segment.
#[derive(Clone, Debug)]
pub struct SegmentDefinition {
    /// Name.
    pub name: Name,
    /// Source; fixed once created.
    pub source_id: Uuid,
    /// Who belongs to it. Compile it against the source's fields before saving.
    pub rule: Rule,
}

/// Why a segment was not saved or found.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another segment has this name, compared without case.
    #[error("another segment has this name")]
    NameTaken,
    /// Somebody saved it since it was read; this is how it is now.
    #[error("the segment has been changed meanwhile")]
    Changed(Box<Segment>),
    /// It does not exist (any more).
    #[error("the segment does not exist")]
    NotFound,
    /// A row that this version cannot read.
    #[error("a stored segment cannot be read")]
    Unreadable(#[from] serde_json::Error),
    /// The database's.
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// Segments by name, at most [`MAX_LISTED`].
///
/// # Errors
/// Reading failed.
pub async fn list(db: &impl ConnectionTrait) -> Result<Vec<Segment>, StoreError> {
    let all = segment::Entity::find().order_by_asc(segment::Column::NameKey);
    let found = all.limit(MAX_LISTED).all(db).await?;
    found.into_iter().map(to_segment).collect()
}

/// Segments of one source by name, at most [`MAX_LISTED`].
///
/// # Errors
/// Reading failed.
pub async fn list_of_source(
    db: &impl ConnectionTrait,
    source_id: Uuid,
) -> Result<Vec<Segment>, StoreError> {
    let found = segment::Entity::find()
        .filter(segment::Column::SourceId.eq(source_id))
        .order_by_asc(segment::Column::NameKey)
        .limit(MAX_LISTED)
        .all(db)
        .await?;
    found.into_iter().map(to_segment).collect()
}

/// The segment with an id.
///
/// # Errors
/// [`StoreError::NotFound`], or reading failed.
pub async fn get(db: &impl ConnectionTrait, id: Uuid) -> Result<Segment, StoreError> {
    let found = segment::Entity::find_by_id(id).one(db).await?;
    to_segment(found.ok_or(StoreError::NotFound)?)
}

/// The segment with a name, compared without case.
///
/// # Errors
/// Reading failed.
pub async fn find_by_name(
    db: &impl ConnectionTrait,
    name: &Name,
) -> Result<Option<Segment>, StoreError> {
    let found = segment::Entity::find()
        .filter(segment::Column::NameKey.eq(name.key()))
        .one(db)
        .await?;
    found.map(to_segment).transpose()
}

/// Names of segments by id; those that are gone are missing.
///
/// # Errors
/// Reading failed.
pub async fn names(
    db: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, String>, StoreError> {
    let found: Vec<(Uuid, String)> = segment::Entity::find()
        .select_only()
        .column(segment::Column::Id)
        .column(segment::Column::Name)
        .filter(segment::Column::Id.is_in(ids.iter().copied()))
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.into_iter().collect())
}

/// Saves a new segment with version 1, not counted yet.
///
/// # Errors
/// [`StoreError::NameTaken`], or writing failed.
pub async fn create(
    transaction: &impl ConnectionTrait,
    definition: &SegmentDefinition,
    author: &Author,
) -> Result<Segment, StoreError> {
    let rule = serde_json::to_value(&definition.rule)?;
    let row = segment::ActiveModel {
        id: Set(Uuid::now_v7()),
        name: Set(definition.name.as_str().to_owned()),
        name_key: Set(definition.name.key()),
        source_id: Set(definition.source_id),
        rule: Set(rule.clone()),
        member_count: Set(None),
        counted_at: Set(None),
        counted_snapshot_id: Set(None),
        version: Set(1),
        created_at: Set(author.at.into()),
        created_by: Set(author.user_id),
        updated_at: Set(author.at.into()),
        updated_by: Set(author.user_id),
    };
    let model = row.insert(transaction).await.map_err(name_taken)?;
    let detail = json!({ "after": recorded(definition.name.as_str(), &rule) });
    author
        .record(transaction, "segment.created", model.id, detail)
        .await?;
    to_segment(model)
}

/// Changes name and rule of the segment if it still has `version`. Its count is forgotten when the rule changes.
///
/// # Errors
/// [`StoreError::Changed`], [`StoreError::NotFound`], [`StoreError::NameTaken`], or writing failed.
pub async fn update(
    transaction: &impl ConnectionTrait,
    id: Uuid,
    version: i32,
    definition: &SegmentDefinition,
    author: &Author,
) -> Result<Segment, StoreError> {
    use segment::Column as C;
    let before = get(transaction, id).await?;
    let rule = serde_json::to_value(&definition.rule)?;
    let mut change = segment::Entity::update_many()
        .col_expr(C::Name, Expr::value(definition.name.as_str()))
        .col_expr(C::NameKey, Expr::value(definition.name.key()))
        .col_expr(C::Rule, Expr::value(rule.clone()))
        .col_expr(C::Version, Expr::col(C::Version).add(1))
        .col_expr(C::UpdatedAt, Expr::value(UtcMillis::from(author.at)))
        .col_expr(C::UpdatedBy, Expr::value(author.user_id));
    if before.rule != definition.rule {
        change = change
            .col_expr(C::MemberCount, Expr::value(None::<i64>))
            .col_expr(C::CountedAt, Expr::value(None::<i64>))
            .col_expr(C::CountedSnapshotId, Expr::value(None::<Uuid>));
    }
    let changed = change
        .filter(C::Id.eq(id))
        .filter(C::Version.eq(version))
        .exec(transaction)
        .await
        .map_err(name_taken)?;
    let after = get(transaction, id).await?;
    if changed.rows_affected != 1 {
        return Err(StoreError::Changed(Box::new(after)));
    }
    let detail = json!({
        "before": recorded(&before.name, &serde_json::to_value(&before.rule)?),
        "after": recorded(definition.name.as_str(), &rule),
    });
    author
        .record(transaction, "segment.changed", id, detail)
        .await?;
    Ok(after)
}

/// Removes a segment. Ask the exports first whether one sends it.
///
/// # Errors
/// [`StoreError::NotFound`], or writing failed.
pub async fn remove(
    transaction: &impl ConnectionTrait,
    id: Uuid,
    author: &Author,
) -> Result<Segment, StoreError> {
    let segment = get(transaction, id).await?;
    segment::Entity::delete_by_id(id).exec(transaction).await?;
    let rule = serde_json::to_value(&segment.rule)?;
    let detail = json!({ "before": recorded(&segment.name, &rule) });
    author
        .record(transaction, "segment.removed", id, detail)
        .await?;
    Ok(segment)
}

/// Keeps a count, unless the segment has changed since it was read with `version`.
///
/// # Errors
/// Writing failed.
pub async fn record_count(
    db: &impl ConnectionTrait,
    id: Uuid,
    version: i32,
    count: MemberCount,
) -> Result<(), StoreError> {
    use segment::Column as C;
    let members = i64::try_from(count.members).unwrap_or(i64::MAX);
    segment::Entity::update_many()
        .col_expr(C::MemberCount, Expr::value(members))
        .col_expr(C::CountedAt, Expr::value(UtcMillis::from(count.counted_at)))
        .col_expr(C::CountedSnapshotId, Expr::value(count.snapshot_id.0))
        .filter(C::Id.eq(id))
        .filter(C::Version.eq(version))
        .exec(db)
        .await?;
    Ok(())
}

/// Records that a person had the members of a segment counted anew.
///
/// # Errors
/// Writing failed.
pub async fn record_refresh(
    db: &impl ConnectionTrait,
    segment: &Segment,
    count: MemberCount,
    author: &Author,
) -> Result<(), DbErr> {
    let detail = json!({ "name": segment.name, "members": count.members });
    author
        .record(db, "segment.refreshed", segment.id, detail)
        .await
}

/// A segment as the audit log shows it: a rule may name a person by their address, and the log keeps what it has for ever.
fn recorded(name: &str, rule: &Value) -> Value {
    json!({ "name": name, "rule": audit::without_addresses(rule) })
}

fn name_taken(error: DbErr) -> StoreError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => StoreError::NameTaken,
        _ => error.into(),
    }
}

fn to_segment(model: segment::Model) -> Result<Segment, StoreError> {
    let count = match (
        model.member_count,
        model.counted_at,
        model.counted_snapshot_id,
    ) {
        (Some(members), Some(counted_at), Some(snapshot_id)) => Some(MemberCount {
            members: members.unsigned_abs(),
            counted_at: counted_at.into(),
            snapshot_id: SnapshotId(snapshot_id),
        }),
        _ => None,
    };
    Ok(Segment {
        id: model.id,
        name: model.name,
        source_id: model.source_id,
        rule: serde_json::from_value(model.rule)?,
        count,
        version: model.version,
        created_at: model.created_at.into(),
        created_by: model.created_by,
        updated_at: model.updated_at.into(),
        updated_by: model.updated_by,
    })
}
