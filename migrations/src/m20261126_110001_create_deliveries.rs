//! What exports remember of their deliveries, as keyed hashes in chunks; and how an export delivers.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, blob, integer, json_binary_null, string, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let add = |table: &'static str, column: ColumnDef| {
            Table::alter().table(table).add_column(column).to_owned()
        };
        manager
            .alter_table(add("exports", json_binary_null("delivery").take()))
            .await?;
        let unchanged = big_integer("unchanged").default(0).take();
        manager.alter_table(add("runs", unchanged)).await?;
        manager
            .create_table(
                Table::create()
                    .table("delivery_states")
                    .col(uuid("export_id").primary_key())
                    .col(string("target"))
                    .col(big_integer("version"))
                    .col(big_integer("oldest"))
                    .col(uuid_null("complete_run_id"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("delivery_chunks")
                    .col(uuid("id").primary_key())
                    .col(uuid("export_id"))
                    .col(uuid("run_id"))
                    .col(integer("part"))
                    .col(string("kind"))
                    .col(integer("entries"))
                    .col(big_integer_null("version"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("delivery_chunks_export_id_version")
                    .table("delivery_chunks")
                    .col("export_id")
                    .col("version")
                    .to_owned(),
            )
            .await?;
        // Apart, so that a chunk is put into another version without writing its entries again.
        manager
            .create_table(
                Table::create()
                    .table("delivery_entries")
                    .col(uuid("chunk_id").primary_key())
                    .col(blob("entries"))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["delivery_entries", "delivery_chunks", "delivery_states"] {
            manager
                .drop_table(Table::drop().table(table).to_owned())
                .await?;
        }
        for (table, column) in [("runs", "unchanged"), ("exports", "delivery")] {
            manager
                .alter_table(Table::alter().table(table).drop_column(column).to_owned())
                .await?;
        }
        Ok(())
    }
}
