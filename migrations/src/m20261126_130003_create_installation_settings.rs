//! Language and format of an installation.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer_null, integer, string_null, uuid_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("installation_settings")
                    .col(integer("id").primary_key())
                    .col(string_null("lang"))
                    .col(string_null("format"))
                    .col(big_integer_null("changed_at"))
                    .col(uuid_null("changed_by"))
                    .to_owned(),
            )
            .await?;
        let defaults = Query::insert()
            .into_table("installation_settings")
            .columns(["id"])
            .values_panic([1.into()])
            .to_owned();
        manager.execute(defaults).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("installation_settings").to_owned())
            .await
    }
}
