//! The turn to sweep: one row that processes compete for.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, integer};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("sweeps")
                    .col(integer("id").primary_key())
                    .col(big_integer("begun_at"))
                    .to_owned(),
            )
            .await?;
        let turn = Query::insert()
            .into_table("sweeps")
            .columns(["id", "begun_at"])
            .values_panic([1.into(), 0_i64.into()])
            .to_owned();
        manager.execute(turn).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("sweeps").to_owned())
            .await
    }
}
