//! Where the application keeps its state: users, connections, exports, runs, audit.
//!
//! SQLite by default, PostgreSQL by setting `database_url`; the same queries serve both. Bulk profile data does not
//! pass through here (see `profiles`). Entities are used by `store.rs` files only.
//!
//! Rule for everyone: no remote call inside a transaction. SQLite has one connection, so a transaction that waits
//! stops every page.

pub mod audit;
pub mod entities;
mod like;
mod sealed;
mod time;

pub use like::{escape_like, holding};
pub use sealed::{MasterKey, SealError, Sealed, random_bytes};
pub use time::{UtcMillis, astray, bring_back, is_astray};

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use migrations::{Migrator, MigratorTrait};
use sea_orm::sqlx::{self, AssertSqlSafe, Connection, PgConnection};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr, RuntimeErr};
use secrecy::{ExposeSecret, SecretString};

/// Connections to PostgreSQL per process.
const POSTGRES_CONNECTIONS: u32 = 10;
/// How long a request waits for a free connection before it fails with "try again".
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a statement waits for what somebody else holds: SQLite's file, PostgreSQL's rows.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

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
                .busy_timeout(LOCK_TIMEOUT)
        });
    } else {
        options
            .max_connections(POSTGRES_CONNECTIONS)
            .test_before_acquire(false)
            .map_sqlx_postgres_before_acquire(|connection, _| end_what_was_given_up(connection))
            .map_sqlx_postgres_pool_opts(|pool| {
                pool.after_connect(|connection, _| limit_waits(connection))
            });
    }
    Database::connect(options).await
}

/// Tests a connection, and leaves none in a transaction that nobody knows of: sqlx 0.9.0 forgets the one whose `BEGIN`
/// was canceled on its way (launchbadge/sqlx#4393), and the next to get the connection would write into it in vain.
///
/// Both statements travel at once; an ordinary connection answers without a warning, any other with the one it deserves.
fn end_what_was_given_up(connection: &mut PgConnection) -> BoxFuture<'_, sqlx::Result<bool>> {
    async move {
        sqlx::raw_sql("BEGIN; ROLLBACK").execute(connection).await?;
        Ok(true)
    }
    .boxed()
}

/// PostgreSQL waits for locks without an end unless it is told.
fn limit_waits(connection: &mut PgConnection) -> BoxFuture<'_, sqlx::Result<()>> {
    async move {
        let limit = format!("SET lock_timeout = {}", LOCK_TIMEOUT.as_millis());
        sqlx::raw_sql(AssertSqlSafe(limit))
            .execute(connection)
            .await?;
        Ok(())
    }
    .boxed()
}

/// Whether a statement failed because somebody else held what it needs; nothing was changed, and it may succeed later.
pub fn is_busy(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))
    | DbErr::Conn(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    let code = error.as_database_error().and_then(|error| error.code());
    // PostgreSQL's lock_not_available and deadlock_detected; SQLite's SQLITE_BUSY and its extended kinds.
    let busy = ["55P03", "40P01", "5", "261", "517", "773"];
    code.is_some_and(|code| busy.contains(&&*code))
}

/// Whether a database URL names PostgreSQL.
pub fn is_postgres(url: &SecretString) -> bool {
    let url = url.expose_secret();
    url.starts_with("postgres:") || url.starts_with("postgresql:")
}

/// Advisory lock of whoever migrates; any number that nothing else uses.
const MIGRATION_LOCK: i64 = 0x6c69_7374_6272;

/// Applies the migrations that are missing. Replicas that start together take turns.
///
/// # Errors
/// The database's.
pub async fn migrate(db: &DatabaseConnection, url: &SecretString) -> Result<(), DbErr> {
    if !is_postgres(url) {
        return Migrator::up(db, None).await;
    }
    let failed = |error: sqlx::Error| DbErr::Conn(RuntimeErr::SqlxError(error.into()));
    let mut turn = sqlx::PgConnection::connect(url.expose_secret())
        .await
        .map_err(failed)?;
    sqlx::query("SELECT pg_advisory_lock($1)")
        .bind(MIGRATION_LOCK)
        .execute(&mut turn)
        .await
        .map_err(failed)?;
    let migrated = Migrator::up(db, None).await;
    // The lock ends with the session.
    turn.close().await.map_err(failed)?;
    migrated
}
