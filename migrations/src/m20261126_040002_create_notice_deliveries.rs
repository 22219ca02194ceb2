//! Who is told of notices by mail and webhook, and every delivery with its tries.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary_null, integer, string, string_null, text_null, uuid,
    uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // One row.
        manager
            .create_table(
                Table::create()
                    .table("notice_settings")
                    .col(integer("id").primary_key())
                    .col(integer("rejected_percent"))
                    .col(string_null("webhook_url"))
                    .col(binary_null("webhook_secret"))
                    .to_owned(),
            )
            .await?;
        let first = Query::insert()
            .into_table("notice_settings")
            .columns(["id", "rejected_percent"])
            .values_panic([1.into(), 5.into()])
            .to_owned();
        manager.execute(first).await?;
        manager
            .create_table(
                Table::create()
                    .table("notice_recipients")
                    .col(uuid("id").primary_key())
                    .col(uuid_null("user_id").unique_key())
                    .col(string_null("address").unique_key())
                    .col(big_integer("created_at"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("notice_deliveries")
                    .col(uuid("id").primary_key())
                    .col(uuid_null("notice_id"))
                    .col(string("event"))
                    .col(string("channel"))
                    .col(uuid_null("recipient_id"))
                    .col(uuid_null("requested_by"))
                    .col(string("state"))
                    .col(integer("attempts"))
                    .col(big_integer("next_at"))
                    .col(text_null("last_error"))
                    .col(big_integer("created_at"))
                    .col(big_integer_null("finished_at"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("notice_deliveries", "notice_id")
                            .to("notices", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .from("notice_deliveries", "recipient_id")
                            .to("notice_recipients", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("notice_deliveries_due")
                    .table("notice_deliveries")
                    .col("next_at")
                    .and_where(Expr::col("finished_at").is_null())
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("notice_deliveries_notice_id")
                    .table("notice_deliveries")
                    .col("notice_id")
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["notice_deliveries", "notice_recipients", "notice_settings"] {
            manager
                .drop_table(Table::drop().table(table).to_owned())
                .await?;
        }
        Ok(())
    }
}
