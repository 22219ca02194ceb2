//! Snapshots in PostgreSQL: one table each in a schema of its own, beside the application's tables, so that every
//! replica reads them and one backup holds all.
//!
//! A snapshot is created, filled by COPY and published in one transaction: nobody sees it before, and whatever ends a
//! writer, the server takes back what it wrote. While a writer lives, its session holds an advisory lock named after the
//! snapshot; the server lets go of it when the session ends in any way. Reading is one COPY in row order, and conditions
//! are evaluated here, by [`Filter::matches`]: they mean the same on every storage, and no text of a person becomes part
//! of a statement.
//!
//! Every scan and every writer has a session of its own outside the application's pool: a scan that waits for the vendor
//! must not take a page's connection.

mod copy;
mod erasure;
mod layout;
mod writer;

#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::str::FromStr;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection};
use sea_orm::sqlx::{self, ConnectOptions, Connection};
use tokio::runtime::Handle;
use uuid::Uuid;

use super::{
    Erasure, Filter, ProfileRow, Scan, SnapshotError, SnapshotId, SnapshotWriter, Snapshots,
};
use erasure::PostgresErasure;
use layout::{SCHEMA, lock_key, table};
use writer::PostgresWriter;

/// Longest wait for the server: for a session, for the next bytes of a scan, for a lock.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Milliseconds a removal waits for scans under way; then the next clean-up removes the snapshot.
const REMOVAL_LOCK_MS: u32 = 2_000;
/// SQLSTATE codes (PostgreSQL manual, appendix A).
const UNDEFINED_TABLE: &str = "42P01";
const LOCK_NOT_AVAILABLE: &str = "55P03";
const DISK_FULL: &str = "53100";

/// The storage of snapshots for several replicas.
#[derive(Clone, Debug)]
pub struct PostgresSnapshots {
    options: PgConnectOptions,
    runtime: Handle,
}

impl PostgresSnapshots {
    /// Snapshots in the database at `url`, which has been migrated. `runtime` drives the sessions; calls come from its
    /// blocking threads.
    ///
    /// # Errors
    /// The URL is not one of PostgreSQL.
    pub fn new(url: &str, runtime: Handle) -> Result<Self, sqlx::Error> {
        let options = PgConnectOptions::from_str(url)?
            .application_name("listbridge snapshots")
            // Rows are asked for in the order of their number, which an index has; sorting would hold up the first one.
            .options([("enable_sort", "off"), ("jit", "off")])
            .disable_statement_logging();
        Ok(Self { options, runtime })
    }

    fn connect(&self, doing: &'static str) -> Result<PgConnection, SnapshotError> {
        self.wait(doing, PgConnection::connect_with(&self.options))
    }

    /// Blocks until `work` is done or [`TIMEOUT`] has passed.
    fn wait<T>(
        &self,
        doing: &'static str,
        work: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, SnapshotError> {
        wait(&self.runtime, doing, work)
    }
}

impl Snapshots for PostgresSnapshots {
    fn begin(
        &self,
        id: SnapshotId,
        columns: usize,
    ) -> Result<Box<dyn SnapshotWriter>, SnapshotError> {
        let connection = self.connect("creating a snapshot")?;
        let writer = PostgresWriter::begin(self.runtime.clone(), connection, id, columns)?;
        Ok(Box::new(writer))
    }

    fn scan(
        &self,
        id: SnapshotId,
        scan: &Scan<'_>,
        each: &mut dyn FnMut(&ProfileRow<'_>) -> ControlFlow<()>,
    ) -> Result<(), SnapshotError> {
        let mut connection = self.connect("reading a snapshot")?;
        copy::scan(&self.runtime, &mut connection, id, scan, each)
            .map_err(|error| not_found(id, error))
    }

    fn count(&self, id: SnapshotId, filter: &Filter) -> Result<u64, SnapshotError> {
        if *filter != Filter::EVERYONE {
            let mut count = 0;
            self.scan(id, &Scan::new(filter, &[]), &mut |_| {
                count += 1;
                ControlFlow::Continue(())
            })?;
            return Ok(count);
        }
        let doing = "counting profiles";
        let mut connection = self.connect(doing)?;
        let sql = format!("SELECT count(*) FROM {}", table(id));
        let count: Result<i64, _> = self.wait(
            doing,
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&mut connection),
        );
        let count = count.map_err(|error| not_found(id, error))?;
        Ok(count.unsigned_abs())
    }

