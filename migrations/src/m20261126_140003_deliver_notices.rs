//! Mail and webhooks for notices: who is told, how mail is sent, and one row for each delivery with its tries.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, binary_null, boolean, integer, integer_null, string,
    string_null, text_null, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Nothing has ever been written to these.
        for table in ["notice_deliveries", "notice_recipients"] {
            let dropped = Table::drop().table(table).to_owned();
            manager.drop_table(dropped).await?;
        }
        for column in ["webhook_url", "webhook_secret"] {
            change(manager, |table| table.drop_column(column)).await?;
        }
        for column in [
            string_null("smtp_host"),
            integer_null("smtp_port"),
            string_null("smtp_security"),
            string_null("smtp_user"),
            binary_null("smtp_password"),
            string_null("mail_from"),
            big_integer_null("changed_at"),
            uuid_null("changed_by"),
        ] {
            change(manager, |table| table.add_column(column)).await?;
        }
        let chosen = Table::alter()
            .table("users")
            .add_column(boolean("notices_by_mail").default(true))
            .to_owned();
        manager.alter_table(chosen).await?;
        manager
            .create_table(
                Table::create()
                    .table("notice_webhooks")
                    .col(uuid("id").primary_key())
                    .col(string("url").unique_key())
                    .col(binary("secret"))
                    .col(big_integer("created_at"))
                    .col(uuid_null("created_by"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("notice_deliveries")
                    .col(uuid("id").primary_key())
                    .col(uuid("notice_id"))
                    .col(string("event"))
                    .col(string("channel"))
                    .col(uuid("target_id"))
                    .col(string("state"))
                    .col(integer("tries"))
                    .col(big_integer("next_at"))
                    .col(big_integer_null("lease_until"))
                    .col(string_null("problem"))
                    .col(big_integer("created_at"))
                    .col(big_integer_null("finished_at"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("notice_deliveries", "notice_id")
                            .to("notices", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        // Each is told once of each event.
        manager
            .create_index(
                Index::create()
                    .name("notice_deliveries_once")
                    .table("notice_deliveries")
                    .col("notice_id")
                    .col("event")
                    .col("channel")
                    .col("target_id")
                    .unique()
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
                    .name("notice_deliveries_created_at")
                    .table("notice_deliveries")
                    .col("created_at")
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["notice_deliveries", "notice_webhooks"] {
            let dropped = Table::drop().table(table).to_owned();
            manager.drop_table(dropped).await?;
        }
        let chosen = Table::alter()
            .table("users")
            .drop_column("notices_by_mail")
            .to_owned();
        manager.alter_table(chosen).await?;
        for column in [
            "smtp_host",
            "smtp_port",
            "smtp_security",
            "smtp_user",
            "smtp_password",
            "mail_from",
            "changed_at",
            "changed_by",
        ] {
            change(manager, |table| table.drop_column(column)).await?;
        }
        change(manager, |table| {
            table.add_column(string_null("webhook_url"))
        })
        .await?;
        change(manager, |table| {
            table.add_column(binary_null("webhook_secret"))
        })
        .await?;
        manager
            .create_table(
                Table::create()
                    .table("notice_recipients")
                    .col(uuid("id").primary_key())
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("notice_deliveries")
                    .col(uuid("id").primary_key())
                    .col(text_null("last_error"))
                    .to_owned(),
            )
            .await
    }
}

/// One change at a time: SQLite takes no more in a statement.
async fn change(
    manager: &SchemaManager<'_>,
    change: impl FnOnce(&mut TableAlterStatement) -> &mut TableAlterStatement,
) -> Result<(), DbErr> {
    let mut table = Table::alter();
    table.table("notice_settings");
    let changed = change(&mut table).to_owned();
    manager.alter_table(changed).await
}
