//! Where the application keeps its state: users, connections, exports, runs, audit.
//!
//! SQLite by default, PostgreSQL by setting `database_url`; the same queries serve both. Bulk profile data does not
//! pass through here (see `profiles`). Entities are used by `store.rs` files only.
//!
//! Rule for everyone: no remote call inside a transaction. SQLite has one connection, so a transaction that waits
//! stops every page.

pub mod audit;
pub mod entities;
mod sealed;
mod time;

pub use sealed::{MasterKey, SealError, Sealed, random_bytes};
pub use time::UtcMillis;

use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};
use secrecy::{ExposeSecret, SecretString};

/// Connections to PostgreSQL per process.
const POSTGRES_CONNECTIONS: u32 = 10;
/// How long a request waits for a free connection before it fails with "try again".
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long SQLite waits for another process that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens the application database, creating the SQLite file when missing. Does not migrate.
///
/// # Errors
/// The database cannot be reached or opened.
pub async fn connect(url: &SecretString) -> Result<DatabaseConnection, DbErr> {
    let url = url.expose_secret();
    let mut options = ConnectOptions::new(url);
    options
        .sqlx_logging(false)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_timeout(ACQUIRE_TIMEOUT);
    if url.starts_with("sqlite:") {
        options.max_connections(1).map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .journal_mode(sea_orm::sqlx::sqlite::SqliteJournalMode::Wal)
                // A refresh token or the record of a part must not be lost with the power: both are used up outside.
                .synchronous(sea_orm::sqlx::sqlite::SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(BUSY_TIMEOUT)
        });
    } else {
        options.max_connections(POSTGRES_CONNECTIONS);
    }
    Database::connect(options).await
}
