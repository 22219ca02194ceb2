//! When exports run by themselves. An export without a row follows every system refresh.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, json_binary, string, string_null, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("export_schedules")
                    .col(uuid("export_id").primary_key())
                    .col(boolean("is_on"))
                    .col(string("kind"))
                    .col(json_binary("recurrence"))
                    .col(string("zone"))
                    // When it is looked at next; the moment it was due at while it is put off.
                    .col(big_integer_null("next_run_at"))
                    .col(big_integer_null("due_at"))
                    // Why it last did not run when due, which moment that was, and until when it is put off.
                    .col(string_null("note"))
                    .col(big_integer_null("note_due_at"))
                    .col(big_integer_null("told_due_at"))
                    .col(big_integer("changed_at"))
                    .col(uuid_null("changed_by"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("export_schedules", "export_id")
                            .to("exports", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("export_schedules_next_run_at")
                    .table("export_schedules")
                    .col("next_run_at")
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("export_schedules").to_owned())
            .await
    }
}