    fn delete(&self, id: SnapshotId) -> Result<(), SnapshotError> {
        let doing = "removing a snapshot";
        let mut connection = self.connect(doing)?;
        let drop = format!(
            "SET lock_timeout = {REMOVAL_LOCK_MS}; DROP TABLE IF EXISTS {}",
            table(id)
        );
        let work = sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(&mut connection);
        match self.wait(doing, work) {
            Ok(_) => Ok(()),
            Err(error) if has_code(&error, LOCK_NOT_AVAILABLE) => {
                tracing::info!(snapshot = %id, "still being read; the next clean-up removes it");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn prepare_erasure(
        &self,
        id: SnapshotId,
        rows: &[u64],
    ) -> Result<Box<dyn Erasure>, SnapshotError> {
        Ok(Box::new(PostgresErasure {
            storage: self.clone(),
            id,
            rows: rows.to_vec(),
        }))
    }

    fn list(&self) -> Result<Vec<SnapshotId>, SnapshotError> {
        let doing = "listing snapshots";
        let mut connection = self.connect(doing)?;
        let query = sqlx::query_scalar(
            "SELECT tablename::text FROM pg_tables WHERE schemaname = $1 ORDER BY tablename",
        )
        .bind(SCHEMA);
        let names: Vec<String> = self.wait(doing, query.fetch_all(&mut connection))?;
        let ids = names.iter().filter_map(|name| {
            let id = name.strip_prefix('s')?;
            Uuid::try_parse(id).ok().map(SnapshotId)
        });
        Ok(ids.collect())
    }

    fn is_being_written(&self, id: SnapshotId) -> Result<bool, SnapshotError> {
        let doing = "looking for the writer of a snapshot";
        let mut connection = self.connect(doing)?;
        // Taken for this statement's transaction at most: whoever gets it sees that nobody holds it.
        let query = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)").bind(lock_key(id));
        let is_free: bool = self.wait(doing, query.fetch_one(&mut connection))?;
        Ok(!is_free)
    }
}

/// Blocks until `work` is done or [`TIMEOUT`] has passed.
fn wait<T>(
    runtime: &Handle,
    doing: &'static str,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, SnapshotError> {
    let answer = runtime.block_on(async { tokio::time::timeout(TIMEOUT, work).await });
    match answer {
        Ok(result) => result.map_err(storage(doing)),
        Err(elapsed) => Err(SnapshotError::Storage {
            doing,
            source: Box::new(elapsed),
        }),
    }
}

fn storage(doing: &'static str) -> impl FnOnce(sqlx::Error) -> SnapshotError {
    move |error| match code(&error).as_deref() {
        Some(DISK_FULL) => SnapshotError::NoSpace,
        _ => SnapshotError::Storage {
            doing,
            source: Box::new(error),
        },
    }
}

fn code(error: &sqlx::Error) -> Option<String> {
    let code = error.as_database_error()?.code()?;
    Some(code.into_owned())
}

fn has_code(error: &SnapshotError, wanted: &str) -> bool {
    let SnapshotError::Storage { source, .. } = error else {
        return false;
    };
    let error = source.downcast_ref::<sqlx::Error>();
    error.and_then(code).is_some_and(|code| code == wanted)
}

fn not_found(id: SnapshotId, error: SnapshotError) -> SnapshotError {
    if has_code(&error, UNDEFINED_TABLE) {
        SnapshotError::NotFound(id)
    } else {
        error
    }
}
