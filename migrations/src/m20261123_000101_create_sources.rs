//! Sources, their snapshots, who holds a snapshot, and uploads that wait to be confirmed.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, json_binary, json_binary_null, string, string_uniq, uuid,
    uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("sources")
                    .col(uuid("id").primary_key())
                    .col(string("name"))
                    .col(string_uniq("name_key"))
                    .col(string("kind"))
                    .col(uuid_null("current_snapshot_id"))
                    .col(uuid_null("loading_snapshot_id"))
                    .col(big_integer("created_at"))
                    .col(uuid_null("created_by"))
                    .col(big_integer("updated_at"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("snapshots")
                    .col(uuid("id").primary_key())
                    .col(uuid("source_id"))
                    .col(string("state"))
                    .col(string("file_name"))
                    .col(big_integer("file_bytes"))
                    .col(json_binary("fields"))
                    .col(big_integer("rows"))
                    .col(big_integer("refused"))
                    .col(json_binary_null("report"))
                    .col(json_binary_null("failure"))
                    .col(big_integer("started_at"))
                    .col(big_integer_null("finished_at"))
                    .col(uuid_null("created_by"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("snapshots", "source_id")
                            .to("sources", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        for column in ["source_id", "state"] {
            manager
                .create_index(
                    Index::create()
                        .name(format!("snapshots_{column}"))
                        .table("snapshots")
                        .col(column)
                        .to_owned(),
                )
                .await?;
        }
        manager
            .create_table(
                Table::create()
                    .table("snapshot_holds")
                    .col(uuid("snapshot_id"))
                    .col(uuid("holder_id"))
                    .primary_key(Index::create().col("snapshot_id").col("holder_id"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("snapshot_holds", "snapshot_id")
                            .to("snapshots", "id")
                            .on_delete(ForeignKeyAction::NoAction),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("uploads")
                    .col(uuid("id").primary_key())
                    .col(uuid_null("source_id"))
                    .col(string("source_name"))
                    .col(string("file_name"))
                    .col(big_integer("file_bytes"))
                    .col(big_integer("created_at"))
                    .col(uuid("created_by"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("uploads", "source_id")
                            .to("sources", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["uploads", "snapshot_holds", "snapshots", "sources"] {
            manager
                .drop_table(Table::drop().table(table).to_owned())
                .await?;
        }
        Ok(())
    }
}
