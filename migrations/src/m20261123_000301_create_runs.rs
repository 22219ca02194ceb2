//! Runs of exports and the parts each of them sends.
//!
//! A run keeps its own copy of what it was told to do, so that neither a changed nor a removed export changes what a
//! run did; hence no foreign key to exports.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, integer, json_binary, json_binary_null, string,
    string_null, text_null, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("runs")
                    .col(uuid("id").primary_key())
                    .col(uuid("export_id"))
                    .col(string("trigger"))
                    .col(uuid_null("requested_by"))
                    .col(json_binary("definition"))
                    .col(json_binary_null("inputs"))
                    .col(uuid_null("snapshot_id"))
                    .col(string("state"))
                    .col(string_null("phase"))
                    .col(string_null("waiting_for"))
                    .col(big_integer_null("waiting_until"))
                    .col(string_null("outcome"))
                    .col(json_binary_null("outcome_names"))
                    .col(text_null("vendor_words"))
                    .col(big_integer_null("members"))
                    .col(big_integer("read"))
                    .col(big_integer("sent"))
                    .col(big_integer("duplicates"))
                    .col(json_binary("rejected"))
                    .col(big_integer("adjusted"))
                    .col(boolean("is_planned"))
                    .col(big_integer("requests"))
                    .col(big_integer("queued_at"))
                    .col(big_integer_null("started_at"))
                    .col(big_integer_null("finished_at"))
                    .col(big_integer_null("cancel_requested_at"))
                    .col(uuid_null("cancel_requested_by"))
                    .col(uuid_null("owner"))
                    .col(big_integer_null("lease_until"))
                    .col(integer("claims"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("runs_one_unfinished_per_export")
                    .table("runs")
                    .col("export_id")
                    .unique()
                    .and_where(Expr::col("finished_at").is_null())
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("runs_export_id_id")
                    .table("runs")
                    .col("export_id")
                    .col("id")
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("run_parts")
                    .col(uuid("run_id"))
                    .col(integer("number"))
                    .col(string("file_name").unique_key())
                    .col(integer("rows"))
                    .col(integer("bytes"))
                    .col(string("sha256"))
                    .col(big_integer("first_row"))
                    .col(big_integer("last_row"))
                    .col(string("state"))
                    .col(integer("sends"))
                    .col(integer("looks"))
                    .col(string_null("activity_id"))
                    .col(big_integer_null("percent_done"))
                    .col(big_integer_null("items_total"))
                    .col(big_integer_null("persons"))
                    .col(big_integer_null("errors"))
                    .col(big_integer_null("correctable"))
                    .col(big_integer_null("cannot_add_to_list"))
                    .col(text_null("vendor_words"))
                    .col(big_integer("recorded_at"))
                    .col(big_integer_null("accepted_at"))
                    .col(big_integer_null("finished_at"))
                    .primary_key(Index::create().col("run_id").col("number"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("run_parts", "run_id")
                            .to("runs", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["run_parts", "runs"] {
            manager
                .drop_table(Table::drop().table(table).to_owned())
                .await?;
        }
        Ok(())
    }
}
