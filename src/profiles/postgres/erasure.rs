//! Taking rows out of a published snapshot: one statement, which scans under way do not see.

use super::PostgresSnapshots;
use super::layout::table;
use crate::profiles::{Erasure, SnapshotError, SnapshotId};
use sea_orm::sqlx;

const ERASING: &str = "erasing profiles";

pub(super) struct PostgresErasure {
    pub(super) storage: PostgresSnapshots,
    pub(super) id: SnapshotId,
    pub(super) rows: Vec<u64>,
}

impl PostgresErasure {
    fn execute(&self, sql: String) -> Result<(), SnapshotError> {
        let mut connection = self.storage.connect(ERASING)?;
        let statement = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
        let work = statement.execute(&mut connection);
        self.storage.wait(ERASING, work).map(|_| ())
    }
}

impl Erasure for PostgresErasure {
    fn commit(&mut self) -> Result<(), SnapshotError> {
        // Numbers only.
        let rows: Vec<String> = self.rows.iter().map(u64::to_string).collect();
        let deletion = format!(
            "DELETE FROM {} WHERE n IN ({})",
            table(self.id),
            rows.join(",")
        );
        self.execute(deletion)
    }

    fn scrub(&mut self) -> Result<(), SnapshotError> {
        self.execute(format!("VACUUM {}", table(self.id)))
    }
}
