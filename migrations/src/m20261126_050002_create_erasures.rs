//! People who are erased: a keyed hash of the address for ever, the address itself sealed and only until it is done.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary_null, integer, string, text_null, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("erasures")
                    .col(uuid("id").primary_key())
                    .col(string("hash"))
                    .col(binary_null("address"))
                    .col(string("state"))
                    .col(big_integer("copies"))
                    .col(big_integer("rows"))
                    .col(big_integer("deliveries"))
                    .col(big_integer("requested_at"))
                    .col(uuid_null("requested_by"))
                    .col(big_integer_null("cleared_at"))
                    .col(big_integer_null("finished_at"))
                    .col(big_integer_null("lease_until"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("erasures_one_unfinished_per_person")
                    .table("erasures")
                    .col("hash")
                    .unique()
                    .and_where(Expr::col("finished_at").is_null())
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("erasure_deletions")
                    .col(uuid("id").primary_key())
                    .col(uuid("erasure_id"))
                    .col(uuid("connection_id"))
                    .col(string("connection_name"))
                    .col(string("state"))
                    .col(integer("tries"))
                    .col(text_null("problem"))
                    .col(big_integer("next_try_at"))
                    .col(big_integer_null("ended_at"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("erasure_deletions_erasure_id_id")
                    .table("erasure_deletions")
                    .col("erasure_id")
                    .col("id")
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["erasure_deletions", "erasures"] {
            manager
                .drop_table(Table::drop().table(table).to_owned())
                .await?;
        }
        Ok(())
    }
}
