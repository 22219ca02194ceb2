//! Settings > System > General: language and format of the installation.

pub(super) mod page;
mod store;

use std::time::Duration;

use sea_orm::{DatabaseConnection, DbErr};

use crate::locale::{self};

/// How often a process looks what others have chosen.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// Puts what is stored into effect in this process.
///
/// # Errors
/// The database's.
pub async fn take_effect(db: &DatabaseConnection) -> Result<(), DbErr> {
    let chosen = store::get(db).await?;
    locale::choose(chosen.lang, chosen.format);
    Ok(())
}

/// Follows what other processes choose, until the task is aborted.
pub async fn follow(db: DatabaseConnection) {
    loop {
        if let Err(error) = take_effect(&db).await {
            tracing::warn!(%error, "language and format of the installation were not read");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
