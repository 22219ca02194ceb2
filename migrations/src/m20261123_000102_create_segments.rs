//! Segments: a rule over the fields of a source, and how many members it had when last counted.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, integer, json_binary, string, string_uniq, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("segments")
                    .col(uuid("id").primary_key())
                    .col(string("name"))
                    .col(string_uniq("name_key"))
                    .col(uuid("source_id"))
                    .col(json_binary("rule"))
                    .col(big_integer_null("member_count"))
                    .col(big_integer_null("counted_at"))
                    .col(uuid_null("counted_snapshot_id"))
                    .col(integer("version"))
                    .col(big_integer("created_at"))
                    .col(uuid_null("created_by"))
                    .col(big_integer("updated_at"))
                    .col(uuid_null("updated_by"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("segments", "source_id")
                            .to("sources", "id")
                            .on_delete(ForeignKeyAction::NoAction),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("segments_source_id")
                    .table("segments")
                    .col("source_id")
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("segments").to_owned())
            .await
    }
}
