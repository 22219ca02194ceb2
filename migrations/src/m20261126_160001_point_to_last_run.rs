//! Exports name their latest run, so that lists filtered or sorted by it read one row an export. The database keeps the
//! name itself: a process of an older version that asks for a run does so too.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::uuid_null;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const FILL: &str = "
UPDATE exports SET last_run_id =
  (SELECT id FROM runs WHERE runs.export_id = exports.id ORDER BY id DESC LIMIT 1);
";

const SQLITE_UP: &str = "
CREATE TRIGGER runs_point_export AFTER INSERT ON runs
BEGIN UPDATE exports SET last_run_id = NEW.id WHERE id = NEW.export_id
  AND (last_run_id IS NULL OR last_run_id < NEW.id); END;
";

const POSTGRES_UP: &str = "
CREATE FUNCTION runs_point_export() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN UPDATE exports SET last_run_id = NEW.id WHERE id = NEW.export_id
  AND (last_run_id IS NULL OR last_run_id < NEW.id); RETURN NULL; END $$;
CREATE TRIGGER runs_point_export AFTER INSERT ON runs FOR EACH ROW EXECUTE FUNCTION runs_point_export();
";

const SQLITE_DOWN: &str = "DROP TRIGGER runs_point_export;";

const POSTGRES_DOWN: &str = "
DROP TRIGGER runs_point_export ON runs;
DROP FUNCTION runs_point_export();
";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let added = Table::alter()
            .table("exports")
            .add_column(uuid_null("last_run_id"))
            .to_owned();
        manager.alter_table(added).await?;
        let db = manager.get_connection();
        db.execute_unprepared(FILL).await?;
        db.execute_unprepared(by_backend(manager, SQLITE_UP, POSTGRES_UP))
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .get_connection()
            .execute_unprepared(by_backend(manager, SQLITE_DOWN, POSTGRES_DOWN))
            .await?;
        let dropped = Table::alter()
            .table("exports")
            .drop_column("last_run_id")
            .to_owned();
        manager.alter_table(dropped).await
    }
}

fn by_backend<'a>(
    manager: &SchemaManager<'_>,
    on_sqlite: &'a str,
    on_postgres: &'a str,
) -> &'a str {
    match manager.get_database_backend() {
        DbBackend::Postgres => on_postgres,
        _ => on_sqlite,
    }
}
