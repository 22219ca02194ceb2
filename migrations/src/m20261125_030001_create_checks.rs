//! Checks: looks at an export before it sends, and at a run's delivery afterwards. They send no personal data.
//!
//! Kept without foreign keys, as runs are: what was found stays readable when the export is gone.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary_null, integer, json_binary, json_binary_null, string,
    string_null, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("checks")
                    .col(uuid("id").primary_key())
                    .col(string("kind"))
                    .col(uuid("subject_id"))
                    .col(uuid("export_id"))
                    .col(json_binary("definition"))
                    .col(string("state"))
                    .col(string_null("step"))
                    .col(big_integer("done"))
                    .col(big_integer("total"))
                    .col(string_null("activity_id"))
                    .col(json_binary_null("result"))
                    .col(binary_null("undelivered"))
                    .col(json_binary_null("failure"))
                    .col(uuid_null("requested_by"))
                    .col(big_integer("requested_at"))
                    .col(big_integer_null("started_at"))
                    .col(big_integer_null("finished_at"))
                    .col(big_integer_null("cancel_requested_at"))
                    .col(uuid_null("owner"))
                    .col(big_integer_null("heartbeat_at"))
                    .col(integer("claims"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("checks_one_unfinished_per_subject")
                    .table("checks")
                    .col("subject_id")
                    .unique()
                    .and_where(Expr::col("finished_at").is_null())
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("checks_subject_id_id")
                    .table("checks")
                    .col("subject_id")
                    .col("id")
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("checks").to_owned())
            .await
    }
}
