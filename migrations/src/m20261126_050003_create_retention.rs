//! How long what is kept for a set time is kept, and what remains of a run whose details are gone.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, integer, integer_null, json_binary, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("retention")
                    .col(integer("id").primary_key())
                    .col(integer_null("rows_kept_days"))
                    .col(integer_null("details_kept_days"))
                    .col(big_integer_null("changed_at"))
                    .col(uuid_null("changed_by"))
                    .to_owned(),
            )
            .await?;
        let defaults = Query::insert()
            .into_table("retention")
            .columns(["id"])
            .values_panic([1.into()])
            .to_owned();
        manager.execute(defaults).await?;
        manager
            .create_table(
                Table::create()
                    .table("run_summaries")
                    .col(uuid("run_id").primary_key())
                    .col(json_binary("account"))
                    .col(big_integer("swept_at"))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["run_summaries", "retention"] {
            manager
                .drop_table(Table::drop().table(table).to_owned())
                .await?;
        }
        Ok(())
    }
}
