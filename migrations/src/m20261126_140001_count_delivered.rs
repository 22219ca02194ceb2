//! Rows that each run delivered, for sums over days without its parts.

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
                    .table("runs")
                    .add_column(big_integer_null("delivered"))
                    .to_owned(),
            )
            .await?;
        // Runs from before; of those whose parts have been swept, what a successful one sent.
        manager
            .get_connection()
            .execute_unprepared(
                "UPDATE runs SET delivered = COALESCE(\
                   (SELECT CAST(SUM(CASE WHEN run_parts.state = 'completed' THEN run_parts.rows ELSE 0 END) AS BIGINT) \
                    FROM run_parts WHERE run_parts.run_id = runs.id), \
                   CASE WHEN runs.state = 'successful' THEN runs.sent ELSE 0 END) \
                 WHERE finished_at IS NOT NULL",
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("runs_delivered")
                    .table("runs")
                    .col("finished_at")
                    .col("delivered")
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_index(
                Index::drop()
                    .name("runs_delivered")
                    .table("runs")
                    .to_owned(),
            )
            .await?;
        manager
            .alter_table(
                Table::alter()
                    .table("runs")
                    .drop_column("delivered")
                    .to_owned(),
            )
            .await
    }
}
