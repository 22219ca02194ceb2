//! Export definitions and the segments each of them sends.
//!
//! Connections, sources and segments are referred to by id without a foreign key: each of those concepts asks the
//! exports before it removes anything, because the answer is a page and not an error of the database.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, integer, json_binary, string, string_null, string_uniq, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("exports")
                    .col(uuid("id").primary_key())
                    .col(string("name"))
                    .col(string_uniq("name_key"))
                    .col(uuid_null("connection_id"))
                    .col(uuid("list_id"))
                    .col(string_null("list_name"))
                    .col(uuid("source_id"))
                    .col(string("email_field"))
                    .col(json_binary("attributes"))
                    .col(integer("version"))
                    .col(big_integer("created_at"))
                    .col(uuid_null("created_by"))
                    .col(big_integer("updated_at"))
                    .col(uuid_null("updated_by"))
                    .to_owned(),
            )
            .await?;
        for column in ["connection_id", "source_id"] {
            manager
                .create_index(
                    Index::create()
                        .name(format!("exports_{column}"))
                        .table("exports")
                        .col(column)
                        .to_owned(),
                )
                .await?;
        }
        manager
            .create_table(
                Table::create()
                    .table("export_segments")
                    .col(uuid("export_id"))
                    .col(uuid("segment_id"))
                    .col(integer("position"))
                    .primary_key(Index::create().col("export_id").col("segment_id"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("export_segments", "export_id")
                            .to("exports", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("export_segments_segment_id")
                    .table("export_segments")
                    .col("segment_id")
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["export_segments", "exports"] {
            manager
                .drop_table(Table::drop().table(table).to_owned())
                .await?;
        }
        Ok(())
    }
}
