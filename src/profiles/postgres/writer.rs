//! Writing a snapshot: one transaction that creates the table, fills it by binary COPY and publishes it by committing.

use std::sync::Mutex;

use sea_orm::sqlx::postgres::PgConnection;
use sea_orm::sqlx::{self, Connection};
use tokio::runtime::Handle;

use super::layout::{WIDE, create_table, lock_key, table};
use super::wait;
use crate::profiles::{RowBatch, SnapshotError, SnapshotId, SnapshotWriter, WriterAlive};

const BEGINNING: &str = "creating a snapshot";
const WRITING: &str = "writing a snapshot";
const PUBLISHING: &str = "publishing a snapshot";

/// Beginning and end of binary COPY data (PostgreSQL manual, "COPY", binary format).
const COPY_HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const COPY_TRAILER: [u8; 2] = (-1_i16).to_be_bytes();
/// Object id of the type `text`.
const TEXT_OID: i32 = 25;

pub(super) struct PostgresWriter {
    session: Session,
    id: SnapshotId,
    columns: usize,
    rows: i64,
    buffer: Vec<u8>,
}

impl PostgresWriter {
    pub(super) fn begin(
        runtime: Handle,
        connection: PgConnection,
        id: SnapshotId,
        columns: usize,
    ) -> Result<Self, SnapshotError> {
        let mut session = Session {
            connection: Mutex::new(Some(connection)),
            runtime,
        };
        let sql = format!(
            "SELECT pg_advisory_lock({}); BEGIN; {}",
            lock_key(id),
            create_table(id, columns)
        );
        session.execute(BEGINNING, sql)?;
        Ok(Self {
            session,
            id,
            columns,
            rows: 0,
            buffer: Vec::new(),
        })
    }

    /// Fills the buffer with `rows` as COPY data.
    fn encode(&mut self, rows: &RowBatch) {
        let own = self.columns.min(WIDE);
        let fields = 1 + own + usize::from(self.columns > WIDE);
        self.buffer.clear();
        self.buffer.extend_from_slice(COPY_HEADER);
        let mut cells = rows.cells();
        for _ in 0..rows.len() {
            self.rows += 1;
            self.buffer.extend_from_slice(&count16(fields));
            self.buffer.extend_from_slice(&count32(size_of::<i64>()));
            self.buffer.extend_from_slice(&self.rows.to_be_bytes());
            for cell in cells.by_ref().take(own) {
                push_text(&mut self.buffer, cell);
            }
            if self.columns > WIDE {
                let beyond = self.columns - WIDE;
                push_array(&mut self.buffer, cells.by_ref().take(beyond), beyond);
            }
        }
        self.buffer.extend_from_slice(&COPY_TRAILER);
    }
}

impl SnapshotWriter for PostgresWriter {
    fn write(&mut self, rows: &RowBatch) -> Result<(), SnapshotError> {
        self.encode(rows);
        let statement = format!("COPY {} FROM STDIN (FORMAT binary)", table(self.id));
        let data = &*self.buffer;
        self.session.with(WRITING, async |connection| {
            let mut copy = connection.copy_in_raw(&statement).await?;
            match copy.send(data).await {
                Ok(_) => copy.finish().await.map(|_| ()),
                Err(error) => {
                    // The first error is the one to report.
                    let _ = copy.abort("not written").await;
                    Err(error)
                }
            }
        })
    }

    fn finish(mut self: Box<Self>) -> Result<WriterAlive, SnapshotError> {
        let table = table(self.id);
        let publish = format!("ALTER TABLE {table} ADD PRIMARY KEY (n); COMMIT; ANALYZE {table}");
        self.session.execute(PUBLISHING, publish)?;
        Ok(WriterAlive::new(self.session))
    }
}

/// A session that holds the writer's lock. Ends when dropped; what it has not committed, the server takes back.
struct Session {
    /// `None` only while it is being dropped.
    connection: Mutex<Option<PgConnection>>,
    runtime: Handle,
}

impl Session {
    fn execute(&mut self, doing: &'static str, sql: String) -> Result<(), SnapshotError> {
        self.with(doing, async |connection| {
            let statement = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
            statement.execute(connection).await.map(|_| ())
        })
    }

    fn with(
        &mut self,
        doing: &'static str,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<(), sqlx::Error>,
    ) -> Result<(), SnapshotError> {
        let connection = self.connection.get_mut();
        let connection = connection.unwrap_or_else(std::sync::PoisonError::into_inner);
        let connection = connection.as_mut().expect("taken by drop alone");
        wait(&self.runtime, doing, work(connection))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let connection = self.connection.get_mut();
        let connection = connection.unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(connection) = connection.take() {
            // Said goodbye to, the server lets go at once; otherwise when it notices.
            self.runtime.spawn(async move {
                if let Err(error) = connection.close().await {
                    tracing::debug!(%error, "a session of a snapshot's writer was not closed");
                }
            });
        }
    }
}

fn push_text(buffer: &mut Vec<u8>, text: &str) {
    buffer.extend_from_slice(&count32(text.len()));
    buffer.extend_from_slice(text.as_bytes());
}

/// One dimension, no NULLs, counted from 1.
fn push_array<'a>(buffer: &mut Vec<u8>, cells: impl Iterator<Item = &'a str>, count: usize) {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; 4]);
    for number in [1, 0, TEXT_OID] {
        buffer.extend_from_slice(&number.to_be_bytes());
    }
    buffer.extend_from_slice(&count32(count));
    buffer.extend_from_slice(&1_i32.to_be_bytes());
    for cell in cells {
        push_text(buffer, cell);
    }
    let length = count32(buffer.len() - start - 4);
    buffer[start..start + 4].copy_from_slice(&length);
}

fn count16(count: usize) -> [u8; 2] {
    i16::try_from(count)
        .expect("a table has at most 302 columns")
        .to_be_bytes()
}

fn count32(count: usize) -> [u8; 4] {
    i32::try_from(count)
        .expect("a row is far below 2 GiB")
        .to_be_bytes()
}
