//! The request ledger: every request to Constant Contact is counted in the database before it is sent.
//!
//! Limits belong to an API key (client ID), so they are shared by all connections, runs and processes that use it and
//! survive restarts: requests per second, and requests per UTC day. The token endpoint has a limit of its own.
//!
//! One statement reserves the next free moment and counts the request, so nobody waits for anybody's transaction.
//! Moments are evenly spaced with a little room ([`SPACING_PERCENT`]): the network squeezes requests together, and the
//! vendor counts what arrives.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement};

use crate::clock::Clock;
use crate::config::Settings;
use crate::constant_contact::limits::TOKEN_REQUESTS_PER_SECOND;
use crate::constant_contact::{ClientError, PermitRefused, RequestKind, RequestPermits};
use crate::notices::{self, Details, Kind};

/// Distance of two requests, in percent of what the limit would allow.
const SPACING_PERCENT: i64 = 104;
/// How far the next free moment may lie ahead: 230 requests that wait at the vendor's limit. Further, the clock has
/// stepped back, and nobody waits for that.
const LONGEST_QUEUE_MS: i64 = 60 * 1000;
/// How long after 00:00 UTC `quota_exceeded` may still speak of the day before; ours.
const TURN_OF_DAY_MS: i64 = 5 * 60 * 1_000;
/// How far everything moves back when the vendor says `throttled`; it clears within a second (guide, "rate limits").
const PUSH_BACK_MS: i64 = 1000;
const DAY_MS: i64 = 86_400_000;

/// Which limit a request counts for; also the name in the table.
#[derive(Clone, Copy)]
enum Endpoint {
    Api,
    Token,
}

impl Endpoint {
    fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Token => "token",
        }
    }
}

/// What one API key has used today. Units: requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// The key (client ID); no secret.
    pub api_key: String,
    /// Counted since 00:00 UTC.
    pub used: u64,
    /// Allowed a day.
    pub limit: u64,
}

/// The ledger of all API keys. Cheap to clone.
#[derive(Clone)]
pub struct RequestLedger {
    db: DatabaseConnection,
    clock: Clock,
    requests_per_second: u32,
    requests_per_day: u32,
}

impl RequestLedger {
    /// A ledger with the limits of the settings.
    pub fn new(db: DatabaseConnection, clock: Clock, settings: &Settings) -> Self {
        Self {
            db,
            clock,
            requests_per_second: settings.constant_contact_requests_per_second,
            requests_per_day: settings.constant_contact_requests_per_day,
        }
    }

    /// Permits for the requests of one API key, for the client.
    pub fn permits(&self, api_key: &str) -> Arc<dyn RequestPermits> {
        Arc::new(KeyPermits {
            ledger: self.clone(),
            api_key: api_key.into(),
        })
    }

    /// API requests a key may make in a day.
    pub fn daily_limit(&self) -> u32 {
        self.requests_per_day
    }

    /// API requests that are left until 00:00 UTC.
    ///
    /// # Errors
    /// The database's.
    pub async fn requests_left_today(&self, api_key: &str) -> Result<u32, DbErr> {
        let sql = "SELECT used FROM request_ledger WHERE api_key = $1 AND endpoint = $2 AND day >= $3 AND day <= $3 + 1";
        let today = self.clock.now().as_millisecond().div_euclid(DAY_MS);
        let values = [api_key.into(), Endpoint::Api.name().into(), today.into()];
        let row = self.db.query_one_raw(self.statement(sql, values)).await?;
        let used: i64 = row.map_or(Ok(0), |row| row.try_get("", "used"))?;
        let used = u32::try_from(used).unwrap_or(u32::MAX);
        Ok(self.requests_per_day.saturating_sub(used))
    }

