//! A digest of what a snapshot was loaded from, so that profiles that are loaded again unchanged are known as such.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::binary_null;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let added = Table::alter()
            .table("snapshots")
            .add_column(binary_null("content_sha256"))
            .to_owned();
        manager.alter_table(added).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dropped = Table::alter()
            .table("snapshots")
            .drop_column("content_sha256")
            .to_owned();
        manager.alter_table(dropped).await
    }
}
