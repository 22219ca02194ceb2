//! Notices: what people should know about, open until it is over, and who has read which.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, integer, json_binary, string, string_null, uuid,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("notices")
                    .col(uuid("id").primary_key())
                    .col(string("kind"))
                    .col(string("subject"))
                    // Kind and subject while it is open: one open notice each.
                    .col(string_null("open_key").unique_key())
                    .col(json_binary("details"))
                    .col(big_integer("count"))
                    .col(big_integer("opened_at"))
                    .col(big_integer("last_at"))
                    .col(big_integer_null("resolved_at"))
                    .col(big_integer("changed_at"))
                    .col(integer("events"))
                    .col(integer("told"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("notices_changed_at")
                    .table("notices")
                    .col("changed_at")
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("notices_untold")
                    .table("notices")
                    .col("changed_at")
                    .and_where(Expr::col("told").lt(Expr::col("events")))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("notice_reads")
                    .col(uuid("user_id"))
                    .col(uuid("notice_id"))
                    .col(big_integer("read_at"))
                    .primary_key(Index::create().col("user_id").col("notice_id"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("notice_reads", "notice_id")
                            .to("notices", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        // Everything up to a moment, read at once.
        manager
            .create_table(
                Table::create()
                    .table("notice_readers")
                    .col(uuid("user_id").primary_key())
                    .col(big_integer("read_until"))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["notice_readers", "notice_reads", "notices"] {
            manager
                .drop_table(Table::drop().table(table).to_owned())
                .await?;
        }
        Ok(())
    }
}
