//! The ledger of requests per Constant Contact API key: the day's count and the next free moment.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, string};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("request_ledger")
                    .col(string("api_key"))
                    .col(string("endpoint"))
                    .col(big_integer("day"))
                    .col(big_integer("used"))
                    .col(big_integer("next_at"))
                    .primary_key(Index::create().col("api_key").col("endpoint"))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("request_ledger").to_owned())
            .await
    }
}
