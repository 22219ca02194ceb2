//! Connections with their sealed tokens, the consents behind them, authorisations under way, typed-in applications.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, blob, blob_null, integer, string, string_null, string_uniq,
    text, text_null, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(connections()).await?;
        manager.create_table(consents()).await?;
        manager
            .create_index(
                Index::create()
                    .name("consents_connection_id")
                    .table("consents")
                    .col("connection_id")
                    .to_owned(),
            )
            .await?;
        manager.create_table(authorization_states()).await?;
        manager
            .create_index(
                Index::create()
                    .name("authorization_states_connection_id")
                    .table("authorization_states")
                    .col("connection_id")
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("application_registrations")
                    .col(string("client_id").primary_key())
                    .col(blob("client_secret"))
                    .col(big_integer("updated_at"))
                    .col(uuid_null("updated_by"))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            "application_registrations",
            "authorization_states",
            "consents",
            "connections",
        ] {
            manager
                .drop_table(Table::drop().table(table).to_owned())
                .await?;
        }
        Ok(())
    }
}

/// Removed connections stay as rows without secrets and without a name key: consents and runs refer to them.
fn connections() -> TableCreateStatement {
    Table::create()
        .table("connections")
        .col(uuid("id").primary_key())
        .col(string("kind"))
        .col(string("name"))
        .col(ColumnDef::new("name_key").string().null().unique_key())
        .col(string("sharing"))
        .col(integer("version"))
        .col(big_integer("created_at"))
        .col(uuid("created_by"))
        .col(uuid_null("consent_id"))
        .col(string_null("client_id"))
        .col(string("authorization"))
        .col(big_integer_null("authenticated_at"))
        .col(uuid_null("authenticated_by"))
        .col(text_null("organization_name"))
        .col(string_null("account_id"))
        .col(string_null("problem"))
        .col(text_null("problem_words"))
        .col(big_integer_null("problem_at"))
        .col(blob_null("access_token"))
        .col(blob_null("refresh_token"))
        .col(big_integer_null("access_expires_at"))
        .col(big_integer_null("refresh_due_at"))
        .col(big_integer("token_version"))
        .col(uuid_null("refresh_lease"))
        .col(big_integer_null("refresh_lease_until"))
        .col(uuid_null("export_user_id"))
        .col(big_integer_null("export_user_at"))
        .col(big_integer_null("saved_at"))
        .col(uuid_null("saved_by"))
        .col(big_integer_null("removed_at"))
        .col(uuid_null("removed_by"))
        .to_owned()
}

fn consents() -> TableCreateStatement {
    Table::create()
        .table("consents")
        .col(uuid("id").primary_key())
        .col(uuid("connection_id"))
        .col(uuid("user_id"))
        .col(big_integer("at"))
        .col(string("ip"))
        .col(string("lang"))
        .col(integer("text_version"))
        .col(string("text_sha256"))
        .col(text("text"))
        .foreign_key(
            ForeignKey::create()
                .from("consents", "connection_id")
                .to("connections", "id"),
        )
        .to_owned()
}

fn authorization_states() -> TableCreateStatement {
    Table::create()
        .table("authorization_states")
        .col(uuid("id").primary_key())
        .col(string_uniq("state_hash"))
        .col(uuid("connection_id"))
        .col(uuid("session_id"))
        .col(uuid("user_id"))
        .col(string("client_id"))
        .col(big_integer("created_at"))
        .col(big_integer("expires_at"))
        .col(big_integer_null("consumed_at"))
        .foreign_key(
            ForeignKey::create()
                .from("authorization_states", "connection_id")
                .to("connections", "id"),
        )
        .to_owned()
}
