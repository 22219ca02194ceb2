//! Versions of schedules, so that of two people who change one the second is told.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::integer;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLES: [&str; 2] = ["export_schedules", "refresh_schedule"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            let added = Table::alter()
                .table(table)
                .add_column(integer("version").default(0))
                .to_owned();
            manager.alter_table(added).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            let dropped = Table::alter()
                .table(table)
                .drop_column("version")
                .to_owned();
            manager.alter_table(dropped).await?;
        }
        Ok(())
    }
}
