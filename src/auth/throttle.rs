//! Slows down people who try passwords: per account and per address, counted in the database.
//!
//! After [`FREE_FAILURES`] failures every further one doubles the wait. The account's wait is short, so that a stranger
//! cannot lock somebody out for long; the address's grows longer.

use sea_orm::{ConnectionTrait, DbErr};
use sha2::{Digest, Sha256};

use super::{SignInAttempt, store};
use crate::storage::is_astray;

/// Failures without a wait: people mistype.
const FREE_FAILURES: i32 = 5;
/// Longest wait for one account, in seconds.
const MAX_ACCOUNT_WAIT_SECONDS: i64 = 60;
/// Longest wait for one address, in seconds.
const MAX_ADDRESS_WAIT_SECONDS: i64 = 900;
/// Several people may share an address, so it gets more free failures.
const FREE_ADDRESS_FAILURES: i32 = 20;
/// Failures older than this are forgotten, in seconds.
const MEMORY_SECONDS: i64 = 3600;

/// Seconds until this attempt would count, or `None` when it may be made now.
pub(super) async fn wait_seconds(
    db: &impl ConnectionTrait,
    attempt: &SignInAttempt<'_>,
) -> Result<Option<i64>, DbErr> {
    let mut longest = 0;
    for key in keys(attempt) {
        let blocked_until = store::find_blocked_until(db, &key.hash).await?;
        let most = jiff::SignedDuration::from_secs(key.max_wait_seconds);
        let until = blocked_until.filter(|until| !is_astray(*until, most, attempt.now));
        longest = longest.max(until.map_or(0, |until| until.as_second() - attempt.now.as_second()));
    }
    Ok((longest > 0).then_some(longest))
}

/// Counts a failure.
pub(super) async fn record_failure(
    db: &impl ConnectionTrait,
    attempt: &SignInAttempt<'_>,
) -> Result<(), DbErr> {
    for key in keys(attempt) {
        let failures = store::count_failure(db, &key.hash, attempt.now, MEMORY_SECONDS).await?;
        let wait = wait_after(failures - key.free_failures, key.max_wait_seconds);
        if wait > 0 {
            let until = attempt.now + jiff::SignedDuration::from_secs(wait);
            store::block_until(db, &key.hash, until).await?;
        }
    }
    Ok(())
}

/// Forgets the account's failures after a success. The address's stay: one right password must not reset the count
/// of somebody who tries many accounts.
pub(super) async fn forget(
    db: &impl ConnectionTrait,
    attempt: &SignInAttempt<'_>,
) -> Result<(), DbErr> {
    let [account, _] = keys(attempt);
    store::forget_failures(db, &account.hash).await
}

struct Key {
    hash: String,
    free_failures: i32,
    max_wait_seconds: i64,
}

fn keys(attempt: &SignInAttempt<'_>) -> [Key; 2] {
    // Hashed: what people type into the wrong field does not belong in a table.
    let hash = |kind: &str, value: &str| {
        Sha256::digest(format!("{kind}:{value}"))
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    };
    [
        Key {
            hash: hash("account", &attempt.email.trim().to_lowercase()),
            free_failures: FREE_FAILURES,
            max_wait_seconds: MAX_ACCOUNT_WAIT_SECONDS,
        },
        Key {
            hash: hash("address", attempt.ip),
            free_failures: FREE_ADDRESS_FAILURES,
            max_wait_seconds: MAX_ADDRESS_WAIT_SECONDS,
        },
    ]
}

fn wait_after(failures_over: i32, max_seconds: i64) -> i64 {
    match u32::try_from(failures_over) {
        Ok(over @ 1..) => 1i64
            .checked_shl(over.min(20))
            .map_or(max_seconds, |wait| wait.min(max_seconds)),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn the_wait_doubles_up_to_its_limit() {
        let waits: Vec<i64> = [-1, 0, 1, 2, 5, 6, 100]
            .map(|over| wait_after(over, 60))
            .to_vec();
        assert_eq!(waits, [0, 0, 2, 4, 32, 60, 60]);
    }

    #[test]
    fn the_key_does_not_show_the_address_typed() {
        let attempt = SignInAttempt {
            email: "Alice@Example.com ",
            password: &"x".to_owned().into(),
            ip: "127.0.0.1",
            now: Timestamp::UNIX_EPOCH,
        };
        assert!(
            keys(&attempt)
                .iter()
                .all(|key| key.hash.len() == 64 && !key.hash.contains("alice"))
        );
    }
}
