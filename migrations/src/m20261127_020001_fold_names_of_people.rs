//! People have their name in the form that searches compare: without case and with composed accents, in any script. The
//! databases fold letters differently, SQLite those of ASCII alone.

use icu::casemap::CaseMapper;
use icu::normalizer::ComposingNormalizer;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::string;
use sea_orm_migration::sea_orm::prelude::Uuid;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A process of an older version adds people without it.
        let added = Table::alter()
            .table("users")
            .add_column(string("name_key").default(""))
            .to_owned();
        manager.alter_table(added).await?;
        let db = manager.get_connection();
        let names = Query::select()
            .columns(["id", "name"])
            .from("users")
            .to_owned();
        for row in db.query_all(&names).await? {
            let id: Uuid = row.try_get("", "id")?;
            let name: String = row.try_get("", "name")?;
            let filled = Query::update()
                .table("users")
                .value("name_key", fold(&name))
                .and_where(Expr::col("id").eq(id))
                .to_owned();
            db.execute(&filled).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dropped = Table::alter()
            .table("users")
            .drop_column("name_key")
            .to_owned();
        manager.alter_table(dropped).await
    }
}

/// As the application folded names when this step was written.
fn fold(name: &str) -> String {
    let folded = CaseMapper::new().fold_string(name);
    let composed = ComposingNormalizer::new_nfc().normalize(&folded);
    composed.into_owned()
}
