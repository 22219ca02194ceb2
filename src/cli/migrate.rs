//! `listbridge migrate`.

use anyhow::Context;
use migrations::{Migrator, MigratorTrait};

use crate::config::Settings;
use crate::storage;

/// Applies what is missing. Running it twice is harmless.
pub(super) async fn run(settings: Settings) -> anyhow::Result<()> {
    std::fs::create_dir_all(&settings.data_dir)?;
    let db = storage::connect(&settings.database_url())
        .await
        .context("cannot open the database")?;
    let pending = Migrator::get_pending_migrations(&db).await?.len();
    Migrator::up(&db, None)
        .await
        .context("cannot migrate the database")?;
    println!("{pending} migrations applied.");
    Ok(())
}
