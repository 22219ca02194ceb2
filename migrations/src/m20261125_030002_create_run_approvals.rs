//! The brake of exports, and the runs that ask an administrator because of it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, integer_null, uuid, uuid_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Columns of exports, in percent of the last successful run, with what exports had before get.
const THRESHOLDS: [(&str, i32); 2] = [("brake_below_percent", 50), ("brake_above_percent", 200)];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (column, percent) in THRESHOLDS {
            manager
                .alter_table(
                    Table::alter()
                        .table("exports")
                        .add_column(integer_null(column).default(percent))
                        .to_owned(),
                )
                .await?;
        }
        manager
            .create_table(
                Table::create()
                    .table("run_approvals")
                    .col(uuid("run_id").primary_key())
                    .col(big_integer("would_send"))
                    .col(uuid("last_run_id"))
                    .col(big_integer("last_sent"))
                    .col(big_integer("asked_at"))
                    .col(big_integer("until"))
                    .col(big_integer_null("approved_at"))
                    .col(uuid_null("approved_by"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("run_approvals", "run_id")
                            .to("runs", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("run_approvals").to_owned())
            .await?;
        for (column, _) in THRESHOLDS {
            manager
                .alter_table(
                    Table::alter()
                        .table("exports")
                        .drop_column(column)
                        .to_owned(),
                )
                .await?;
        }
        Ok(())
    }
}
