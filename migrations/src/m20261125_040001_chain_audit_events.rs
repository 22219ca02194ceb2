//! Audit events become a chain: each carries its number and the hash of everything before it. The database itself
//! refuses to change or delete one, and keeps the end of the chain beside it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, integer, string, string_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const SQLITE_UP: &str = "
CREATE TRIGGER audit_events_chained AFTER INSERT ON audit_events WHEN NEW.seq IS NOT NULL
BEGIN UPDATE audit_head SET seq = NEW.seq, hash = NEW.hash WHERE id = 1; END;
CREATE TRIGGER audit_events_unchanged BEFORE UPDATE ON audit_events WHEN OLD.seq IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_events_kept BEFORE DELETE ON audit_events
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
";

const SQLITE_DOWN: &str = "
DROP TRIGGER audit_events_chained;
DROP TRIGGER audit_events_unchanged;
DROP TRIGGER audit_events_kept;
";

// Everybody takes the end of the chain first and the unique number second, or two writers could wait for each other.
const POSTGRES_UP: &str = "
CREATE FUNCTION audit_events_wait() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM 1 FROM audit_head WHERE id = 1 FOR UPDATE; RETURN NEW; END $$;
CREATE FUNCTION audit_events_chain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN UPDATE audit_head SET seq = NEW.seq, hash = NEW.hash WHERE id = 1; RETURN NULL; END $$;
CREATE FUNCTION audit_events_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
CREATE TRIGGER audit_events_waits BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION audit_events_wait();
CREATE TRIGGER audit_events_chained AFTER INSERT ON audit_events FOR EACH ROW WHEN (NEW.seq IS NOT NULL)
EXECUTE FUNCTION audit_events_chain();
CREATE TRIGGER audit_events_unchanged BEFORE UPDATE ON audit_events FOR EACH ROW WHEN (OLD.seq IS NOT NULL)
EXECUTE FUNCTION audit_events_refuse();
CREATE TRIGGER audit_events_kept BEFORE DELETE ON audit_events FOR EACH ROW
EXECUTE FUNCTION audit_events_refuse();
";

const POSTGRES_DOWN: &str = "
DROP TRIGGER audit_events_waits ON audit_events;
DROP TRIGGER audit_events_chained ON audit_events;
DROP TRIGGER audit_events_unchanged ON audit_events;
DROP TRIGGER audit_events_kept ON audit_events;
DROP FUNCTION audit_events_wait();
DROP FUNCTION audit_events_chain();
DROP FUNCTION audit_events_refuse();
";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [big_integer_null("seq"), string_null("hash")] {
            manager
                .alter_table(
                    Table::alter()
                        .table("audit_events")
                        .add_column(column)
                        .to_owned(),
                )
                .await?;
        }
        manager
            .create_index(
                Index::create()
                    .name("audit_events_seq")
                    .table("audit_events")
                    .col("seq")
                    .unique()
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("audit_head")
                    .col(integer("id").primary_key())
                    .col(big_integer("seq"))
                    .col(string("hash"))
                    .to_owned(),
            )
            .await?;
        let start = Query::insert()
            .into_table("audit_head")
            .columns(["id", "seq", "hash"])
            .values_panic([1.into(), 0_i64.into(), "".into()])
            .to_owned();
        manager.execute(start).await?;
        run(manager, SQLITE_UP, POSTGRES_UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, SQLITE_DOWN, POSTGRES_DOWN).await?;
        manager
            .drop_table(Table::drop().table("audit_head").to_owned())
            .await?;
        manager
            .drop_index(
                Index::drop()
                    .name("audit_events_seq")
                    .table("audit_events")
                    .to_owned(),
            )
            .await?;
        for column in ["hash", "seq"] {
            manager
                .alter_table(
                    Table::alter()
                        .table("audit_events")
                        .drop_column(column)
                        .to_owned(),
                )
                .await?;
        }
        Ok(())
    }
}

async fn run(manager: &SchemaManager<'_>, on_sqlite: &str, on_postgres: &str) -> Result<(), DbErr> {
    let sql = match manager.get_database_backend() {
        sea_orm_migration::sea_orm::DbBackend::Postgres => on_postgres,
        _ => on_sqlite,
    };
    manager.get_connection().execute_unprepared(sql).await?;
    Ok(())
}
