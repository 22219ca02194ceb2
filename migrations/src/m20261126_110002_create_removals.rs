//! Who a run takes off its list: how many, whether an administrator was asked, and the removals it is made of.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, blob, integer, string, string_null, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("run_removals")
                    .col(uuid("run_id").primary_key())
                    .col(big_integer("people"))
                    .col(big_integer_null("until"))
                    .col(big_integer_null("approved_at"))
                    .col(uuid_null("approved_by"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("run_removal_batches")
                    .col(uuid("run_id"))
                    .col(integer("number"))
                    .col(integer("people"))
                    .col(blob("contacts"))
                    .col(string("state"))
                    .col(string_null("activity_id"))
                    .col(string_null("vendor_words"))
                    .primary_key(Index::create().col("run_id").col("number"))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["run_removal_batches", "run_removals"] {
            manager
                .drop_table(Table::drop().table(table).to_owned())
                .await?;
        }
        Ok(())
    }
}