    /// Today's use of every API key that has been used today, most used first; at most 100.
    ///
    /// # Errors
    /// The database's.
    pub async fn today(&self) -> Result<Vec<KeyUse>, DbErr> {
        let sql = "SELECT api_key, used FROM request_ledger WHERE endpoint = $1 AND day >= $2 AND day <= $2 + 1 \
                   ORDER BY used DESC, api_key LIMIT 100";
        let today = self.clock.now().as_millisecond().div_euclid(DAY_MS);
        let values = [Endpoint::Api.name().into(), today.into()];
        let rows = self.db.query_all_raw(self.statement(sql, values)).await?;
        let read = |row: sea_orm::QueryResult| {
            let used: i64 = row.try_get("", "used")?;
            Ok(KeyUse {
                api_key: row.try_get("", "api_key")?,
                used: used.unsigned_abs(),
                limit: self.requests_per_day.into(),
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Requests an API key may send a day.
    pub fn limit_per_day(&self) -> u64 {
        self.requests_per_day.into()
    }

    /// When the day's count starts again: the next 00:00 UTC.
    pub fn resets_at(&self) -> Timestamp {
        next_midnight(self.clock.now())
    }

    /// Takes to heart what a failed request says about the limits; everything else is none of its business.
    ///
    /// # Errors
    /// The database's.
    pub async fn heed(&self, api_key: &str, error: &ClientError) -> Result<(), DbErr> {
        match error {
            ClientError::Throttled(_) => self.push_back(api_key).await,
            ClientError::QuotaExceeded(_) if !is_turn_of_day(self.clock.now()) => {
                self.mark_day_spent(api_key).await
            }
            _ => Ok(()),
        }
    }

    /// When to ask again after the vendor said `quota_exceeded`: when the day's count starts again, or in a minute when
    /// it may have spoken of the day that has just ended.
    pub fn quota_over_at(&self) -> Timestamp {
        let now = self.clock.now();
        match is_turn_of_day(now) {
            true => now + SignedDuration::from_mins(1),
            false => next_midnight(now),
        }
    }

    /// Moves every request to come back by a second.
    ///
    /// # Errors
    /// The database's.
    pub async fn push_back(&self, api_key: &str) -> Result<(), DbErr> {
        let sql = "UPDATE request_ledger SET next_at = $3 WHERE api_key = $1 AND endpoint = $2 AND next_at < $3";
        let until = self.clock.now().as_millisecond() + PUSH_BACK_MS;
        let values = [api_key.into(), Endpoint::Api.name().into(), until.into()];
        self.db.execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }

    /// Counts the day as used up: others use the key, too.
    ///
    /// # Errors
    /// The database's.
    pub async fn mark_day_spent(&self, api_key: &str) -> Result<(), DbErr> {
        let sql = "INSERT INTO request_ledger (api_key, endpoint, day, used, next_at) VALUES ($1, $2, $3, $4, 0) \
                   ON CONFLICT (api_key, endpoint) DO UPDATE SET day = excluded.day, used = excluded.used";
        let today = self.clock.now().as_millisecond().div_euclid(DAY_MS);
        let values = [
            api_key.into(),
            Endpoint::Api.name().into(),
            today.into(),
            i64::from(self.requests_per_day).into(),
        ];
        self.db.execute_raw(self.statement(sql, values)).await?;
        self.tell_day_spent(api_key).await
    }

    async fn tell_day_spent(&self, api_key: &str) -> Result<(), DbErr> {
        let names = super::store::names_by_key(&self.db).await?.remove(api_key);
        let details = Details {
            at: Some(self.resets_at()),
            ..Details::named(names.map_or_else(|| api_key.to_owned(), |names| names.join(", ")))
        };
        notices::raise(
            &self.db,
            Kind::QuotaUsedUp,
            api_key,
            details,
            self.clock.now(),
        )
        .await
    }

    /// Reserves the next free moment and counts one request; how far ahead that is, at most [`LONGEST_QUEUE_MS`]. `None`:
    /// the day is used up and nothing was counted.
    async fn reserve(&self, api_key: &str, endpoint: Endpoint) -> Result<Option<Duration>, DbErr> {
        let (per_second, per_day) = match endpoint {
            Endpoint::Api => (self.requests_per_second, i64::from(self.requests_per_day)),
            Endpoint::Token => (TOKEN_REQUESTS_PER_SECOND, i64::MAX),
        };
        let spacing = spacing_ms(per_second);
        let now = self.clock.now().as_millisecond();
        let today = now.div_euclid(DAY_MS);
        // A count for tomorrow is kept (the clock went back over midnight); anything else that is not today is over.
        let sql = "INSERT INTO request_ledger (api_key, endpoint, day, used, next_at) VALUES ($1, $2, $3, 1, $4 + $5) \
             ON CONFLICT (api_key, endpoint) DO UPDATE SET \
               used = CASE WHEN request_ledger.day < $3 OR request_ledger.day > $3 + 1 THEN 1 ELSE request_ledger.used + 1 END, \
               day = CASE WHEN request_ledger.day < $3 OR request_ledger.day > $3 + 1 THEN $3 ELSE request_ledger.day END, \
               next_at = CASE WHEN request_ledger.next_at < $4 OR request_ledger.next_at > $4 + $6 THEN $4 + $5 \
                         ELSE request_ledger.next_at + $5 END \
             WHERE request_ledger.day < $3 OR request_ledger.day > $3 + 1 OR request_ledger.used < $7 \
             RETURNING next_at";
        let values = [
            api_key.into(),
            endpoint.name().into(),
            today.into(),
            now.into(),
            spacing.into(),
            LONGEST_QUEUE_MS.into(),
            per_day.into(),
        ];
        let Some(row) = self.db.query_one_raw(self.statement(sql, values)).await? else {
            return Ok(None);
        };
        let next_at: i64 = row.try_get("", "next_at")?;
        // From the moment it was reserved at: the clock may have stepped since.
        let ahead = (next_at - spacing - now).clamp(0, LONGEST_QUEUE_MS);
        Ok(Some(Duration::from_millis(ahead.unsigned_abs())))
    }

    async fn acquire(&self, api_key: &str, endpoint: Endpoint) -> Result<(), PermitRefused> {
        let reserved = self
            .reserve(api_key, endpoint)
            .await
            .map_err(|error| PermitRefused::Unavailable(error.into()))?;
        let Some(wait) = reserved else {
            if let Err(error) = self.tell_day_spent(api_key).await {
                tracing::warn!(%error, "nobody was told that the day is used up");
            }
            return Err(PermitRefused::QuotaSpent {
                resets_at: self.resets_at(),
            });
        };
        tokio::time::sleep(wait).await;
        Ok(())
    }

    fn statement(&self, sql: &str, values: impl IntoIterator<Item = sea_orm::Value>) -> Statement {
        Statement::from_sql_and_values(self.db.get_database_backend(), sql, values)
    }
}

struct KeyPermits {
    ledger: RequestLedger,
    api_key: Box<str>,
}

impl RequestPermits for KeyPermits {
    fn acquire(&self, kind: RequestKind) -> BoxFuture<'_, Result<(), PermitRefused>> {
        let endpoint = match kind {
            RequestKind::Read | RequestKind::Write | RequestKind::Upload => Endpoint::Api,
            RequestKind::Token => Endpoint::Token,
        };
        Box::pin(self.ledger.acquire(&self.api_key, endpoint))
    }
}

fn spacing_ms(per_second: u32) -> i64 {
    let percent = 1000 * SPACING_PERCENT / i64::from(per_second.max(1));
    (percent / 100).max(1)
}

/// Whether the day has just begun: an answer may be to a request of the day before, and the vendor's clock a little late.
fn is_turn_of_day(now: Timestamp) -> bool {
    now.as_millisecond().rem_euclid(DAY_MS) < TURN_OF_DAY_MS
}

fn next_midnight(now: Timestamp) -> Timestamp {
    let tomorrow = now.as_millisecond().div_euclid(DAY_MS) + 1;
    Timestamp::from_millisecond(tomorrow * DAY_MS).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
