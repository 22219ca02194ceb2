//! Saving and removing an export. Each writes the audit log with it; the second of two people who save one export is
//! told by its version.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, Set, SqlErr,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Author, Export, StoreError, lock, name_key};
use crate::deliveries;
use crate::exports::ExportDefinition;
use crate::notices;
use crate::storage::UtcMillis;
use crate::storage::entities::{export, export_segment};

/// Saves a new export with version 1.
///
/// # Errors
/// [`StoreError::NameTaken`], or writing failed.
pub async fn create(
    transaction: &impl ConnectionTrait,
    definition: ExportDefinition,
    author: Author<'_>,
) -> Result<Export, StoreError> {
    let export = Export {
        id: Uuid::now_v7(),
        definition,
        version: 1,
        created_at: author.at,
        created_by: author.user_id,
        updated_at: author.at,
        updated_by: author.user_id,
    };
    let definition = &export.definition;
    export::ActiveModel {
        id: Set(export.id),
        name: Set(definition.name.clone()),
        name_key: Set(name_key(&definition.name)),
        connection_id: Set(definition.connection_id),
        list_id: Set(definition.list_id.into()),
        list_name: Set(definition.list_name.clone()),
        source_id: Set(definition.source_id),
        email_field: Set(definition.email_field.clone()),
        attributes: Set(attributes_json(definition)?),
        brake_below_percent: Set(definition.brake.below_percent.map(u32::cast_signed)),
        brake_above_percent: Set(definition.brake.above_percent.map(u32::cast_signed)),
        delivery: Set(Some(delivery_json(definition)?)),
        version: Set(export.version),
        created_at: Set(author.at.into()),
        created_by: Set(author.user_id),
        updated_at: Set(author.at.into()),
        updated_by: Set(author.user_id),
        last_run_id: Set(None),
    }
    .insert(transaction)
    .await
    .map_err(name_taken)?;
    insert_segments(transaction, &export).await?;
    author
        .record(
            transaction,
            "export.created",
            export.id,
            json!({ "after": definition }),
        )
        .await?;
    Ok(export)
}

/// Replaces the definition of the export that still has `version`.
///
/// # Errors
/// [`StoreError::Changed`] with the present export, [`StoreError::NotFound`], [`StoreError::NameTaken`], or writing
/// failed. In every case the transaction must not be committed.
pub async fn update(
    transaction: &impl ConnectionTrait,
    id: Uuid,
    version: i32,
    definition: ExportDefinition,
    author: Author<'_>,
) -> Result<Export, StoreError> {
    let before = lock(transaction, id).await?;
    if before.version != version {
        return Err(StoreError::Changed(Box::new(before)));
    }
    let set = |column, value: sea_orm::Value| (column, Expr::value(value));
    let mut query = export::Entity::update_many();
    for (column, value) in [
        set(export::Column::Name, definition.name.as_str().into()),
        set(export::Column::NameKey, name_key(&definition.name).into()),
        set(
            export::Column::ConnectionId,
            definition.connection_id.into(),
        ),
        set(
            export::Column::ListId,
            Uuid::from(definition.list_id).into(),
        ),
        set(
            export::Column::ListName,
            definition.list_name.clone().into(),
        ),
        set(export::Column::SourceId, definition.source_id.into()),
        set(
            export::Column::EmailField,
            definition.email_field.as_str().into(),
        ),
        set(
            export::Column::Attributes,
            attributes_json(&definition)?.into(),
        ),
        set(
            export::Column::BrakeBelowPercent,
            definition.brake.below_percent.map(u32::cast_signed).into(),
        ),
        set(
            export::Column::BrakeAbovePercent,
            definition.brake.above_percent.map(u32::cast_signed).into(),
        ),
        set(export::Column::Delivery, delivery_json(&definition)?.into()),
        set(export::Column::Version, (version + 1).into()),
        set(export::Column::UpdatedAt, UtcMillis::from(author.at).into()),
        set(export::Column::UpdatedBy, author.user_id.into()),
    ] {
        query = query.col_expr(column, value);
    }
    query
        .filter(export::Column::Id.eq(id))
        .exec(transaction)
        .await
        .map_err(name_taken)?;
    export_segment::Entity::delete_many()
        .filter(export_segment::Column::ExportId.eq(id))
        .exec(transaction)
        .await?;
    let after = Export {
        definition,
        version: version + 1,
        updated_at: author.at,
        updated_by: author.user_id,
        ..before.clone()
    };
    insert_segments(transaction, &after).await?;
    let detail = json!({ "before": before.definition, "after": after.definition });
    author
        .record(transaction, "export.changed", id, detail)
        .await?;
    Ok(after)
}

/// Removes an export. Whether a run is active is the caller's question, asked after [`lock`].
///
/// # Errors
/// [`StoreError::NotFound`], or writing failed.
pub async fn remove(
    transaction: &impl ConnectionTrait,
    id: Uuid,
    author: Author<'_>,
) -> Result<(), StoreError> {
    let before = lock(transaction, id).await?;
    export::Entity::delete_by_id(id).exec(transaction).await?;
    notices::forget(transaction, id, author.at).await?;
    deliveries::store::forget_export(transaction, id).await?;
    let detail = json!({ "before": before.definition });
    author
        .record(transaction, "export.removed", id, detail)
        .await?;
    Ok(())
}

async fn insert_segments(db: &impl ConnectionTrait, export: &Export) -> Result<(), DbErr> {
    let rows = (0..)
        .zip(&export.definition.segment_ids)
        .map(|(position, segment_id)| export_segment::ActiveModel {
            export_id: Set(export.id),
            segment_id: Set(*segment_id),
            position: Set(position),
        });
    export_segment::Entity::insert_many(rows)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

fn attributes_json(definition: &ExportDefinition) -> Result<Value, StoreError> {
    serde_json::to_value(&definition.attributes).map_err(StoreError::Unreadable)
}

fn delivery_json(definition: &ExportDefinition) -> Result<Value, StoreError> {
    serde_json::to_value(&definition.delivery).map_err(StoreError::Unreadable)
}

fn name_taken(error: DbErr) -> StoreError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => StoreError::NameTaken,
        _ => error.into(),
    }
}
