//! Who must not be sent: addresses as keyed hashes, domains in clear. Entries are never deleted; a removed one keeps the
//! number of the change that removed it, so that the list as it was at any earlier change can be told.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, integer, json_binary, string, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("exclusion_changes")
                    .col(integer("id").primary_key())
                    .col(big_integer("seq"))
                    .to_owned(),
            )
            .await?;
        let none_yet = Query::insert()
            .into_table("exclusion_changes")
            .columns(["id", "seq"])
            .values_panic([1.into(), 0_i64.into()])
            .to_owned();
        manager.execute(none_yet).await?;
        manager
            .create_table(
                Table::create()
                    .table("exclusions")
                    .col(uuid("id").primary_key())
                    .col(string("kind"))
                    .col(string("value"))
                    .col(big_integer("quick"))
                    .col(string("origin"))
                    .col(uuid_null("upload_id"))
                    .col(big_integer("added_seq"))
                    .col(big_integer("added_at"))
                    .col(uuid_null("added_by"))
                    .col(big_integer_null("removed_seq"))
                    .col(big_integer_null("removed_at"))
                    .col(uuid_null("removed_by"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("exclusions_once")
                    .table("exclusions")
                    .col("kind")
                    .col("value")
                    .unique()
                    .and_where(Expr::col("removed_seq").is_null())
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("exclusions_upload_id_id")
                    .table("exclusions")
                    .col("upload_id")
                    .col("id")
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("exclusion_uploads")
                    .col(uuid("id").primary_key())
                    .col(string("file_name"))
                    .col(big_integer("added"))
                    .col(big_integer("known"))
                    .col(big_integer("refused"))
                    .col(json_binary("bad_lines"))
                    .col(big_integer("at"))
                    .col(uuid_null("created_by"))
                    .col(big_integer_null("finished_at"))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["exclusion_uploads", "exclusions", "exclusion_changes"] {
            manager
                .drop_table(Table::drop().table(table).to_owned())
                .await?;
        }
        Ok(())
    }
}
