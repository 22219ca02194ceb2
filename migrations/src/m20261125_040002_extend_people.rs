//! Invitations, removal and company sign-ins of people; what a session was started on.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, string, string_null, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [
            big_integer_null("invited_at"),
            string_null("invitation_hash"),
            big_integer_null("invitation_expires_at"),
            big_integer_null("removed_at"),
            big_integer_null("last_signed_in_at"),
        ] {
            add(manager, "users", column).await?;
        }
        manager
            .create_index(
                Index::create()
                    .name("users_invitation_hash")
                    .table("users")
                    .col("invitation_hash")
                    .unique()
                    .to_owned(),
            )
            .await?;
        for column in [
            string("device").default("").to_owned(),
            big_integer_null("proved_at"),
        ] {
            add(manager, "sessions", column).await?;
        }
        manager
            .create_table(
                Table::create()
                    .table("user_identities")
                    .col(uuid("id").primary_key())
                    .col(uuid("user_id"))
                    .col(string("issuer"))
                    .col(string("subject"))
                    .col(big_integer("created_at"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("user_identities", "user_id")
                            .to("users", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        for (name, columns, is_unique) in [
            (
                "user_identities_subject",
                ["issuer", "subject"].as_slice(),
                true,
            ),
            ("user_identities_user_id", ["user_id"].as_slice(), false),
        ] {
            let mut index = Index::create();
            index.name(name).table("user_identities");
            for column in columns {
                index.col(*column);
            }
            if is_unique {
                index.unique();
            }
            manager.create_index(index).await?;
        }
        manager
            .create_table(
                Table::create()
                    .table("oidc_states")
                    .col(string("state_hash").primary_key())
                    .col(big_integer("expires_at"))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["oidc_states", "user_identities"] {
            manager
                .drop_table(Table::drop().table(table).to_owned())
                .await?;
        }
        for column in ["proved_at", "device"] {
            remove(manager, "sessions", column).await?;
        }
        manager
            .drop_index(
                Index::drop()
                    .name("users_invitation_hash")
                    .table("users")
                    .to_owned(),
            )
            .await?;
        for column in [
            "last_signed_in_at",
            "removed_at",
            "invitation_expires_at",
            "invitation_hash",
            "invited_at",
        ] {
            remove(manager, "users", column).await?;
        }
        Ok(())
    }
}

async fn add(
    manager: &SchemaManager<'_>,
    table: &'static str,
    column: ColumnDef,
) -> Result<(), DbErr> {
    manager
        .alter_table(Table::alter().table(table).add_column(column).to_owned())
        .await
}

async fn remove(
    manager: &SchemaManager<'_>,
    table: &'static str,
    column: &'static str,
) -> Result<(), DbErr> {
    manager
        .alter_table(Table::alter().table(table).drop_column(column).to_owned())
        .await
}
