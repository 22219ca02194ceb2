//! When and by whom a run was resumed, and when a part was last sent.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer_null, uuid_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const COLUMNS: [(&str, &str); 3] = [
    ("runs", "resumed_at"),
    ("runs", "resumed_by"),
    ("run_parts", "last_sent_at"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in COLUMNS {
            let column = match column {
                "resumed_by" => uuid_null(column),
                _ => big_integer_null(column),
            };
            let added = Table::alter().table(table).add_column(column).to_owned();
            manager.alter_table(added).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in COLUMNS {
            let dropped = Table::alter().table(table).drop_column(column).to_owned();
            manager.alter_table(dropped).await?;
        }
        Ok(())
    }
}
