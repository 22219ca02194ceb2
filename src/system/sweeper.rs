//! Sweeping: once an hour, in one process at a time, everything that is kept for a set time only is looked through.
//!
//! A concept that keeps something joins with a [`Sweep`]; startup brings them together. A sweep that fails is logged and
//! tried again an hour later; it never stops the others.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter,
};

use crate::clock::Clock;
use crate::storage::entities::sweep;
use crate::storage::{UtcMillis, astray};

/// How often everything is swept, by all processes together.
const EVERY: SignedDuration = SignedDuration::from_hours(1);
/// How often a process looks whether it is time.
const LOOK_EVERY: Duration = Duration::from_secs(300);
/// The row that processes compete for.
const TURN: i32 = 1;

/// Removes what has been kept long enough.
pub trait Sweep: Send + Sync {
    /// What it sweeps, for the log.
    fn name(&self) -> &'static str;

    /// Removes what is too old at `now`; how many things that were. Must come to an end, and be harmless when it is
    /// interrupted or done twice.
    fn sweep(&self, now: Timestamp) -> BoxFuture<'_, anyhow::Result<u64>>;
}

/// When a sweep was last begun; `None` before the first one.
///
/// # Errors
/// The database's.
pub async fn last_begun(db: &impl ConnectionTrait) -> Result<Option<Timestamp>, DbErr> {
    let turn = sweep::Entity::find_by_id(TURN).one(db).await?;
    let at = turn.map(|turn| Timestamp::from(turn.begun_at));
    Ok(at.filter(|at| *at > Timestamp::UNIX_EPOCH))
}

/// Sweeps, together with every other process on the same database.
#[derive(Clone)]
pub struct Sweeper {
    db: DatabaseConnection,
    clock: Clock,
    sweeps: Vec<Arc<dyn Sweep>>,
}

impl Sweeper {
    /// A sweeper of these.
    pub fn new(db: DatabaseConnection, clock: Clock, sweeps: Vec<Arc<dyn Sweep>>) -> Self {
        Self { db, clock, sweeps }
    }

    /// Sweeps whenever it is time, until the task is aborted.
    pub async fn serve(self) {
        loop {
            if let Err(error) = self.sweep_if_due().await {
                tracing::warn!(%error, "it cannot be told whether it is time to sweep");
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Sweeps if nobody has for an hour; false when somebody has.
    ///
    /// # Errors
    /// The database's.
    pub async fn sweep_if_due(&self) -> Result<bool, DbErr> {
        let now = self.clock.now();
        let mine = sweep::Entity::update_many()
            .col_expr(sweep::Column::BegunAt, Expr::value(UtcMillis::from(now)))
            .filter(sweep::Column::Id.eq(TURN))
            .filter(
                Condition::any()
                    .add(sweep::Column::BegunAt.lte(UtcMillis::from(now - EVERY)))
                    .add(astray(sweep::Column::BegunAt, SignedDuration::ZERO, now)),
            )
            .exec(&self.db)
            .await?;
        if mine.rows_affected == 0 {
            return Ok(false);
        }
        for sweep in &self.sweeps {
            match sweep.sweep(now).await {
                Ok(0) => {}
                Ok(removed) => tracing::info!(what = sweep.name(), removed, "swept"),
                Err(error) => {
                    tracing::error!(what = sweep.name(), error = &*error, "not swept");
                }
            }
        }
        Ok(true)
    }
}
