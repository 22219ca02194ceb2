//! `listbridge migrate`.

use anyhow::Context;
use migrations::{Migrator, MigratorTrait};

use crate::config::Settings;
use crate::storage;

/// Applies what is missing. Running it twice is harmless.
pub(super) async fn run(settings: Settings) -> anyhow::Result<()> {
    std::fs::create_dir_all(&settings.data_dir)?;
    let url = settings.database_url();
    let db = storage::connect(&url)
        .await
        .context("cannot open the database")?;
    let pending = Migrator::get_pending_migrations(&db).await?.len();
    storage::migrate(&db, &url)
        .await
        .context("cannot migrate the database")?;
    println!("{pending} migrations applied.");
    Ok(())
}
