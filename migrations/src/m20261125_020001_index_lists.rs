//! What lists are sorted and searched by, and when a connection was last used.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::big_integer_null;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .alter_table(
                Table::alter()
                    .table("connections")
                    .add_column(big_integer_null("last_used_at"))
                    .to_owned(),
            )
            .await?;
        // The latest run of an export without reading the run; also finds an export's runs by id.
        manager
            .create_index(
                Index::create()
                    .name("runs_last_of_export")
                    .table("runs")
                    .col("export_id")
                    .col("id")
                    .col("state")
                    .col("queued_at")
                    .col("finished_at")
                    .to_owned(),
            )
            .await?;
        manager
            .drop_index(
                Index::drop()
                    .name("runs_export_id_id")
                    .table("runs")
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("exports_updated_at")
                    .table("exports")
                    .col("updated_at")
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_index(
                Index::drop()
                    .name("exports_updated_at")
                    .table("exports")
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("runs_export_id_id")
                    .table("runs")
                    .col("export_id")
                    .col("id")
                    .to_owned(),
            )
            .await?;
        manager
            .drop_index(
                Index::drop()
                    .name("runs_last_of_export")
                    .table("runs")
                    .to_owned(),
            )
            .await?;
        manager
            .alter_table(
                Table::alter()
                    .table("connections")
                    .drop_column("last_used_at")
                    .to_owned(),
            )
            .await
    }
}
