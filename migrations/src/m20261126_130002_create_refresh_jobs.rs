//! When the whole system is refreshed, the jobs that do it, and the tasks of each.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, integer, integer_null, json_binary, json_binary_null,
    string, string_null, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("refresh_schedule")
                    .col(integer("id").primary_key())
                    .col(boolean("is_on"))
                    .col(json_binary_null("plan"))
                    .col(big_integer_null("next_run_at"))
                    .col(big_integer_null("changed_at"))
                    .col(uuid_null("changed_by"))
                    .to_owned(),
            )
            .await?;
        let off = Query::insert()
            .into_table("refresh_schedule")
            .columns(["id", "is_on"])
            .values_panic([1.into(), false.into()])
            .to_owned();
        manager.execute(off).await?;
        manager
            .create_table(
                Table::create()
                    .table("refresh_jobs")
                    .col(uuid("id").primary_key())
                    .col(string("trigger"))
                    .col(uuid_null("requested_by"))
                    .col(string("state"))
                    // Whether sources and segments are done, so that exports with a schedule of their own need not wait.
                    .col(boolean("is_upstream_done"))
                    .col(big_integer("queued_at"))
                    .col(big_integer_null("started_at"))
                    .col(big_integer_null("finished_at"))
                    .col(big_integer_null("cancel_requested_at"))
                    .col(uuid_null("cancel_requested_by"))
                    .col(uuid_null("owner"))
                    .col(big_integer_null("lease_until"))
                    .col(integer("claims"))
                    // 1 while it is unfinished: at most one such job.
                    .col(integer_null("unfinished").unique_key())
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("refresh_tasks")
                    .col(uuid("job_id"))
                    .col(integer("position"))
                    .col(string("kind"))
                    .col(uuid("subject_id"))
                    .col(string("name"))
                    .col(string("state"))
                    .col(string_null("reason"))
                    // Names the reason speaks of.
                    .col(json_binary("names"))
                    .col(uuid_null("run_id"))
                    .col(big_integer_null("started_at"))
                    .col(big_integer_null("finished_at"))
                    .primary_key(Index::create().col("job_id").col("position"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("refresh_tasks", "job_id")
                            .to("refresh_jobs", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("refresh_tasks_subject_id_job_id")
                    .table("refresh_tasks")
                    .col("subject_id")
                    .col("job_id")
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["refresh_tasks", "refresh_jobs", "refresh_schedule"] {
            manager
                .drop_table(Table::drop().table(table).to_owned())
                .await?;
        }
        Ok(())
    }
}
